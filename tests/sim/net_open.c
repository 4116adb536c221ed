// SPDX-License-Identifier: MIT
// How a connection begins: a first segment that is sent again, and what it finds where it gets to.
#include <stdlib.h>

#include "sim/net_tcp.h"

#define SYN_TRIES 5 // after 1, 2, 4, 8, 16 s: then the system gives up

static void knock(void *ctx, void *item);

static void knock_later(struct tcp *c) {
    uint64_t at_us = c->knocked_us + (PLK_SECOND << c->tries), now_us = agenda_now(c->net->agenda);
    bool over = ++c->tries >= SYN_TRIES;
    net_tcp_enter(c, 0, at_us > now_us ? at_us : now_us, over ? net_tcp_closed : knock);
}

// A connection that is being opened at the other end, to this one: each takes the other's first segment for its answer.
static struct tcp *counterpart(const struct tcp *c) {
    const struct end *far = &c->ends[1];
    for (struct tcp *other = c->net->first; other; other = other->next) {
        const struct end *e = &other->ends[0];
        if (other == c || other->answered || !e->open || e->host != far->host) continue;
        if (plk_addr_equal(&e->addr, &far->addr) && plk_addr_equal(&e->remote, &far->remote)) return other;
    }
    return NULL;
}

// Of the two, one is left.
static void join(struct tcp *c, struct tcp *other) {
    c->ends[1].stream = other->ends[0].stream;
    c->ends[1].open = true;
    other->ends[0].open = false;
    other->events++;
    net_tcp_done(other);
}

static void opened(void *ctx, void *item) {
    struct tcp *c = ctx, *other = counterpart(c);
    (void)item;
    c->ends[1].opening = other ? other->ends[0].opening : 0;
    if (!c->ends[0].open) {
        // Closed before it was open: nothing of it is left.
    } else if (!net_tcp_passes(c)) {
        knock_later(c);
    } else {
        c->answered = true;
        if (other)
            join(c, other);
        else
            net_tcp_accept(c);
        net_tcp_tell(c, 0, PLK_STREAM_OPENED, plk_bytes(NULL, 0));
        if (other && c->ends[1].open) net_tcp_tell(c, 1, PLK_STREAM_OPENED, plk_bytes(NULL, 0));
    }
    net_tcp_done(c);
}

static void refused(void *ctx, void *item) {
    struct tcp *c = ctx;
    (void)item;
    if (net_refuse(c->net, &c->first))
        net_tcp_enter(c, 0, agenda_now(c->net->agenda), net_tcp_closed);
    else
        knock_later(c);
    net_tcp_done(c);
}

static bool answers(const struct tcp *c) {
    const struct net_host *h = &c->net->hosts[c->ends[1].host];
    return counterpart(c) || (h->tcp_port && h->tcp_port == c->ends[1].addr.port);
}

// It reaches whoever has the address now: one who opens or listens, a host or a box that refuses, or nobody.
static void reach(void *ctx, void *item) {
    struct tcp *c = ctx;
    struct end *near = &c->ends[0], *far = &c->ends[1];
    enum net_verdict verdict = net_arrive(c->net, &c->first, &far->host);
    uint64_t now_us = agenda_now(c->net->agenda);
    (void)item;
    if (verdict != NET_PASSES) far->host = c->first.line;
    if (!near->open) {
        // Given up meanwhile.
    } else if (verdict == NET_DROPPED || !net_passes(c->net, near->host, far->host, NET_TCP)) {
        knock_later(c);
    } else {
        far->addr = c->first.packet.to;
        far->remote = c->first.packet.from;
        bool answered = verdict == NET_PASSES && answers(c);
        net_tcp_enter(c, 0, now_us + net_tcp_one_way(c, 1), answered ? opened : refused);
    }
    net_tcp_done(c);
}

static bool departs(struct tcp *c) {
    struct end *near = &c->ends[0];
    c->first = (struct net_way){.packet = {PLK_TCP, true, false, c->hops, near->addr, near->remote, near->opening}};
    if (!net_depart(c->net, near->host, &c->first)) return false;
    c->net->knocks[near->host][c->first.line]++;
    return net_passes(c->net, near->host, c->first.line, NET_TCP);
}

static void knock(void *ctx, void *item) {
    struct tcp *c = ctx;
    uint64_t now_us = agenda_now(c->net->agenda);
    (void)item;
    c->knocked_us = now_us;
    if (!c->ends[0].open) {
        // Given up meanwhile.
    } else if (!departs(c)) {
        knock_later(c);
    } else {
        c->ends[1].host = c->first.line;
        net_tcp_enter(c, 0, now_us + net_tcp_one_way(c, 0), reach);
    }
    net_tcp_done(c);
}

void net_open(struct net *net, int host, uint32_t stream, const struct plk_addr *to) {
    net_open_from(net, host, stream, 0, to, NET_HOPS);
}

// There is a connection between these two places already: a host takes another port then.
static bool is_taken(const struct tcp *c) {
    const struct end *own = &c->ends[0];
    for (const struct tcp *other = c->net->first; other; other = other->next) {
        for (int side = 0; other != c && side < 2; side++) {
            const struct end *e = &other->ends[side];
            if (!e->open || e->host != own->host) continue;
            if (plk_addr_equal(&e->addr, &own->addr) && plk_addr_equal(&e->remote, &own->remote)) return true;
        }
    }
    return false;
}

void net_open_from(struct net *net, int host, uint32_t stream, uint16_t port, const struct plk_addr *to, uint8_t hops) {
    struct tcp *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->net = net;
    c->hops = hops;
    c->previous = net->last;
    *(net->last ? &net->last->next : &net->first) = c;
    net->last = c;
    struct end *e = &c->ends[0];
    *e = (struct end){.host = host, .stream = stream, .remote = *to, .open = true, .opening = ++net->openings};
    net->hosts[host].streams++;
    bool possible = net_address(net, host, to->family, &e->addr) && net->hosts[host].streams <= NET_STREAMS_MAX;
    e->addr.port = port;
    if (port == 0 || is_taken(c)) e->addr.port = (uint16_t)dice_between(&net->dice, 32768, 60999);
    net->tap.stream(net->tap.ctx, host, stream, plk_bytes(NULL, 0));
    net_tcp_enter(c, 0, agenda_now(net->agenda), possible ? knock : net_tcp_closed);
}
