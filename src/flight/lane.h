// SPDX-License-Identifier: MIT
// One path as flight sees it: its outstanding packets in order of sending, loss detection (RFC 9002 section
// 6), probe time-outs (6.2) and persistent congestion (7.6) over rtt and congestion.
#ifndef PLK_FLIGHT_LANE_H
#define PLK_FLIGHT_LANE_H

#include "flight/pool.h"
#include "flight/rtt.h"
#include "flight/congestion.h"

struct plk_lane {
    bool used;
    bool probe_due, silent_due; // to be reported
    uint32_t id;
    enum plk_flight_carrier carrier;
    struct plk_rtt rtt;
    struct plk_congestion congestion;
    struct plk_pool_list flying;
    uint64_t next_order;
    uint64_t acked_to; // one more than the highest order acknowledged
    // Packets of a lower order left before a reset: they say nothing about the path as it is now.
    uint64_t fresh_from;
    uint64_t loss_us;    // when the oldest packet overtaken becomes lost, PLK_NEVER
    uint64_t sent_us;    // of the last ack-eliciting packet
    uint64_t timeout_us; // of the last probe time-out
    uint64_t acked_us;
    uint64_t waiting_us; // since when an acknowledgement is waited for, whatever was sent later; 0: it is not known
    bool quiet;          // it was reported that none comes
    unsigned ptos;       // in a row
    unsigned probes;     // that may pass window and pacer
    uint32_t retry;      // packet of which copies are to be reported, PLK_POOL_NONE
    uint8_t retry_told;
    uint64_t run_order,
        run_since_us; // of lost packets without an acknowledged one in between: the next order, the start
    // How this path reorders, as far as it has shown: later packets, and part of a round trip, that do not yet mean a loss.
    unsigned overtakers, time_shift;
    unsigned large_lost;  // packets above PLK_FLIGHT_LARGE, none of them acknowledged in between
    unsigned true_losses; // reductions of the window since a packet was last seen to be only late
    uint64_t packets_sent, packets_acked, packets_lost, persistent, late;
};

void plk_lane_init(struct plk_lane *lane, const struct plk_flight_path *path);
void plk_lane_reset(struct plk_lane *lane, bool keep_rtt);

// Appends the packet, whose order and sent_us it sets.
void plk_lane_sent(struct plk_lane *lane, struct plk_pool *pool, uint32_t index, uint64_t now_us);

// Moves what the ack names to the end of newly, takes an RTT sample where the largest number is among it,
// finds what is lost by it and moves that to the end of lost.
void plk_lane_acked(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, const struct plk_frame_ack *ack,
                    struct plk_pool_list *newly, struct plk_pool_list *lost);
// Lost by time; or a probe time-out.
void plk_lane_tick(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, struct plk_pool_list *lost);
// A new lane on the path of another, in another session: orders begin anew.
void plk_lane_carry_over(struct plk_lane *lane, const struct plk_lane *from);
// All that is outstanding is lost; the lane stays.
void plk_lane_left(struct plk_lane *lane, struct plk_pool *pool, struct plk_pool_list *lost);
// All that is outstanding is lost, and the lane is free.
void plk_lane_dead(struct plk_lane *lane, struct plk_pool *pool, struct plk_pool_list *lost);

uint64_t plk_lane_deadline(const struct plk_lane *lane);

#endif
