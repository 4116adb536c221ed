// SPDX-License-Identifier: MIT
#include "flight/lane.h"

#define PTO_SHIFT_MAX 16 // the cap in time comes first

void plk_lane_init(struct plk_lane *lane, const struct plk_flight_path *path) {
    plk_assert(path->mtu >= 256 && path->mtu <= 65535);
    *lane = (struct plk_lane){
        .used = true,
        .id = path->id,
        .carrier = path->carrier,
        .flying = PLK_POOL_LIST_EMPTY,
        .loss_us = PLK_NEVER,
        .retry = PLK_POOL_NONE,
        .overtakers = PLK_FLIGHT_PACKET_THRESHOLD,
        .time_shift = PLK_FLIGHT_TIME_SHIFT,
    };
    plk_rtt_init(&lane->rtt);
    if (path->rtt_us != 0) plk_rtt_sample(&lane->rtt, 0, path->rtt_us, 0);
    plk_congestion_init(&lane->congestion, path->law, path->mtu,
                        path->window_max != 0 ? path->window_max : PLK_FLIGHT_WINDOW_MAX);
}

void plk_lane_reset(struct plk_lane *lane, bool keep_rtt) {
    if (!keep_rtt) {
        plk_rtt_init(&lane->rtt);
        lane->overtakers = PLK_FLIGHT_PACKET_THRESHOLD;
        lane->time_shift = PLK_FLIGHT_TIME_SHIFT;
    }
    plk_congestion_reset(&lane->congestion, lane->next_order);
    lane->fresh_from = lane->next_order;
    lane->ptos = 0;
    lane->probes = 0;
    lane->waiting_us = 0;
    lane->quiet = false;
}

void plk_lane_sent(struct plk_lane *lane, struct plk_pool *pool, uint32_t index, uint64_t now_us) {
    struct plk_pool_packet *packet = &pool->at[index];
    if (lane->flying.count == 0 || lane->waiting_us == 0) lane->waiting_us = now_us;
    packet->order = lane->next_order++;
    packet->sent_us = now_us;
    packet->path = lane->id;
    packet->fate = PLK_POOL_FLYING;
    plk_pool_append(pool, &lane->flying, index);
    plk_congestion_sent(&lane->congestion, now_us, packet->size, lane->rtt.smoothed_us);
    lane->sent_us = now_us;
    if (lane->probes > 0) lane->probes--;
    lane->packets_sent++;
}

static void take_off(struct plk_lane *lane, struct plk_pool *pool, uint32_t index, struct plk_pool_list *to) {
    plk_pool_remove(pool, &lane->flying, index);
    plk_pool_append(pool, to, index);
    if (lane->retry == index) lane->retry = PLK_POOL_NONE;
}

// A run of lost packets, none acknowledged in between, that spans this long: the path carries nothing
// (section 7.6). The packets must have left after the first RTT sample.
static void note_run(struct plk_lane *lane, const struct plk_pool_packet *packet) {
    if (!lane->rtt.has || packet->sent_us < lane->rtt.first_us || packet->order < lane->fresh_from) return;
    if (packet->order != lane->run_order || lane->run_order == 0) lane->run_since_us = packet->sent_us;
    lane->run_order = packet->order + 1;
    if (packet->sent_us - lane->run_since_us > 3 * plk_rtt_pto_us(&lane->rtt)) {
        plk_congestion_collapse(&lane->congestion);
        lane->run_order = 0;
        lane->persistent++;
    }
}

// A path may change and reorder no more: what it showed is believed for so many losses that were none of it.
static void grow_impatient(struct plk_lane *lane) {
    if (++lane->true_losses < PLK_FLIGHT_PATIENT_LOSSES) return;
    lane->true_losses = 0;
    lane->overtakers -= (lane->overtakers - PLK_FLIGHT_PACKET_THRESHOLD + 1) / 2;
    if (lane->time_shift < PLK_FLIGHT_TIME_SHIFT) lane->time_shift++;
}

