// SPDX-License-Identifier: MIT
#include "sim/net.h"

#include <stdlib.h>

enum { UDP_HEADERS_4 = 28, UDP_HEADERS_6 = 48, RETRANSMIT_US = 200000 };

struct arrival {
    int from_host;
    struct net_path path;
    size_t len;
    uint8_t data[];
};

struct net *net_new(struct agenda *agenda, uint64_t seed, struct net_tap tap) {
    struct net *net = calloc(1, sizeof *net);
    if (!net) abort();
    net->agenda = agenda;
    net->dice = dice(seed, "net", 0);
    net->tap = tap;
    return net;
}

void net_free(struct net *net) {
    if (!net) return;
    net_streams_free(net);
    free(net);
}

int net_add_host(struct net *net, struct net_sink sink, const struct net_quality *quality) {
    plk_assert(net->host_count < NET_HOSTS_MAX);
    net->hosts[net->host_count] = (struct net_host){.sink = sink, .realm = NET_OPEN, .quality = *quality};
    return net->host_count++;
}

int net_add_gateway(struct net *net, const struct net_gateway *gateway) {
    plk_assert(net->gateway_count < NET_GATEWAYS_MAX);
    net->gateways[net->gateway_count] = *gateway;
    return net->gateway_count++;
}

void net_move_behind(struct net *net, int host, int gateway) { net->hosts[host].realm = gateway; }

void net_set_faces(struct net *net, int host, const struct plk_interface *faces, size_t count) {
    plk_assert(count <= NET_FACES_MAX);
    struct net_host *h = &net->hosts[host];
    for (size_t i = 0; i < count; i++) h->faces[i] = faces[i];
    h->face_count = count;
    net_streams_drop_lost(net, host);
}

void net_bind(struct net *net, int host, uint16_t udp4_port, uint16_t udp6_port, uint16_t tcp_port) {
    struct net_host *h = &net->hosts[host];
    h->udp4_port = udp4_port;
    h->udp6_port = udp6_port;
    h->tcp_port = tcp_port;
}

void net_unbind(struct net *net, int host) {
    net_bind(net, host, 0, 0, 0);
    net_streams_close_all(net, host);
}

void net_sleep(struct net *net, int host, bool asleep) { net->hosts[host].asleep = asleep; }
void net_block(struct net *net, int from, int to, uint8_t what) { net->blocked[from][to] = what; }
void net_filter(struct net *net, int host, uint8_t what) { net->hosts[host].filtered = what; }
void net_mute(struct net *net, int host, uint8_t family) { net->hosts[host].mute4_6 = family; }

// ---- ways -----------------------------------------------------------------------------------------------------------

