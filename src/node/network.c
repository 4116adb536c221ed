// SPDX-License-Identifier: MIT
#include "node/network.h"

#include "path/predict.h"

static bool same_prefix(const struct plk_prefix *a, const struct plk_interface *b) {
    return a->bits == b->prefix_bits && plk_addr_same_ip(&a->addr, &b->addr);
}

bool plk_network_set(struct plk_network *network, const struct plk_input *input) {
    size_t count = input->network.count < PLK_NETWORK_INTERFACES ? input->network.count : PLK_NETWORK_INTERFACES;
    bool same = network->known && network->count == count && network->udp4_port == input->network.udp4_port &&
                network->udp6_port == input->network.udp6_port && network->tcp_port == input->network.tcp_port;
    for (size_t i = 0; same && i < count; i++) {
        same = same_prefix(&network->prefixes[i], &input->network.interfaces[i]);
    }
    if (same) return false;
    network->known = true;
    network->sequence++;
    network->count = count;
    for (size_t i = 0; i < count; i++) {
        network->prefixes[i].addr = input->network.interfaces[i].addr;
        network->prefixes[i].bits = input->network.interfaces[i].prefix_bits;
    }
    network->udp4_port = input->network.udp4_port;
    network->udp6_port = input->network.udp6_port;
    network->tcp_port = input->network.tcp_port;
    return true;
}

unsigned plk_network_own(const struct plk_network *network, uint8_t family,
                         struct plk_addr own[PLK_NETWORK_INTERFACES]) {
    unsigned count = 0;
    for (size_t i = 0; i < network->count; i++) {
        if (network->prefixes[i].addr.family != family) continue;
        own[count] = network->prefixes[i].addr;
        own[count++].port = family == 4 ? network->udp4_port : network->udp6_port;
    }
    return count;
}

bool plk_network_is_own(const struct plk_network *network, const struct plk_addr *addr) {
    struct plk_addr own[PLK_NETWORK_INTERFACES];
    unsigned count = plk_network_own(network, addr->family, own), i = 0;
    while (i < count && !plk_addr_equal(&own[i], addr)) i++;
    return i < count;
}

struct plk_addr_rules plk_network_rules(const struct plk_network *network, bool loopback) {
    return (struct plk_addr_rules){.own = network->prefixes, .own_count = network->count, .loopback = loopback};
}

// How useful an address is to others; 0: not at all.
static int usefulness(const struct plk_addr *addr) {
    struct plk_addr probe = *addr;
    probe.port = 1;
    switch (plk_addr_class(&probe)) {
    case PLK_ADDR_GLOBAL:
        return 3;
    case PLK_ADDR_PRIVATE:
        return 2;
    case PLK_ADDR_LOOPBACK:
        return 1;
    case PLK_ADDR_LINK_LOCAL: // its scope means nothing to another machine
    case PLK_ADDR_REFUSED:
        break;
    }
    return 0;
}

static bool has_seen(const struct plk_network *network, const struct plk_addr *addr) {
    for (unsigned i = 0; i < network->seen_count; i++) {
        if (plk_addr_equal(&network->seen[i], addr)) return true;
    }
    return false;
}

// What is one's own address as well says nothing new; what means nothing elsewhere is nobody's business.
static void note_seen(struct plk_network *network, const struct plk_reflexive_found *found, unsigned most) {
    for (unsigned i = 0; i < found->seen_count && i < most && network->seen_count < PLK_NETWORK_SEEN; i++) {
        const struct plk_addr *addr = &found->seen[i];
        if (plk_network_is_own(network, addr) || usefulness(addr) < 2 || has_seen(network, addr)) continue;
        network->seen[network->seen_count++] = *addr;
    }
}

static uint8_t kind_of(const struct plk_nat_class *nat) {
    if (!plk_nat_is_hard(nat->mapping)) return PLK_FRAME_ADDRESS_REFLEXIVE;
    return nat->ports == PLK_NAT_PORTS_SEQUENTIAL ? PLK_FRAME_ADDRESS_SEQUENTIAL : PLK_FRAME_ADDRESS_RANDOM;
}

