// SPDX-License-Identifier: MIT
#include "flight/pool.h"

// The packets alone: what was lost lately outlives an array that is given back while nothing is under way.
static void empty(struct plk_pool *pool) {
    pool->at = NULL;
    pool->cap = pool->used = 0;
    pool->free = PLK_POOL_NONE;
}

void plk_pool_init(struct plk_pool *pool) {
    memset(pool, 0, sizeof *pool);
    empty(pool);
}

void plk_pool_free(struct plk_mem *mem, struct plk_pool *pool) {
    plk_mem_give(mem, pool->at);
    empty(pool);
}

void plk_pool_trim(struct plk_mem *mem, struct plk_pool *pool) {
    if (pool->used == 0 && pool->cap > PLK_POOL_KEEP) plk_pool_free(mem, pool);
}

static void grow(struct plk_mem *mem, struct plk_pool *pool) {
    unsigned cap = pool->cap == 0 ? 16 : pool->cap * 2;
    plk_assert(cap <= PLK_FLIGHT_PACKETS);
    pool->at = plk_mem_grow(mem, pool->at, cap * sizeof *pool->at);
    for (unsigned i = cap; i > pool->cap; i--) {
        pool->at[i - 1].next = pool->free;
        pool->free = i - 1;
    }
    pool->cap = cap;
}

uint32_t plk_pool_take(struct plk_mem *mem, struct plk_pool *pool) {
    if (pool->free == PLK_POOL_NONE) grow(mem, pool);
    uint32_t index = pool->free;
    pool->free = pool->at[index].next;
    pool->used++;
    return index;
}

void plk_pool_give(struct plk_pool *pool, uint32_t index) {
    pool->at[index].next = pool->free;
    pool->free = index;
    pool->used--;
}

void plk_pool_append(struct plk_pool *pool, struct plk_pool_list *list, uint32_t index) {
    pool->at[index].prev = list->tail;
    pool->at[index].next = PLK_POOL_NONE;
    if (list->tail != PLK_POOL_NONE) {
        pool->at[list->tail].next = index;
    } else {
        list->head = index;
    }
    list->tail = index;
    list->count++;
}

void plk_pool_remove(struct plk_pool *pool, struct plk_pool_list *list, uint32_t index) {
    struct plk_pool_packet *packet = &pool->at[index];
    if (packet->prev != PLK_POOL_NONE) {
        pool->at[packet->prev].next = packet->next;
    } else {
        list->head = packet->next;
    }
    if (packet->next != PLK_POOL_NONE) {
        pool->at[packet->next].prev = packet->prev;
    } else {
        list->tail = packet->prev;
    }
    list->count--;
}

void plk_pool_join(struct plk_pool *pool, struct plk_pool_list *to, struct plk_pool_list *from) {
    if (from->count == 0) return;
    if (to->count == 0) {
        *to = *from;
    } else {
        pool->at[to->tail].next = from->head;
        pool->at[from->head].prev = to->tail;
        to->tail = from->tail;
        to->count += from->count;
    }
    *from = PLK_POOL_LIST_EMPTY;
}
