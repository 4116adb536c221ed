// SPDX-License-Identifier: MIT
#include "sim/nat.h"

#include <stdlib.h>

#include "sim/nat_igd.h"

#define PORT_TRIES 64

// ---- sessions -----------------------------------------------------------------------------------------------------------

static uint64_t life_us(const struct nat *nat, const struct nat_session *s) {
    bool both = s->sent && s->got;
    if (s->transport != PLK_UDP && (s->own || s->reset)) return NAT_TCP_RESET_US;
    if (s->transport != PLK_UDP) return both ? NAT_TCP_OPEN_US : NAT_TCP_OPENING_US;
    uint64_t us = both ? nat->is.stream_us : nat->is.unreplied_us;
    return us ? us : both ? NAT_UDP_STREAM_US : NAT_UDP_UNREPLIED_US;
}

static bool is_alive(const struct nat *nat, const struct nat_session *s, uint64_t now_us) {
    return now_us - s->last_us < life_us(nat, s);
}

static void forget_dead(struct nat *nat, uint64_t now_us) {
    size_t kept = 0;
    for (size_t i = 0; i < nat->count; i++) {
        if (is_alive(nat, &nat->sessions[i], now_us)) nat->sessions[kept++] = nat->sessions[i];
    }
    nat->count = kept;
}

static struct nat_session *add(struct nat *nat, const struct nat_session *session) {
    if (nat->count >= (nat->is.sessions_max ? nat->is.sessions_max : NAT_SESSIONS_MAX)) {
        nat->full++;
        return NULL;
    }
    if (nat->count == nat->cap) {
        nat->cap = nat->cap ? 2 * nat->cap : 16;
        nat->sessions = realloc(nat->sessions, nat->cap * sizeof *nat->sessions);
        if (!nat->sessions) abort();
    }
    nat->sessions[nat->count] = *session;
    return &nat->sessions[nat->count++];
}

static const struct plk_addr *shown(const struct nat_session *s) { return s->shown.family ? &s->shown : &s->remote; }

static struct nat_session *find_inside(const struct nat *nat, const struct net_packet *p) {
    for (size_t i = 0; i < nat->count; i++) {
        struct nat_session *s = &nat->sessions[i];
        if (s->own || s->transport != p->transport || !plk_addr_equal(shown(s), &p->to)) continue;
        if (plk_addr_equal(&s->inside, &p->from)) return s;
    }
    return NULL;
}

// Of a packet from outside, the session of its remote, which may be the router's own.
static struct nat_session *find_outside(const struct nat *nat, const struct net_packet *p) {
    for (size_t i = 0; i < nat->count; i++) {
        struct nat_session *s = &nat->sessions[i];
        if (s->transport != p->transport || !plk_addr_equal(&s->remote, &p->from)) continue;
        if (plk_addr_equal(&s->outside, &p->to)) return s;
    }
    return NULL;
}

static bool depends(enum nat_dependence on, const struct plk_addr *a, const struct plk_addr *b) {
    if (on == NAT_INDEPENDENT) return true;
    return on == NAT_ADDRESS ? plk_addr_same_ip(a, b) : plk_addr_equal(a, b);
}

// ---- ports --------------------------------------------------------------------------------------------------------------

static bool clashes(const struct nat *nat, const struct net_packet *p, const struct plk_addr *outside) {
    struct net_packet answer = {.transport = p->transport, .from = p->to, .to = *outside};
    return find_outside(nat, &answer) != NULL;
}

static bool is_free(const struct nat *nat, const struct net_packet *p, const struct plk_addr *outside) {
    for (size_t i = 0; i < nat->count; i++) {
        const struct nat_session *s = &nat->sessions[i];
        if (!s->own && s->transport == p->transport && plk_addr_equal(&s->outside, outside)) return false;
    }
    const struct nat_lease *lease = nat_igd_lease(nat, agenda_now(nat->net->agenda), p->transport, outside);
    if (lease && !plk_addr_equal(&lease->inside, &p->from)) return false;
    return !clashes(nat, p, outside);
}

static uint16_t next_port(struct nat *nat) {
    if (nat->is.ports != NAT_SEQUENTIAL) return (uint16_t)dice_between(&nat->dice, NAT_PORT_LOW, 65535);
    unsigned at = nat->last_port - NAT_SEQUENCE_LOW + nat->is.step;
    return nat->last_port = (uint16_t)(NAT_SEQUENCE_LOW + at % NAT_SEQUENCE_LEN);
}

