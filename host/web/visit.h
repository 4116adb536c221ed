// SPDX-License-Identifier: MIT
// Inside the page's server: one connection, first a request, then perhaps a WebSocket. server.c listens and answers requests,
// visit.c carries bytes, socket.c frames.
#ifndef PLK_HOST_WEB_VISIT_H
#define PLK_HOST_WEB_VISIT_H

#include <wslay/wslay.h>

#include "host/web/http.h"
#include "host/web/server.h"

#define PLK_VISIT_IN_MAX 16384   // bytes read at a time
#define PLK_VISIT_OUT_KEEP 65536 // capacity that is kept while nothing waits

struct plk_web {
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_loop_t *loop;
    uint16_t port;
    void (*opened)(void *ctx, struct plk_web_socket *socket);
    void *ctx;
    struct plk_web_socket *visits; // the newest first
    size_t visit_count;            // sockets not counted
    unsigned open_handles;
    bool closing;
};

// A connection; a WebSocket once frames is not NULL.
struct plk_web_socket {
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct plk_web *web;
    struct plk_web_socket *next;
    uint64_t come_ms, heard_ms,
        moved_ms; // uv_now: it came, was last heard, last took something while there was something to take
    uint8_t in[PLK_VISIT_IN_MAX];
    size_t in_at, in_len; // of a WebSocket: what of it was read
    char *out;
    size_t out_len, out_cap, writing;
    wslay_event_context_ptr frames;
    const struct plk_web_socket_events *events; // NULL: not taken, or told that it is closed
    void *ctx;
    bool answered; // nothing more is read; closed once all is written and the other side has closed
    bool paused, reading, pinged, closing;
};

void plk_visit_start(struct plk_web_socket *visit); // reads
void plk_visit_append(struct plk_web_socket *visit, struct plk_bytes bytes);
void plk_visit_flush(struct plk_web_socket *visit);
void plk_visit_close(struct plk_web_socket *visit);

void plk_visit_request(struct plk_web_socket *visit); // server.c: more of a request was read
bool plk_visit_upgrade(struct plk_web_socket *visit); // socket.c
void plk_visit_frames(struct plk_web_socket *visit);  // socket.c: more was read, or it is not paused any more
void plk_visit_told(struct plk_web_socket *visit);    // socket.c: tells once that it is closed
void plk_visit_look(struct plk_web_socket *visit, uint64_t now_ms); // socket.c: time has passed

#endif
