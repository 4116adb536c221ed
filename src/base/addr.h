// SPDX-License-Identifier: MIT
// An IP address and port, as values; and the time that a host injects.
#ifndef PLK_BASE_ADDR_H
#define PLK_BASE_ADDR_H

#include "base/reader.h"
#include "base/writer.h"

enum plk_transport {
    PLK_UDP = 1,
    PLK_TCP = 2,
    PLK_TLS = 3,
    PLK_PASS = 4, // through a relay, into a queue of the peer's: no address, so never on the wire and never stored
};

struct plk_addr {
    uint8_t family; // 4, 6, or 0 for none
    uint8_t ip[16]; // network order; the first 4 for IPv4, the rest zero
    uint16_t port;  // host order
    uint32_t scope; // interface of an IPv6 link-local address, else 0; never on the wire
};

// What DESIGN 3.10 distinguishes.
enum plk_addr_class {
    PLK_ADDR_GLOBAL,
    PLK_ADDR_PRIVATE,    // RFC 1918, RFC 6598 (100.64/10), RFC 4193
    PLK_ADDR_LINK_LOCAL, // RFC 3927, fe80::/10
    PLK_ADDR_LOOPBACK,
    PLK_ADDR_REFUSED // unspecified, multicast, broadcast: never a target
};

enum plk_addr_class plk_addr_class(const struct plk_addr *addr);
bool plk_addr_equal(const struct plk_addr *a, const struct plk_addr *b); // scope counts only for link-local
bool plk_addr_same_ip(const struct plk_addr *a, const struct plk_addr *b);
bool plk_addr_in_prefix(const struct plk_addr *addr, const struct plk_addr *net, unsigned bits);

// The IP as text, without port and terminator: 192.0.2.1, or the eight groups of IPv6. Returns its length.
#define PLK_ADDR_TEXT_MAX 40
size_t plk_addr_text(const struct plk_addr *addr, char out[PLK_ADDR_TEXT_MAX]);

// Wire form: family byte (4 or 6), 4 or 16 bytes, port u16: 7 or 19 bytes. IPv4-mapped IPv6 is read as IPv4.
// A family that is neither fails the reader.
void plk_addr_write(struct plk_writer *w, const struct plk_addr *addr);
struct plk_addr plk_addr_read(struct plk_reader *r);

#endif
