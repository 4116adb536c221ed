// SPDX-License-Identifier: MIT
#include "host/nat64.h"

#include <string.h>

#define RESERVED 8 // the byte of an address that holds no part of the IPv4 one (RFC 6052, section 2.2)

static const uint8_t lengths[] = {96, 64, 56,
                                  48, 40, 32}; // RFC 7050, section 3: the same in any order, the usual one first
static const uint8_t known[][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};

// Where the bytes of the IPv4 address lie.
static unsigned place(uint8_t bits, unsigned i) {
    unsigned at = bits / 8 + i;
    return bits < 96 && at >= RESERVED ? at + 1 : at;
}

static void taken_out(uint8_t bits, const uint8_t ip6[16], uint8_t ip4[4]) {
    for (unsigned i = 0; i < 4; i++) ip4[i] = ip6[place(bits, i)];
}

static void put_in(uint8_t bits, uint8_t ip6[16], const uint8_t ip4[4]) {
    for (unsigned i = 0; i < 4; i++) ip6[place(bits, i)] = ip4[i];
}

// Of the address whatever the port: that of an interface has none.
static enum plk_addr_class class_of(const struct plk_addr *addr) {
    struct plk_addr any = *addr;
    any.port = 1;
    return plk_addr_class(&any);
}

bool plk_nat64_network(struct plk_nat64 *nat64, const struct plk_interface *list, size_t count) {
    bool v4 = false, v6 = false;
    for (size_t i = 0; i < count; i++) {
        enum plk_addr_class class = class_of(&list[i].addr);
        if (class == PLK_ADDR_LOOPBACK || class == PLK_ADDR_REFUSED || class == PLK_ADDR_LINK_LOCAL) continue;
        v4 = v4 || list[i].addr.family == 4;
        v6 = v6 || list[i].addr.family == 6;
    }
    nat64->wanted = v6 && !v4;
    return nat64->wanted;
}

// The prefix that makes this address of one of the two that the name has. False: it is no such address.
static bool prefix_of(const struct plk_addr *addr, struct plk_nat64 *found) {
    for (size_t l = 0; l < sizeof lengths; l++) {
        uint8_t ip4[4], again[16] = {0};
        taken_out(lengths[l], addr->ip, ip4);
        if (memcmp(ip4, known[0], 4) != 0 && memcmp(ip4, known[1], 4) != 0) continue;
        memcpy(again, addr->ip, lengths[l] / 8);
        put_in(lengths[l], again, ip4);
        if (memcmp(again, addr->ip, sizeof again) != 0) continue; // something behind it: not this length
        found->bits = lengths[l];
        memset(found->prefix, 0, sizeof found->prefix);
        memcpy(found->prefix, addr->ip, lengths[l] / 8);
        return true;
    }
    return false;
}

void plk_nat64_answer(struct plk_nat64 *nat64, const struct plk_addr *addrs, size_t count) {
    nat64->bits = 0;
    for (size_t i = 0; i < count && nat64->bits == 0; i++) {
        if (addrs[i].family == 6) prefix_of(&addrs[i], nat64);
    }
}

struct plk_addr plk_nat64_out(const struct plk_nat64 *nat64, const struct plk_addr *addr) {
    if (!plk_nat64_on(nat64) || addr->family != 4 || class_of(addr) != PLK_ADDR_GLOBAL) return *addr;
    struct plk_addr out = {.family = 6, .port = addr->port};
    memcpy(out.ip, nat64->prefix, sizeof nat64->prefix);
    put_in(nat64->bits, out.ip, addr->ip);
    return out;
}

bool plk_nat64_in(const struct plk_nat64 *nat64, struct plk_addr *addr) {
    if (!plk_nat64_on(nat64) || addr->family != 6) return false;
    struct plk_addr out = {.family = 4, .port = addr->port};
    taken_out(nat64->bits, addr->ip, out.ip);
    struct plk_addr again = plk_nat64_out(nat64, &out);
    if (again.family != 6 || memcmp(again.ip, addr->ip, sizeof again.ip) != 0) return false;
    *addr = out;
    return true;
}
