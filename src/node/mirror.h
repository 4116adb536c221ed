// SPDX-License-Identifier: MIT
// How a relay sees this node's TCP listener: a connection to it from the listener's port, and one STUN Binding request there, framed as all
// packets are (docs/protocol/relay.md, section 5). With that address a peer that is told it can open a connection to us while we open one
// to it, from the same port: two NATs that let out nothing but TCP, or whose UDP is cut off, let that pass (RFC 9293, section 3.5:
// simultaneous open; RFC 5128, section 3.4). Asked only when it is needed, and once for each address family.
//
// A router that has seen half of such an opening, and then another beginning between the same two ports, takes it for a mistake and lets
// nothing of it pass for minutes (Linux: SYN_SENT2; each further attempt prolongs it). So when two that tell each other of these addresses
// do not get together, one of them, and then the other, moves to a fresh port and asks, tells and opens from there.
#ifndef PLK_NODE_MIRROR_H
#define PLK_NODE_MIRROR_H

#include "wire/effect.h"
#include "wire/stun.h"

#define PLK_MIRROR_ASK_US (5 * PLK_SECOND)    // connection and answer take no longer
#define PLK_MIRROR_AGAIN_US (20 * PLK_SECOND) // what was seen is believed for so long after the connection has ended
#define PLK_MIRROR_IN_LEN 256                 // an answer is at most a hundred bytes
#define PLK_MIRROR_SHIFT_US (2 * PLK_SECOND)  // an opening that takes longer: the smaller of the two has another port
#define PLK_MIRROR_SHIFT_LATER_US (5 * PLK_SECOND) // and the other, if that did not help
#define PLK_MIRROR_SHIFT_GAP_US (20 * PLK_SECOND)  // then it is doubled, to an hour
#define PLK_MIRROR_PORT_LOW 20000                  // fresh ports, below those that systems give out by themselves
#define PLK_MIRROR_PORTS 12000

struct plk_link;
struct plk_node;

struct plk_mirror {
    uint32_t stream; // 0: none
    bool asked;      // the request has gone
    bool answered;
    uint64_t since_us; // of the question; answered: of the end of the connection, 0: it is there
    struct plk_addr to;
    uint8_t id[PLK_STUN_ID_LEN];
    uint8_t in[PLK_MIRROR_IN_LEN]; // what has come of the answer
    size_t in_len;
    uint16_t port;       // from which it is asked, and connections are opened; 0: the listener's
    unsigned shifts;     // to another port, in this network
    uint64_t shifted_us; // the last time
};

// Somebody has a use for our TCP address of that family. It is asked unless it is known or asked already, or no relay is there.
void plk_mirror_want(struct plk_node *node, uint8_t family);
// A contact has told where it is. If it means to be met by TCP from both sides, it has to know where we are.
void plk_mirror_told(struct plk_node *node, struct plk_link *link);
// From which port connections of that family are to be opened.
uint16_t plk_mirror_port(const struct plk_node *node, uint8_t family);
void plk_mirrors_forget(struct plk_node *node);                                // the network is another
bool plk_mirrors_stream(struct plk_node *node, const struct plk_input *input); // false: none of its streams
void plk_mirrors_tick(struct plk_node *node);
uint64_t plk_mirrors_deadline(const struct plk_node *node);

#endif
