// SPDX-License-Identifier: MIT
// The core's addresses as the system's, and back.
#ifndef PLK_HOST_ADDRESS_H
#define PLK_HOST_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/addr.h"

// The length of *out; 0 for family 0.
socklen_t plk_address_to_system(const struct plk_addr *addr, struct sockaddr_storage *out);

// Family 0 for anything but IPv4 and IPv6. IPv4-mapped IPv6 becomes IPv4; the scope is kept for link-local only.
struct plk_addr plk_address_from_system(const struct sockaddr *from);

struct plk_addr plk_address_v4(const struct in_addr *ip, uint16_t port);
struct plk_addr plk_address_v6(const struct in6_addr *ip, uint16_t port, uint32_t scope);

// "192.0.2.1:7000", "[2001:db8::1]:7000", for logs at DEBUG; static storage is none: out holds 64 bytes.
const char *plk_address_text(const struct plk_addr *addr, char out[64]);

#endif
