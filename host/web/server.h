// SPDX-License-Identifier: MIT
// The page's server: HTTP on 127.0.0.1, one request a connection, and WebSockets (host/web/socket.h), on the loop of whoever opens
// it (DESIGN 6). Nothing that a stranger on this machine does holds anything up: connections that say nothing, or too little, give
// way to newer ones.
#ifndef PLK_HOST_WEB_SERVER_H
#define PLK_HOST_WEB_SERVER_H

#include <uv.h>

#include "host/fault.h"
#include "host/web/socket.h"

#define PLK_WEB_VISITORS_MAX 64 // connections that are no WebSocket; above it the oldest gives way
#define PLK_WEB_VISIT_MS 10000  // within which a request has come and its answer is taken
#define PLK_WEB_LOOK_MS 2000    // how often that is looked at, while there are connections
#define PLK_WEB_PING_MS 20000   // a WebSocket that was silent for so long is asked
#define PLK_WEB_SILENT_MS 60000 // and is cut after so long
#define PLK_WEB_STUCK_MS 30000  // as is one that took nothing of what waits for it for so long

struct plk_web;

struct plk_web_config {
    uv_loop_t *loop;
    uint16_t port;                                            // 0: any that is free
    void (*opened)(void *ctx, struct plk_web_socket *socket); // a WebSocket: plk_web_socket_take now, or it is closed
    void *ctx;
};

// LISTEN: the port is taken, or there is no 127.0.0.1. The caller owns *out.
enum plk_fault_kind plk_web_open(struct plk_web **out, const struct plk_web_config *config, struct plk_fault *fault);
uint16_t plk_web_port(const struct plk_web *web);

// All connections end, their takers are told; freed once the loop has run again. NULL is fine.
void plk_web_close(struct plk_web *web);

#endif
