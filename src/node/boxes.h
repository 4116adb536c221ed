// SPDX-License-Identifier: MIT
// Queues at relays (DESIGN 3.7; docs/protocol/queue.md): those that this node owns, one a contact and relay, one an invite and
// relay, and those of others that it writes into. A box is one such queue in one role. This file knows keys, cells and where
// they are; what a cell means is told to its owner: node/post (contacts), node/parley (invites, first contact).
//
//     own CONTACT    we read, the contact writes          foreign CONTACT   the contact reads, we write
//                                                       foreign MOVED     a device of the contact's that was replaced may read it
//     own RECOVERY     as CONTACT, for re-keys            foreign RECOVERY  likewise (node/recovery_box.h)
//     own INVITE     of an invite of ours                  foreign INVITE    of the link that a contact is joining
//     own LEFT       as CONTACT or RECOVERY, on a relay that is no longer ours: read to its end (node/leaving.h); no row
#ifndef PLK_NODE_BOXES_H
#define PLK_NODE_BOXES_H

#include "base/map.h"
#include "node/relays.h"
#include "queue/cell.h"
#include "wire/queue_list.h"

#define PLK_BOXES_EACH 2        // own ones of a contact: on so many relays (DESIGN 3.7)
#define PLK_BOXES_INVITE_EACH 4 // of an invite: PLK_INVITE_RELAYS_MAX
#define PLK_BOXES_ROW_MAX 128
#define PLK_BOX_CELLS_BYTES (4u << 20) // cells that have come and wait for rows to be read; beyond it relays wait

#define PLK_PARLEY_PUT (UINT64_C(1) << 63) // in `put`: an acceptance, whatever the box's use

enum plk_box_use { PLK_BOX_CONTACT = 1, PLK_BOX_INVITE, PLK_BOX_RECOVERY, PLK_BOX_MOVED, PLK_BOX_LEFT };

// What first contact remembers of a box of its own; begins as zero, in memory only.
struct plk_box_parley {
    // own: its overwritable cell
    bool due;      // is to be written, when `mark` is durable
    bool there;    // the relay has it
    uint64_t mark; // of what it says
    // foreign; put_out and stored also of a CONTACT box, of the acceptance
    enum plk_err verdict; // why what the relay gives cannot be used; OK: nothing is known against it
    bool guest_asked;     // as a newcomer
    bool put_out;         // the blob is on its way
    bool stored;          // the relay says that it has it ...
    uint64_t stored_us;   // ... since then
    unsigned puts;        // so many times
};

struct plk_box {
    struct plk_box *next;  // of its relay
    struct plk_box *alike; // of the same use, side and owner
    uint32_t id;           // from 1, in this process; in the queue client too, and in ways (PLK_PASS)
    enum plk_box_use use;
    bool own;
    uint32_t owner; // contact; own INVITE: the invite's number; foreign INVITE: the contact that joins by it
    struct plk_relay_link *relay;
    uint8_t flags;                     // own: PLK_QUEUE_QUIET, ...
    uint8_t secret[PLK_QUEUE_KEY_LEN]; // own: what its keys are made of; else the sender's secret
    uint8_t sid[PLK_QUEUE_ID_LEN];
    uint8_t envelope[PLK_QUEUE_KEY_LEN];
    uint8_t psk[16];       // own INVITE
    uint32_t relay_number; // own: as in its row
    uint32_t serial;       // own: likewise; of two of one owner on one relay the higher is the newer
    uint64_t made_ms;      // own CONTACT: wall clock when it was begun; 0: not known
    uint64_t left_ms;      // own CONTACT: since when the contact has a list without it; 0: it has none
    uint64_t stirred_us;   // own: when it was last ready anew, or something came
    uint64_t renew_us;     // own CONTACT: not renewed before that, since its relay made none; LEFT: not read longer
    bool made;             // own: it has been READY once, so others may know of it; durable
    bool ready;            // own: there and subscribed now; else: it may be written into
    bool refused;          // own: no token is good for it; else: not there, or not ours to write
    unsigned refusals;     // foreign: in a row
    uint64_t refused_us;   // foreign: of the last one
    uint64_t nobody_us;    // foreign: when the relay last said NOBODY; 0: never
    struct plk_box_parley parley; // node/parley's, node/publish's and node/approach's
};

// An item that is to be acknowledged when its content is durable.
struct plk_box_ack {
    uint32_t box;
    uint64_t number, mark;
};

struct plk_boxes {
    struct plk_mem *mem;
    struct plk_map by_id, by_owner; // by_owner: to the first of those that are alike
    uint32_t next_id;
    struct plk_box_ack *acks;
    size_t ack_count, ack_cap;
    size_t cell_bytes;    // that wait for rows to be read; counted by node/post
    struct plk_box *rows; // of the start, whose relay is not known yet
};

void plk_boxes_init(struct plk_boxes *boxes, struct plk_mem *mem);

// ---- which there are

// The next one after `after` (NULL: the first) of that use, owner and side; NULL: no more.
struct plk_box *plk_boxes_next(const struct plk_node *node, enum plk_box_use use, bool own, uint32_t owner,
                               const struct plk_box *after);
struct plk_box *plk_boxes_find(const struct plk_node *node, uint32_t id); // or NULL

// A new own queue on a relay, beside one that is there: its row is written, and it is asked for. secret NULL: a random one. The invite's cells and senders
// go by its psk: psk, 16 bytes, NULL for others.
struct plk_box *plk_box_make(struct plk_node *node, enum plk_box_use use, uint32_t owner, struct plk_relay_link *relay,
                             uint8_t flags, const uint8_t *secret, const uint8_t *psk);
