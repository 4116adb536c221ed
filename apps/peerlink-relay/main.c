// SPDX-License-Identifier: MIT
// peerlink-relay: the server that is only a temporary intermediary (DESIGN 6).
#include <signal.h>
#include <stdio.h>

#include "operate.h"
#include "serve.h"

int main(int argc, char **argv) {
    struct plk_relay_options options;
    signal(SIGPIPE, SIG_IGN);
    int status = plk_relay_options_read(&options, argc, argv);
    if (status != PLK_RELAY_EXIT_DONE) return status;
    switch (options.word) {
    case PLK_RELAY_WORD_SERVE:
        return plk_serve(&options);
    case PLK_RELAY_WORD_HELP:
        plk_relay_options_help();
        return PLK_RELAY_EXIT_DONE;
    case PLK_RELAY_WORD_VERSION:
        puts("peerlink-relay " PLK_VERSION);
        return PLK_RELAY_EXIT_DONE;
    default:
        return plk_operate(&options);
    }
}
