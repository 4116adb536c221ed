// SPDX-License-Identifier: MIT
// What NATs do, in the words of RFC 4787 (sections 4.1 and 5) and RFC 5780 (sections 4.3 and 4.4).
#ifndef PLK_PATH_NAT_H
#define PLK_PATH_NAT_H

#include "base/addr.h"

// In the order of how hard they are. Of mapping: for whom a socket keeps its outside address. Of filtering: who may send to it.
enum plk_nat_behavior {
    PLK_NAT_UNKNOWN,
    PLK_NAT_ENDPOINT_INDEPENDENT,
    PLK_NAT_ADDRESS_DEPENDENT,
    PLK_NAT_ADDRESS_AND_PORT_DEPENDENT,
};

// Which port a new mapping of an outside address gets.
enum plk_nat_ports {
    PLK_NAT_PORTS_UNKNOWN,
    PLK_NAT_PORTS_SEQUENTIAL, // a fixed step beyond the one before
    PLK_NAT_PORTS_RANDOM,
};

// What can be known of the ways of a NAT with those behind it.
struct plk_nat_class {
    enum plk_nat_behavior mapping;
    enum plk_nat_ports ports; // where the mapping depends on the other end; else UNKNOWN
    int step;                 // SEQUENTIAL: never 0
};

// What one socket was seen as by somebody who was asked there.
struct plk_nat_sight {
    struct plk_addr asked, seen;
};

// What several of them say of the mapping. With one IP to ask, who maps by address looks like who maps by nothing.
enum plk_nat_behavior plk_nat_mapping(const struct plk_nat_sight *sights, unsigned count);

static inline bool plk_nat_is_hard(enum plk_nat_behavior mapping) {
    return mapping == PLK_NAT_ADDRESS_DEPENDENT || mapping == PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;
}

const char *plk_nat_behavior_word(enum plk_nat_behavior behavior); // `unknown`, `endpoint-independent`, ...

#endif
