// SPDX-License-Identifier: MIT
// The classes of NATs that are met in the field, by the names under which the lab makes them from nftables rules; and which
// two of them a direct path can be opened through, and how. The table was measured on Linux; tests/unit/sim/nat_pairs_test.c
// holds the model to it.
#ifndef SIM_NAT_CLASS_H
#define SIM_NAT_CLASS_H

#include "sim/nat.h"

#define NAT_BOXES_MAX 2

enum nat_class {
    NAT_CLASS_NONE,            // an address in the open
    NAT_CLASS_FW,              // a public address behind a stateful firewall
    NAT_CLASS_FULL_CONE,       // whoever knows the port may send to it
    NAT_CLASS_ADDR_RESTRICTED, // whoever has an address that was sent to
    NAT_CLASS_PORT_RESTRICTED, // who was sent to; the port is kept
    NAT_CLASS_EIM_RANDOM,      // likewise, the port is another
    NAT_CLASS_ADDR_DEP,        // another port for each remote address
    NAT_CLASS_SYMMETRIC,       // for each remote address and port, at random
    NAT_CLASS_SYMMETRIC_SEQ,   // likewise, the one after the last
    NAT_CLASS_CGNAT,           // a port-restricted one behind a carrier's eim-random
    NAT_CLASS_CGNAT_SYM,       // behind a carrier's symmetric
    NAT_CLASS_UDP_BLOCKED,     // port-restricted, for TCP only
    NAT_CLASS_COUNT
};

// How two open a direct path, each knowing only where a server sees the other.
enum nat_way {
    NAT_WAY_NONE,
    NAT_WAY_BIRTHDAY, // many sockets on the hard side, random ports tried on the other: a bounded number finds it nearly always
    NAT_WAY_PREDICT, // sending to the port after the last one seen
    NAT_WAY_BASIC    // each sends to where the other is seen, and answers where a packet came from
};

const char *nat_class_name(enum nat_class class);
bool nat_class_find(const char *name, enum nat_class *class);

// Its boxes, the one next to the host first; their number is the answer.
size_t nat_class_boxes(enum nat_class class, struct nat_behaviour boxes[NAT_BOXES_MAX]);

// As which class it is seen from the open: its boxes taken together, that next to the host first. NULL: none. Over TCP no class is
// udp-blocked. Of what the classes are not made of (a mapping by port with a filter that is open) nothing is said.
enum nat_class nat_class_of(const struct nat *nat, enum plk_transport transport);

enum nat_way nat_pair_permits(enum nat_class a, enum nat_class b, enum plk_transport transport);

#endif
