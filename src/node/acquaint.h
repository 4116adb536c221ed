// SPDX-License-Identifier: MIT
// What both sides of a first contact do.
#ifndef PLK_NODE_ACQUAINT_H
#define PLK_NODE_ACQUAINT_H

#include "node/peers.h"

// A contact that was not there: numbered, named (an empty name gets one), warm. The caller writes its row.
struct plk_peer *plk_acquaint_new(struct plk_node *node, const uint8_t peer_id[PLK_PEER_ID_LEN],
                                  enum plk_contact_state state, struct plk_bytes name);

// The other side is known: its recovery secret, link generation 1, name and addresses are written, the contact is active.
// agreed: this side has seen the other's half last (contact/generation.h).
void plk_acquaint_know(struct plk_node *node, struct plk_peer *peer, const struct plk_first *first,
                       const uint8_t link_secret[32], const struct plk_payload *theirs, bool agreed);

#endif
