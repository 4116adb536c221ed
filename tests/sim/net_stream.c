// SPDX-License-Identifier: MIT
// TCP as a host of the node sees it: byte streams that are reliable and in order while both ends live, take time to open,
// hold up to PLK_TCP_UNSENT_MAX unsent bytes, and die late, by patience, when the way between them is gone.
#include "sim/net_tcp.h"

#include <stdlib.h>

#define WINDOW_LEN 131072 // under way in one direction
#define SEGMENT_MAX 16384 // carried by one event
#define RETRY_FIRST_US (200 * PLK_MS)
#define RETRY_MOST_US (15 * PLK_SECOND)
#define PATIENCE_US (60 * PLK_SECOND) // TCP_USER_TIMEOUT
#define TOP_BIT UINT32_C(0x80000000)  // ids of accepted streams

static void pump(struct tcp *c, int side);

// ---- life -----------------------------------------------------------------------------------------------------------

static void drop_segments(struct end *e) {
    while (e->head) {
        struct segment *s = e->head;
        e->head = s->next;
        free(s);
    }
    e->tail = NULL;
    e->unsent = e->under_way = 0;
    e->stuck_us = 0;
}

static void release(struct tcp *c) {
    if (c->events || c->ends[0].open || c->ends[1].open) return;
    struct net *net = c->net;
    *(c->previous ? &c->previous->next : &net->first) = c->next;
    *(c->next ? &c->next->previous : &net->last) = c->previous;
    drop_segments(&c->ends[0]);
    drop_segments(&c->ends[1]);
    free(c);
}

void net_tcp_enter(struct tcp *c, int side, uint64_t at_us, agenda_fn *run) {
    struct of_end *item = malloc(sizeof *item);
    if (!item) abort();
    item->side = side;
    c->events++;
    agenda_at(c->net->agenda, at_us, run, c, item);
}

void net_tcp_done(struct tcp *c) {
    c->events--;
    release(c);
}

void net_tcp_tell(struct tcp *c, int side, enum plk_stream_event event, struct plk_bytes data) {
    struct end *e = &c->ends[side];
    struct net_host *h = &c->net->hosts[e->host];
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = e->stream;
    in.stream.event = event;
    in.stream.remote = e->remote;
    in.stream.data = data;
    in.stream.writable = PLK_TCP_UNSENT_MAX - e->unsent;
    h->sink.input(h->sink.ctx, &in);
}

static void shut(struct tcp *c, int side) {
    if (!c->ends[side].open) return;
    c->ends[side].open = false;
    c->net->hosts[c->ends[side].host].streams--;
}

// The end's process is told that its stream is dead; what it had written goes no further.
void net_tcp_closed(void *ctx, void *item) {
    struct tcp *c = ctx;
    int side = ((struct of_end *)item)->side;
    c->events--;
    if (c->ends[side].open && c->net->hosts[c->ends[side].host].asleep) {
        net_tcp_enter(c, side, agenda_now(c->net->agenda) + PLK_SECOND, net_tcp_closed);
        return;
    }
    c->events++; // the call below may close other things; not this
    if (c->ends[side].open) {
        shut(c, side);
        drop_segments(&c->ends[side]);
        net_tcp_tell(c, side, PLK_STREAM_CLOSED, plk_bytes(NULL, 0));
    }
    net_tcp_done(c);
}

uint64_t net_tcp_one_way(struct tcp *c, int from) {
    uint64_t at_us;
    net_carry(c->net, c->ends[from].host, c->ends[!from].host, 40, false, &at_us);
    return at_us - agenda_now(c->net->agenda);
}

// A NAT that has forgotten the connection lets nothing pass, and one that is another by now makes a stranger of the sender.
static bool gets_there(struct tcp *c, int side) {
    const struct end *from = &c->ends[side], *to = &c->ends[!side];
    struct net_way way = {.packet = {PLK_TCP, false, false, NET_HOPS, from->addr, from->remote, from->opening}};
    int host;
    if (!net_passes(c->net, from->host, to->host, NET_TCP) || !net_owns(c->net, from->host, &from->addr)) return false;
    if (!net_depart(c->net, from->host, &way) || net_arrive(c->net, &way, &host) != NET_PASSES) return false;
    return host == to->host && plk_addr_equal(&way.packet.to, &to->addr) &&
           plk_addr_equal(&way.packet.from, &to->remote);
}

