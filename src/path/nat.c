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
