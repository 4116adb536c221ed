// SPDX-License-Identifier: MIT
// peerlink: a person's node, and the commands that speak to it (DESIGN 6).
#include <locale.h>
#include <signal.h>

#include "command.h"

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_TIME, "");
    return plk_command_main(argc, argv);
}
