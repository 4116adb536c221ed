// SPDX-License-Identifier: MIT
// The command line of peerlink-relay (DESIGN 6).
#ifndef PLK_PEERLINK_RELAY_OPTIONS_H
#define PLK_PEERLINK_RELAY_OPTIONS_H

#include "host/relay_host.h"

// The exit statuses of DESIGN 6.
enum { PLK_RELAY_EXIT_DONE = 0, PLK_RELAY_EXIT_FAILED = 1, PLK_RELAY_EXIT_USAGE = 2 };

#define PLK_RELAY_METRICS_AUTO UINT32_MAX // two above the first port, if it is free
#define PLK_RELAY_METRICS_OFF 0u

enum plk_relay_word {
    PLK_RELAY_WORD_SERVE,
    PLK_RELAY_WORD_TOKEN_NEW,
    PLK_RELAY_WORD_TOKEN_LIST,
    PLK_RELAY_WORD_TOKEN_REVOKE,
    PLK_RELAY_WORD_STATUS,
    PLK_RELAY_WORD_HELP,
    PLK_RELAY_WORD_VERSION,
};

struct plk_relay_options {
    enum plk_relay_word word;
    const char *data;
    const char *listen[PLK_RELAY_LISTENS_MAX];
    size_t listen_count;
    const char *public_host; // NULL: guessed
    uint32_t metrics;        // a port, or one of the two above
    uint32_t queues;         // of a new token; 0: any number
    const char *id;          // of the token to revoke
    bool json;
    struct plk_relay_config limits;
    enum plk_log_level log_level;
};

// Reads a command line. A status other than DONE: the reason is on stderr, one line.
int plk_relay_options_read(struct plk_relay_options *options, int argc, char **argv);
void plk_relay_options_help(void); // to stdout

// One line to stderr; gives the status.
int plk_relay_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