// The port of the mapping that this packet falls under (RFC 4787, section 4.1), or of a new one. False: there is none left.
static bool map(struct nat *nat, const struct net_packet *p, struct nat_session *session) {
    session->outside = p->from;
    if (nat->is.firewall || p->from.family == 6) return true;
    for (size_t i = 0; i < nat->count; i++) {
        const struct nat_session *s = &nat->sessions[i];
        if (s->own || s->odd || s->transport != p->transport || !plk_addr_equal(&s->inside, &p->from)) continue;
        if (!depends(nat->is.mapping, &s->remote, &p->to)) continue;
        session->outside = s->outside;
        session->odd = clashes(nat, p, &s->outside);
        if (!session->odd) return true;
        break;
    }
    session->outside = nat->outside;
    session->outside.port = p->from.port;
    if (!session->odd && nat->is.ports == NAT_PRESERVED && is_free(nat, p, &session->outside)) return true;
    if (nat->is.ports == NAT_PRESERVED && clashes(nat, p, &session->outside)) session->odd = true;
    for (int i = 0; i < PORT_TRIES; i++) {
        session->outside.port = next_port(nat);
        if (is_free(nat, p, &session->outside)) return true;
    }
    return false;
}

// ---- packets ------------------------------------------------------------------------------------------------------------

static enum net_verdict outward(void *ctx, uint64_t now_us, struct net_packet *p) {
    struct nat *nat = ctx;
    if (nat->is.no_udp && p->transport == PLK_UDP) return NET_DROPPED;
    if (plk_addr_same_ip(&p->to, &nat->outside) && !nat->is.hairpin) return NET_DROPPED;
    forget_dead(nat, now_us);
    struct nat_session *s = find_inside(nat, p);
    if (!s) {
        struct nat_session fresh = {.transport = p->transport, .inside = p->from, .remote = p->to};
        if (!p->first || !map(nat, p, &fresh))
            return NET_DROPPED; // in the middle of a connection that it does not know
        s = add(nat, &fresh);
        if (!s) return NET_DROPPED;
    }
    if (s->crossed && p->opening != s->opening) {
        nat->stuck++; // it leaves as it came, and nobody outside knows what to do with it
        return NET_DROPPED;
    }
    if (p->transport == PLK_TCP) s->crossed = s->crossed && p->first;
    if (p->transport == PLK_TCP && p->first && p->opening != s->opening) s->got = false;
    if (p->first) s->opening = p->opening;
    s->sent = true;
    if (p->first) s->reset = false;
    if (p->reset) s->reset = true;
    s->last_us = now_us;
    p->from = s->outside;
    p->to = s->remote;
    return NET_PASSES;
}

// Nobody inside wants it. A router without an input rule takes it for its own, and its table now holds that pair of
// addresses (nat-facts: early packet).
static enum net_verdict refuse(struct nat *nat, uint64_t now_us, const struct net_packet *p, struct nat_session *own) {
    struct nat_session fresh = {
        .transport = p->transport, .outside = p->to, .remote = p->from, .got = true, .own = true};
    nat->strangers++;
    if (nat->is.traps && !own) own = add(nat, &fresh);
    if (own) {
        nat->trapped++;
        own->last_us = now_us;
    }
    return nat->is.rejects && p->transport == PLK_TCP && p->first ? NET_REJECTED : NET_DROPPED;
}

// Whoever the filter lets in by a mapping that is there (RFC 4787, section 5).
static struct nat_session *admit(struct nat *nat, uint64_t now_us, const struct net_packet *p) {
    for (size_t i = 0; i < nat->count; i++) {
        const struct nat_session *s = &nat->sessions[i];
        if (s->own || !s->sent || s->transport != p->transport || !plk_addr_equal(&s->outside, &p->to)) continue;
        if (!p->first || !depends(nat->is.filtering, &s->remote, &p->from)) continue;
        struct nat_session fresh = {
            .transport = p->transport, .inside = s->inside, .outside = p->to, .remote = p->from, .last_us = now_us};
        return add(nat, &fresh);
    }
    return NULL;
}

// Whoever comes by a port that was asked for. Where the inside has sent to it already, from another port of the router's, the two
// could not be told apart: as Linux does, the remote is shown under another port.
static struct nat_session *expected(struct nat *nat, uint64_t now_us, const struct net_packet *p) {
    const struct nat_lease *lease = nat_igd_lease(nat, now_us, p->transport, &p->to);
    if (!lease || !p->first) return NULL;
    struct nat_session fresh = {
        .transport = p->transport, .inside = lease->inside, .outside = p->to, .remote = p->from, .last_us = now_us};
    struct net_packet back = {.transport = p->transport, .from = lease->inside, .to = p->from};
    while (find_inside(nat, &back)) {
        back.to.port = (uint16_t)dice_between(&nat->dice, NAT_PORT_LOW, 65535);
        fresh.shown = back.to;
    }
    return add(nat, &fresh);
}

static enum net_verdict inward(void *ctx, uint64_t now_us, struct net_packet *p) {
    struct nat *nat = ctx;
    if (nat->is.no_udp && p->transport == PLK_UDP) return NET_DROPPED;
    forget_dead(nat, now_us);
    struct nat_session *s = find_outside(nat, p), *own = s && s->own ? s : NULL;
    if (!s) s = expected(nat, now_us, p);
    if (!s) s = admit(nat, now_us, p);
    if (s && s->reset && p->first) s = NULL;
    if (!s || own) return refuse(nat, now_us, p, own);
    if (p->transport == PLK_TCP && p->first && s->sent && !s->got) s->crossed = true;
    s->got = true;
    if (p->reset) s->reset = true;
    if (!nat->is.inside_keeps) s->last_us = now_us;
    p->to = s->inside;
    p->from = *shown(s);
    return NET_PASSES;
}

