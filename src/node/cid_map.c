// SPDX-License-Identifier: MIT
#include "node/cid_map.h"

void plk_cid_map_init(struct plk_cid_map *map, struct plk_mem *mem) { *map = (struct plk_cid_map){.mem = mem}; }

void plk_cid_map_free(struct plk_cid_map *map) { plk_mem_give(map->mem, map->slots); }

static size_t start_of(const struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]) {
    size_t hash = 0;
    for (size_t i = 0; i < PLK_CID_LEN; i++) hash = hash << 8 | cid[i];
    return hash & (map->slot_count - 1);
}

// The slot of the id, or the free one where it belongs.
static struct plk_cid_entry *slot_of(const struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]) {
    for (size_t i = start_of(map, cid);; i = (i + 1) & (map->slot_count - 1)) {
        struct plk_cid_entry *slot = &map->slots[i];
        if (slot->link == NULL || memcmp(slot->cid, cid, PLK_CID_LEN) == 0) return slot;
    }
}

static void grow(struct plk_cid_map *map) {
    struct plk_cid_entry *old = map->slots;
    size_t old_count = map->slot_count;
    map->slot_count = old_count == 0 ? 64 : old_count * 2;
    map->slots = plk_mem_take(map->mem, map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].link != NULL) *slot_of(map, old[i].cid) = old[i];
    }
    plk_mem_give(map->mem, old);
}

void plk_cid_map_put(struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN], struct plk_link *link, uint32_t channel) {
    if ((map->used + 1) * 2 > map->slot_count) grow(map);
    struct plk_cid_entry *slot = slot_of(map, cid);
    if (slot->link == NULL) map->used++;
    memcpy(slot->cid, cid, PLK_CID_LEN);
    slot->link = link;
    slot->channel = channel;
}

const struct plk_cid_entry *plk_cid_map_find(const struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]) {
    if (map->slot_count == 0) return NULL;
    const struct plk_cid_entry *slot = slot_of(map, cid);
    return slot->link == NULL ? NULL : slot;
}

// Backward-shift deletion: no tombstones, so the map never fills with the dead.
void plk_cid_map_remove(struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]) {
    if (map->slot_count == 0) return;
    struct plk_cid_entry *slot = slot_of(map, cid);
    if (slot->link == NULL) return;
    size_t mask = map->slot_count - 1, hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].link != NULL; i = (i + 1) & mask) {
        size_t home = start_of(map, map->slots[i].cid);
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        map->slots[hole] = map->slots[i];
        hole = i;
    }
    memset(&map->slots[hole], 0, sizeof map->slots[hole]);
    map->used--;
}