static void lose(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, uint32_t index,
                 struct plk_pool_list *lost) {
    struct plk_pool_packet *packet = &pool->at[index];
    if (packet->trial) {
        take_off(lane, pool, index, lost);
        packet->fate = PLK_POOL_LOST;
        plk_congestion_dropped(&lane->congestion, packet->size);
        return;
    }
    struct plk_late_packet late = {.pn = packet->pn, .order = packet->order, .sent_us = packet->sent_us};
    late.lost_us = now_us;
    late.path = lane->id;
    plk_late_lost(&pool->late, &late);
    take_off(lane, pool, index, lost);
    packet->fate = PLK_POOL_LOST;
    if (packet->size > PLK_FLIGHT_LARGE) lane->large_lost++;
    lane->packets_lost++;
    if (plk_congestion_lost(&lane->congestion, packet->order, lane->next_order, packet->size)) grow_impatient(lane);
    note_run(lane, packet);
}

// Declared lost, and here is its acknowledgement: wait longer from now on, and take back what the window paid for it. Without
// this a path that reorders by more than three packets keeps the smallest window for ever.
static void was_late(struct plk_lane *lane, const struct plk_late_packet *packet, uint64_t now_us) {
    uint64_t overtakers = lane->acked_to > packet->order ? lane->acked_to - packet->order : 0;
    if (overtakers > PLK_FLIGHT_PACKET_THRESHOLD_MAX) overtakers = PLK_FLIGHT_PACKET_THRESHOLD_MAX;
    if (overtakers > lane->overtakers) lane->overtakers = (unsigned)overtakers;
    uint64_t took_us = now_us - packet->sent_us;
    while (lane->time_shift > 0 && plk_rtt_loss_us(&lane->rtt, lane->time_shift) < took_us) lane->time_shift--;
    lane->true_losses = 0;
    lane->late++;
    plk_congestion_not_lost(&lane->congestion, packet->order);
}

// Section 6.1: a packet is lost when a later one of this path was acknowledged, and three later ones (more where packets
// were seen to overtake each other) were sent by then or it left long enough ago. The list is in order of sending: what comes after the first that
// is not lost is not lost.
static void detect(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, struct plk_pool_list *lost) {
    lane->loss_us = PLK_NEVER;
    if (lane->carrier == PLK_FLIGHT_RELIABLE) return;
    uint64_t patience_us = plk_rtt_loss_us(&lane->rtt, lane->time_shift);
    while (lane->flying.head != PLK_POOL_NONE) {
        const struct plk_pool_packet *packet = &pool->at[lane->flying.head];
        if (packet->order >= lane->acked_to) return;
        bool overtaken = lane->acked_to - 1 - packet->order >= lane->overtakers;
        if (!overtaken && packet->sent_us + patience_us > now_us) {
            lane->loss_us = packet->sent_us + patience_us;
            return;
        }
        lose(lane, pool, now_us, lane->flying.head, lost);
    }
}

// Both the list and, from its end, the ranges ascend: each packet and each range is looked at once. Packets
// that are not named and older than the largest stay for detect, which keeps their number small.
static void collect(struct plk_lane *lane, struct plk_pool *pool, const struct plk_frame_ack *ack,
                    struct plk_pool_list *newly) {
    unsigned i = ack->count;
    for (uint32_t at = lane->flying.head; at != PLK_POOL_NONE && i > 0;) {
        struct plk_pool_packet *packet = &pool->at[at];
        uint32_t next = packet->next;
        while (i > 0 && ack->ranges[i - 1].last < packet->pn) i--;
        if (i > 0 && packet->pn >= ack->ranges[i - 1].first) {
            take_off(lane, pool, at, newly);
            packet->fate = PLK_POOL_ACKED;
            if (packet->size > PLK_FLIGHT_LARGE) lane->large_lost = 0;
            lane->acked_to = packet->order + 1 > lane->acked_to ? packet->order + 1 : lane->acked_to;
        }
        at = next;
    }
}

void plk_lane_acked(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, const struct plk_frame_ack *ack,
                    struct plk_pool_list *newly, struct plk_pool_list *lost) {
    struct plk_pool_list mine = PLK_POOL_LIST_EMPTY;
    struct plk_congestion_ack window_ack = {.now_us = now_us, .was_full = plk_congestion_used(&lane->congestion)};
    collect(lane, pool, ack, &mine);
    for (struct plk_late_packet late; plk_late_take(&pool->late, lane->id, ack, now_us, &late);)
        was_late(lane, &late, now_us);
    if (mine.count == 0) return;
    const struct plk_pool_packet *newest = &pool->at[mine.tail];
    if (newest->pn == ack->ranges[0].last && newest->order >= lane->fresh_from) {
        plk_rtt_sample(&lane->rtt, now_us, now_us - newest->sent_us, ack->delay_us);
    }
    lane->acked_us = lane->waiting_us = now_us;
    lane->quiet = false;
    lane->ptos = 0;
    lane->probes = 0;
    lane->packets_acked += mine.count;
    detect(lane, pool, now_us, lost); // first: what it finds decides whether the window may grow
    window_ack.rtt_us = lane->rtt.smoothed_us;
    for (uint32_t at = mine.head; at != PLK_POOL_NONE; at = pool->at[at].next) {
        plk_congestion_acked(&lane->congestion, &window_ack, pool->at[at].order, pool->at[at].size);
    }
    plk_pool_join(pool, newly, &mine);
}

