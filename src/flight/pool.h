// SPDX-License-Identifier: MIT
// The packets that are outstanding, in lists, without an allocation per packet: one array that grows to
// PLK_FLIGHT_PACKETS; links are indices into it. Pointers into the array hold until the next plk_pool_take.
#ifndef PLK_FLIGHT_POOL_H
#define PLK_FLIGHT_POOL_H

#include "flight/flight.h"
#include "flight/late.h"

#define PLK_POOL_NONE UINT32_MAX
#define PLK_POOL_KEEP 256 // places that an empty pool keeps: a burst does not cost memory for ever

enum plk_pool_fate { PLK_POOL_FLYING, PLK_POOL_ACKED, PLK_POOL_LOST };

struct plk_pool_packet {
    uint64_t pn;
    uint64_t order; // on its path
    uint64_t sent_us;
    uint64_t acks; // one more than the largest number that an ACK in it acknowledged, 0: it held none
    uint32_t prev, next;
    uint32_t size;
    uint32_t path; // the caller's id
    bool trial;
    uint8_t fate;
    uint8_t count; // items
    uint8_t told;  // items already reported
    struct plk_frame_item items[PLK_FLIGHT_ITEMS];
};

struct plk_pool_list {
    uint32_t head, tail;
    unsigned count;
};

struct plk_pool {
    struct plk_pool_packet *at;
    unsigned cap, used;
    uint32_t free; // linked by next
    struct plk_late late;
};

#define PLK_POOL_LIST_EMPTY ((struct plk_pool_list){.head = PLK_POOL_NONE, .tail = PLK_POOL_NONE, .count = 0})

void plk_pool_init(struct plk_pool *pool);
void plk_pool_free(struct plk_mem *mem, struct plk_pool *pool);
void plk_pool_trim(struct plk_mem *mem, struct plk_pool *pool);     // gives back what an empty pool need not keep
uint32_t plk_pool_take(struct plk_mem *mem, struct plk_pool *pool); // traps beyond PLK_FLIGHT_PACKETS
void plk_pool_give(struct plk_pool *pool, uint32_t index);          // it is in no list
void plk_pool_append(struct plk_pool *pool, struct plk_pool_list *list, uint32_t index);
void plk_pool_remove(struct plk_pool *pool, struct plk_pool_list *list, uint32_t index);
void plk_pool_join(struct plk_pool *pool, struct plk_pool_list *to,
                   struct plk_pool_list *from); // from is empty then

#endif