bool plk_network_seen(struct plk_network *network, const struct plk_reflexive_found *v4,
                      const struct plk_nat_class *nat4, const struct plk_reflexive_found *v6) {
    struct plk_network before = *network;
    network->seen_count = 0;
    network->seen4_kind = kind_of(nat4);
    network->step4 = network->seen4_kind == PLK_FRAME_ADDRESS_SEQUENTIAL ? nat4->step : 0;
    // One of those that are good for a single other end tells the address; others would be asked in vain.
    note_seen(network, v4, plk_nat_is_hard(nat4->mapping) ? 1 : PLK_NETWORK_SEEN);
    note_seen(network, v6, PLK_NETWORK_SEEN);
    bool same = network->seen_count == before.seen_count && network->seen4_kind == before.seen4_kind &&
                network->step4 == before.step4;
    for (unsigned i = 0; i < network->seen_count; i++) same = same && has_seen(&before, &network->seen[i]);
    if (!same) network->sequence++;
    return !same;
}

bool plk_network_seen_tcp(struct plk_network *network, unsigned family, const struct plk_addr *addr) {
    struct plk_addr *seen = &network->seen_tcp[family == 6], now = *addr;
    for (size_t i = 0; i < network->count; i++) {
        if (plk_addr_same_ip(&network->prefixes[i].addr, addr) && addr->port == network->tcp_port)
            now = (struct plk_addr){.family = 0};
    }
    if (now.family != 0 && usefulness(&now) < 2) now = (struct plk_addr){.family = 0};
    if (plk_addr_equal(seen, &now)) return false;
    *seen = now;
    network->sequence++;
    return true;
}

// ---- what routers hold open -------------------------------------------------------------------------------------------

static bool same_mapping(const struct plk_mapping *a, const struct plk_mapping *b) {
    return a->transport == b->transport && a->by == b->by && plk_addr_equal(&a->internal, &b->internal) &&
           plk_addr_equal(&a->external, &b->external);
}

bool plk_network_mapped(struct plk_network *network, const struct plk_mapping *list, unsigned count) {
    if (count > PLK_NETWORK_MAPPED) count = PLK_NETWORK_MAPPED;
    bool same = count == network->mapped_count;
    for (unsigned i = 0; same && i < count; i++) same = same_mapping(&list[i], &network->mapped[i]);
    if (same) return false;
    for (unsigned i = 0; i < count; i++) network->mapped[i] = list[i];
    network->mapped_count = count;
    network->sequence++;
    return true;
}

// Nobody is sent to where a router behind another router says, or where it cannot be true.
static bool is_of_use(const struct plk_mapping *mapping) {
    return plk_addr_class(&mapping->external) == PLK_ADDR_GLOBAL;
}

bool plk_network_is_mapped(const struct plk_network *network, enum plk_transport transport,
                           const struct plk_addr *addr) {
    for (unsigned i = 0; i < network->mapped_count; i++) {
        const struct plk_mapping *mapping = &network->mapped[i];
        if (mapping->transport == transport && is_of_use(mapping) && plk_addr_equal(&mapping->external, addr))
            return true;
    }
    return false;
}

bool plk_network_has_mapped(const struct plk_network *network, enum plk_transport transport, uint8_t family) {
    for (unsigned i = 0; i < network->mapped_count; i++) {
        const struct plk_mapping *mapping = &network->mapped[i];
        if (mapping->transport == transport && is_of_use(mapping) && mapping->external.family == family) return true;
    }
    return false;
}

static void list_mapped(const struct plk_network *network, struct plk_frame_address *list, unsigned *count) {
    for (unsigned i = 0; i < network->mapped_count && *count < PLK_FRAME_ADDRESSES_MAX; i++) {
        const struct plk_mapping *mapping = &network->mapped[i];
        unsigned k = 0;
        while (k < *count &&
               !(list[k].transport == mapping->transport && plk_addr_equal(&list[k].addr, &mapping->external)))
            k++;
        if (k < *count || !is_of_use(mapping)) continue; // a hole in a firewall: it is our own address
        list[(*count)++] = (struct plk_frame_address){
            .kind = PLK_FRAME_ADDRESS_MAPPED, .transport = mapping->transport, .addr = mapping->external};
    }
}