static bool whose(void *ctx, uint64_t now_us, enum plk_transport transport, struct plk_addr *to) {
    const struct nat *nat = ctx;
    if (nat->is.firewall || to->family == 6) return true; // its own
    for (size_t i = 0; i < nat->count; i++) {
        const struct nat_session *s = &nat->sessions[i];
        if (s->own || s->transport != transport || !is_alive(nat, s, now_us)) continue;
        if (!plk_addr_equal(&s->outside, to)) continue;
        *to = s->inside;
        return true;
    }
    const struct nat_lease *lease = nat_igd_lease(nat, now_us, transport, to);
    if (lease) *to = lease->inside;
    return lease != NULL;
}

static bool asked(void *ctx, uint64_t now_us, const struct net_packet *packet, struct plk_bytes data,
                  uint8_t answer[NET_ANSWER_MAX], size_t *len) {
    return nat_igd_asked(ctx, now_us, packet, data, answer, len);
}

// ---- the box --------------------------------------------------------------------------------------------------------------

static void choose_outside(struct nat *nat) {
    uint8_t open[4] = {46, (uint8_t)(1 + nat->number), (uint8_t)(1 + nat->renumbered % 250), 1};
    uint8_t carrier[4] = {100, (uint8_t)(64 + nat->renumbered % 60), (uint8_t)(1 + nat->number), 10};
    nat->outside = (struct plk_addr){.family = 4};
    memcpy(nat->outside.ip, nat->front ? carrier : open, 4);
}

struct nat *nat_new(struct net *net, uint64_t seed, int number, const struct nat_behaviour *is,
                    const struct nat *front) {
    static const uint8_t lans[][3] = {{192, 168, 1}, {192, 168, 0}, {10, 0, 0}, {192, 168, 178}};
    struct nat *nat = calloc(1, sizeof *nat);
    if (!nat) abort();
    *nat = (struct nat){.net = net, .is = *is, .number = number, .front = front};
    nat->dice = dice(seed, "nat", (uint64_t)number);
    memcpy(nat->lan, lans[dice_below(&nat->dice, 4)], sizeof nat->lan);
    nat->last_port = (uint16_t)(NAT_SEQUENCE_LOW + dice_below(&nat->dice, NAT_SEQUENCE_LEN));
    struct net_gateway gateway = {nat, outward, inward, whose, asked, .through6 = true, .through4 = is->firewall};
    nat->booted_us = agenda_now(net->agenda);
    if (!is->firewall) choose_outside(nat);
    gateway.addrs[0] = nat->outside;
    gateway.addr_count = !is->firewall;
    gateway.realm = front ? front->gateway : NET_OPEN;
    nat->gateway = net_add_gateway(net, &gateway);
    return nat;
}

void nat_free(struct nat *nat) {
    if (!nat) return;
    free(nat->sessions);
    free(nat);
}

struct plk_interface nat_face(struct nat *nat, int host, int number) {
    struct plk_interface face = {.addr = {.family = 4}, .prefix_bits = 24};
    int place = 0;
    while (place < nat->behind_count && nat->behind[place] != host) place++;
    plk_assert(!nat->is.firewall && number < NAT_FACES && place < NAT_BEHIND_MAX);
    if (place == nat->behind_count) nat->behind[nat->behind_count++] = host;
    memcpy(face.addr.ip, nat->lan, sizeof nat->lan);
    face.addr.ip[3] = (uint8_t)(20 + place + number * NAT_BEHIND_MAX);
    return face;
}

void nat_reboot(struct nat *nat) {
    nat->count = nat->lease_count = 0;
    nat->booted_us = agenda_now(nat->net->agenda);
    nat->last_port = (uint16_t)(NAT_SEQUENCE_LOW + dice_below(&nat->dice, NAT_SEQUENCE_LEN));
}

void nat_renumber(struct nat *nat) {
    nat_reboot(nat);
    if (nat->is.firewall) return;
    nat->renumbered++;
    choose_outside(nat);
    net_renumber(nat->net, nat->gateway, 0, &nat->outside);
}

bool nat_seen(const struct nat *nat, enum plk_transport transport, const struct plk_addr *inside,
              const struct plk_addr *remote, struct plk_addr *outside) {
    struct net_packet p = {.transport = transport, .from = *inside, .to = *remote};
    const struct nat_session *s = find_inside(nat, &p);
    if (!s || !is_alive(nat, s, agenda_now(nat->net->agenda))) return false;
    *outside = s->outside;
    return true;
}

size_t nat_sessions(const struct nat *nat) {
    size_t count = 0;
    for (size_t i = 0; i < nat->count; i++) {
        count += !nat->sessions[i].own && is_alive(nat, &nat->sessions[i], agenda_now(nat->net->agenda));
    }
    return count;
}
