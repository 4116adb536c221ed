// SPDX-License-Identifier: MIT
// The congestion window of one path: NewReno of RFC 9002 section 7, and pacing (section 7.7). Packets are
// known by their order on the path (0, 1, 2, ...): what was sent before a recovery began has a lower order
// than it.
#ifndef PLK_FLIGHT_RENO_H
#define PLK_FLIGHT_RENO_H

#include "base/time.h"

#define PLK_RENO_BURST 10                   // packets that may leave at once (RFC 9002 section 7.7)
#define PLK_RENO_BURST_NS UINT64_C(2000000) // or this much of the rate: no host's timer is finer
#define PLK_RENO_INITIAL_MAX 14720          // bytes (section 7.2)

struct plk_reno {
    uint64_t size;      // bytes that may be in flight
    uint64_t threshold; // slow start below it
    uint64_t in_flight; // bytes
    uint64_t credit;    // bytes acknowledged in congestion avoidance since the window last grew
    uint64_t max;       // bytes
    uint64_t recovery;  // packets of a lower order were sent before the last reduction
    uint64_t pace_ns;   // when all that has left would have left at the paced rate
    // Before the last reduction, and how many of the losses since then nobody has found to be none: none left takes it back.
    uint64_t undo_size, undo_threshold;
    unsigned undo_lost;
    uint32_t mtu;
};

void plk_reno_init(struct plk_reno *w, uint32_t mtu, uint64_t max);
// Back to the initial window. What is in flight stays; packets before next_order neither grow nor shrink it
// any more.
void plk_reno_reset(struct plk_reno *w, uint64_t next_order);

// A new session: orders begin at 0 again, and nothing of it is in flight.
void plk_reno_new_orders(struct plk_reno *w);

void plk_reno_sent(struct plk_reno *w, uint64_t now_us, size_t size, uint64_t rtt_us);
// was_full: the sender used the window when the ack arrived (section 7.8): else it does not grow.
bool plk_reno_used(const struct plk_reno *w);
void plk_reno_acked(struct plk_reno *w, uint64_t order, bool was_full, size_t size);
void plk_reno_dropped(struct plk_reno *w, size_t size); // no longer in flight, and no sign of congestion
// True when the window was reduced for it.
bool plk_reno_lost(struct plk_reno *w, uint64_t order, uint64_t next_order, size_t size);
// That packet arrived after all. When all that made the last reduction did, the window is as it was before.
void plk_reno_not_lost(struct plk_reno *w, uint64_t order);
void plk_reno_collapse(struct plk_reno *w); // persistent congestion (section 7.6)

static inline bool plk_reno_fits(const struct plk_reno *w, size_t size) { return w->in_flight + size <= w->size; }
// When a packet may leave by the pacer: <= now_us means now.
uint64_t plk_reno_pace_us(const struct plk_reno *w, uint64_t rtt_us);

#endif