static void list_met(const struct plk_addr *addr, struct plk_frame_address *list, unsigned *count) {
    if (*count == PLK_FRAME_ADDRESSES_MAX) return;
    list[(*count)++] =
        (struct plk_frame_address){.kind = PLK_FRAME_ADDRESS_REFLEXIVE, .transport = PLK_TCP, .addr = *addr};
}

// Of a NAT that gives each connection the next port: where the next ones will be.
static void list_seen_tcp(const struct plk_network *network, struct plk_frame_address *list, unsigned *count) {
    for (unsigned i = 0; i < 2; i++) {
        const struct plk_addr *seen = &network->seen_tcp[i];
        struct plk_addr next[PLK_PREDICT_WINDOW];
        unsigned ahead = seen->family == 4 && network->step4 != 0 ? plk_predict_window(seen, network->step4, next) : 0;
        if (seen->family != 0 && ahead == 0) list_met(seen, list, count);
        for (unsigned k = 0; k < ahead; k++) list_met(&next[k], list, count);
    }
}

static void list_seen(const struct plk_network *network, struct plk_frame_address *list, unsigned *count) {
    for (unsigned i = 0; i < network->seen_count && *count < PLK_FRAME_ADDRESSES_MAX; i++) {
        if (plk_network_is_mapped(network, PLK_UDP, &network->seen[i])) continue;
        list[*count] = (struct plk_frame_address){.transport = PLK_UDP, .addr = network->seen[i]};
        list[(*count)++].kind = network->seen[i].family == 4 ? network->seen4_kind : PLK_FRAME_ADDRESS_REFLEXIVE;
    }
}

static void list_one(const struct plk_network *network, const struct plk_addr *addr, enum plk_transport transport,
                     struct plk_frame_address *list, unsigned *count) {
    uint16_t udp = addr->family == 4 ? network->udp4_port : network->udp6_port;
    uint16_t port = transport == PLK_UDP ? udp : network->tcp_port;
    if (port == 0 || *count == PLK_FRAME_ADDRESSES_MAX) return;
    list[*count] = (struct plk_frame_address){.transport = transport, .addr = *addr};
    list[*count].addr.port = port;
    list[*count].addr.scope = 0;
    if (plk_network_is_mapped(network, transport, &list[*count].addr)) list[*count].kind = PLK_FRAME_ADDRESS_MAPPED;
    (*count)++;
}

unsigned plk_network_listed(const struct plk_network *network, struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX]) {
    unsigned count = 0;
    for (int level = 3; level > 0; level--) {
        if (level == 1 && count > 0) break;
        if (level == 2) {
            list_mapped(network, list, &count);
            list_seen(network, list, &count); // behind those that need no hole
            list_seen_tcp(network, list, &count);
        }
        for (size_t i = 0; i < network->count; i++) {
            if (usefulness(&network->prefixes[i].addr) != level) continue;
            list_one(network, &network->prefixes[i].addr, PLK_UDP, list, &count);
            list_one(network, &network->prefixes[i].addr, PLK_TCP, list, &count);
        }
    }
    return count;
}

void plk_network_places(const struct plk_network *network, struct plk_places *places) {
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    unsigned count = plk_network_listed(network, list);
    places->count = 0;
    for (unsigned i = 0; i < count && places->count < PLK_PLACES_MAX; i++) {
        // Who does not open from his side as well gets nowhere there.
        if (list[i].kind == PLK_FRAME_ADDRESS_REFLEXIVE && list[i].transport == PLK_TCP) continue;
        places->at[places->count++] = (struct plk_place){.transport = list[i].transport, .addr = list[i].addr};
    }
}

bool plk_network_is_lan(const struct plk_network *network, const struct plk_addr *addr) {
    if (plk_addr_class(addr) == PLK_ADDR_LOOPBACK) return true;
    for (size_t i = 0; i < network->count; i++) {
        if (network->prefixes[i].bits == 0) continue;
        if (plk_addr_in_prefix(addr, &network->prefixes[i].addr, network->prefixes[i].bits)) return true;
    }
    return false;
}
