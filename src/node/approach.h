// SPDX-License-Identifier: MIT
// The joiner's way to an inviter of whom it has only a link with relays (DESIGN 3.2, 3.3; docs/protocol/first-contact.md, section 8):
// the bundle is read from the invite queue's cell, own queues are made, the blob is put into the invite queue, and again for as long
// as the acceptance is missing. What comes of the acceptance is node/join's.
#ifndef PLK_NODE_APPROACH_H
#define PLK_NODE_APPROACH_H

#include "contact/opened.h"
#include "node/boxes.h"
#include "node/peers.h"

// A blob that a relay says it has, and nobody seems to have fetched, is put again: after so long, then twice as long, and so on.
#define PLK_APPROACH_REPEAT_US PLK_MINUTE
#define PLK_APPROACH_REPEAT_MAX_US (6 * PLK_HOUR)

struct plk_command;

struct plk_approach {
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX];
    struct plk_invite_link link; // borrows from raw
    uint64_t opened_ms;
    struct plk_buf note;   // the envelope of the first text, until the blob is made
    struct plk_buf bundle; // as it came, checked; empty: none has
    struct plk_queues_wait wait;
    bool adopts;        // relays of the link are taken over; kept on disk
    uint64_t adopts_us; // since when they are asked for tokens, in this process; 0: they are not
    bool adopted;       // that is over
    uint64_t second_us; // until when the second of them is waited for; 0: not yet, or no need
};

void plk_approach_free(struct plk_node *node, struct plk_approach *approach); // NULL is fine
void plk_approach_write(struct plk_node *node, struct plk_peer *peer);        // its row

// PLK_CMD_ADD with a link of kind ONE_TIME or ADDRESS that is good in itself. OK: the result follows. SELF, BLOCKED, CORRUPT, BUSY.
enum plk_err plk_approach_add(struct plk_node *node, const struct plk_command *command,
                              const struct plk_invite_link *link);
// Its row. CORRUPT.
enum plk_err plk_approach_load(struct plk_node *node, struct plk_peer *peer, struct plk_bytes value);
void plk_approach_forget(struct plk_node *node, struct plk_peer *peer); // rows, memory, the inviter's queues
bool plk_approach_is_provisional(const struct plk_peer *peer);          // nobody knows yet who it is

void plk_approach_again(struct plk_node *node, struct plk_peer *peer);  // an attempt
void plk_approach_settle(struct plk_node *node, struct plk_peer *peer); // the peer may be gone afterwards
// The inviter's queue at the relay of that key, or NULL.
struct plk_box *plk_approach_box(const struct plk_node *node, const struct plk_peer *peer, const uint8_t key[32]);

// As parley.h has them, of a foreign INVITE box.
void plk_approach_cell(struct plk_node *node, struct plk_box *box, uint64_t sequence, struct plk_bytes cell);
void plk_approach_put_done(struct plk_node *node, struct plk_box *box, enum plk_queue_code code);

#endif
