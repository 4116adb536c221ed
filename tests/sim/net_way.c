// SPDX-License-Identifier: MIT
// Who has an address, seen from where; and what stands on the way there.
#include "sim/net.h"

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

// Whether a host's address is as good in front of the gateway: all that stands between leaves it as it is.
static bool shows(const struct net *net, int gateway, int host, uint8_t family) {
    for (int realm = net->hosts[host].realm; realm != NET_OPEN; realm = net->gateways[realm].realm) {
        const struct net_gateway *g = &net->gateways[realm];
        if (!(family == 4 ? g->through4 : g->through6)) return false;
        if (realm == gateway) return true;
    }
    return false;
}

static bool leads_to(const struct net *net, int gateway, const struct plk_addr *addr) {
    const struct net_gateway *g = &net->gateways[gateway];
    for (size_t i = 0; i < g->addr_count; i++) {
        if (same_ip(&g->addrs[i], addr)) return true;
    }
    for (int i = 0; i < net->host_count; i++) {
        if (shows(net, gateway, i, addr->family) && net_owns(net, i, addr)) return true;
    }
    return false;
}

static int gateway_at(const struct net *net, int realm, const struct plk_addr *addr) {
    for (int i = 0; i < net->gateway_count; i++) {
        if (net->gateways[i].realm == realm && leads_to(net, i, addr)) return i;
    }
    return -1;
}

static int anyone_behind(const struct net *net, int gateway) {
    for (int i = 0; i < net->host_count; i++) {
        for (int realm = net->hosts[i].realm; realm != NET_OPEN; realm = net->gateways[realm].realm) {
            if (realm == gateway) return i;
        }
    }
    return -1;
}

// By whose line it comes: known before it arrives, since the line decides when that is.
static int line_to(struct net *net, const struct net_way *way) {
    struct plk_addr to = way->packet.to;
    int realm = way->realm;
    for (;;) {
        int host = host_at(net, realm, &to), box = host >= 0 ? -1 : gateway_at(net, realm, &to);
        if (box < 0) return host;
        const struct net_gateway *g = &net->gateways[box];
        if (!g->whose(g->ctx, agenda_now(net->agenda), way->packet.transport, &to)) return anyone_behind(net, box);
        realm = box;
    }
}

static bool spend(struct net_packet *packet, uint8_t hops) {
    if (packet->hops <= hops) return false;
    packet->hops = (uint8_t)(packet->hops - hops);
    return true;
}

// Out of the realm that it is in, as far as needed.
static bool leave(struct net *net, struct net_way *way) {
    const struct plk_addr *to = &way->packet.to;
    int behind = NET_OPEN;
    while (host_at(net, way->realm, to) < 0 && gateway_at(net, way->realm, to) < 0) {
        if (way->realm == NET_OPEN) return false;
        const struct net_gateway *g = &net->gateways[way->realm];
        if (!spend(&way->packet, 1)) return false; // a router looks at that first: it leaves no trace in a NAT
        if (g->outward(g->ctx, agenda_now(net->agenda), &way->packet) != NET_PASSES) return false;
        behind = way->realm;
        way->realm = g->realm;
    }
    bool back = behind != NET_OPEN && gateway_at(net, way->realm, to) == behind; // a hairpin: it never left
    return way->realm != NET_OPEN || back || spend(&way->packet, net->core_hops);
}

bool net_depart(struct net *net, int host, struct net_way *way) {
    way->realm = net->hosts[host].realm;
    if (!leave(net, way)) return false;
    way->line = line_to(net, way);
    return way->line >= 0;
}

enum net_verdict net_arrive(struct net *net, struct net_way *way, int *host) {
    for (int box; (*host = host_at(net, way->realm, &way->packet.to)) < 0; way->realm = box) {
        box = gateway_at(net, way->realm, &way->packet.to);
        if (box < 0) return NET_DROPPED;
        const struct net_gateway *g = &net->gateways[box];
        enum net_verdict verdict = g->inward(g->ctx, agenda_now(net->agenda), &way->packet);
        if (verdict != NET_PASSES) return verdict;
        if (!spend(&way->packet, 1)) return NET_DROPPED; // what the router keeps for itself never gets here
    }
    return NET_PASSES;
}

bool net_refuse(struct net *net, const struct net_way *way) {
    const struct net_packet *packet = &way->packet;
    struct net_way back = {.realm = way->realm};
    int host;
    back.packet = (struct net_packet){packet->transport, false, true, NET_HOPS, packet->to, packet->from, 0};
    return leave(net, &back) && net_arrive(net, &back, &host) == NET_PASSES;
}
