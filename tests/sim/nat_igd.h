// SPDX-License-Identifier: MIT
// Ports that a NAT holds open for who asks it: by PCP (RFC 6887), which is also a hole in the firewall that it is over IPv6, and by
// NAT-PMP (RFC 6886). Or it lies.
#ifndef SIM_NAT_IGD_H
#define SIM_NAT_IGD_H

#include "sim/nat.h"

// The router's own address inside, of that family: who asks it sends there.
struct plk_addr nat_igd_inside(const struct nat *nat, uint8_t family);

// A packet to it. False: it is for somebody else. *len: of the answer, 0: there is none.
bool nat_igd_asked(struct nat *nat, uint64_t now_us, const struct net_packet *packet, struct plk_bytes data,
                   uint8_t answer[NET_ANSWER_MAX], size_t *len);

// Who is to get what a stranger sends there. NULL: nobody has asked for that.
const struct nat_lease *nat_igd_lease(const struct nat *nat, uint64_t now_us, enum plk_transport transport,
                                      const struct plk_addr *outside);
size_t nat_igd_leases(const struct nat *nat); // alive ones

#endif
