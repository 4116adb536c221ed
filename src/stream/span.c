// SPDX-License-Identifier: MIT
#include "stream/span.h"

// Makes [base, base + len) usable.
static void extend(struct plk_mem *mem, struct plk_span *s, size_t len) {
    if (s->start + len <= s->cap) {
        // as it is
    } else if (len <= s->cap / 2) { // at least half of the memory has gone by since it was last moved
        memmove(s->at, s->at + s->start, s->len);
        s->start = 0;
    } else {
        size_t cap = s->cap < 1024 ? 1024 : s->cap;
        while (cap / 2 < len) cap *= 2;
        uint8_t *at = plk_mem_take(mem, cap);
        if (s->len > 0) memcpy(at, s->at + s->start, s->len);
        plk_mem_give(mem, s->at);
        s->at = at;
        s->cap = cap;
        s->start = 0;
    }
    if (len > s->len) s->len = len;
}

void plk_span_put(struct plk_mem *mem, struct plk_span *s, uint64_t offset, struct plk_bytes bytes) {
    plk_assert(offset >= s->base);
    if (bytes.len == 0) return;
    size_t at = (size_t)(offset - s->base);
    extend(mem, s, at + bytes.len > s->len ? at + bytes.len : s->len);
    memcpy(s->at + s->start + at, bytes.at, bytes.len);
}

struct plk_bytes plk_span_view(const struct plk_span *s, uint64_t from, uint64_t to) {
    plk_assert(from >= s->base && from <= to && to - s->base <= s->len);
    if (from == to) return plk_bytes(NULL, 0);
    return plk_bytes(s->at + s->start + (from - s->base), (size_t)(to - from));
}

void plk_span_drop(struct plk_span *s, uint64_t to) {
    plk_assert(to >= s->base && to - s->base <= s->len);
    size_t len = (size_t)(to - s->base);
    s->base = to;
    s->start += len;
    s->len -= len;
    if (s->len == 0) s->start = 0;
}

void plk_span_trim(struct plk_mem *mem, struct plk_span *s) {
    if (s->len > 0 || s->cap <= PLK_SPAN_KEEP) return;
    plk_mem_give(mem, s->at);
    s->at = NULL;
    s->cap = 0;
}

void plk_span_free(struct plk_mem *mem, struct plk_span *s) {
    plk_mem_give(mem, s->at);
    *s = (struct plk_span){0};
}
