// SPDX-License-Identifier: MIT
#include "node/sockets.h"

#include "node/inside.h"

static void tell(struct plk_node *node, enum plk_out_kind kind, uint32_t socket) {
    struct plk_output output = {.kind = kind, .socket = {socket}};
    plk_outputs_now(&node->outputs, &output);
}

uint32_t plk_sockets_open(struct plk_node *node, unsigned count) {
    struct plk_sockets *sockets = &node->sockets;
    if (!node->allow_udp || sockets->count + count > PLK_SOCKETS_MAX || sockets->last > UINT32_MAX - count) return 0;
    uint32_t first = sockets->last + 1;
    for (unsigned i = 0; i < count; i++) {
        sockets->open[sockets->count++] = ++sockets->last;
        tell(node, PLK_OUT_SOCKET_OPEN, sockets->last);
    }
    return first;
}

void plk_sockets_look(struct plk_node *node) { node->sockets.look = true; }

static bool is_used_by_link(const struct plk_node *node, uint32_t socket) {
    for (const struct plk_link *link = node->links; link != NULL; link = link->next) {
        for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
            const struct plk_path *path = &link->paths.list[i];
            if (path->id != 0 && path->transport == PLK_UDP && path->stream == socket) return true;
        }
    }
    return false;
}

void plk_sockets_tick(struct plk_node *node) {
    struct plk_sockets *sockets = &node->sockets;
    unsigned kept = 0;
    if (!sockets->look) return;
    sockets->look = false;
    for (unsigned i = 0; i < sockets->count; i++) {
        uint32_t socket = sockets->open[i];
        if (plk_discovery_uses(node, socket) || plk_punch_uses(node, socket) || is_used_by_link(node, socket)) {
            sockets->open[kept++] = socket;
        } else {
            tell(node, PLK_OUT_SOCKET_CLOSE, socket);
        }
    }
    sockets->count = kept;
}
