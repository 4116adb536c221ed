// SPDX-License-Identifier: MIT
#include "base/mem.h"

// Each block carries its length, so that it can be wiped and given back without the caller's help.
struct block {
    size_t len; // of the whole block, this head included
    size_t pad; // keeps what follows aligned to 16
};

void *plk_mem_take(struct plk_mem *mem, size_t len) {
    plk_assert(len < SIZE_MAX / 2);
    struct block *block = mem->take(mem->ctx, sizeof *block + len);
    plk_assert(block != NULL);
    memset(block, 0, sizeof *block + len);
    block->len = sizeof *block + len;
    mem->used += block->len;
    return block + 1;
}

void plk_mem_give(struct plk_mem *mem, void *at) {
    if (at == NULL) return;
    struct block *block = (struct block *)at - 1;
    size_t len = block->len;
    mem->used -= len;
    plk_mem_wipe(block, len);
    mem->give(mem->ctx, block, len);
}

void *plk_mem_grow(struct plk_mem *mem, void *at, size_t len) {
    void *grown = plk_mem_take(mem, len);
    if (at != NULL) {
        size_t had = ((struct block *)at - 1)->len - sizeof(struct block);
        memcpy(grown, at, had < len ? had : len);
        plk_mem_give(mem, at);
    }
    return grown;
}

void plk_mem_wipe(void *at, size_t len) {
    memset(at, 0, len);
    __asm__ __volatile__("" : : "r"(at) : "memory");
}
