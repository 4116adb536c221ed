// SPDX-License-Identifier: MIT
// Writes into a caller's buffer with a sticky failure: write on, check once. The mirror of base/reader.h.
#ifndef PLK_BASE_WRITER_H
#define PLK_BASE_WRITER_H

#include "base/bytes.h"

struct plk_writer {
    uint8_t *at; // the buffer's first byte, not owned
    size_t cap;
    size_t len; // written so far
    bool failed;
};

static inline struct plk_writer plk_writer(void *at, size_t cap) {
    return (struct plk_writer){.at = at, .cap = cap, .len = 0, .failed = false};
}

void plk_writer_u8(struct plk_writer *w, uint8_t value);
void plk_writer_u16(struct plk_writer *w, uint16_t value);
void plk_writer_u32(struct plk_writer *w, uint32_t value);
void plk_writer_u64(struct plk_writer *w, uint64_t value);
void plk_writer_varint(struct plk_writer *w, uint64_t value); // shortest form; above 2^62 - 1 fails
void plk_writer_put(struct plk_writer *w, struct plk_bytes bytes);
void plk_writer_copy(struct plk_writer *w, const void *from, size_t len);
void plk_writer_sized(struct plk_writer *w, struct plk_bytes bytes); // varint length, then the bytes
void plk_writer_zero(struct plk_writer *w, size_t len);
uint8_t *plk_writer_skip(struct plk_writer *w, size_t len); // room to fill later; NULL when it does not fit

// The bytes of the shortest varint of value: 1, 2, 4 or 8.
size_t plk_writer_varint_len(uint64_t value);

// What was written, borrowed from the buffer; empty after a failure.
static inline struct plk_bytes plk_writer_bytes(const struct plk_writer *w) {
    return w->failed ? plk_bytes(NULL, 0) : plk_bytes(w->at, w->len);
}

#endif
