// SPDX-License-Identifier: MIT
// A relay runs beside this node, for its contacts (DESIGN 6, `relay.serve`; docs/design/relays.md, "A node that is a relay"). The host runs
// it; here is who is told of it, where it can be reached, and whether that is known. Each contact has a token of its own, which follows from
// the profile's seed, the relay's key and the contact: nothing of it is stored, and who is blocked or removed has none.
#ifndef PLK_NODE_SERVING_H
#define PLK_NODE_SERVING_H

#include "wire/effect.h"
#include "wire/relay_offer.h"

#define PLK_SERVING_CALLED_US \
    (5 * PLK_MINUTE) // who was called later than that may have come through a hole that we made

struct plk_node;
struct plk_peer;
struct plk_way;

struct plk_serving {
    bool known, on; // known: the host has said
    uint8_t key[32];
    bool open[2];  // of IPv4, IPv6: somebody has come in to whom nothing had gone out
    uint64_t mark; // of the places that contacts are told; 0: there are none
};

void plk_serving_set(struct plk_node *node, const struct plk_input *input);
void plk_serving_look(struct plk_node *node); // this node may be reached elsewhere now: contacts are told
// Message 1 of this contact came there, and bears its hint. NULL: of an invite's joiner.
void plk_serving_came(struct plk_node *node, const struct plk_peer *peer, const struct plk_way *way);
void plk_serving_forget(struct plk_node *node); // the network is another
// What the contact has not been told yet is on its way with its mail.
void plk_serving_tell(struct plk_node *node, struct plk_peer *peer);
void plk_serving_tell_again(struct plk_node *node, struct plk_peer *peer); // it has lost what it knew

#endif