static bool same_ip(const struct plk_addr *a, const struct plk_addr *b) {
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

bool net_owns(const struct net *net, int host, const struct plk_addr *addr) {
    const struct net_host *h = &net->hosts[host];
    for (size_t i = 0; i < h->face_count; i++) {
        if (same_ip(&h->faces[i].addr, addr)) return true;
    }
    return false;
}

bool net_address(const struct net *net, int host, uint8_t family, struct plk_addr *addr) {
    const struct net_host *h = &net->hosts[host];
    for (size_t i = 0; i < h->face_count; i++) {
        if (h->faces[i].addr.family != family) continue;
        *addr = h->faces[i].addr;
        return true;
    }
    return false;
}

static int host_at(const struct net *net, int realm, const struct plk_addr *addr) {
    for (int i = 0; i < net->host_count; i++) {
        if (net->hosts[i].realm == realm && net_owns(net, i, addr)) return i;
    }
    return -1;
}

static int gateway_at(const struct net *net, int realm, const struct plk_addr *addr) {
    for (int i = 0; i < net->gateway_count; i++) {
        const struct net_gateway *g = &net->gateways[i];
        for (size_t j = 0; g->realm == realm && j < g->addr_count; j++) {
            if (same_ip(&g->addrs[j], addr)) return i;
        }
    }
    return -1;
}

// Outwards until some host or gateway of the realm has the address, then inwards through gateways to a host.
bool net_route(struct net *net, int host, enum plk_transport transport, const struct plk_addr *from,
               const struct plk_addr *to, struct net_path *path) {
    uint64_t now_us = agenda_now(net->agenda);
    int realm = net->hosts[host].realm;
    *path = (struct net_path){.host = -1, .from = *from, .to = *to};
    while (host_at(net, realm, to) < 0 && gateway_at(net, realm, to) < 0) {
        if (realm == NET_OPEN) return false;
        struct net_gateway *g = &net->gateways[realm];
        if (!g->outward(g->ctx, now_us, transport, &path->from, to)) return false;
        realm = g->realm;
    }
    for (int box; (box = gateway_at(net, realm, &path->to)) >= 0; realm = box) {
        struct net_gateway *g = &net->gateways[box];
        if (!g->inward(g->ctx, now_us, transport, &path->from, &path->to)) return false;
    }
    path->host = host_at(net, realm, &path->to);
    return path->host >= 0;
}

bool net_passes(const struct net *net, int from, int to, uint8_t what) {
    const struct net_host *a = &net->hosts[from], *b = &net->hosts[to];
    if (a->asleep || b->asleep || ((a->filtered | b->filtered) & what)) return false;
    return !(net->blocked[from][to] & what);
}

static bool strikes(struct net *net, struct net_line *line, const struct net_quality *q) {
    if (line->burst ? dice_chance(&net->dice, q->burst_leave_ppm) : dice_chance(&net->dice, q->burst_enter_ppm)) {
        line->burst = !line->burst;
    }
    return dice_chance(&net->dice, line->burst ? q->burst_loss_ppm : q->loss_ppm);
}

// One line, in one direction: *at_us goes in as the time of entering and comes out as that of leaving it.
static bool pass(struct net *net, int host, int direction, size_t len, bool lossy, uint64_t *at_us) {
    const struct net_quality *q = &net->hosts[host].quality;
    struct net_line *line = &net->hosts[host].line[direction];
    uint64_t at = *at_us;
    if (q->rate) {
        uint64_t start = line->free_us > at ? line->free_us : at;
        if (lossy && (start - at) * q->rate / PLK_SECOND > q->queue_len) return false;
        at = line->free_us = start + len * PLK_SECOND / q->rate;
    }
    if (strikes(net, line, q)) {
        if (lossy) return false;
        at += RETRANSMIT_US + 2 * q->delay_us;
    }
    at += q->delay_us + dice_below(&net->dice, q->jitter_us + 1);
    bool held = lossy && dice_chance(&net->dice, q->reorder_ppm);
    if (held) at += dice_below(&net->dice, q->reorder_us + 1);
    if (lossy && !held) at = line->last_us = at > line->last_us ? at : line->last_us;
    *at_us = at;
    return true;
}

bool net_carry(struct net *net, int from, int to, size_t len, bool lossy, uint64_t *at_us) {
    *at_us = agenda_now(net->agenda);
    return pass(net, from, NET_UP, len, lossy, at_us) && pass(net, to, NET_DOWN, len, lossy, at_us);
}

// ---- datagrams ------------------------------------------------------------------------------------------------------

static uint16_t udp_port(const struct net_host *h, uint8_t family) {
    return family == 4 ? h->udp4_port : family == 6 ? h->udp6_port : 0;
}

static void arrive(void *ctx, void *item) {
    struct net *net = ctx;
    struct arrival *a = item;
    struct net_host *h = &net->hosts[a->path.host];
    if (h->mute4_6 == a->path.to.family) return;
    if (!net_passes(net, a->from_host, a->path.host, NET_UDP) || !net_owns(net, a->path.host, &a->path.to)) return;
    if (udp_port(h, a->path.to.family) == 0 || udp_port(h, a->path.to.family) != a->path.to.port) return;
    net->delivered++;
    struct plk_input in = {.kind = PLK_IN_DATAGRAM};
    in.datagram.from = a->path.from;
    in.datagram.to = a->path.to;
    in.datagram.data = plk_bytes(a->data, a->len);
    h->sink.input(h->sink.ctx, &in);
}

static void send_copy(struct net *net, int host, const struct net_path *path, struct plk_bytes data) {
    uint64_t at_us;
    if (!net_carry(net, host, path->host, data.len, true, &at_us)) return;
    struct arrival *a = malloc(sizeof *a + data.len);
    if (!a) abort();
    a->from_host = host;
    a->path = *path;
    a->len = data.len;
    memcpy(a->data, data.at, data.len);
    agenda_at(net->agenda, at_us, arrive, net, a);
}

void net_datagram(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                  struct plk_bytes data) {
    struct net_host *h = &net->hosts[host];
    struct plk_addr from;
    struct net_path path;
    if (local->family ? !net_owns(net, host, local) : !net_address(net, host, to->family, &from)) return;
    if (local->family) from = *local;
    from.port = udp_port(h, to->family);
    if (from.family != to->family || from.port == 0 || data.len == 0 || h->mute4_6 == to->family) return;
    net->sent++;
    net->bytes += data.len;
    net->tap.datagram(net->tap.ctx, host, data);
    if (!net_route(net, host, PLK_UDP, &from, to, &path)) return;
    net->knocks[host][path.host]++;
    if (!net_passes(net, host, path.host, NET_UDP)) return;
    const struct net_quality *far = &net->hosts[path.host].quality;
    size_t whole = data.len + (to->family == 4 ? UDP_HEADERS_4 : UDP_HEADERS_6);
    if (whole > h->quality.mtu || whole > far->mtu) return;
    send_copy(net, host, &path, data);
    if (dice_chance(&net->dice, h->quality.duplicate_ppm + far->duplicate_ppm)) send_copy(net, host, &path, data);
}
