// SPDX-License-Identifier: MIT
// The receiving half of one stream: pieces put in order, and the window that it opens.
#ifndef PLK_STREAM_INCOMING_H
#define PLK_STREAM_INCOMING_H

#include "stream/ranges.h"
#include "stream/span.h"
#include "stream/streams.h"

struct plk_incoming {
    struct plk_span span;     // its base: all before it was consumed
    struct plk_ranges pieces; // above ready_to
    uint64_t ready_to;        // in order up to here
    uint64_t highest;         // one past the last byte seen
    uint64_t limit;           // told to the peer, or about to be
    uint64_t window;          // it goes so far beyond what was consumed
    uint64_t window_max;
    uint64_t final; // size, when has_final
    bool has_final;
    bool limit_due; // MAX_STREAM_DATA is to be sent
};

void plk_incoming_init(struct plk_incoming *in, uint64_t window_max);
void plk_incoming_free(struct plk_mem *mem, struct plk_incoming *in);

// budget: bytes beyond highest that the limit of all streams allows. MALFORMED, LIMIT: nothing has changed.
enum plk_err plk_incoming_check(const struct plk_incoming *in, uint64_t budget, uint64_t offset, size_t len, bool fin);
// After a successful check. Returns how many bytes were new.
size_t plk_incoming_take(struct plk_mem *mem, struct plk_incoming *in, uint64_t offset, struct plk_bytes bytes,
                         bool fin);
void plk_incoming_consume(struct plk_mem *mem, struct plk_incoming *in, size_t len);
// Opens the window when half of it was consumed since the last time.
void plk_incoming_open(struct plk_incoming *in);

#endif
