// SPDX-License-Identifier: MIT
#include "path/portmap.h"

#include "crypto/crypto.h"

enum { EPOCH_PCP, EPOCH_NATPMP };

// ---- time ---------------------------------------------------------------------------------------------------------------

static void ask_at(struct plk_portmap_ask *ask, uint64_t due_us) { *ask = (struct plk_portmap_ask){.due_us = due_us}; }

static bool is_held(const struct plk_portmap_lease *lease, uint64_t now_us) {
    return lease->by != PLK_MAPPING_NONE && lease->until_us > now_us;
}

// Half of what is left, and up to an eighth more, so that not all clients of a router ask it at once.
static uint64_t renewal_us(const struct plk_portmap_lease *lease, struct plk_rng *rng, uint64_t now_us) {
    uint64_t left_us = lease->until_us - now_us, wait_us = left_us / 2 + plk_rng_below(rng, left_us / 8 + 1);
    return now_us + (wait_us > PLK_PORTMAP_RENEW_US ? wait_us : PLK_PORTMAP_RENEW_US);
}

// RFC 6887 section 8.1.1.
static void pcp_sent(struct plk_portmap_ask *ask, struct plk_rng *rng, uint64_t now_us) {
    uint64_t rt_us = ask->rt_us == 0 ? PLK_PORTMAP_PCP_US : 2 * ask->rt_us;
    if (rt_us > PLK_PORTMAP_PCP_MOST_US) rt_us = PLK_PORTMAP_PCP_MOST_US;
    ask->rt_us = rt_us - rt_us / 10 + plk_rng_below(rng, rt_us / 5 + 1);
    ask->due_us = now_us + ask->rt_us;
    ask->sends++;
    ask->open = true;
}

// RFC 6886 section 3.1. It gives up; then now and then it is tried once more, as PCP is.
static void natpmp_sent(struct plk_portmap_ask *ask, uint64_t now_us) {
    ask->rt_us = ask->rt_us == 0 ? PLK_PORTMAP_NATPMP_US : 2 * ask->rt_us;
    ask->due_us = now_us + ask->rt_us;
    ask->open = true;
    if (++ask->sends < PLK_PORTMAP_NATPMP_SENDS) return;
    ask->due_us = now_us + PLK_PORTMAP_PCP_MOST_US;
    ask->sends = 0;
    ask->rt_us = 0;
}

// ---- which there are ----------------------------------------------------------------------------------------------------

void plk_portmap_init(struct plk_portmap *p, const uint8_t key[PLK_PORTMAP_KEY_LEN]) {
    *p = (struct plk_portmap){.count = 0};
    memcpy(p->key, key, sizeof p->key);
}

static void make_nonce(const struct plk_portmap *p, const struct plk_portmap_router *router,
                       struct plk_portmap_lease *lease) {
    uint8_t place[64], out[16];
    struct plk_writer w = plk_writer(place, sizeof place);
    plk_addr_write(&w, &router->is.addr);
    plk_addr_write(&w, &router->is.local);
    plk_writer_u8(&w, (uint8_t)lease->transport);
    plk_writer_u16(&w, lease->port);
    plk_siphash128(out, p->key, plk_writer_bytes(&w));
    memcpy(lease->nonce, out, sizeof lease->nonce);
}

// All is asked at once; by NAT-PMP only the question that changes nothing, and a moment later.
static void begin(struct plk_portmap_router *router, uint64_t now_us) {
    bool natpmp = router->is.addr.family == 4 && !router->no_natpmp;
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        bool wanted = lease->port != 0;
        ask_at(&lease->pcp, wanted && !router->no_pcp ? now_us : PLK_NEVER);
        ask_at(&lease->natpmp, PLK_NEVER);
    }
    uint64_t later_us = router->no_pcp ? now_us : now_us + PLK_PORTMAP_BESIDE_US;
    ask_at(&router->address, natpmp && !router->heard_pcp ? later_us : PLK_NEVER);
}

static struct plk_portmap_router router_of(const struct plk_portmap *p, const struct plk_gateway *gateway, uint16_t udp,
                                           uint16_t tcp, uint64_t now_us) {
    struct plk_portmap_router router = {.is = *gateway};
    router.is.addr.port = PLK_PCP_PORT;
    router.leases[0] = (struct plk_portmap_lease){.transport = PLK_UDP, .port = udp};
    router.leases[1] = (struct plk_portmap_lease){.transport = PLK_TCP, .port = tcp};
    for (unsigned i = 0; i < 2; i++) make_nonce(p, &router, &router.leases[i]);
    begin(&router, now_us);
    return router;
}

