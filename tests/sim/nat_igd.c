// SPDX-License-Identifier: MIT
#include "sim/nat_igd.h"

#include <stdlib.h>

#include "wire/natpmp.h"
#include "wire/pcp.h"

struct plk_addr nat_igd_inside(const struct nat *nat, uint8_t family) {
    struct plk_addr addr = {.family = family};
    if (family == 4) {
        memcpy(addr.ip, nat->lan, sizeof nat->lan);
        addr.ip[3] = 1;
    } else {
        addr = (struct plk_addr){.family = 6, .ip = {0xfe, 0x80, [15] = 1}, .scope = 1};
    }
    return addr;
}

// ---- leases ---------------------------------------------------------------------------------------------------------------

const struct nat_lease *nat_igd_lease(const struct nat *nat, uint64_t now_us, enum plk_transport transport,
                                      const struct plk_addr *outside) {
    for (size_t i = 0; i < nat->lease_count; i++) {
        const struct nat_lease *lease = &nat->leases[i];
        if (lease->until_us <= now_us || lease->transport != transport) continue;
        if (plk_addr_equal(&lease->outside, outside)) return lease;
    }
    return NULL;
}

size_t nat_igd_leases(const struct nat *nat) {
    size_t count = 0;
    for (size_t i = 0; i < nat->lease_count; i++) count += nat->leases[i].until_us > agenda_now(nat->net->agenda);
    return count;
}

static struct nat_lease *lease_of(struct nat *nat, enum plk_transport transport, const struct plk_addr *inside) {
    for (size_t i = 0; i < nat->lease_count; i++) {
        struct nat_lease *lease = &nat->leases[i];
        if (lease->transport == transport && plk_addr_equal(&lease->inside, inside)) return lease;
    }
    return NULL;
}

static bool is_taken(const struct nat *nat, uint64_t now_us, enum plk_transport transport,
                     const struct plk_addr *outside, const struct plk_addr *inside) {
    const struct nat_lease *lease = nat_igd_lease(nat, now_us, transport, outside);
    if (lease && !plk_addr_equal(&lease->inside, inside)) return true;
    for (size_t i = 0; i < nat->count; i++) {
        const struct nat_session *s = &nat->sessions[i];
        if (s->transport != transport || s->own || !plk_addr_equal(&s->outside, outside)) continue;
        if (!plk_addr_equal(&s->inside, inside)) return true;
    }
    return false;
}

// NULL: the table is full.
static struct nat_lease *grant(struct nat *nat, uint64_t now_us, enum plk_transport transport,
                               const struct plk_addr *inside, uint16_t wanted, uint32_t life_s) {
    struct nat_lease *lease = lease_of(nat, transport, inside);
    bool alive = lease && lease->until_us > now_us;
    if (!lease && nat->lease_count == NAT_LEASES_MAX) return NULL;
    if (!lease) lease = &nat->leases[nat->lease_count++];
    if (!alive) {
        *lease = (struct nat_lease){.transport = transport, .inside = *inside, .outside = *inside};
        if (inside->family == 4 && !nat->is.firewall) {
            lease->outside = nat->outside;
            lease->outside.port = wanted ? wanted : inside->port;
            while (is_taken(nat, now_us, transport, &lease->outside, inside)) {
                lease->outside.port = (uint16_t)dice_between(&nat->dice, NAT_PORT_LOW, 65535);
            }
        }
    }
    lease->until_us = now_us + life_s * PLK_SECOND;
    return lease;
}

// What a liar says of it.
static struct plk_addr told(const struct nat *nat, const struct plk_addr *outside) {
    static const uint8_t private_ip[4] = {10, 99, 99, 99}, foreign_ip[4] = {45, 10, 1, 200};
    struct plk_addr addr = *outside;
    if (addr.family == 4 && nat->is.lies == NAT_SAYS_PRIVATE) memcpy(addr.ip, private_ip, 4);
    if (addr.family == 4 && nat->is.lies == NAT_SAYS_ELSEWHERE) memcpy(addr.ip, foreign_ip, 4);
    return addr;
}

// ---- protocols --------------------------------------------------------------------------------------------------------------

static uint32_t epoch_s(const struct nat *nat, uint64_t now_us) {
    return (uint32_t)((now_us - nat->booted_us) / PLK_SECOND);
}

