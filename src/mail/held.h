// SPDX-License-Identifier: MIT
// Messages that were decrypted and cannot be shown yet: behind a gap, or until history has been asked whether they
// are copies. Sorted by generation, then seq. Their rows are in the table blob.
#ifndef PLK_MAIL_HELD_H
#define PLK_MAIL_HELD_H

#include "base/bytes.h"
#include "wire/message.h"

enum plk_held_verdict {
    PLK_HELD_UNKNOWN, // not looked up
    PLK_HELD_NEW,     // no row at its origin
    PLK_HELD_COPY,    // the row at its origin has its id
    PLK_HELD_OTHER,   // the row at its origin is another message; the place of such ones is still to be looked at
    PLK_HELD_APART,   // and nothing is there
};

struct plk_held_item {
    uint32_t generation;
    uint64_t seq;
    uint8_t *text; // the envelope, owned
    size_t text_len;
    enum plk_held_verdict verdict;
};

struct plk_held {
    struct plk_mem *mem;
    struct plk_held_item *items;
    size_t count, cap, bytes;
};

void plk_held_init(struct plk_held *held, struct plk_mem *mem);
void plk_held_clear(struct plk_held *held); // frees all

// NULL: not there. Borrowed until the next put or remove.
struct plk_held_item *plk_held_find(const struct plk_held *held, uint32_t generation, uint64_t seq);
// Traps if it is there.
struct plk_held_item *plk_held_put(struct plk_held *held, uint32_t generation, uint64_t seq, struct plk_bytes text);
void plk_held_remove(struct plk_held *held, uint32_t generation, uint64_t seq); // it is there, else a trap
void plk_held_remove_all(struct plk_held *held, uint32_t generation);

// The runs of seqs that are held above contiguous + 1, at most PLK_ACK_RANGES_MAX of them, into ack.
void plk_held_ranges(const struct plk_held *held, uint32_t generation, struct plk_ack *ack);

#endif