static bool same_router(const struct plk_portmap_router *a, const struct plk_portmap_router *b) {
    return plk_addr_equal(&a->is.addr, &b->is.addr) && plk_addr_same_ip(&a->is.local, &b->is.local) &&
           a->leases[0].port == b->leases[0].port && a->leases[1].port == b->leases[1].port;
}

void plk_portmap_set(struct plk_portmap *p, const struct plk_gateway *gateways, size_t count, const uint16_t udp[2],
                     uint16_t tcp, uint64_t now_us) {
    struct plk_portmap before = *p;
    p->count = 0;
    p->again_us = now_us;
    for (size_t i = 0; i < count && p->count < PLK_PORTMAP_ROUTERS; i++) {
        uint8_t family = gateways[i].addr.family;
        if ((family != 4 && family != 6) || gateways[i].local.family != family) continue;
        struct plk_portmap_router router = router_of(p, &gateways[i], udp[family == 6], tcp, now_us);
        for (unsigned k = 0; k < before.count; k++) {
            if (same_router(&router, &before.routers[k])) router = before.routers[k];
        }
        p->routers[p->count++] = router;
    }
}

void plk_portmap_again(struct plk_portmap *p, uint64_t now_us) {
    if (p->again_us != 0 && now_us - p->again_us < PLK_PORTMAP_AGAIN_US) return;
    p->again_us = now_us;
    for (unsigned i = 0; i < p->count; i++) {
        struct plk_portmap_router *router = &p->routers[i];
        router->no_pcp = router->no_natpmp = router->heard_pcp = false; // it may be another one
        begin(router, now_us);
    }
}

void plk_portmap_leave(struct plk_portmap *p) { p->leaving = true; }

// ---- questions ----------------------------------------------------------------------------------------------------------

static void write_pcp(const struct plk_portmap_router *router, const struct plk_portmap_lease *lease, uint32_t life_s,
                      struct plk_writer *w) {
    struct plk_pcp ask = {.opcode = PLK_PCP_MAP, .life_s = life_s, .client = router->is.local, .has_map = true};
    memcpy(ask.nonce, lease->nonce, sizeof ask.nonce);
    ask.protocol = lease->transport == PLK_UDP ? PLK_PCP_UDP : PLK_PCP_TCP;
    ask.internal_port = lease->port;
    ask.external.family = router->is.local.family;
    ask.external.port = lease->port;
    if (lease->external.family == ask.external.family) ask.external = lease->external;
    if (life_s == 0) ask.external = (struct plk_addr){.family = router->is.local.family}; // RFC 6887 section 15
    plk_pcp_encode(w, &ask);
}

static void write_natpmp(const struct plk_portmap_lease *lease, uint32_t life_s, struct plk_writer *w) {
    struct plk_natpmp ask = {.op = lease->transport == PLK_UDP ? PLK_NATPMP_MAP_UDP : PLK_NATPMP_MAP_TCP};
    ask.internal_port = lease->port;
    ask.external_port = lease->external.family != 0 ? lease->external.port : lease->port;
    if (life_s == 0) ask.external_port = 0; // RFC 6886 section 3.4
    ask.life_s = life_s;
    plk_natpmp_encode(w, &ask);
}

static bool give_back(struct plk_portmap_router *router, uint64_t now_us, struct plk_writer *w) {
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        if (!is_held(lease, now_us)) continue;
        if (lease->by == PLK_MAPPING_PCP)
            write_pcp(router, lease, 0, w);
        else
            write_natpmp(lease, 0, w);
        lease->by = PLK_MAPPING_NONE;
        return true;
    }
    return false;
}

