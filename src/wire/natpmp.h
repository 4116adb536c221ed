// SPDX-License-Identifier: MIT
// NAT-PMP messages (RFC 6886), version 0: what is the outside address, and ports of one's own that are to be reached by it. The
// router listens on UDP port 5351. Nothing is borrowed.
#ifndef PLK_WIRE_NATPMP_H
#define PLK_WIRE_NATPMP_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_NATPMP_MAX 16 // bytes of the longest message
#define PLK_NATPMP_VERSION 0

enum plk_natpmp_op { PLK_NATPMP_ADDRESS, PLK_NATPMP_MAP_UDP, PLK_NATPMP_MAP_TCP };

enum plk_natpmp_result { // RFC 6886 section 3.5
    PLK_NATPMP_SUCCESS,
    PLK_NATPMP_UNSUPP_VERSION,
    PLK_NATPMP_REFUSED,
    PLK_NATPMP_NETWORK_FAILURE,
    PLK_NATPMP_OUT_OF_RESOURCES,
    PLK_NATPMP_UNSUPP_OPCODE
};

struct plk_natpmp {
    bool response;
    uint8_t op;               // below 128; of a refusal whatever was asked for
    uint16_t result;          // response; what follows is there only when it is SUCCESS
    uint32_t epoch_s;         // response: since the router has forgotten last
    struct plk_addr external; // response to ADDRESS: family 4, port 0
    uint16_t internal_port, external_port;
    uint32_t life_s; // MAP; 0 in a request: to be removed
};

// MALFORMED: not laid out so. UNSUPPORTED: another version, or a success of an unknown operation.
enum plk_err plk_natpmp_decode(struct plk_bytes bytes, struct plk_natpmp *message);
void plk_natpmp_encode(struct plk_writer *w,
                       const struct plk_natpmp *message); // traps on an unknown operation that is no refusal

#endif
