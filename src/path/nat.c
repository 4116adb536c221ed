// SPDX-License-Identifier: MIT
#include "path/nat.h"

const char *plk_nat_behavior_word(enum plk_nat_behavior behavior) {
    switch (behavior) {
    case PLK_NAT_ENDPOINT_INDEPENDENT:
        return "endpoint-independent";
    case PLK_NAT_ADDRESS_DEPENDENT:
        return "address-dependent";
    case PLK_NAT_ADDRESS_AND_PORT_DEPENDENT:
        return "address-and-port-dependent";
    case PLK_NAT_UNKNOWN:
        break;
    }
    return "unknown";
}

// Every two tell something: the same port of the asked address and another, or another address.
enum plk_nat_behavior plk_nat_mapping(const struct plk_nat_sight *sights, unsigned count) {
    bool ports_alike = false, ips_alike = false, ips_differ = false;
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = i + 1; k < count; k++) {
            const struct plk_nat_sight *a = &sights[i], *b = &sights[k];
            bool alike = plk_addr_equal(&a->seen, &b->seen), one_ip = plk_addr_same_ip(&a->asked, &b->asked);
            if (one_ip && !alike) return PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;
            ports_alike = ports_alike || one_ip;
            ips_alike = ips_alike || (!one_ip && alike);
            ips_differ = ips_differ || (!one_ip && !alike);
        }
    }
    if (ips_differ) return ports_alike ? PLK_NAT_ADDRESS_DEPENDENT : PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;
    return ips_alike || ports_alike ? PLK_NAT_ENDPOINT_INDEPENDENT : PLK_NAT_UNKNOWN;
}
