// SPDX-License-Identifier: MIT
// A network with IPv6 alone, whose router translates (NAT64): IPv4 addresses stand in IPv6 ones, behind a prefix of the network's (RFC 6052),
// which is learned by asking for the addresses of a name that has none but two of IPv4 (RFC 7050). Between the system and the core, which
// sees IPv4 as if the machine had it behind a NAT.
#ifndef PLK_HOST_NAT64_H
#define PLK_HOST_NAT64_H

#include "base/addr.h"
#include "wire/effect.h"

#define PLK_NAT64_NAME "ipv4only.arpa" // RFC 7050, section 2

struct plk_nat64 {
    bool wanted;  // there is no IPv4 here
    uint8_t bits; // of the prefix: 32, 40, 48, 56, 64 or 96; 0: none is known
    uint8_t prefix[16];
};

// The machine's addresses are these now. True: there is no IPv4 but IPv6, so the name is to be asked for. What was known stays until answered.
bool plk_nat64_network(struct plk_nat64 *nat64, const struct plk_interface *list, size_t count);

// What the name has: the prefix is known from now on, or there is none.
void plk_nat64_answer(struct plk_nat64 *nat64, const struct plk_addr *addrs, size_t count);

// IPv4 goes that way now.
static inline bool plk_nat64_on(const struct plk_nat64 *nat64) { return nat64->wanted && nat64->bits != 0; }

// What to send to for an IPv4 address of the internet; any other address, or without a prefix: itself.
struct plk_addr plk_nat64_out(const struct plk_nat64 *nat64, const struct plk_addr *addr);
// The other way round; true: it was one that stands for IPv4.
bool plk_nat64_in(const struct plk_nat64 *nat64, struct plk_addr *addr);

#endif
