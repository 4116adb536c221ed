// SPDX-License-Identifier: MIT
// First contact through relays (DESIGN 3.2, 3.3): what boxes (node/boxes.h) tell of invite queues, for both sides. The cells and
// their order are in docs/protocol/first-contact.md; the inviter's part is node/welcome, the joiner's node/join.
#ifndef PLK_NODE_PARLEY_H
#define PLK_NODE_PARLEY_H

#include "node/boxes.h"
#include "node/peers.h"

#define PLK_CONTROL_ACCEPTANCE PLK_CONTROL_NODE // on stream 0 of a link (first-contact.md, section 8)

#define PLK_PARLEY_HELD_MAX 32                // cells with blobs that wait for rows, queues or the disk
#define PLK_PARLEY_HELD_BYTES (1u << 20)      // of them together; beyond it they stay with the relay
#define PLK_PARLEY_QUEUES_US (5 * PLK_SECOND) // an acceptance waits so long for own queues to tell of
#define PLK_PARLEY_TOLD_MAX 32 // invites of which it was told, in this process, that they were used twice

// A blob out of an invite queue that cannot be judged yet; its item is not acknowledged.
struct plk_held {
    struct plk_held *next;
    uint32_t box;
    uint64_t number;
    struct plk_buf blob;
    uint32_t contact; // its number, set aside so that its queues can be made; 0: none yet
    struct plk_queues_wait wait;
};

struct plk_parley {
    bool look; // something may be due: an approach, an acceptance, a request that was accepted
    struct plk_held *held;
    unsigned held_count;
    size_t held_bytes;
    uint32_t told[PLK_PARLEY_TOLD_MAX];
    unsigned told_count;
};

void plk_parley_free(struct plk_node *node);
void plk_parley_begin(struct plk_node *node);  // all rows of the start are there
void plk_parley_settle(struct plk_node *node); // before links and mail are settled
uint64_t plk_parley_deadline(const struct plk_node *node);
// The acceptance of this contact, if one waits, is put into each of its queues: it is new, or may have been lost.
void plk_parley_acceptance_due(struct plk_node *node, struct plk_peer *peer);
// Once more, where no relay says that it has it.
void plk_parley_acceptance_again(struct plk_node *node, struct plk_peer *peer);
// REQUEST: the user has said yes (the contact is active from now on) or no (it is forgotten, the peer hears nothing).
void plk_parley_accept(struct plk_node *node, struct plk_peer *peer);
void plk_parley_reject(struct plk_node *node, struct plk_peer *peer);

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
