// SPDX-License-Identifier: MIT
// Runs the node in this process: host, API, signals, until it is told to stop.
#ifndef PLK_PEERLINK_RUN_H
#define PLK_PEERLINK_RUN_H

#include "api/config.h"
#include "cli.h"

#define PLK_RUN_RELAYS_MAX 8

struct plk_run {
    const char *home;
    struct plk_bytes passphrase;
    struct plk_config config;
    const char *version;
    bool without_profile;                   // may run in state EMPTY, or locked
    bool json;                              // how `ready` is said
    const char *relays[PLK_RUN_RELAYS_MAX]; // texts that are right; made own ones before `ready` is said
    size_t relay_count;
    int log_fd;
    // Called once, when the node serves (line begins with "ready"), or when it cannot (status is not DONE).
    void (*told)(void *ctx, int status, const char *line);
    void *ctx;
};

// The exit status, after the node has stopped.
int plk_run_node(const struct plk_run *run);

#endif
