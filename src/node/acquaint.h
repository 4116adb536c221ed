// SPDX-License-Identifier: MIT
// What both sides of a first contact do.
#ifndef PLK_NODE_ACQUAINT_H
#define PLK_NODE_ACQUAINT_H

#include "node/peers.h"

// A contact that was not there: numbered, named (an empty name gets one), warm. The caller writes its row.
struct plk_peer *plk_acquaint_new(struct plk_node *node, const uint8_t peer_id[PLK_PEER_ID_LEN],
                                  enum plk_contact_state state, struct plk_bytes name);

// A first contact is complete, with someone new or with one who was here before (DESIGN 3.1): the new recovery secret in
// memory, what belongs to the one before it ended. Says how mail goes on.
enum plk_mail_begin plk_acquaint_renew(struct plk_node *node, struct plk_peer *peer,
                                       const struct plk_identity *identity, const uint8_t secret[32],
                                       const struct plk_payload *theirs);

// Then, with a ratchet in place: recovery, link generation 1, name and addresses are written, the contact is active, and a
// link of earlier keys ends. agreed: this side has seen the other's half last (contact/generation.h).
void plk_acquaint_know(struct plk_node *node, struct plk_peer *peer, const struct plk_first *first,
                       const uint8_t link_secret[32], const struct plk_payload *theirs, bool agreed);

#endif