bool net_tcp_passes(struct tcp *c) { return gets_there(c, 0) && gets_there(c, 1); }

// ---- segments -------------------------------------------------------------------------------------------------------

static struct segment *append(struct end *e, enum segment_kind kind, struct plk_bytes data) {
    struct segment *s = calloc(1, sizeof *s + data.len);
    if (!s) abort();
    s->kind = kind;
    s->len = data.len;
    if (data.len) memcpy(s->data, data.at, data.len);
    if (e->tail)
        e->tail->next = s;
    else
        e->head = s;
    e->tail = s;
    return s;
}

// Hands the segment over to the other end. False: there is none any more, and the writer is reset.
static bool hand_over(struct tcp *c, int side, const struct segment *s) {
    struct end *to = &c->ends[!side];
    struct net_host *h = &c->net->hosts[to->host];
    if (s->kind == SEGMENT_ACCEPT) {
        if (h->tcp_port == 0 || h->tcp_port != to->addr.port || h->streams >= NET_STREAMS_MAX) return false;
        to->stream = TOP_BIT | ++h->accepted;
        to->open = true;
        h->streams++;
        net_tcp_tell(c, !side, PLK_STREAM_ACCEPTED, plk_bytes(NULL, 0));
        return true;
    }
    if (!to->open) return s->kind == SEGMENT_FIN;
    if (s->kind == SEGMENT_DATA) {
        net_tcp_tell(c, !side, PLK_STREAM_BYTES, plk_bytes(s->data, s->len));
        return true;
    }
    shut(c, !side);
    drop_segments(to);
    net_tcp_tell(c, !side, PLK_STREAM_CLOSED, plk_bytes(NULL, 0));
    return true;
}

static void wait_stuck(struct tcp *c, int side, uint64_t now_us);

static void deliver(void *ctx, void *item) {
    struct tcp *c = ctx;
    int side = ((struct of_end *)item)->side;
    struct end *e = &c->ends[side];
    uint64_t now_us = agenda_now(c->net->agenda);
    e->timer = false;
    while (e->head && e->head->left && e->head->due_us <= now_us) {
        if (!net_tcp_passes(c)) {
            wait_stuck(c, side, now_us);
            break;
        }
        struct segment *s = e->head;
        e->head = s->next;
        if (!e->head) e->tail = NULL;
        e->under_way -= s->len;
        e->stuck_us = 0;
        bool taken = hand_over(c, side, s);
        free(s);
        if (!taken) {
            drop_segments(e);
            net_tcp_enter(c, side, now_us + net_tcp_one_way(c, !side), net_tcp_closed);
        }
    }
    pump(c, side);
    net_tcp_done(c);
}

// TCP tries again, less and less often, until its user's patience ends.
static void wait_stuck(struct tcp *c, int side, uint64_t now_us) {
    struct end *e = &c->ends[side];
    if (e->stuck_us == 0) {
        e->stuck_us = now_us;
        e->retry_us = RETRY_FIRST_US;
    }
    if (now_us - e->stuck_us > PATIENCE_US) {
        drop_segments(e);
        net_tcp_enter(c, side, now_us, net_tcp_closed);
        return;
    }
    e->timer = true;
    net_tcp_enter(c, side, now_us + e->retry_us, deliver);
    e->retry_us = plk_earlier(2 * e->retry_us, RETRY_MOST_US);
}

static void notice(void *ctx, void *item) {
    struct tcp *c = ctx;
    int side = ((struct of_end *)item)->side;
    bool asleep = c->net->hosts[c->ends[side].host].asleep;
    c->ends[side].notice = asleep;
    if (asleep)
        net_tcp_enter(c, side, agenda_now(c->net->agenda) + PLK_SECOND, notice);
    else if (c->ends[side].open)
        net_tcp_tell(c, side, PLK_STREAM_WRITABLE, plk_bytes(NULL, 0));
    net_tcp_done(c);
}

