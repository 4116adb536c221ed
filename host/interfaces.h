// SPDX-License-Identifier: MIT
// The machine's own addresses with their prefixes and its routers, and word of their changes: from the system on Linux (a routing socket, so
// that nothing polls), every 10 s elsewhere.
#ifndef PLK_HOST_INTERFACES_H
#define PLK_HOST_INTERFACES_H

#include <uv.h>

#include "host/gateways.h"

#define PLK_INTERFACES_MAX 64
#define PLK_INTERFACES_POLL_MS 10000
#define PLK_INTERFACES_SETTLE_MS 100 // changes come in bursts: one look at their end

struct plk_interfaces {
    struct plk_interface list[PLK_INTERFACES_MAX];
    size_t count;
    struct plk_gateway gateways[PLK_GATEWAYS_MAX];
    size_t gateway_count;
    struct plk_addr only; // where the sockets are bound to one address: others are no way to this node. Family 0: all
    void (*changed)(void *ctx);
    void *ctx;
    uv_timer_t timer;
    uv_poll_t poll;
    int fd; // -1: none
};

// Reads the list; changed is called whenever it is another one than before. Works without notice where there is none.
void plk_interfaces_open(struct plk_interfaces *interfaces, uv_loop_t *loop, const struct plk_addr *only,
                         void (*changed)(void *ctx), void *ctx);
void plk_interfaces_close(struct plk_interfaces *interfaces); // done when the loop has run again
void plk_interfaces_look(struct plk_interfaces *interfaces);  // now, e.g. after a sleep

#endif
