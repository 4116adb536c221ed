// SPDX-License-Identifier: MIT
// The command line of peerlink-relay, and its config file (DESIGN 6).
#ifndef PLK_PEERLINK_RELAY_OPTIONS_H
#define PLK_PEERLINK_RELAY_OPTIONS_H

#include "host/home.h"
#include "host/relay_host.h"

// The exit statuses of DESIGN 6.
enum { PLK_RELAY_EXIT_DONE = 0, PLK_RELAY_EXIT_FAILED = 1, PLK_RELAY_EXIT_USAGE = 2 };

#define PLK_RELAY_METRICS_AUTO UINT32_MAX // two above the first port, if it is free
#define PLK_RELAY_METRICS_OFF 0u
#define PLK_RELAY_LISTEN_TEXT_MAX 64

// What an operator chooses: an option, or NAME = VALUE in section [relay] of the config file, under the same name.
#define PLK_RELAY_STORE_URL_MAX 512

struct plk_relay_settings {
    char data[PLK_HOME_PATH_MAX];
    char listen[PLK_RELAY_LISTENS_MAX][PLK_RELAY_LISTEN_TEXT_MAX];
    size_t listen_count;
    char public_host[PLK_RELAY_HOST_MAX + 1]; // empty: guessed
    uint32_t metrics;                         // a port, or one of the two above
    struct plk_relay_config limits;
    enum plk_log_level log_level;
    char store[PLK_RELAY_STORE_URL_MAX]; // PostgreSQL's URL; empty: SQLite, in data
    char fleet
        [PLK_RELAY_LISTEN_TEXT_MAX]; // where other processes on that database reach this one; empty: on this machine
};

struct plk_relay_options {
    const struct plk_relay_command *command; // table.h
    const char *args[2];
    size_t arg_count;
    uint32_t queues; // of a new token; 0: any number
    bool json, qr;
    const char *config; // the file's path; NULL: none
    int argc;           // as it was read, to be read again
    char **argv;
    struct plk_relay_settings settings;
};

// Reads a command line, and the config file that it names; an option wins over the file. What it borrows is argv. A status
// other than DONE: the reason is on stderr, one line.
int plk_relay_options_read(struct plk_relay_options *options, int argc, char **argv);

// One line to stderr, made harmless; gives the status.
int plk_relay_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
