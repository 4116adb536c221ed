// SPDX-License-Identifier: MIT
// Keys of messages that were overtaken: what a ratchet keeps so that a late message can still be read (DESIGN
// 3.4). One struct plk_skipped belongs to one struct plk_ratchet; it is all in memory, bounded, and empty in
// the usual case.
//
// It is stored in rows of up to 32 keys: row {chain, block} holds the keys n with n / 32 == block. So one
// input changes at most PLK_SKIPPED_ROWS_MAX rows, however large its gap, and a key that is used or dropped
// leaves no trace once its row is rewritten or deleted. The caller puts PLK_SKIPPED_KEY_LEN bytes behind its
// own key prefix {contact, ratchet number}.
#ifndef PLK_RATCHET_SKIPPED_H
#define PLK_RATCHET_SKIPPED_H

#include "base/bytes.h"
#include "base/err.h"

#define PLK_SKIPPED_MAX 2000                                 // keys
#define PLK_SKIPPED_BLOCK 32                                 // numbers of one chain in one row
#define PLK_SKIPPED_KEY_LEN 8                                // of a row's key: chain u32, block u32
#define PLK_SKIPPED_ROW_MAX (8 + 4 + PLK_SKIPPED_BLOCK * 32) // since u64, which u32, then that many keys
#define PLK_SKIPPED_SPANS_MAX 2
#define PLK_SKIPPED_ROWS_MAX 66 // in all spans of one change: two gaps of 1000

struct plk_skipped_entry {
    uint32_t chain, n;
    uint64_t since_ms; // wall clock when the row last got a key
    uint8_t key[32];
};

struct plk_skipped {
    struct plk_mem *mem;
    struct plk_skipped_entry *at; // sorted by chain, then n; which is also their order of arrival
    size_t count, cap;
};

// One row's place; PLK_SKIPPED_KEY_LEN bytes as a store key (order of bytes = order of rows).
struct plk_skipped_row {
    uint32_t chain, block;
};

// What the store must do after a change, in any order: delete all rows below `below` if `dropped`; and for
// each row from {chain, first} to {chain, last} of each span, write what plk_skipped_encode gives, or delete
// it when that gives 0.
struct plk_skipped_change {
    bool dropped;
    struct plk_skipped_row below;
    size_t span_count;
    struct plk_skipped_span {
        uint32_t chain, first, last;
    } spans[PLK_SKIPPED_SPANS_MAX];
};

// mem outlives skipped. free wipes and gives all back; skipped is then empty and valid.
void plk_skipped_init(struct plk_skipped *skipped, struct plk_mem *mem);
void plk_skipped_free(struct plk_skipped *skipped);

// Rows out and in. encode returns the length, 0 when no key of that row is held. load takes rows in the order
// of their keys into a struct plk_skipped that had only such; CORRUPT changes nothing.
void plk_skipped_row_key(uint8_t out[PLK_SKIPPED_KEY_LEN], struct plk_skipped_row row);
size_t plk_skipped_encode(const struct plk_skipped *skipped, struct plk_skipped_row row,
                          uint8_t out[PLK_SKIPPED_ROW_MAX]);
enum plk_err plk_skipped_load(struct plk_skipped *skipped, struct plk_bytes row_key, struct plk_bytes row);

// ---- for ratchet.c

// The entry, borrowed until the next change; NULL if there is none.
const struct plk_skipped_entry *plk_skipped_find(const struct plk_skipped *skipped, uint32_t chain, uint32_t n);

// Appends one key; {chain, n} is above all that are held, and there is room (else a trap). The whole row is
// as young as it.
void plk_skipped_add(struct plk_skipped *skipped, uint32_t chain, uint32_t n, uint64_t wall_ms, const uint8_t key[32]);

// Wipes and removes that key, which is held (else a trap).
void plk_skipped_remove(struct plk_skipped *skipped, uint32_t chain, uint32_t n);

// The number of keys up to the end of the row in which the count-th lies: rows are dropped whole.
size_t plk_skipped_row_end(const struct plk_skipped *skipped, size_t count);

// Wipes and removes the first count keys.
void plk_skipped_drop_front(struct plk_skipped *skipped, size_t count);

#endif