static void leave(struct tcp *c, int side, struct segment *s) {
    struct end *e = &c->ends[side];
    uint64_t at_us;
    net_carry(c->net, e->host, c->ends[!side].host, s->len + 40, false, &at_us);
    s->left = true;
    s->due_us = e->last_us = at_us > e->last_us ? at_us : e->last_us;
    e->unsent -= s->len;
    e->under_way += s->len;
    uint64_t gone_us = c->net->hosts[e->host].line[NET_UP].free_us;
    if (s->kind == SEGMENT_DATA && !e->notice) {
        e->notice = true;
        net_tcp_enter(c, side, gone_us, notice);
    }
}

static void pump(struct tcp *c, int side) {
    struct end *e = &c->ends[side];
    for (struct segment *s = e->head; s && (s->left || e->under_way < WINDOW_LEN); s = s->next) {
        if (!s->left) leave(c, side, s);
    }
    if (e->head && e->head->left && !e->timer) {
        e->timer = true;
        net_tcp_enter(c, side, e->head->due_us, deliver);
    }
}

void net_tcp_accept(struct tcp *c) {
    append(&c->ends[0], SEGMENT_ACCEPT, plk_bytes(NULL, 0));
    pump(c, 0);
}

// ---- the node's outputs, and accidents --------------------------------------------------------------------------------

static struct tcp *find(struct net *net, int host, uint32_t stream, int *side) {
    for (struct tcp *c = net->first; c; c = c->next) {
        for (*side = 0; *side < 2; ++*side) {
            const struct end *e = &c->ends[*side];
            if (e->open && e->host == host && e->stream == stream) return c;
        }
    }
    return NULL;
}

void net_write(struct net *net, int host, uint32_t stream, struct plk_bytes data) {
    int side;
    struct tcp *c = find(net, host, stream, &side);
    if (!c) return; // CLOSED is under way
    struct end *e = &c->ends[side];
    plk_assert(data.len <= PLK_TCP_UNSENT_MAX - e->unsent);
    net->bytes += data.len;
    net->tap.stream(net->tap.ctx, host, stream, data);
    for (size_t at = 0; at < data.len; at += SEGMENT_MAX) {
        size_t len = data.len - at < SEGMENT_MAX ? data.len - at : SEGMENT_MAX;
        append(e, SEGMENT_DATA, plk_bytes(data.at + at, len));
    }
    e->unsent += data.len;
    pump(c, side);
}

// What was written still goes out, then the other end learns of it.
static void end_it(struct tcp *c, int side) {
    struct end *e = &c->ends[side];
    bool heard_of = side == 1 || e->last_us;
    shut(c, side);
    if (heard_of) {
        append(e, SEGMENT_FIN, plk_bytes(NULL, 0));
        pump(c, side);
    }
    release(c);
}

void net_close(struct net *net, int host, uint32_t stream) {
    int side;
    struct tcp *c = find(net, host, stream, &side);
    if (c) end_it(c, side);
}

void net_streams_close_all(struct net *net, int host) {
    for (struct tcp *c = net->first, *next; c; c = next) {
        next = c->next;
        c->events++;
        for (int side = 0; side < 2; side++) {
            if (c->ends[side].open && c->ends[side].host == host) end_it(c, side);
        }
        c->events--;
        release(c);
    }
}

void net_streams_drop_lost(struct net *net, int host) {
    for (struct tcp *c = net->first; c; c = c->next) {
        for (int side = 0; side < 2; side++) {
            struct end *e = &c->ends[side];
            if (!e->open || e->host != host || net_owns(net, host, &e->addr)) continue;
            drop_segments(e);
            net_tcp_enter(c, side, agenda_now(net->agenda), net_tcp_closed);
        }
    }
}

void net_reset(struct net *net, int host) {
    for (struct tcp *c = net->first; c; c = c->next) {
        if (c->ends[0].host != host && (!c->ends[1].open || c->ends[1].host != host)) continue;
        for (int side = 0; side < 2; side++) {
            if (c->ends[side].open) net_tcp_enter(c, side, agenda_now(net->agenda), net_tcp_closed);
        }
    }
}

void net_streams_free(struct net *net) {
    while (net->first) {
        struct tcp *c = net->first;
        net->first = c->next;
        drop_segments(&c->ends[0]);
        drop_segments(&c->ends[1]);
        free(c);
    }
    net->last = NULL;
}
