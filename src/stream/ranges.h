// SPDX-License-Identifier: MIT
// A set of byte offsets as ascending half-open ranges that do not touch: what was acknowledged, lost or
// received out of order. At most PLK_STREAMS_RANGES of them. Zero-initialised it is empty and valid.
#ifndef PLK_STREAM_RANGES_H
#define PLK_STREAM_RANGES_H

#include "base/bytes.h"

struct plk_ranges_one {
    uint64_t from, to; // from < to
};

struct plk_ranges {
    struct plk_ranges_one *at;
    unsigned count, cap;
};

// Adds [from, to). false: there would be too many, nothing has changed.
bool plk_ranges_add(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to);
// Adds at least [from, to): where there would be too many, the gap to a neighbour is added too.
void plk_ranges_add_about(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to);
// Removes [from, to); where that would make too many, the upper rest stays whole and nothing is removed from
// it.
void plk_ranges_remove(struct plk_mem *mem, struct plk_ranges *r, uint64_t from, uint64_t to);
// The first part of [from, to) that is not in the set; false: all of it is.
bool plk_ranges_gap(const struct plk_ranges *r, uint64_t from, uint64_t to, struct plk_ranges_one *gap);
// plk_ranges_add would succeed.
bool plk_ranges_fits(const struct plk_ranges *r, uint64_t from, uint64_t to);
void plk_ranges_free(struct plk_mem *mem, struct plk_ranges *r);

#endif
