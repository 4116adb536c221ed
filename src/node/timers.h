// SPDX-License-Identifier: MIT
// When the next of many things is due: a heap of deadlines that are kept as they are until somebody sets them anew. Of two that
// are due at once the order follows from the calls alone.
#ifndef PLK_NODE_TIMERS_H
#define PLK_NODE_TIMERS_H

#include "base/time.h"

// Part of what it is for, which it names by `owner`. All zero: not in any heap.
struct plk_timer {
    uint64_t due_us; // mono; PLK_NEVER
    size_t place;    // in the heap, from 1; 0: not in it
    void *owner;
};

struct plk_timers {
    struct plk_mem *mem;
    struct plk_timer **heap; // [0] is the earliest; not owned
    size_t count, cap;
};

void plk_timers_init(struct plk_timers *timers, struct plk_mem *mem);
void plk_timers_free(struct plk_timers *timers); // the timers themselves are their owners'

void plk_timers_set(struct plk_timers *timers, struct plk_timer *timer, uint64_t due_us); // puts it in, or moves it
void plk_timers_remove(struct plk_timers *timers, struct plk_timer *timer);               // no effect if it is not in

// The earliest, or NULL.
static inline struct plk_timer *plk_timers_first(const struct plk_timers *timers) {
    return timers->count == 0 ? NULL : timers->heap[0];
}
static inline uint64_t plk_timers_due(const struct plk_timers *timers) {
    return timers->count == 0 ? PLK_NEVER : timers->heap[0]->due_us;
}

#endif
