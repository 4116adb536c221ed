// SPDX-License-Identifier: MIT
#include "base/map.h"

#define CAP_MIN 16

void plk_map_init(struct plk_map *map, struct plk_mem *mem) { *map = (struct plk_map){.mem = mem}; }

void plk_map_free(struct plk_map *map) {
    plk_mem_give(map->mem, map->slots);
    *map = (struct plk_map){.mem = map->mem};
}

static size_t home(const struct plk_map *map, uint64_t key) {
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->cap - 1);
}

// The slot of the key, or the free one where it would be.
static size_t locate(const struct plk_map *map, uint64_t key) {
    size_t at = home(map, key);
    while (map->slots[at].value != 0 && map->slots[at].key != key) at = (at + 1) & (map->cap - 1);
    return at;
}

static void resize(struct plk_map *map, size_t cap) {
    struct plk_map old = *map;
    map->cap = cap;
    map->slots = plk_mem_take(map->mem, cap * sizeof *map->slots);
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].value != 0) map->slots[locate(map, old.slots[i].key)] = old.slots[i];
    }
    plk_mem_give(map->mem, old.slots);
}

uint64_t plk_map_find(const struct plk_map *map, uint64_t key) {
    return map->cap == 0 ? 0 : map->slots[locate(map, key)].value;
}

void plk_map_put(struct plk_map *map, uint64_t key, uint64_t value) {
    plk_assert(value != 0);
    if (4 * (map->used + 1) > 3 * map->cap) resize(map, map->cap == 0 ? CAP_MIN : 2 * map->cap);
    struct plk_map_slot *slot = &map->slots[locate(map, key)];
    map->used += slot->value == 0;
    *slot = (struct plk_map_slot){.key = key, .value = value};
}

// What lies behind moves up, so that no mark of a removed one is needed.
static void close_gap(struct plk_map *map, size_t gap) {
    for (size_t at = gap;;) {
        at = (at + 1) & (map->cap - 1);
        if (map->slots[at].value == 0) break;
        size_t from_home = (at - home(map, map->slots[at].key)) & (map->cap - 1);
        if (from_home < ((at - gap) & (map->cap - 1))) continue; // it would lie before its home
        map->slots[gap] = map->slots[at];
        gap = at;
    }
    map->slots[gap] = (struct plk_map_slot){0};
}

void plk_map_remove(struct plk_map *map, uint64_t key) {
    if (map->cap == 0) return;
    size_t at = locate(map, key);
    if (map->slots[at].value == 0) return;
    close_gap(map, at);
    map->used--;
    if (map->cap > CAP_MIN && 8 * map->used < map->cap) resize(map, map->cap / 2);
}
