// SPDX-License-Identifier: MIT
// What the core takes from outside for memory: the four mem* functions and strlen, declared here because the core includes
// no libc header, and an allocator that is injected. Exhausted memory traps: for a core whose every promise is already on
// disk, a crash is a normal event, and code that limps on with half a mutation is not.
#ifndef PLK_BASE_MEM_H
#define PLK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef PLK_HOSTED
#include <string.h>
#else
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *at, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
#endif

// A programmer's error: stop at once. Never used on anything a peer, a user or a disk can cause.
#define plk_assert(condition) ((condition) ? (void)0 : __builtin_trap())

struct plk_mem {
    void *ctx;
    void *(*take)(void *ctx, size_t len);          // NULL when there is none
    void (*give)(void *ctx, void *at, size_t len); // the len that was taken
    size_t used;                                   // bytes now taken, for limits and tests
};

// len zeroed bytes, aligned for any type. Never NULL: traps when memory is exhausted. The caller owns them until plk_mem_give.
void *plk_mem_take(struct plk_mem *mem, size_t len);

// Wipes and frees what plk_mem_take gave; NULL is fine.
void plk_mem_give(struct plk_mem *mem, void *at);

// Grows (or takes, when at is NULL) to len bytes; the new part is zeroed, the old block is wiped.
void *plk_mem_grow(struct plk_mem *mem, void *at, size_t len);

// Overwrites a secret; the compiler cannot drop it.
void plk_mem_wipe(void *at, size_t len);

#endif
