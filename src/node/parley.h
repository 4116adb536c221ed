// SPDX-License-Identifier: MIT
// First contact through relays (DESIGN 3.2, 3.3): what boxes (node/boxes.h) tell of invite queues, for both sides. The cells and
// their order are in docs/protocol/first-contact.md; the inviter's part is node/welcome, the joiner's node/join.
#ifndef PLK_NODE_PARLEY_H
#define PLK_NODE_PARLEY_H

#include "node/boxes.h"

struct plk_peer;

// ---- inviter: own INVITE boxes, owner is the invite's number

void plk_parley_own_state(struct plk_node *node, struct plk_box *box); // ready or refused has changed
// A cell of somebody who holds the link, opened. Its item is acknowledged by plk_box_ack, now or when what comes of it is durable.
void plk_parley_cell(struct plk_node *node, struct plk_box *box, uint64_t number, struct plk_bytes content);
void plk_parley_written(struct plk_node *node, struct plk_box *box, uint64_t sequence, enum plk_queue_code code);

// ---- joiner: foreign INVITE boxes, owner is the contact that joins

void plk_parley_foreign_state(struct plk_node *node, struct plk_box *box);
// The overwritable cell as the relay gave it (sealed: plk_cell_bundle_open); cell.at NULL: there is none, code says why.
void plk_parley_bundle(struct plk_node *node, struct plk_box *box, uint64_t sequence, struct plk_bytes cell,
                       enum plk_queue_code code);
void plk_parley_put_done(struct plk_node *node, struct plk_box *box, uint64_t put, enum plk_queue_code code);
void plk_parley_guest(struct plk_node *node, struct plk_box *box, const uint8_t *token, enum plk_queue_code code);

// ---- joiner: an acceptance that lay in a queue of ours, for a contact that is warm, its mail open. True: taken, or good for
// nothing: the item may be acknowledged when this turn's batch is durable.
bool plk_parley_acceptance(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content);

#endif
