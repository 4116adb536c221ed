// SPDX-License-Identifier: MIT
// An allocator that looks at what is given back: it must be all zero, and of the length that was taken.
#ifndef PLK_TESTS_UNIT_BASE_HEAP_H
#define PLK_TESTS_UNIT_BASE_HEAP_H

#include <stdlib.h>

#include "base/mem.h"

struct heap {
    size_t taken, blocks;
};

static inline void *heap_take(void *ctx, size_t len) {
    struct heap *heap = ctx;
    uint8_t *at = malloc(len);
    assert_non_null(at);
    memset(at, 0xdd, len); // whoever wants zeroes has to write them
    heap->taken += len;
    heap->blocks++;
    return at;
}

static inline void heap_give(void *ctx, void *at, size_t len) {
    struct heap *heap = ctx;
    const uint8_t *bytes = at;
    for (size_t i = 0; i < len; i++) assert_int_equal(bytes[i], 0);
    assert_true(heap->taken >= len && heap->blocks > 0);
    heap->taken -= len;
    heap->blocks--;
    free(at);
}

static inline struct plk_mem heap_mem(struct heap *heap) {
    *heap = (struct heap){0};
    return (struct plk_mem){.ctx = heap, .take = heap_take, .give = heap_give};
}

#endif
