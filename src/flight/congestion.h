// SPDX-License-Identifier: MIT
// The congestion window of one path: slow start and recovery of RFC 9002 section 7, between losses the growth of CUBIC (RFC 9438,
// cubic.h) or of NewReno, and pacing (section 7.7). Packets are known by their order on the path (0, 1, 2, ...): what was sent
// before a recovery began has a lower order than it.
#ifndef PLK_FLIGHT_CONGESTION_H
#define PLK_FLIGHT_CONGESTION_H

#include "flight/cubic.h"
#include "flight/flight.h"

#define PLK_CONGESTION_BURST 10                   // packets that may leave at once (RFC 9002 section 7.7)
#define PLK_CONGESTION_BURST_NS UINT64_C(2000000) // or this much of the rate: no host's timer is finer
#define PLK_CONGESTION_INITIAL_MAX 14720          // bytes (section 7.2)

struct plk_congestion {
    uint64_t size;      // bytes that may be in flight
    uint64_t threshold; // slow start below it
    uint64_t in_flight; // bytes
    uint64_t credit;    // NewReno: bytes acknowledged in congestion avoidance since the window last grew
    uint64_t max;       // bytes
    uint64_t recovery;  // packets of a lower order were sent before the last reduction
    uint64_t pace_ns;   // when all that has left would have left at the paced rate
    // Before the last reduction, and how many of the losses since then nobody has found to be none: none left takes it back.
    uint64_t undo_size, undo_threshold;
    struct plk_cubic cubic, undo_cubic;
    unsigned undo_lost;
    uint32_t mtu;
    enum plk_flight_law law;
};

void plk_congestion_init(struct plk_congestion *w, enum plk_flight_law law, uint32_t mtu, uint64_t max);
// Back to the initial window. What is in flight stays; packets before next_order neither grow nor shrink it
// any more.
void plk_congestion_reset(struct plk_congestion *w, uint64_t next_order);

// A new session: orders begin at 0 again, and nothing of it is in flight.
void plk_congestion_new_orders(struct plk_congestion *w);

void plk_congestion_sent(struct plk_congestion *w, uint64_t now_us, size_t size, uint64_t rtt_us);
// was_full: the sender used the window when the ack arrived (section 7.8): else it does not grow.
struct plk_congestion_ack {
    uint64_t now_us, rtt_us;
    bool was_full;
};
bool plk_congestion_used(const struct plk_congestion *w);
void plk_congestion_acked(struct plk_congestion *w, const struct plk_congestion_ack *ack, uint64_t order, size_t size);
void plk_congestion_dropped(struct plk_congestion *w, size_t size); // no longer in flight, and no sign of congestion
// True when the window was reduced for it.
bool plk_congestion_lost(struct plk_congestion *w, uint64_t order, uint64_t next_order, size_t size);
// That packet arrived after all. When all that made the last reduction did, the window is as it was before.
void plk_congestion_not_lost(struct plk_congestion *w, uint64_t order);
void plk_congestion_collapse(struct plk_congestion *w); // persistent congestion (section 7.6)

static inline bool plk_congestion_fits(const struct plk_congestion *w, size_t size) {
    return w->in_flight + size <= w->size;
}
// When a packet may leave by the pacer: <= now_us means now.
uint64_t plk_congestion_pace_us(const struct plk_congestion *w, uint64_t rtt_us);

#endif
