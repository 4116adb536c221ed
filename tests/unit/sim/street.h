// SPDX-License-Identifier: MIT
// What the tests of NATs stand on: a net, hosts in the open or behind boxes, and what each of them has received.
#ifndef UNIT_SIM_STREET_H
#define UNIT_SIM_STREET_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sim/nat_class.h"

#define STREET_HOSTS 6
#define STREET_BOXES 6
#define STREET_PORT 4000

struct street;

struct street_host {
    struct street *street;
    int index;
    struct plk_addr addr; // its own, with STREET_PORT
    unsigned datagrams, opened, accepted, closed;
    struct plk_addr from, to;                   // of the last datagram
    struct plk_addr remote;                     // of the last stream that opened or was accepted
    void (*heard)(struct street_host *host);    // after each datagram, if set
    void (*streamed)(struct street_host *host); // after each stream that opened or was accepted, if set
    void *ctx;
};

struct street {
    struct agenda *agenda;
    struct net *net;
    uint64_t seed;
    struct street_host hosts[STREET_HOSTS];
    int host_count;
    struct nat *boxes[STREET_BOXES];
    int box_count;
};

static void street_no_datagram(void *ctx, int host, struct plk_bytes data) { (void)ctx, (void)host, (void)data; }
static void street_no_stream(void *ctx, int host, uint32_t stream, struct plk_bytes data) {
    (void)ctx, (void)host, (void)stream, (void)data;
}

static void street_input(void *ctx, const struct plk_input *in) {
    struct street_host *h = ctx;
    if (in->kind == PLK_IN_DATAGRAM) {
        h->datagrams++;
        h->from = in->datagram.from;
        h->to = in->datagram.to;
        if (h->heard) h->heard(h);
        return;
    }
    bool opened = in->stream.event == PLK_STREAM_OPENED, accepted = in->stream.event == PLK_STREAM_ACCEPTED;
    h->opened += opened;
    h->accepted += accepted;
    h->closed += in->stream.event == PLK_STREAM_CLOSED;
    if (opened || accepted) h->remote = in->stream.remote;
    if ((opened || accepted) && h->streamed) h->streamed(h);
}

static inline struct street *street_new(uint64_t seed) {
    struct street *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->seed = seed;
    s->agenda = agenda_new();
    s->net = net_new(s->agenda, seed, (struct net_tap){NULL, street_no_datagram, street_no_stream});
    return s;
}

static inline void street_free(struct street *s) {
    net_free(s->net);
    agenda_free(s->agenda);
    for (int i = 0; i < s->box_count; i++) nat_free(s->boxes[i]);
    free(s);
}

static inline struct nat *street_box(struct street *s, const struct nat_behaviour *is, const struct nat *front) {
    assert_true(s->box_count < STREET_BOXES);
    struct nat *nat = nat_new(s->net, s->seed, s->box_count, is, front);
    s->boxes[s->box_count++] = nat;
    return nat;
}

// The box next to the host; NULL: none.
static inline struct nat *street_class(struct street *s, enum nat_class class) {
    struct nat_behaviour boxes[NAT_BOXES_MAX];
    struct nat *nat = NULL;
    for (size_t i = nat_class_boxes(class, boxes); i-- > 0;) nat = street_box(s, &boxes[i], nat);
    return nat;
}

// Behind the box, or in the open: 20 ms to any other, the line's jitter drawn from the seed.
static inline struct street_host *street_host(struct street *s, struct nat *nat) {
    static const struct net_quality line = {.delay_us = 10000, .jitter_us = 2000, .mtu = 1500};
    assert_true(s->host_count < STREET_HOSTS);
    struct street_host *h = &s->hosts[s->host_count++];
    bool inside = nat && !nat->is.firewall;
    h->street = s;
    h->index = net_add_host(s->net, (struct net_sink){h, street_input}, &line);
    struct plk_interface faces[2] = {
        {.addr = {.family = 4, .ip = {45, 1, (uint8_t)(1 + h->index), 1}}, .prefix_bits = 24},
        {.addr = {.family = 4, .ip = {45, 2, (uint8_t)(1 + h->index), 1}}, .prefix_bits = 24}};
    if (inside) faces[0] = nat_face(nat, h->index, 0);
    if (nat) net_move_behind(s->net, h->index, nat->gateway);
    net_set_faces(s->net, h->index, faces, nat ? 1 : 2); // in the open: two addresses
    net_bind(s->net, h->index, STREET_PORT, 0, STREET_PORT);
    h->addr = faces[0].addr;
    h->addr.port = STREET_PORT;
    return h;
}

static inline struct plk_addr street_second(const struct street_host *h) {
    struct plk_addr addr = h->addr;
    addr.ip[1] = 2;
    return addr;
}

static inline void street_run(struct street *s, uint64_t us) {
    uint64_t end_us = agenda_now(s->agenda) + us;
    while (agenda_next(s->agenda) <= end_us) agenda_step(s->agenda);
    agenda_skip(s->agenda, end_us);
}

static inline void street_send_hops(struct street_host *h, uint16_t port, const struct plk_addr *to, uint8_t hops) {
    struct plk_addr local = h->addr;
    local.port = port;
    net_datagram_hops(h->street->net, h->index, &local, to, plk_bytes("x", 1), hops);
}

static inline void street_send(struct street_host *h, uint16_t port, const struct plk_addr *to) {
    street_send_hops(h, port, to, NET_HOPS);
}

// Sends, lets it arrive, and says whether it did.
static inline bool street_tell(struct street_host *h, const struct plk_addr *to, struct street_host *receiver) {
    unsigned before = receiver->datagrams;
    street_send(h, STREET_PORT, to);
    street_run(h->street, 100 * PLK_MS);
    return receiver->datagrams > before;
}

#endif
