// SPDX-License-Identifier: MIT
// peerlink-relay: the server that is only a temporary intermediary (DESIGN 6).
#include <signal.h>

#include "table.h"

int main(int argc, char **argv) {
    struct plk_relay_options options;
    signal(SIGPIPE, SIG_IGN);
    int status = plk_relay_options_read(&options, argc, argv);
    return status == PLK_RELAY_EXIT_DONE ? options.command->run(&options) : status;
}
