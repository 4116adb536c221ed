// SPDX-License-Identifier: MIT
// Reads from borrowed bytes with a sticky failure: read on, check once. After a failure every read gives zero or empty.
// Integers are big-endian; varints are RFC 9000 section 16.
#ifndef PLK_BASE_READER_H
#define PLK_BASE_READER_H

#include "base/bytes.h"

struct plk_reader {
    const uint8_t *at; // next byte
    size_t left;       // bytes not yet read
    bool failed;
};

static inline struct plk_reader plk_reader(struct plk_bytes bytes) {
    return (struct plk_reader){.at = bytes.at, .left = bytes.len, .failed = false};
}

uint8_t plk_reader_u8(struct plk_reader *r);
uint16_t plk_reader_u16(struct plk_reader *r);
uint32_t plk_reader_u32(struct plk_reader *r);
uint64_t plk_reader_u64(struct plk_reader *r);
uint64_t plk_reader_varint(struct plk_reader *r);                   // up to 2^62 - 1
struct plk_bytes plk_reader_take(struct plk_reader *r, size_t len); // exactly len bytes, borrowed
struct plk_bytes plk_reader_sized(struct plk_reader *r,
                                  size_t max);                    // varint length, then that many; more than max fails
void plk_reader_copy(struct plk_reader *r, void *to, size_t len); // exactly len bytes; zeroes on failure
struct plk_bytes plk_reader_rest(struct plk_reader *r);           // all that is left, borrowed

// Nothing failed and nothing is left: the check of every decoder.
static inline bool plk_reader_done(const struct plk_reader *r) { return !r->failed && r->left == 0; }

#endif