// Somebody's queue: in memory only.
struct plk_box *plk_box_foreign(struct plk_node *node, enum plk_box_use use, uint32_t owner,
                                struct plk_relay_link *relay, const uint8_t sid[PLK_QUEUE_ID_LEN],
                                const uint8_t sender[PLK_QUEUE_KEY_LEN], const uint8_t envelope[PLK_QUEUE_KEY_LEN]);
// Forgets it; an own one's row goes, and the relay is told to delete it.
void plk_box_drop(struct plk_node *node, struct plk_box *box);
void plk_boxes_drop_of(struct plk_node *node, enum plk_box_use use, bool own, uint32_t owner);
void plk_box_write_row(struct plk_node *node, const struct plk_box *box); // the row of an own one, which has changed

// Of an own box: one of the same owner on the same relay that is newer or, with `newer` false, older; NULL: there is none.
const struct plk_box *plk_box_other(const struct plk_node *node, const struct plk_box *box, bool newer);
// A newer one has taken its place: others are not told of it any more.
bool plk_box_is_left(const struct plk_node *node, const struct plk_box *box);

// What the other side is told of own boxes of a contact that were made: PLK_BODY_QUEUES. early: of those that are asked for, too:
// payload's queues in a first contact, which are told once.
void plk_boxes_offer(const struct plk_node *node, uint32_t contact, bool early, struct plk_queue_list *list);
// The same (not early) without the senders' keys, which have to be derived: enough to see whether the list has changed.
void plk_boxes_offered(const struct plk_node *node, uint32_t contact, struct plk_queue_list *list);
// Whether the relay says NOBODY for this contact's queues: no word of one's presence for whoever is blocked. Durable.
void plk_boxes_quiet(struct plk_node *node, uint32_t contact, bool quiet);
// What it has told us: the foreign boxes of this contact are those of the list from now on.
void plk_boxes_learn(struct plk_node *node, uint32_t contact, const struct plk_queue_list *list);
// Foreign boxes of any use, as far as they are not there.
void plk_boxes_add(struct plk_node *node, enum plk_box_use use, uint32_t contact, const struct plk_queue_list *list);
// The list that the contact has told last.
void plk_boxes_told(const struct plk_node *node, uint32_t contact, struct plk_queue_list *list);
// Own boxes of a contact that are another device's by now: forgotten here, and left as they are at their relays.
void plk_boxes_abandon(struct plk_node *node, uint32_t contact);

// ---- cells

// Seals content and puts it into a foreign box; put, chosen by the caller, comes back with the answer:
//   CONTACT -> plk_post_put_done    INVITE, or put & PLK_PARLEY_PUT -> plk_parley_put_done
// It is kept over channels that come and go until then. CLOSED: no such relay now; LIMIT: too much is under way; TOO_LONG.
enum plk_err plk_box_put(struct plk_node *node, struct plk_box *box, uint64_t put, struct plk_bytes content);
// The same, and the same content is the same cell each time: a relay that still has it keeps no second one.
enum plk_err plk_box_put_alike(struct plk_node *node, struct plk_box *box, uint64_t put, struct plk_bytes content);
void plk_box_put_cancel(struct plk_node *node, struct plk_box *box, uint64_t put);
// What came with an item of an own box is durable at `mark`, or not worth it: it is acknowledged then.
void plk_box_ack(struct plk_node *node, struct plk_box *box, uint64_t number, uint64_t mark);
// The overwritable cell of an own invite queue (answer: plk_parley_written) and of a foreign one (plk_parley_bundle).
enum plk_err plk_box_write(struct plk_node *node, struct plk_box *box, const uint8_t cell_key[PLK_KEY_LEN],
                           uint64_t sequence, struct plk_bytes content);
void plk_box_read(struct plk_node *node, struct plk_box *box);
void plk_box_guest(struct plk_node *node, struct plk_box *box); // answer: the relay's token; plk_parley_guest

// ---- packets (PASS), for links

// Sends one packet of a link into a foreign box at once. False: that cannot be now; it is lost, as packets are.
bool plk_box_pass(struct plk_node *node, struct plk_box *box, struct plk_bytes packet, struct plk_output *output);
// A foreign box that was refused is asked for once more: its owner may have made the queue again.
void plk_box_reopen(struct plk_node *node, struct plk_box *box);
void plk_box_attach(struct plk_node *node,
                    struct plk_box *box);      // a foreign one: is it there? It becomes ready, or refused
bool plk_box_takes(const struct plk_box *box); // its relay is connected, and has not refused it

// ---- for node.c and relays.c

enum plk_err plk_boxes_row(struct plk_node *node, const struct plk_row *row); // of the start
void plk_box_made(struct plk_node *node, struct plk_box *box);                // the relay has it: others may be told
void plk_boxes_back_up(struct plk_node *node, struct plk_buf *backup);        // all rows
// A row out of a backup: written, if its contact was restored; plk_boxes_started follows.
void plk_boxes_restore(struct plk_node *node, const struct plk_row *row, const struct plk_map *contacts);
void plk_boxes_started(struct plk_node *node); // all rows are in
void plk_boxes_free(struct plk_node *node);
void plk_boxes_event(struct plk_node *node, const struct plk_queue_client_event *event);
void plk_boxes_frame(struct plk_node *node, struct plk_relay_link *relay, const struct plk_relay_channel_frame *frame);
void plk_boxes_up(struct plk_node *node, struct plk_relay_link *relay);   // it has a new channel
void plk_boxes_down(struct plk_node *node, struct plk_relay_link *relay); // it has none
bool plk_boxes_have_room(const struct plk_node *node);                    // for more cells
void plk_boxes_stored(struct plk_node *node);                             // acks whose mark is durable
void plk_box_set_aside(struct plk_node *node, struct plk_box *box);       // an own one becomes LEFT

#endif
