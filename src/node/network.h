// SPDX-License-Identifier: MIT
// One's own place in the network, as the host tells it: addresses with their prefixes and the bound ports; and from it what
// contacts are told, and which foreign addresses are believed (DESIGN 3.10).
#ifndef PLK_NODE_NETWORK_H
#define PLK_NODE_NETWORK_H

#include "wire/effect.h"
#include "path/candidates.h"
#include "path/reflexive.h"
#include "wire/frame.h"
#include "wire/place.h"

#define PLK_NETWORK_INTERFACES 32
#define PLK_NETWORK_MAPPED 16
#define PLK_NETWORK_SEEN 4 // addresses at which others see this node that it has not itself

struct plk_network {
    struct plk_prefix prefixes[PLK_NETWORK_INTERFACES]; // the interfaces, port 0
    size_t count;
    uint16_t udp4_port, udp6_port, tcp_port;
    struct plk_addr seen[PLK_NETWORK_SEEN]; // by relays, of the UDP sockets (path/reflexive.h)
    unsigned seen_count;
    uint8_t seen4_kind;                            // plk_frame_address_kind of those of IPv4
    struct plk_mapping mapped[PLK_NETWORK_MAPPED]; // ports that routers hold open for us
    unsigned mapped_count;
    struct plk_addr seen_tcp[2]; // of its listener, IPv4 and IPv6 (node/mirror.h); family 0: not known, or its own
    int step4; // between the ports that new mappings get one after another; 0: there is no such rule, or no need for one
    uint64_t sequence; // of the list that contacts are told; grows with each change
    bool known;        // the host has said something
};

// True when anything changed.
bool plk_network_set(struct plk_network *network, const struct plk_input *input);

// How relays see the sockets of both families, and what the NAT of IPv4 does. True: contacts are to be told something else.
bool plk_network_seen(struct plk_network *network, const struct plk_reflexive_found *v4,
                      const struct plk_nat_class *nat4, const struct plk_reflexive_found *v6);
// What routers hold open for us, as they say. True: contacts are to be told something else.
bool plk_network_mapped(struct plk_network *network, const struct plk_mapping *list, unsigned count);
// A router has said that others reach us there.
bool plk_network_is_mapped(const struct plk_network *network, enum plk_transport transport,
                           const struct plk_addr *addr);
// Others reach us from anywhere by what is mapped, in that family. A router that is behind another one says private addresses.
bool plk_network_has_mapped(const struct plk_network *network, enum plk_transport transport, uint8_t family);
// How a relay sees the listener of that family; addr->family 0: nobody does. True: contacts are to be told something else.
bool plk_network_seen_tcp(struct plk_network *network, unsigned family, const struct plk_addr *addr);
// The addresses that this machine has itself for its UDP socket of that family.
unsigned plk_network_own(const struct plk_network *network, uint8_t family,
                         struct plk_addr own[PLK_NETWORK_INTERFACES]);

// Is this what a socket of ours has itself: nobody has translated it?
bool plk_network_is_own(const struct plk_network *network, const struct plk_addr *addr);

// The rules for foreign addresses. loopback: the contact was made over it.
struct plk_addr_rules plk_network_rules(const struct plk_network *network, bool loopback);

// Where this node can be reached, most useful first: for ADDRESSES frames, and for invites and payloads. Loopback is listed
// only when there is nothing else: it is then a node for this machine alone.
unsigned plk_network_listed(const struct plk_network *network, struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX]);
void plk_network_places(const struct plk_network *network, struct plk_places *places);

// Is this an address of one of our own subnets, or loopback? (the path word "lan")
bool plk_network_is_lan(const struct plk_network *network, const struct plk_addr *addr);

#endif
