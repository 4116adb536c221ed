// SPDX-License-Identifier: MIT
// What goes through relays' queues between contacts (DESIGN 3.7, 3.8): which queues of one's own a contact is given, when
// messages are put into the contact's, what is made of cells that come, and packets that are passed on. Cells hold records of
// mail; mail says which (mail.h, "mailbox").
#ifndef PLK_NODE_POST_H
#define PLK_NODE_POST_H

#include "node/boxes.h"

#define PLK_POST_SILENCE_US (1500 * PLK_MS) // a peer that does not answer for so long, or 3 round trips: PUT begins
#define PLK_POST_PARCELS_MAX 32             // of one contact that are under way, and that no relay has yet
#define PLK_POST_LETTERS_MAX 64             // messages in one cell
#define PLK_POST_EARLY_BYTES \
    (256 * 1024) // of cells that wait for a contact's acceptance: as much as two relays send ahead
#define PLK_POST_CALL_US (30 * PLK_SECOND) // a cell that comes leads to a call, unless one was made since
#define PLK_POST_RETRY_US (2 * PLK_MINUTE) // after no relay took it
#define PLK_POST_ROOM_US PLK_SECOND        // after there was no room on the way to them

#define PLK_POST_DOUBT_US (10 * PLK_MINUTE) // see plk_post_unanswered; doubles
#define PLK_POST_DOUBT_DOUBLINGS 7
#define PLK_POST_REOPEN_US PLK_MINUTE // after a queue was refused, until it is asked for again; doubles
#define PLK_POST_REOPEN_DOUBLINGS 5

struct plk_node;
struct plk_peer;

// A cell that has come for a contact whose rows are being read, or whose acceptance has not come.
struct plk_waiting_cell {
    struct plk_waiting_cell *next;
    bool early; // counted by the contact: who never accepts holds up nobody else
    uint32_t box;
    uint64_t number;
    struct plk_buf content;
};

// Messages in one cell, on their way to every queue of the contact.
struct plk_parcel {
    struct plk_parcel *next;
    uint64_t put; // its number in every queue client
    uint64_t letters[PLK_POST_LETTERS_MAX];
    unsigned letter_count;
    unsigned asked, stored, failed; // of queues
    enum plk_err reason;            // why one has failed
};

// ---- from boxes

void plk_post_state(struct plk_node *node, struct plk_box *box); // ready or refused has changed
void plk_post_relay_up(struct plk_node *node, struct plk_relay_link *relay);
void plk_post_relays_changed(struct plk_node *node); // own ones: every contact's queues are looked at
void plk_post_cell(struct plk_node *node, struct plk_box *box, uint64_t number, struct plk_bytes content);
void plk_post_put_done(struct plk_node *node, struct plk_box *box, uint64_t put, enum plk_queue_code code);
void plk_post_packet(struct plk_node *node, struct plk_box *box, struct plk_bytes packet); // PASS through an own box
void plk_post_nobody(struct plk_node *node, struct plk_box *box);

// ---- between post.c, post_queues.c and parcels.c

// Queues are for whoever is a contact and may write.
bool plk_post_may(const struct plk_peer *peer);
void plk_parcels_put(struct plk_node *node,
                     struct plk_peer *peer); // what mail has for relays, as much as may be under way
// A re-key's request is put once an attempt; what answers one, once.
void plk_parcels_put_rekey(struct plk_node *node, struct plk_peer *peer);
void plk_parcels_cancel(struct plk_node *node, struct plk_peer *peer);                        // all
void plk_parcel_end(struct plk_node *node, struct plk_peer *peer, struct plk_parcel *parcel); // memory only

// ---- from the contact's side

// Queues of one's own for this contact, on the first two own relays that answer. Cheap when they are there.
void plk_post_ensure(struct plk_node *node, struct plk_peer *peer);
// An attempt to reach the peer begins: its relays are wanted.
void plk_post_reach(struct plk_node *node, struct plk_peer *peer);
// Something is to be said: who did not answer some time ago is called once more before relays have it.
void plk_post_ask(struct plk_node *node, struct plk_peer *peer);
// The peer has answered on a link: nothing more is put.
// A call has ended, and nobody answered. Where no relay has said NOBODY, somebody reads the peer's queue who cannot answer: it knows no
// queue of ours, since what we told it of them is lost, whatever relays say that they keep. That is put again, at growing intervals.
void plk_post_unanswered(struct plk_node *node, struct plk_peer *peer);
void plk_post_link_up(struct plk_node *node, struct plk_peer *peer);
// Part of settling a contact that is warm: cells in, messages out.
void plk_post_settle(struct plk_node *node, struct plk_peer *peer);
uint64_t plk_post_deadline(const struct plk_node *node, const struct plk_peer *peer); // of settling again
// The list that the peer was told of is another now: a QUEUES message.
void plk_post_tell(struct plk_node *node, struct plk_peer *peer);
// It may have lost what it was told: it is told once more.
void plk_post_tell_again(struct plk_node *node, struct plk_peer *peer);
// It has committed that message: what is not in the list, it does not write into any more.
void plk_post_taken(struct plk_node *node, struct plk_peer *peer, const uint8_t id[PLK_ID_LEN]);
// The peer's list: a row, or a QUEUES message, or out of a first contact. MALFORMED.
enum plk_err plk_post_learn(struct plk_node *node, struct plk_peer *peer, struct plk_bytes list, bool write);
void plk_post_cool(struct plk_node *node, struct plk_peer *peer);   // its rows leave the memory
void plk_post_remove(struct plk_node *node, struct plk_peer *peer); // the contact goes for good
bool plk_post_is_busy(const struct plk_peer *peer);                 // cells wait or are under way: stay warm

#endif
