// SPDX-License-Identifier: MIT
#include "host/relay_sockets.h"

#include "host/bind.h"
#include "host/memory.h"

#include <stdio.h>
#include <string.h>

#define TRIES 64 // for a port of the system's choice whose neighbour is free, too

// One port of one listen address.
struct port {
    struct plk_udp *udp;
    struct plk_addr at[2]; // of IPv4 and IPv6: address (unspecified: all) and port; family 0: none
};

struct plk_relay_sockets {
    struct port ports[2 * PLK_RELAY_LISTENS_MAX]; // of each listen address its own, then the next
    size_t count;
    struct plk_tcp *tcp;
};

// ---- binding ----------------------------------------------------------------------------------------------------------

struct bound_pair {
    struct plk_bound own, next;
};

static uint16_t port_of(const struct plk_bound *bound) {
    return bound->udp4_port != 0 ? bound->udp4_port : bound->udp6_port;
}

// The listen address with the next port.
static enum plk_fault_kind bind_next(struct bound_pair *pair, const char *listen, struct plk_fault *fault) {
    const char *colon = strrchr(listen, ':');
    int host_len = colon != NULL ? (int)(colon + 1 - listen) : 0;
    unsigned port = port_of(&pair->own) + 1u;
    char text[96];
    if (port > UINT16_MAX || (size_t)host_len + 8 > sizeof text) {
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "a relay needs the next port, too: %s is too high", listen);
    }
    snprintf(text, sizeof text, "%.*s%u", host_len, listen, port);
    struct plk_bind_config config = {.listen = text, .no_tcp = true};
    return plk_bind(&pair->next, &config, fault);
}

static enum plk_fault_kind bind_pair(struct bound_pair *pair, const char *listen, struct plk_fault *fault) {
    struct plk_bind_config config = {.listen = listen};
    struct plk_addr addr;
    bool any;
    enum plk_fault_kind kind = plk_bind_parse(listen, &addr, &any, fault);
    for (int i = 0; kind == PLK_FAULT_NONE && i < TRIES; i++) {
        kind = plk_bind(&pair->own, &config, fault);
        if (kind != PLK_FAULT_NONE) return kind;
        kind = bind_next(pair, listen, fault);
        if (kind == PLK_FAULT_NONE) return kind;
        plk_bound_close(&pair->own);
        if (addr.port == 0) kind = PLK_FAULT_NONE; // another choice of the system's
    }
    return kind == PLK_FAULT_NONE ? PLK_FAULT_LISTEN : kind;
}

// ---- opening and closing ----------------------------------------------------------------------------------------------

static void add_port(struct plk_relay_sockets *sockets, uv_loop_t *loop, const struct plk_relay_sockets_config *config,
                     const struct plk_bound *bound) {
    struct port *port = &sockets->ports[sockets->count++];
    *port =
        (struct port){.udp = plk_udp_open(loop, bound->udp4, bound->udp6, config->received, config->done, config->ctx)};
    if (bound->udp4 >= 0) port->at[0] = (struct plk_addr){.family = 4};
    if (bound->udp6 >= 0) port->at[1] = (struct plk_addr){.family = 6};
    for (size_t i = 0; i < 2; i++) {
        if (port->at[i].family != 0 && bound->only.family == port->at[i].family) port->at[i] = bound->only;
        port->at[i].port = i == 0 ? bound->udp4_port : bound->udp6_port;
    }
}

enum plk_fault_kind plk_relay_sockets_open(struct plk_relay_sockets **out, uv_loop_t *loop,
                                           const struct plk_relay_sockets_config *config, struct plk_fault *fault) {
    struct bound_pair pairs[PLK_RELAY_LISTENS_MAX];
    *out = NULL;
    plk_assert(config->count >= 1 && config->count <= PLK_RELAY_LISTENS_MAX);
    for (size_t i = 0; i < config->count; i++) {
        enum plk_fault_kind kind = bind_pair(&pairs[i], config->listen[i], fault);
        if (kind == PLK_FAULT_NONE) continue;
        for (size_t k = 0; k < i; k++) {
            plk_bound_close(&pairs[k].own);
            plk_bound_close(&pairs[k].next);
        }
        return kind;
    }
    struct plk_relay_sockets *sockets = plk_memory_take(sizeof *sockets);
    sockets->tcp = plk_tcp_open(loop, &config->tcp, config->happened, config->done, config->ctx);
    for (size_t i = 0; i < config->count; i++) {
        add_port(sockets, loop, config, &pairs[i].own);
        add_port(sockets, loop, config, &pairs[i].next);
        plk_tcp_listen(sockets->tcp, pairs[i].own.tcp4);
        plk_tcp_listen(sockets->tcp, pairs[i].own.tcp6);
    }
    *out = sockets;
    return PLK_FAULT_NONE;
}

void plk_relay_sockets_close(struct plk_relay_sockets *sockets) {
    if (sockets == NULL) return;
    for (size_t i = 0; i < sockets->count; i++) plk_udp_close(sockets->ports[i].udp);
    plk_tcp_close(sockets->tcp);
    plk_memory_give(sockets, sizeof *sockets);
}

size_t plk_relay_sockets_list(const struct plk_relay_sockets *sockets,
                              struct plk_addr list[static 2 * PLK_RELAY_LISTENS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < sockets->count; i += 2) {
        for (size_t k = 0; k < 2; k++) {
            if (sockets->ports[i].at[k].family != 0) list[count++] = sockets->ports[i].at[k];
        }
    }
    return count;
}

// ---- sending ----------------------------------------------------------------------------------------------------------

static bool is_unspecified(const struct plk_addr *addr) {
    static const uint8_t zero[16];
    return memcmp(addr->ip, zero, sizeof zero) == 0;
}

static bool sends_from(const struct port *port, const struct plk_addr *to, const struct plk_addr *from) {
    const struct plk_addr *at = &port->at[to->family == 4 ? 0 : 1];
    if (at->family == 0) return false;
    if (from->family == 0) return true;
    return at->port == from->port && (is_unspecified(at) || plk_addr_same_ip(at, from));
}

void plk_relay_sockets_send(struct plk_relay_sockets *sockets, const struct plk_addr *to, const struct plk_addr *from,
                            struct plk_bytes data) {
    for (size_t i = 0; i < sockets->count; i++) {
        if (!sends_from(&sockets->ports[i], to, from)) continue;
        plk_udp_send(sockets->ports[i].udp, to, from, data);
        return;
    }
}

void plk_relay_sockets_flush(struct plk_relay_sockets *sockets) {
    for (size_t i = 0; i < sockets->count; i++) plk_udp_flush(sockets->ports[i].udp);
}

struct plk_tcp *plk_relay_sockets_tcp(struct plk_relay_sockets *sockets) {
    return sockets->tcp;
}

uint64_t plk_relay_sockets_dropped(const struct plk_relay_sockets *sockets) {
    uint64_t dropped = 0;
    for (size_t i = 0; i < sockets->count; i++) dropped += plk_udp_dropped(sockets->ports[i].udp);
    return dropped;
}
