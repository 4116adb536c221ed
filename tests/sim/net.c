// SPDX-License-Identifier: MIT
#include "sim/net.h"

#include <stdlib.h>

enum { UDP_HEADERS_4 = 28, UDP_HEADERS_6 = 48, RETRANSMIT_US = 200000 };

struct arrival {
    int from_host;
    struct net_way way;
    size_t len;
    uint8_t data[];
};

struct net *net_new(struct agenda *agenda, uint64_t seed, struct net_tap tap) {
    struct net *net = calloc(1, sizeof *net);
    if (!net) abort();
    net->agenda = agenda;
    net->dice = dice(seed, "net", 0);
    net->tap = tap;
    net->core_hops = NET_CORE_HOPS;
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

void net_renumber(struct net *net, int gateway, size_t number, const struct plk_addr *addr) {
    plk_assert(number < net->gateways[gateway].addr_count);
    net->gateways[gateway].addrs[number] = *addr;
}

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
    h->socket_count = 0;
}

void net_socket(struct net *net, int host, uint16_t port) {
    struct net_host *h = &net->hosts[host];
    plk_assert(h->socket_count < NET_SOCKETS_MAX);
    h->sockets[h->socket_count++] = port;
}

void net_socket_close(struct net *net, int host, uint16_t port) {
    struct net_host *h = &net->hosts[host];
    size_t kept = 0;
    for (size_t i = 0; i < h->socket_count; i++) {
        if (h->sockets[i] != port) h->sockets[kept++] = h->sockets[i];
    }
    h->socket_count = kept;
}

void net_unbind(struct net *net, int host) {
    net_bind(net, host, 0, 0, 0);
    net_streams_close_all(net, host);
}

void net_sleep(struct net *net, int host, bool asleep) { net->hosts[host].asleep = asleep; }
void net_block(struct net *net, int from, int to, uint8_t what) { net->blocked[from][to] = what; }
void net_filter(struct net *net, int host, uint8_t what) { net->hosts[host].filtered = what; }
void net_mute(struct net *net, int host, uint8_t family) { net->hosts[host].mute4_6 = family; }

// ---- lines ----------------------------------------------------------------------------------------------------------

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

static bool has_port(const struct net_host *h, const struct plk_addr *addr) {
    if (addr->port == 0) return false;
    for (size_t i = 0; i < h->socket_count; i++) {
        if (h->sockets[i] == addr->port) return true;
    }
    return udp_port(h, addr->family) == addr->port;
}

static void arrive(void *ctx, void *item) {
    struct net *net = ctx;
    struct arrival *a = item;
    const struct plk_addr *to = &a->way.packet.to;
    int host;
    if (net_arrive(net, &a->way, &host) != NET_PASSES) return;
    struct net_host *h = &net->hosts[host];
    if (h->mute4_6 == to->family || !net_passes(net, a->from_host, host, NET_UDP) || !has_port(h, to)) return;
    net->delivered++;
    struct plk_input in = {.kind = PLK_IN_DATAGRAM};
    in.datagram.from = a->way.packet.from;
    in.datagram.to = *to;
    in.datagram.data = plk_bytes(a->data, a->len);
    h->sink.input(h->sink.ctx, &in);
}

static void send_copy(struct net *net, int host, const struct net_way *way, struct plk_bytes data) {
    uint64_t at_us;
    if (!net_carry(net, host, way->line, data.len, true, &at_us)) return;
    struct arrival *a = malloc(sizeof *a + data.len);
    if (!a) abort();
    a->from_host = host;
    a->way = *way;
    a->len = data.len;
    memcpy(a->data, data.at, data.len);
    agenda_at(net->agenda, at_us, arrive, net, a);
}

void net_datagram(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                  struct plk_bytes data) {
    net_datagram_hops(net, host, local, to, data, NET_HOPS);
}