static bool ask_router(struct plk_portmap_router *router, struct plk_rng *rng, uint64_t now_us, struct plk_writer *w) {
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        if (lease->pcp.due_us <= now_us) {
            pcp_sent(&lease->pcp, rng, now_us);
            if (is_held(lease, now_us)) lease->pcp.due_us = renewal_us(lease, rng, now_us);
            write_pcp(router, lease, PLK_PORTMAP_LIFE_S, w);
            return true;
        }
        if (lease->natpmp.due_us <= now_us) {
            natpmp_sent(&lease->natpmp, now_us);
            write_natpmp(lease, PLK_PORTMAP_LIFE_S, w);
            return true;
        }
    }
    if (router->address.due_us > now_us) return false;
    natpmp_sent(&router->address, now_us);
    plk_natpmp_encode(w, &(struct plk_natpmp){.op = PLK_NATPMP_ADDRESS});
    return true;
}

bool plk_portmap_poll(struct plk_portmap *p, struct plk_rng *rng, uint64_t now_us, struct plk_portmap_packet *packet) {
    for (unsigned i = 0; i < p->count; i++) {
        struct plk_portmap_router *router = &p->routers[i];
        struct plk_writer w = plk_writer(packet->bytes, sizeof packet->bytes);
        if (!(p->leaving ? give_back(router, now_us, &w) : ask_router(router, rng, now_us, &w))) continue;
        plk_assert(!w.failed);
        packet->to = router->is.addr;
        packet->local = router->is.local;
        packet->len = w.len;
        return true;
    }
    return false;
}

// ---- the router's clock ---------------------------------------------------------------------------------------------------

// RFC 6887 section 8.5: true when the router has forgotten since it was last heard. NAT-PMP's clock may be an eighth slow (RFC 6886
// section 3.6), and says nothing when it is fast.
static bool has_forgotten(struct plk_portmap_router *router, unsigned which, uint32_t epoch_s, uint64_t now_us) {
    bool known = router->has_epoch[which], forgotten = false;
    uint64_t before_s = router->epoch_s[which], ours_s = (now_us - router->epoch_us[which]) / PLK_SECOND;
    if (known && which == EPOCH_NATPMP) {
        forgotten = epoch_s + UINT64_C(2) < before_s + ours_s - ours_s / 8;
    } else if (known && epoch_s + UINT64_C(1) < before_s) {
        forgotten = true;
    } else if (known) {
        uint64_t theirs_s = epoch_s > before_s ? epoch_s - before_s : 0;
        forgotten = ours_s + 2 < theirs_s - theirs_s / 16 || theirs_s + 2 < ours_s - ours_s / 16;
    }
    router->has_epoch[which] = true;
    router->epoch_s[which] = epoch_s;
    router->epoch_us[which] = now_us;
    return forgotten;
}

static void remake(struct plk_portmap_router *router, enum plk_mapping_by by, uint64_t now_us) {
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        if (lease->by != by) continue;
        lease->until_us = plk_earlier(lease->until_us, now_us + PLK_PORTMAP_GRACE_US);
        ask_at(by == PLK_MAPPING_PCP ? &lease->pcp : &lease->natpmp, now_us);
    }
}

// ---- answers ------------------------------------------------------------------------------------------------------------

static void refused(struct plk_portmap_lease *lease, struct plk_portmap_ask *ask, enum plk_mapping_by by,
                    uint64_t wait_us, uint64_t now_us) {
    if (wait_us < PLK_PORTMAP_REFUSED_MIN_US) wait_us = PLK_PORTMAP_REFUSED_MIN_US;
    if (wait_us > PLK_PORTMAP_REFUSED_MAX_US) wait_us = PLK_PORTMAP_REFUSED_MAX_US;
    ask_at(ask, now_us + wait_us);
    if (lease->by == by) lease->by = PLK_MAPPING_NONE;
}

// false: what was given cannot be used.
static bool granted(struct plk_portmap_lease *lease, struct plk_portmap_ask *ask, enum plk_mapping_by by,
                    const struct plk_addr *external, uint32_t life_s, struct plk_rng *rng, uint64_t now_us) {
    enum plk_addr_class class = plk_addr_class(external);
    bool odd = class == PLK_ADDR_REFUSED || class == PLK_ADDR_LOOPBACK || class == PLK_ADDR_LINK_LOCAL;
    if (odd || life_s < PLK_PORTMAP_LIFE_MIN_S) {
        refused(lease, ask, by, PLK_PORTMAP_REFUSED_MAX_US, now_us);
        return false;
    }
    if (life_s > PLK_PORTMAP_LIFE_MAX_S) life_s = PLK_PORTMAP_LIFE_MAX_S;
    lease->external = *external;
    lease->by = by;
    lease->until_us = now_us + life_s * PLK_SECOND;
    ask_at(ask, renewal_us(lease, rng, now_us));
    return true;
}

