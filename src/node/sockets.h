// SPDX-License-Identifier: MIT
// Sockets for UDP over IPv4 that are opened beside the one that the host has bound: where a NAT gives each flow another port, a way
// through it belongs to the socket that opened it. One is closed when nothing uses it any more: no path of a link, no attempt to
// open one, no survey.
#ifndef PLK_NODE_SOCKETS_H
#define PLK_NODE_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#define PLK_SOCKETS_MAX 300 // open at the same time

struct plk_node;

struct plk_sockets {
    uint32_t open[PLK_SOCKETS_MAX];
    unsigned count;
    uint32_t last; // the number that was given last
    bool look;     // one may not be used any more
};

// Opens so many, which have the numbers from the result on. 0: there is no room for them.
uint32_t plk_sockets_open(struct plk_node *node, unsigned count);
void plk_sockets_look(struct plk_node *node); // something has ended that may have used one
void plk_sockets_tick(struct plk_node *node); // closes those that nothing uses

#endif