static void answer_pcp(struct nat *nat, uint64_t now_us, const struct net_packet *packet, const struct plk_pcp *ask,
                       struct plk_writer *w) {
    struct plk_pcp m = *ask;
    m.response = true;
    m.epoch_s = epoch_s(nat, now_us);
    struct plk_addr inside = packet->from;
    inside.port = m.internal_port;
    enum plk_transport transport = m.protocol == PLK_PCP_UDP ? PLK_UDP : PLK_TCP;
    struct nat_lease *lease = ask->has_map ? lease_of(nat, transport, &inside) : NULL;
    bool others = lease && lease->until_us > now_us && memcmp(lease->nonce, m.nonce, sizeof m.nonce) != 0;
    if (!plk_addr_same_ip(&m.client, &packet->from)) {
        m.result = PLK_PCP_ADDRESS_MISMATCH;
    } else if (others) {
        m.result = PLK_PCP_NOT_AUTHORIZED;
    } else if (ask->has_map && m.life_s == 0) {
        if (lease) lease->until_us = 0;
    } else if (ask->has_map) {
        lease = grant(nat, now_us, transport, &inside, m.external.port, m.life_s);
        m.result = lease ? PLK_PCP_SUCCESS : PLK_PCP_NO_RESOURCES;
        if (lease) memcpy(lease->nonce, m.nonce, sizeof lease->nonce);
        if (lease) m.external = told(nat, &lease->outside);
    }
    if (nat->is.lies == NAT_SAYS_FOREVER) m.life_s = UINT32_MAX;
    plk_pcp_encode(w, &m);
}

static void answer_natpmp(struct nat *nat, uint64_t now_us, const struct net_packet *packet,
                          const struct plk_natpmp *ask, struct plk_writer *w) {
    struct plk_natpmp m = *ask;
    m.response = true;
    m.epoch_s = epoch_s(nat, now_us);
    m.external = told(nat, &nat->outside);
    struct plk_addr inside = packet->from;
    inside.port = m.internal_port;
    enum plk_transport transport = m.op == PLK_NATPMP_MAP_UDP ? PLK_UDP : PLK_TCP;
    struct nat_lease *lease = ask->op == PLK_NATPMP_ADDRESS ? NULL : lease_of(nat, transport, &inside);
    if (ask->op != PLK_NATPMP_ADDRESS && m.life_s == 0) {
        if (lease) lease->until_us = 0;
    } else if (ask->op != PLK_NATPMP_ADDRESS) {
        lease = grant(nat, now_us, transport, &inside, m.external_port, m.life_s);
        m.result = lease ? PLK_NATPMP_SUCCESS : PLK_NATPMP_OUT_OF_RESOURCES;
        if (lease) m.external_port = lease->outside.port;
    }
    if (nat->is.lies == NAT_SAYS_FOREVER) m.life_s = UINT32_MAX;
    plk_natpmp_encode(w, &m);
}

// RFC 6886 section 3.5: what a router of NAT-PMP says to PCP.
static void refuse_version(struct nat *nat, uint64_t now_us, struct plk_writer *w) {
    struct plk_natpmp m = {.response = true, .op = 1, .result = PLK_NATPMP_UNSUPP_VERSION};
    m.epoch_s = epoch_s(nat, now_us);
    plk_natpmp_encode(w, &m);
}

static void garbage(struct nat *nat, struct plk_bytes data, struct plk_writer *w) {
    size_t len = data.len < NET_ANSWER_MAX ? data.len : NET_ANSWER_MAX;
    for (size_t i = 0; i < len; i++) plk_writer_u8(w, data.at[i]);
    w->at[1] |= 0x80;
    for (int i = 0; i < 3; i++) w->at[dice_below(&nat->dice, len)] = (uint8_t)dice_below(&nat->dice, 256);
}

bool nat_igd_asked(struct nat *nat, uint64_t now_us, const struct net_packet *packet, struct plk_bytes data,
                   uint8_t answer[NET_ANSWER_MAX], size_t *len) {
    struct plk_addr here = nat_igd_inside(nat, packet->to.family);
    struct plk_writer w = plk_writer(answer, NET_ANSWER_MAX);
    struct plk_pcp pcp;
    struct plk_natpmp natpmp;
    *len = 0;
    bool family = packet->to.family == 6 || !nat->is.firewall;
    if (!family || memcmp(here.ip, packet->to.ip, sizeof here.ip) != 0) return false;
    if (packet->transport != PLK_UDP || packet->to.port != PLK_PCP_PORT || !nat->is.gives || data.len < 2) return true;
    bool is_pcp = plk_pcp_decode(data, &pcp) == PLK_ERR_OK && !pcp.response;
    bool is_natpmp = !is_pcp && plk_natpmp_decode(data, &natpmp) == PLK_ERR_OK && !natpmp.response;
    if (nat->is.lies == NAT_SAYS_GARBAGE)
        garbage(nat, data, &w);
    else if (is_pcp && (nat->is.gives & NAT_GIVES_PCP))
        answer_pcp(nat, now_us, packet, &pcp, &w);
    else if (is_pcp && (nat->is.gives & NAT_GIVES_NATPMP) && packet->to.family == 4)
        refuse_version(nat, now_us, &w);
    else if (is_natpmp && (nat->is.gives & NAT_GIVES_NATPMP) && packet->to.family == 4)
        answer_natpmp(nat, now_us, packet, &natpmp, &w);
    *len = w.len;
    return true;
}
