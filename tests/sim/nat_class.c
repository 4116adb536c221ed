// SPDX-License-Identifier: MIT
#include "sim/nat_class.h"

static const char *const names[NAT_CLASS_COUNT] = {"none",       "fw",         "full-cone", "addr-restr",
                                                   "port-restr", "eim-random", "addr-dep",  "symmetric",
                                                   "symm-seq",   "cgnat",      "cgnat-sym", "udp-blocked"};

#define OF(map, filter, port) \
    { .mapping = NAT_##map, .filtering = NAT_##filter, .ports = NAT_##port, .step = 1 }

static const struct nat_behaviour port_restricted = OF(INDEPENDENT, ADDRESS_AND_PORT, PRESERVED);
static const struct nat_behaviour eim_random = OF(INDEPENDENT, ADDRESS_AND_PORT, RANDOM);
static const struct nat_behaviour symmetric = OF(ADDRESS_AND_PORT, ADDRESS_AND_PORT, RANDOM);

static const struct nat_behaviour singles[NAT_CLASS_COUNT] = {
    [NAT_CLASS_FW] = {.firewall = true, .filtering = NAT_ADDRESS_AND_PORT},
    [NAT_CLASS_FULL_CONE] = OF(INDEPENDENT, INDEPENDENT, PRESERVED),
    [NAT_CLASS_ADDR_RESTRICTED] = OF(INDEPENDENT, ADDRESS, PRESERVED),
    [NAT_CLASS_ADDR_DEP] = OF(ADDRESS, ADDRESS_AND_PORT, RANDOM),
    [NAT_CLASS_SYMMETRIC_SEQ] = OF(ADDRESS_AND_PORT, ADDRESS_AND_PORT, SEQUENTIAL),
};

const char *nat_class_name(enum nat_class class) { return class < NAT_CLASS_COUNT ? names[class] : "unknown"; }

bool nat_class_find(const char *name, enum nat_class *class) {
    for (int i = 0; i < NAT_CLASS_COUNT; i++) {
        if (strlen(name) != strlen(names[i]) || memcmp(name, names[i], strlen(name)) != 0) continue;
        *class = (enum nat_class)i;
        return true;
    }
    return false;
}

size_t nat_class_boxes(enum nat_class class, struct nat_behaviour boxes[NAT_BOXES_MAX]) {
    switch (class) {
    case NAT_CLASS_NONE:
        return 0;
    case NAT_CLASS_PORT_RESTRICTED:
    case NAT_CLASS_UDP_BLOCKED:
        boxes[0] = port_restricted;
        boxes[0].no_udp = class == NAT_CLASS_UDP_BLOCKED;
        return 1;
    case NAT_CLASS_EIM_RANDOM:
        boxes[0] = eim_random;
        return 1;
    case NAT_CLASS_SYMMETRIC:
        boxes[0] = symmetric;
        return 1;
    case NAT_CLASS_CGNAT:
    case NAT_CLASS_CGNAT_SYM:
        boxes[0] = port_restricted;
        boxes[1] = class == NAT_CLASS_CGNAT ? eim_random : symmetric;
        return 2;
    default:
        boxes[0] = singles[class];
        return 1;
    }
}

// ---- a stack as one -------------------------------------------------------------------------------------------------------

// A box that keeps ports keeps what the one before it has made of them.
static enum nat_ports ports_after(enum nat_ports before, const struct nat_behaviour *is) {
    if (is->ports == NAT_SEQUENTIAL && is->mapping != NAT_ADDRESS_AND_PORT) return NAT_RANDOM;
    return is->ports == NAT_PRESERVED ? before : is->ports;
}

enum nat_class nat_class_of(const struct nat *nat, enum plk_transport transport) {
    struct nat_behaviour all = {.ports = NAT_PRESERVED};
    if (!nat) return NAT_CLASS_NONE;
    for (const struct nat *box = nat; box; box = box->front) {
        const struct nat_behaviour *is = &box->is;
        if (is->no_udp && transport == PLK_UDP) return NAT_CLASS_UDP_BLOCKED;
        all.ports = ports_after(all.ports, is);
        if (is->mapping > all.mapping) all.mapping = is->mapping;
        if (is->filtering > all.filtering) all.filtering = is->filtering;
    }
    if (nat->is.firewall) return NAT_CLASS_FW;
    if (all.mapping == NAT_ADDRESS) return NAT_CLASS_ADDR_DEP;
    if (all.mapping != NAT_INDEPENDENT)
        return all.ports == NAT_SEQUENTIAL ? NAT_CLASS_SYMMETRIC_SEQ : NAT_CLASS_SYMMETRIC;
    if (all.filtering == NAT_INDEPENDENT) return NAT_CLASS_FULL_CONE;
    if (all.filtering == NAT_ADDRESS) return NAT_CLASS_ADDR_RESTRICTED;
    return all.ports == NAT_PRESERVED ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_EIM_RANDOM;
}

// ---- pairs ----------------------------------------------------------------------------------------------------------------

// Rows and columns in the order of enum nat_class; B basic, P prediction, D birthday. What is above the diagonal is below it.
static const char udp_ways[NAT_CLASS_COUNT][NAT_CLASS_COUNT + 1] = {
    "B           ", // none
    "BB          ", // fw
    "BBB         ", // full-cone
    "BBBB        ", // addr-restricted
    "BBBBB       ", // port-restricted
    "BBBBBB      ", // eim-random
    "BDBBDD-     ", // addr-dep
    "BDBBDD--    ", // symmetric
    "BPBBPP--P   ", // symmetric-seq
    "BBBBBBDDPB  ", // cgnat
    "BDBBDD---D- ", // cgnat-sym
    "------------", // udp-blocked
};

static enum nat_way way_of(char letter) {
    return letter == 'B'   ? NAT_WAY_BASIC
           : letter == 'P' ? NAT_WAY_PREDICT
           : letter == 'D' ? NAT_WAY_BIRTHDAY
                           : NAT_WAY_NONE;
}

enum nat_way nat_pair_permits(enum nat_class a, enum nat_class b, enum plk_transport transport) {
    plk_assert(a < NAT_CLASS_COUNT && b < NAT_CLASS_COUNT);
    if (transport == PLK_TCP) { // a class that blocks UDP is port-restricted there; 256 connections are never tried
        if (a == NAT_CLASS_UDP_BLOCKED) a = NAT_CLASS_PORT_RESTRICTED;
        if (b == NAT_CLASS_UDP_BLOCKED) b = NAT_CLASS_PORT_RESTRICTED;
    }
    enum nat_way way = way_of(a > b ? udp_ways[a][b] : udp_ways[b][a]);
    return transport == PLK_TCP && way == NAT_WAY_BIRTHDAY ? NAT_WAY_NONE : way;
}
