// SPDX-License-Identifier: MIT
// What waits in one queue: of each item its number, size, day and digest. Cells are on disk and are read when there is room to
// send them (queue.md, section 3). It exists only while the queue is in memory and holds something.
#ifndef PLK_RELAY_MAILBOX_H
#define PLK_RELAY_MAILBOX_H

#include "base/err.h"
#include "relay/queues.h"

#define PLK_MAILBOX_WINDOW 16 // items sent ahead of their ACKs
#define PLK_MAILBOX_WINDOW_BYTES (128 * 1024)
#define PLK_MAILBOX_NUMBER_MAX (UINT64_C(1) << 62) // no queue comes to it: a row with more is damaged
#define PLK_MAILBOX_DIGEST_LEN 16
#define PLK_MAILBOX_KEY_LEN (PLK_QUEUE_ID_LEN + 8)
#define PLK_MAILBOX_HEAD_LEN (1 + 4 + 1 + PLK_MAILBOX_DIGEST_LEN)

struct plk_head {
    uint64_t number;
    uint32_t day; // since 1970
    uint8_t step; // which of the three sizes
    bool sent;    // to the subscriber of now
    uint8_t digest[PLK_MAILBOX_DIGEST_LEN];
};

struct plk_mailbox {
    struct plk_queue *queue;
    struct plk_mailbox *next_ready; // in its subscriber's list of those that have something to send
    bool ready;                     // it is in that list
    struct plk_head *heads;         // by number
    uint32_t count, cap;
    uint64_t cursor;    // items below it were sent to the subscriber of now, or passed over
    uint32_t out_count; // sent and not acknowledged
    uint32_t out_bytes;
    uint32_t window; // items that the subscriber takes ahead, 1 to PLK_MAILBOX_WINDOW
    uint64_t bytes;  // of all cells
};

void plk_mailbox_free(struct plk_mem *mem, struct plk_mailbox *mailbox); // NULL is fine
// The mailbox of the queue, made if it has none.
struct plk_mailbox *plk_mailbox_of(struct plk_mem *mem, struct plk_queue *queue);

const struct plk_head *plk_mailbox_find(const struct plk_mailbox *mailbox,
                                        const uint8_t digest[PLK_MAILBOX_DIGEST_LEN]);
// Appends; the number is above all that are there. Traps otherwise.
void plk_mailbox_add(struct plk_mem *mem, struct plk_mailbox *mailbox, const struct plk_head *head);
// The same wherever its number belongs; it is then to be sent, though later ones were. false: it is there.
bool plk_mailbox_insert(struct plk_mem *mem, struct plk_mailbox *mailbox, const struct plk_head *head);
// Takes the item of this number out. false: there is none; sent_only: or it was not sent to the subscriber of now.
bool plk_mailbox_remove(struct plk_mailbox *mailbox, uint64_t number, bool sent_only);

// A new subscriber, or GET: everything from this number on is to be sent (again).
void plk_mailbox_rewind(struct plk_mailbox *mailbox, uint64_t from, uint32_t window);
// The next item that may be sent now, NULL: none, or the window is full. And: it is on its way.
struct plk_head *plk_mailbox_next(const struct plk_mailbox *mailbox);
void plk_mailbox_went(struct plk_mailbox *mailbox, struct plk_head *head);

size_t plk_head_size(const struct plk_head *head); // bytes of the cell
uint8_t plk_head_step(size_t cell_len);

// Rows: an item's key (ritem and rcell), a head's value.
void plk_head_key(uint8_t out[PLK_MAILBOX_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t number);
void plk_head_encode(uint8_t out[PLK_MAILBOX_HEAD_LEN], const struct plk_head *head);
enum plk_err plk_head_decode(struct plk_bytes key, struct plk_bytes value, struct plk_head *head); // CORRUPT

#endif