// PCP is known now: NAT-PMP has no word any more, and what it gave is the same lease at the same router.
static void settle_on_pcp(struct plk_portmap_router *router) {
    router->heard_pcp = true;
    ask_at(&router->address, PLK_NEVER);
    for (unsigned i = 0; i < 2; i++) ask_at(&router->leases[i].natpmp, PLK_NEVER);
}

static void try_natpmp(struct plk_portmap_router *router, uint64_t now_us) {
    router->no_pcp = true;
    for (unsigned i = 0; i < 2; i++) ask_at(&router->leases[i].pcp, PLK_NEVER);
    if (router->is.addr.family == 4 && !router->no_natpmp && router->address.sends == 0)
        ask_at(&router->address, now_us);
}

static void no_natpmp(struct plk_portmap_router *router) {
    router->no_natpmp = true;
    ask_at(&router->address, PLK_NEVER);
    for (unsigned i = 0; i < 2; i++) ask_at(&router->leases[i].natpmp, PLK_NEVER);
}

static struct plk_portmap_lease *lease_of(struct plk_portmap_router *router, const struct plk_pcp *m) {
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        uint8_t protocol = lease->transport == PLK_UDP ? PLK_PCP_UDP : PLK_PCP_TCP;
        bool same = m->protocol == protocol && m->internal_port == lease->port;
        if (same && memcmp(m->nonce, lease->nonce, sizeof m->nonce) == 0) return lease;
    }
    return NULL;
}

static void heard_pcp(struct plk_portmap *p, struct plk_portmap_router *router, const struct plk_pcp *m,
                      struct plk_rng *rng, uint64_t now_us) {
    if (!m->response) return;
    if (m->result == PLK_PCP_UNSUPP_VERSION) { // in our version: it is NAT-PMP that it does not know
        no_natpmp(router);
        return;
    }
    bool announce = m->opcode == PLK_PCP_ANNOUNCE;
    struct plk_portmap_lease *lease = announce || !m->has_map ? NULL : lease_of(router, m);
    if (!announce && (lease == NULL || !lease->pcp.open)) return;
    if (announce && now_us - p->again_us < PLK_PORTMAP_AGAIN_US && p->again_us != 0) return;
    if (announce) p->again_us = now_us;
    settle_on_pcp(router);
    if (has_forgotten(router, EPOCH_PCP, m->epoch_s, now_us)) remake(router, PLK_MAPPING_PCP, now_us);
    if (lease == NULL) return;
    if (m->result != PLK_PCP_SUCCESS) {
        refused(lease, &lease->pcp, PLK_MAPPING_PCP, m->life_s * PLK_SECOND, now_us);
    } else if (m->external.family == router->is.addr.family) {
        granted(lease, &lease->pcp, PLK_MAPPING_PCP, &m->external, m->life_s, rng, now_us);
    }
}

static void natpmp_refused(struct plk_portmap_router *router, const struct plk_natpmp *m, uint64_t now_us) {
    uint64_t wait_us = m->result == PLK_NATPMP_NETWORK_FAILURE ? 0 : PLK_PORTMAP_REFUSED_MAX_US;
    ask_at(&router->address, now_us + (wait_us == 0 ? PLK_PORTMAP_REFUSED_MIN_US : wait_us));
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        bool meant = m->op == PLK_NATPMP_ADDRESS || (m->op == PLK_NATPMP_MAP_UDP) == (lease->transport == PLK_UDP);
        if (meant && lease->natpmp.open) refused(lease, &lease->natpmp, PLK_MAPPING_NATPMP, wait_us, now_us);
    }
}

// The outside address is there, or another one than before: ports are asked for, or said to be elsewhere.
static void natpmp_address(struct plk_portmap_router *router, const struct plk_addr *outside, uint64_t now_us) {
    bool moved = router->outside.family != 0 && !plk_addr_same_ip(&router->outside, outside);
    router->outside = *outside;
    ask_at(&router->address, PLK_NEVER);
    if (moved) remake(router, PLK_MAPPING_NATPMP, now_us);
    for (unsigned i = 0; i < 2; i++) {
        struct plk_portmap_lease *lease = &router->leases[i];
        if (lease->port != 0 && lease->natpmp.due_us == PLK_NEVER) ask_at(&lease->natpmp, now_us);
    }
}

