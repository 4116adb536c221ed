// SPDX-License-Identifier: MIT
#include "stream/ranges.h"

#include "stream/streams.h"

// The first range that ends at or after offset.
static unsigned find(const struct plk_ranges *r, uint64_t offset) {
    unsigned low = 0, high = r->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (r->at[middle].to < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// One past the last range that begins at or before offset, from i on.
static unsigned reach(const struct plk_ranges *r, unsigned i, uint64_t offset) {
    while (i < r->count && r->at[i].from <= offset) i++;
    return i;
}

static void grow(struct plk_mem *mem, struct plk_ranges *r) {
    if (r->count < r->cap) return;
    r->cap = r->cap == 0 ? 8 : r->cap * 2;
    r->at = plk_mem_grow(mem, r->at, r->cap * sizeof *r->at);
}

// Replaces count ranges at i by one.
static void replace(struct plk_mem *mem, struct plk_ranges *r, unsigned i, unsigned count, struct plk_ranges_one one) {
    if (count == 0) grow(mem, r);
    memmove(&r->at[i + 1], &r->at[i + count], (r->count - i - count) * sizeof *r->at);
    r->at[i] = one;
    r->count = r->count + 1 - count;
}

bool plk_ranges_fits(const struct plk_ranges *r, uint64_t from, uint64_t to) {
    unsigned i = find(r, from);
    return r->count < PLK_STREAMS_RANGES || (i < r->count && r->at[i].from <= to);
}

bool plk_ranges_add(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to) {
    if (from >= to) return true;
    if (!plk_ranges_fits(r, from, to)) return false;
    unsigned i = find(r, from), end = reach(r, i, to);
    if (end > i) {
        if (r->at[i].from < from) from = r->at[i].from;
        if (r->at[end - 1].to > to) to = r->at[end - 1].to;
    }
    replace(mem, r, i, end - i, (struct plk_ranges_one){.from = from, .to = to});
    return true;
}

void plk_ranges_add_about(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to) {
    if (plk_ranges_add(mem, r, from, to)) return;
    unsigned i = find(r, from);
    if (i < r->count) {
        r->at[i].from = from;
    } else {
        r->at[i - 1].to = to;
    }
}

void plk_ranges_remove(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to) {
    if (from >= to) return;
    unsigned i = find(r, from);
    while (i < r->count && r->at[i].from < to) {
        struct plk_ranges_one *one = &r->at[i];
        if (one->from >= from && one->to <= to) {
            r->count--;
            memmove(one, one + 1, (r->count - i) * sizeof *one);
        } else if (one->from < from && one->to > to) {
            if (r->count == PLK_STREAMS_RANGES) return;
            struct plk_ranges_one upper = {.from = to, .to = one->to};
            one->to = from;
            replace(mem, r, i + 1, 0, upper);
            return;
        } else if (one->from < from) {
            if (one->to > from) one->to = from;
            i++;
        } else {
            one->from = to;
            return;
        }
    }
}

bool plk_ranges_gap(const struct plk_ranges *r, uint64_t from, uint64_t to, struct plk_ranges_one *gap) {
    unsigned i = find(r, from);
    if (i < r->count && r->at[i].from <= from) {
        from = r->at[i].to;
        i++;
    }
    if (from >= to) return false;
    *gap = (struct plk_ranges_one){.from = from, .to = i < r->count && r->at[i].from < to ? r->at[i].from : to};
    return true;
}

void plk_ranges_free(struct plk_mem *mem, struct plk_ranges *r) {
    plk_mem_give(mem, r->at);
    *r = (struct plk_ranges){0};
}
