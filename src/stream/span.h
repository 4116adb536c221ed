// SPDX-License-Identifier: MIT
// A sliding piece of a byte stream, contiguous in memory: bytes come in at any offset above its base, and go
// from the front. Copying is amortised: a byte is moved about once. Zero-initialised it is empty, begins at
// offset 0, and is valid.
#ifndef PLK_STREAM_SPAN_H
#define PLK_STREAM_SPAN_H

#include "base/bytes.h"

#define PLK_SPAN_KEEP (16 * 1024) // an empty span that was trimmed keeps no more memory than this

struct plk_span {
    uint8_t *at;
    size_t cap;
    size_t start;  // of base, in at
    size_t len;    // of what may be used from there
    uint64_t base; // stream offset
};

void plk_span_put(struct plk_mem *mem, struct plk_span *s, uint64_t offset, struct plk_bytes bytes); // offset >= base
struct plk_bytes plk_span_view(const struct plk_span *s, uint64_t from,
                               uint64_t to);                 // base <= from <= to <= base + len
void plk_span_drop(struct plk_span *s, uint64_t to);         // base <= to <= base + len
void plk_span_trim(struct plk_mem *mem, struct plk_span *s); // gives back what an empty one need not keep
void plk_span_free(struct plk_mem *mem, struct plk_span *s); // at offset 0 again

#endif