static void natpmp_mapped(struct plk_portmap_router *router, const struct plk_natpmp *m, struct plk_rng *rng,
                          uint64_t now_us) {
    struct plk_portmap_lease *lease = &router->leases[m->op == PLK_NATPMP_MAP_TCP];
    if (!lease->natpmp.open || m->internal_port != lease->port || router->outside.family == 0) return;
    struct plk_addr external = router->outside;
    external.port = m->external_port;
    if (!granted(lease, &lease->natpmp, PLK_MAPPING_NATPMP, &external, m->life_s, rng, now_us)) return;
    // With the next renewal the outside address is asked for again.
    router->address.due_us = plk_earlier(router->address.due_us, lease->natpmp.due_us);
}

static void heard_natpmp(struct plk_portmap_router *router, const struct plk_natpmp *m, struct plk_rng *rng,
                         uint64_t now_us) {
    if (!m->response || router->is.addr.family != 4) return;
    if (m->result == PLK_NATPMP_UNSUPP_VERSION) { // to PCP: RFC 6886 section 3.5
        if (!router->no_pcp && !router->heard_pcp) try_natpmp(router, now_us);
        return;
    }
    if (router->heard_pcp) return;
    bool asked = router->address.open || router->leases[0].natpmp.open || router->leases[1].natpmp.open;
    if (!asked) return;
    if (m->result != PLK_NATPMP_SUCCESS) {
        natpmp_refused(router, m, now_us);
        return;
    }
    if (has_forgotten(router, EPOCH_NATPMP, m->epoch_s, now_us)) remake(router, PLK_MAPPING_NATPMP, now_us);
    if (m->op != PLK_NATPMP_ADDRESS)
        natpmp_mapped(router, m, rng, now_us);
    else if (router->address.open)
        natpmp_address(router, &m->external, now_us);
}

bool plk_portmap_heard(struct plk_portmap *p, const struct plk_addr *from, struct plk_bytes bytes, struct plk_rng *rng,
                       uint64_t now_us) {
    struct plk_pcp pcp;
    struct plk_natpmp natpmp;
    bool any = false, is_pcp = plk_pcp_decode(bytes, &pcp) == PLK_ERR_OK;
    bool is_natpmp = !is_pcp && plk_natpmp_decode(bytes, &natpmp) == PLK_ERR_OK;
    for (unsigned i = 0; i < p->count; i++) {
        struct plk_portmap_router *router = &p->routers[i];
        if (!plk_addr_equal(&router->is.addr, from)) continue;
        any = true;
        if (is_pcp) heard_pcp(p, router, &pcp, rng, now_us);
        if (is_natpmp) heard_natpmp(router, &natpmp, rng, now_us);
    }
    return any;
}

// ---- what there is ------------------------------------------------------------------------------------------------------

uint64_t plk_portmap_deadline(const struct plk_portmap *p, uint64_t now_us) {
    uint64_t due_us = PLK_NEVER;
    for (unsigned i = 0; !p->leaving && i < p->count; i++) {
        const struct plk_portmap_router *router = &p->routers[i];
        due_us = plk_earlier(due_us, router->address.due_us);
        for (unsigned k = 0; k < 2; k++) {
            const struct plk_portmap_lease *lease = &router->leases[k];
            due_us = plk_earlier(due_us, plk_earlier(lease->pcp.due_us, lease->natpmp.due_us));
            if (is_held(lease, now_us)) due_us = plk_earlier(due_us, lease->until_us);
        }
    }
    return due_us;
}

unsigned plk_portmap_list(const struct plk_portmap *p, uint64_t now_us, struct plk_mapping list[PLK_PORTMAP_LEASES]) {
    unsigned count = 0;
    for (unsigned i = 0; i < p->count; i++) {
        const struct plk_portmap_router *router = &p->routers[i];
        for (unsigned k = 0; k < 2; k++) {
            const struct plk_portmap_lease *lease = &router->leases[k];
            if (!is_held(lease, now_us)) continue;
            struct plk_mapping *mapping = &list[count++];
            *mapping = (struct plk_mapping){.transport = lease->transport, .by = lease->by};
            mapping->internal = router->is.local;
            mapping->internal.port = lease->port;
            mapping->external = lease->external;
        }
    }
    return count;
}
