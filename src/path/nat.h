// SPDX-License-Identifier: MIT
// What NATs do, in the words of RFC 4787 (sections 4.1 and 5) and RFC 5780 (sections 4.3 and 4.4).
#ifndef PLK_PATH_NAT_H
#define PLK_PATH_NAT_H

// Of mapping: for whom a socket keeps its outside address. Of filtering: who may send to it.
enum plk_nat_behavior {
    PLK_NAT_UNKNOWN,
    PLK_NAT_ENDPOINT_INDEPENDENT,
    PLK_NAT_ADDRESS_DEPENDENT,
    PLK_NAT_ADDRESS_AND_PORT_DEPENDENT,
};

const char *plk_nat_behavior_word(enum plk_nat_behavior behavior); // `unknown`, `endpoint-independent`, ...

#endif
