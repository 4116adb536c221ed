// SPDX-License-Identifier: MIT
// From a connection id of one's own to the link that issued it: the first thing that a data packet is asked.
#ifndef PLK_NODE_CID_MAP_H
#define PLK_NODE_CID_MAP_H

#include "base/mem.h"

#define PLK_CID_LEN 8

struct plk_link;

struct plk_cid_entry {
    uint8_t cid[PLK_CID_LEN];
    struct plk_link *link; // NULL: free
    uint32_t channel;      // which of the link's sessions, or its attempt
};

struct plk_cid_map {
    struct plk_mem *mem;
    struct plk_cid_entry *slots; // open addressing; ids are random, so their own bytes are the hash
    size_t slot_count, used;
};

void plk_cid_map_init(struct plk_cid_map *map, struct plk_mem *mem);
void plk_cid_map_free(struct plk_cid_map *map);
void plk_cid_map_put(struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN], struct plk_link *link, uint32_t channel);
void plk_cid_map_remove(struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]); // unknown: no effect
const struct plk_cid_entry *plk_cid_map_find(const struct plk_cid_map *map, const uint8_t cid[PLK_CID_LEN]); // or NULL

#endif
