// SPDX-License-Identifier: MIT
// A small server on the relay's loop whose clients ask one thing, hear one answer and are gone: the control socket and the
// figures. Who is late, says too much or comes when there are too many is closed without a word.
#ifndef PLK_PEERLINK_RELAY_ONCE_H
#define PLK_PEERLINK_RELAY_ONCE_H

#include <uv.h>

#include "base/mem.h"

#define PLK_ONCE_REQUEST_MAX 4096
#define PLK_ONCE_CLIENTS_MAX 16
#define PLK_ONCE_MS 10000 // within which the request has to be there and its answer read

struct plk_once;
struct plk_once_client;

struct plk_once_config {
    uv_loop_t *loop;
    const char *end; // what ends a request
    // A request as text, its end included; borrowed. Followed by exactly one plk_once_answer, at once or later.
    void (*ask)(void *ctx, struct plk_once_client *client, const char *request);
    void *ctx;
};

// On a Unix socket, for this user and root only; on a port of 127.0.0.1. 0, or libuv's error, after which *out is NULL. The caller
// owns *out.
int plk_once_open_path(struct plk_once **out, const struct plk_once_config *config, const char *path);
int plk_once_open_port(struct plk_once **out, const struct plk_once_config *config, uint16_t port);
void plk_once_close(struct plk_once *once); // done when the loop has run again and all answers have come; NULL is fine

// Takes text, of malloc: len bytes to be sent. NULL: nothing is said. The client may be gone by then.
void plk_once_answer(struct plk_once_client *client, char *text, size_t len);

#endif
