// SPDX-License-Identifier: MIT
#include "node/timers.h"

void plk_timers_init(struct plk_timers *timers, struct plk_mem *mem) { *timers = (struct plk_timers){.mem = mem}; }

void plk_timers_free(struct plk_timers *timers) { plk_mem_give(timers->mem, timers->heap); }

static void put(struct plk_timers *timers, size_t at, struct plk_timer *timer) {
    timers->heap[at] = timer;
    timer->place = at + 1;
}

static void rise(struct plk_timers *timers, size_t at) {
    struct plk_timer *timer = timers->heap[at];
    while (at > 0 && timers->heap[(at - 1) / 2]->due_us > timer->due_us) {
        put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(timers, at, timer);
}

static void sink(struct plk_timers *timers, size_t at) {
    struct plk_timer *timer = timers->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= timers->count) break;
        if (child + 1 < timers->count && timers->heap[child + 1]->due_us < timers->heap[child]->due_us) child++;
        if (timers->heap[child]->due_us >= timer->due_us) break;
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, timer);
}

void plk_timers_set(struct plk_timers *timers, struct plk_timer *timer, uint64_t due_us) {
    if (timer->place == 0) {
        if (timers->count == timers->cap) {
            timers->cap = timers->cap == 0 ? 16 : timers->cap * 2;
            timers->heap = plk_mem_grow(timers->mem, timers->heap, timers->cap * sizeof(struct plk_timer *));
        }
        put(timers, timers->count++, timer);
    }
    timer->due_us = due_us;
    rise(timers, timer->place - 1);
    sink(timers, timer->place - 1);
}

void plk_timers_remove(struct plk_timers *timers, struct plk_timer *timer) {
    if (timer->place == 0) return;
    size_t at = timer->place - 1;
    struct plk_timer *last = timers->heap[--timers->count];
    timer->place = 0;
    if (last == timer) return;
    put(timers, at, last);
    rise(timers, at);
    sink(timers, last->place - 1);
}
