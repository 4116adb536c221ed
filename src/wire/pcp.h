// SPDX-License-Identifier: MIT
// PCP messages (RFC 6887), version 2: MAP, which asks a router for a port or a hole in its firewall, and ANNOUNCE, by which it says that
// it has forgotten. The router listens on UDP port 5351, as for NAT-PMP (wire/natpmp.h). Options are walked over: none is used here.
// Nothing is borrowed.
#ifndef PLK_WIRE_PCP_H
#define PLK_WIRE_PCP_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_PCP_VERSION 2
#define PLK_PCP_PORT 5351
#define PLK_PCP_NONCE_LEN 12
#define PLK_PCP_HEADER_LEN 24
#define PLK_PCP_MAP_LEN 60       // bytes of a MAP without options
#define PLK_PCP_MESSAGE_MAX 1100 // RFC 6887 section 7

enum plk_pcp_opcode { PLK_PCP_ANNOUNCE, PLK_PCP_MAP };

enum plk_pcp_result { // RFC 6887 section 7.4
    PLK_PCP_SUCCESS,
    PLK_PCP_UNSUPP_VERSION,
    PLK_PCP_NOT_AUTHORIZED,
    PLK_PCP_MALFORMED_REQUEST,
    PLK_PCP_UNSUPP_OPCODE,
    PLK_PCP_UNSUPP_OPTION,
    PLK_PCP_MALFORMED_OPTION,
    PLK_PCP_NETWORK_FAILURE,
    PLK_PCP_NO_RESOURCES,
    PLK_PCP_UNSUPP_PROTOCOL,
    PLK_PCP_USER_EX_QUOTA,
    PLK_PCP_CANNOT_PROVIDE_EXTERNAL,
    PLK_PCP_ADDRESS_MISMATCH,
    PLK_PCP_EXCESSIVE_REMOTE_PEERS
};

enum { PLK_PCP_UDP = 17, PLK_PCP_TCP = 6 }; // protocols, by IANA's numbers

struct plk_pcp {
    bool response;
    uint8_t opcode;         // of a refusal whatever was asked for
    uint8_t result;         // response
    uint32_t life_s;        // of the mapping, 0 in a request: to be removed; of a refusal: how long it holds
    uint32_t epoch_s;       // response: since the router has forgotten last
    struct plk_addr client; // request: who asks, port 0
    bool has_map;           // what follows is there; a refusal may be without
    uint8_t nonce[PLK_PCP_NONCE_LEN];
    uint8_t protocol;
    uint16_t internal_port;
    struct plk_addr
        external; // with its port; of a request what is suggested: port 0 and the address of all zeros say "any"
};

// MALFORMED: not laid out as PCP, or longer than it may be. UNSUPPORTED: another version, or a request or success of another operation.
enum plk_err plk_pcp_decode(struct plk_bytes bytes, struct plk_pcp *message);
void plk_pcp_encode(struct plk_writer *w, const struct plk_pcp *message);

#endif