// The box in front of the host answers for itself, over a LAN that loses nothing.
static bool ask_gateway(struct net *net, int host, const struct net_packet *packet, struct plk_bytes data) {
    int realm = net->hosts[host].realm;
    const struct net_gateway *g = realm == NET_OPEN ? NULL : &net->gateways[realm];
    uint8_t answer[NET_ANSWER_MAX];
    size_t len;
    if (!g || !g->asked || !g->asked(g->ctx, agenda_now(net->agenda), packet, data, answer, &len)) return false;
    if (len == 0) return true;
    struct arrival *a = malloc(sizeof *a + len);
    if (!a) abort();
    struct net_packet back = {PLK_UDP, true, false, NET_HOPS, packet->to, packet->from, 0};
    *a = (struct arrival){.from_host = host, .way = {.packet = back, .realm = realm, .line = host}, .len = len};
    memcpy(a->data, answer, len);
    agenda_at(net->agenda, agenda_now(net->agenda) + NET_LAN_US, arrive, net, a);
    return true;
}

struct shout {
    int from_host;
    struct plk_addr from, to;
    size_t len;
    uint8_t data[];
};

static void hear(void *ctx, void *item) {
    struct net *net = ctx;
    struct shout *s = item;
    int realm = net->hosts[s->from_host].realm;
    struct plk_input in = {.kind = PLK_IN_DATAGRAM};
    in.datagram.from = s->from;
    in.datagram.to = s->to;
    in.datagram.data = plk_bytes(s->data, s->len);
    for (int i = 0; i < net->host_count; i++) {
        struct net_host *h = &net->hosts[i];
        if (i == s->from_host || h->realm != realm || h->mute4_6 == s->to.family) continue;
        if (udp_port(h, s->to.family) == 0 || !net_passes(net, s->from_host, i, NET_UDP)) continue;
        h->sink.input(h->sink.ctx, &in);
    }
}

static bool is_group(const struct plk_addr *to) { return to->ip[0] == (to->family == 4 ? 239 : 0xff); }

// To all who are behind the same box.
static void shout(struct net *net, int host, const struct net_packet *packet, struct plk_bytes data) {
    if (net->hosts[host].realm == NET_OPEN) return;
    struct shout *s = malloc(sizeof *s + data.len);
    if (!s) abort();
    *s = (struct shout){.from_host = host, .from = packet->from, .to = packet->to, .len = data.len};
    memcpy(s->data, data.at, data.len);
    agenda_at(net->agenda, agenda_now(net->agenda) + NET_LAN_US, hear, net, s);
}

static bool choose_from(const struct net *net, int host, const struct plk_addr *local, uint8_t family,
                        struct plk_addr *from) {
    const struct net_host *h = &net->hosts[host];
    if (local->family ? !net_owns(net, host, local) : !net_address(net, host, family, from)) return false;
    if (local->family) *from = *local;
    from->port = local->port;
    if (!has_port(h, from)) from->port = udp_port(h, family);
    return from->family == family && from->port != 0;
}

void net_datagram_hops(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                       struct plk_bytes data, uint8_t hops) {
    struct net_host *h = &net->hosts[host];
    struct net_way way = {.packet = {.transport = PLK_UDP, .first = true, .hops = hops, .to = *to}};
    if (!choose_from(net, host, local, to->family, &way.packet.from)) return;
    if (data.len == 0 || h->mute4_6 == to->family) return;
    net->sent++;
    net->bytes += data.len;
    net->tap.datagram(net->tap.ctx, host, data);
    if (is_group(to)) {
        shout(net, host, &way.packet, data);
        return;
    }
    if (ask_gateway(net, host, &way.packet, data) || !net_depart(net, host, &way)) return;
    net->knocks[host][way.line]++;
    if (!net_passes(net, host, way.line, NET_UDP)) return;
    const struct net_quality *far = &net->hosts[way.line].quality;
    size_t whole = data.len + (to->family == 4 ? UDP_HEADERS_4 : UDP_HEADERS_6);
    if (whole > h->quality.mtu || whole > far->mtu) return;
    send_copy(net, host, &way, data);
    if (dice_chance(&net->dice, h->quality.duplicate_ppm + far->duplicate_ppm)) send_copy(net, host, &way, data);
}
