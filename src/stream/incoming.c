// SPDX-License-Identifier: MIT
#include "stream/incoming.h"

void plk_incoming_init(struct plk_incoming *in, uint64_t window_max) {
    *in = (struct plk_incoming){.limit = PLK_STREAMS_WINDOW, .window = PLK_STREAMS_WINDOW, .window_max = window_max};
}

void plk_incoming_free(struct plk_mem *mem, struct plk_incoming *in) {
    plk_span_free(mem, &in->span);
    plk_ranges_free(mem, &in->pieces);
}

// RFC 9000 section 4.1 (limits) and 4.5 (final size).
enum plk_err plk_incoming_check(const struct plk_incoming *in, uint64_t budget, uint64_t offset, size_t len, bool fin) {
    uint64_t end = offset + len;
    if (end > in->limit || (end > in->highest && end - in->highest > budget)) return PLK_ERR_MALFORMED;
    if (in->has_final && (end > in->final || (fin && end != in->final))) return PLK_ERR_MALFORMED;
    if (fin && end < in->highest) return PLK_ERR_MALFORMED;
    if (offset > in->ready_to && len > 0 && !plk_ranges_fits(&in->pieces, offset, end)) return PLK_ERR_LIMIT;
    return PLK_ERR_OK;
}

size_t plk_incoming_take(struct plk_mem *mem, struct plk_incoming *in, uint64_t offset, struct plk_bytes bytes,
                         bool fin) {
    uint64_t end = offset + bytes.len, from = offset > in->ready_to ? offset : in->ready_to;
    struct plk_ranges_one gap;
    size_t fresh = 0;
    if (fin) in->has_final = true;
    if (fin) in->final = end;
    if (end > in->highest) in->highest = end;
    for (uint64_t at = from; at < end && plk_ranges_gap(&in->pieces, at, end, &gap); at = gap.to) {
        size_t len = (size_t)(gap.to - gap.from);
        plk_span_put(mem, &in->span, gap.from, plk_bytes(bytes.at + (gap.from - offset), len));
        fresh += len;
    }
    if (from >= end) return 0;
    if (from > in->ready_to) {
        plk_assert(plk_ranges_add(mem, &in->pieces, from, end));
        return fresh;
    }
    in->ready_to = end;
    while (in->pieces.count > 0 && in->pieces.at[0].from <= in->ready_to) {
        if (in->pieces.at[0].to > in->ready_to) in->ready_to = in->pieces.at[0].to;
        plk_ranges_remove(mem, &in->pieces, 0, in->ready_to);
    }
    return fresh;
}

void plk_incoming_consume(struct plk_mem *mem, struct plk_incoming *in, size_t len) {
    plk_assert(len <= in->ready_to - in->span.base);
    plk_span_drop(&in->span, in->span.base + len);
    if (in->window_max <= PLK_STREAMS_WINDOW) plk_span_trim(mem, &in->span);
}

void plk_incoming_open(struct plk_incoming *in) {
    if (in->has_final || in->span.base + in->window < in->limit + in->window / 2) return;
    if (in->window < in->window_max) in->window *= 2;
    in->limit = in->span.base + in->window;
    in->limit_due = true;
}