static uint64_t pto_us(const struct plk_lane *lane) {
    unsigned shift = lane->ptos < PTO_SHIFT_MAX ? lane->ptos : PTO_SHIFT_MAX;
    return plk_earlier(plk_rtt_pto_us(&lane->rtt) << shift, PLK_FLIGHT_PTO_MAX_US);
}

static uint64_t pto_deadline(const struct plk_lane *lane) {
    if (lane->flying.count == 0) return PLK_NEVER;
    uint64_t since_us = lane->sent_us > lane->timeout_us ? lane->sent_us : lane->timeout_us;
    return since_us + pto_us(lane);
}

static uint64_t loss_deadline(const struct plk_lane *lane) {
    return lane->loss_us != PLK_NEVER ? lane->loss_us : pto_deadline(lane);
}

// Probe time-outs begin anew with each packet (RFC 9002 section 6.2.1): who talks without a pause has none until the window is
// full. A path on which nothing at all is acknowledged for as long as two of them take is silent all the same.
static uint64_t quiet_deadline(const struct plk_lane *lane) {
    if (lane->flying.count == 0 || lane->waiting_us == 0 || lane->quiet) return PLK_NEVER;
    if (lane->carrier == PLK_FLIGHT_RELIABLE || lane->ptos >= PLK_FLIGHT_SILENT_PTOS) return PLK_NEVER;
    return lane->waiting_us + 3 * plk_rtt_pto_us(&lane->rtt);
}

uint64_t plk_lane_deadline(const struct plk_lane *lane) {
    return plk_earlier(loss_deadline(lane), quiet_deadline(lane));
}

void plk_lane_tick(struct plk_lane *lane, struct plk_pool *pool, uint64_t now_us, struct plk_pool_list *lost) {
    if (now_us >= quiet_deadline(lane)) lane->silent_due = lane->quiet = true;
    if (now_us < loss_deadline(lane)) return;
    if (lane->loss_us != PLK_NEVER) {
        detect(lane, pool, now_us, lost);
        return;
    }
    lane->timeout_us = now_us;
    lane->ptos++;
    lane->probes = 2;
    lane->probe_due = true;
    lane->silent_due = lane->silent_due || lane->ptos >= PLK_FLIGHT_SILENT_PTOS;
    if (lane->carrier == PLK_FLIGHT_LOSSY) {
        lane->retry = lane->flying.head; // the oldest: most likely what the peer misses
        lane->retry_told = 0;
    }
}

void plk_lane_carry_over(struct plk_lane *lane, const struct plk_lane *from) {
    lane->rtt = from->rtt;
    lane->congestion = from->congestion;
    plk_congestion_new_orders(&lane->congestion);
    lane->overtakers = from->overtakers;
    lane->time_shift = from->time_shift;
}

void plk_lane_left(struct plk_lane *lane, struct plk_pool *pool, struct plk_pool_list *lost) {
    for (uint32_t at = lane->flying.head; at != PLK_POOL_NONE; at = pool->at[at].next) {
        pool->at[at].fate = PLK_POOL_LOST;
        plk_congestion_dropped(&lane->congestion, pool->at[at].size);
    }
    plk_pool_join(pool, lost, &lane->flying);
    plk_late_forget(&pool->late, lane->id);
    lane->loss_us = PLK_NEVER;
    lane->retry = PLK_POOL_NONE;
    lane->ptos = lane->probes = 0;
    lane->probe_due = lane->silent_due = false;
}

void plk_lane_dead(struct plk_lane *lane, struct plk_pool *pool, struct plk_pool_list *lost) {
    plk_lane_left(lane, pool, lost);
    *lane = (struct plk_lane){.flying = PLK_POOL_LIST_EMPTY, .loss_us = PLK_NEVER, .retry = PLK_POOL_NONE};
}
