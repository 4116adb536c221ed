// SPDX-License-Identifier: MIT
// From numbers to numbers or pointers: open addressing, grows and shrinks. Keys that a stranger may choose are hashed with a
// secret first (plk_siphash): here they are only spread.
#ifndef PLK_BASE_MAP_H
#define PLK_BASE_MAP_H

#include "base/mem.h"

struct plk_map_slot {
    uint64_t key;
    uint64_t value; // 0: free
};

struct plk_map {
    struct plk_mem *mem;
    struct plk_map_slot *slots;
    size_t cap, used; // cap: a power of two, or 0
};

void plk_map_init(struct plk_map *map, struct plk_mem *mem);
void plk_map_free(struct plk_map *map); // the map is empty and valid again

uint64_t plk_map_find(const struct plk_map *map, uint64_t key);      // 0: not there
void plk_map_put(struct plk_map *map, uint64_t key, uint64_t value); // replaces; value is not 0
void plk_map_remove(struct plk_map *map, uint64_t key);              // not there: no effect

static inline void *plk_map_pointer(const struct plk_map *map, uint64_t key) {
    return (void *)(uintptr_t)plk_map_find(map, key);
}
static inline void plk_map_put_pointer(struct plk_map *map, uint64_t key, void *at) {
    plk_map_put(map, key, (uint64_t)(uintptr_t)at);
}

#endif
