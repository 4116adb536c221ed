// SPDX-License-Identifier: MIT
#include "flight/flight.h"

#include "flight/acks.h"
#include "flight/lane.h"

struct plk_flight {
    struct plk_mem *mem;
    struct plk_lane lanes[PLK_FLIGHT_PATHS];
    struct plk_pool pool;
    struct plk_pool_list done; // acknowledged or lost, not yet reported
    struct plk_acks acks;
    uint64_t next_pn;                 // one more than the largest number sent or skipped
    uint64_t skips[PLK_FLIGHT_SKIPS]; // a ring, one more than each number, 0: none
    unsigned skip_at;
    uint64_t ack_built; // one more than the largest number in the ACK that the next packet carries, 0: none
    struct plk_flight_stats stats;
};

struct plk_flight *plk_flight_new(struct plk_mem *mem) {
    struct plk_flight *f = plk_mem_take(mem, sizeof *f);
    f->mem = mem;
    f->done = PLK_POOL_LIST_EMPTY;
    plk_pool_init(&f->pool);
    plk_acks_init(&f->acks);
    return f;
}

void plk_flight_free(struct plk_flight *f) {
    if (f == NULL) return;
    plk_pool_free(f->mem, &f->pool);
    plk_mem_give(f->mem, f);
}

static const struct plk_lane *find(const struct plk_flight *f, uint32_t path) {
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used && f->lanes[i].id == path) return &f->lanes[i];
    }
    return NULL;
}

static struct plk_lane *find_mutable(struct plk_flight *f, uint32_t path) { return (struct plk_lane *)find(f, path); }

enum plk_err plk_flight_path_add(struct plk_flight *f, const struct plk_flight_path *path) {
    if (find(f, path->id) != NULL) return PLK_ERR_EXISTS;
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used) continue;
        plk_lane_init(&f->lanes[i], path);
        return PLK_ERR_OK;
    }
    return PLK_ERR_LIMIT;
}

void plk_flight_path_dead(struct plk_flight *f, uint32_t path) {
    struct plk_lane *lane = find_mutable(f, path);
    if (lane == NULL) return;
    f->stats.lost += lane->flying.count;
    plk_lane_dead(lane, &f->pool, &f->done);
}

void plk_flight_path_left(struct plk_flight *f, uint32_t path) {
    struct plk_lane *lane = find_mutable(f, path);
    if (lane == NULL) return;
    f->stats.lost += lane->flying.count;
    plk_lane_left(lane, &f->pool, &f->done);
}

void plk_flight_path_reset(struct plk_flight *f, uint32_t path, bool keep_rtt) {
    struct plk_lane *lane = find_mutable(f, path);
    if (lane != NULL) plk_lane_reset(lane, keep_rtt);
}

void plk_flight_path_rtt(struct plk_flight *f, uint32_t path, uint64_t rtt_us) {
    struct plk_lane *lane = find_mutable(f, path);
    if (lane != NULL && !lane->rtt.has && rtt_us != 0) plk_rtt_sample(&lane->rtt, 0, rtt_us, 0);
}

void plk_flight_path_mtu(struct plk_flight *f, uint32_t path, uint32_t mtu) {
    struct plk_lane *lane = find_mutable(f, path);
    plk_assert(mtu >= 256 && mtu <= 65535);
    if (lane == NULL) return;
    lane->congestion.mtu = mtu;
    lane->large_lost = 0;
}

bool plk_flight_path_info(const struct plk_flight *f, uint32_t path, struct plk_flight_path_info *info) {
    const struct plk_lane *lane = find(f, path);
    if (lane == NULL) return false;
    *info = (struct plk_flight_path_info){
        .has_rtt = lane->rtt.has,
        .trip_us = lane->rtt.trip_us,
        .latest_us = lane->rtt.latest_us,
        .smoothed_us = lane->rtt.smoothed_us,
        .var_us = lane->rtt.var_us,
        .min_us = lane->rtt.min_us,
        .pto_us = plk_rtt_pto_us(&lane->rtt),
        .window = lane->congestion.size,
        .in_flight = lane->congestion.in_flight,
        .slow_start_threshold = lane->congestion.threshold,
        .outstanding = lane->flying.count,
        .ptos = lane->ptos,
        .sent_us = lane->sent_us,
        .acked_us = lane->acked_us,
        .packets_sent = lane->packets_sent,
        .packets_acked = lane->packets_acked,
        .packets_lost = lane->packets_lost,
        .persistent = lane->persistent,
        .late = lane->late,
        .packet_threshold = lane->overtakers,
        .large_lost = lane->large_lost,
    };
    return true;
}

enum plk_flight_room plk_flight_room(struct plk_flight *f, uint32_t path, uint64_t now_us, size_t size,
                                     uint64_t *until_us) {
    const struct plk_lane *lane = find(f, path);
    *until_us = PLK_NEVER;
    if (lane == NULL || !plk_flight_can_track(f)) return PLK_FLIGHT_FULL;
    if (lane->probes > 0) return PLK_FLIGHT_YES;
    if (f->pool.used >= PLK_FLIGHT_PACKETS - PLK_FLIGHT_RESERVE) return PLK_FLIGHT_FULL;
    if (lane->carrier == PLK_FLIGHT_RELIABLE) return PLK_FLIGHT_YES;
    if (!plk_congestion_fits(&lane->congestion, size)) return PLK_FLIGHT_FULL;
    uint64_t pace_us = plk_congestion_pace_us(&lane->congestion, lane->rtt.smoothed_us);
    if (pace_us <= now_us) return PLK_FLIGHT_YES;
    *until_us = pace_us;
    return PLK_FLIGHT_WAIT;
}

bool plk_flight_can_track(const struct plk_flight *f) { return f->pool.used < PLK_FLIGHT_PACKETS; }

static void remember(struct plk_flight *f, struct plk_lane *lane, uint64_t now_us, const struct plk_flight_packet *p) {
    uint32_t index = plk_pool_take(f->mem, &f->pool);
    struct plk_pool_packet *packet = &f->pool.at[index];
    packet->pn = p->pn;
    packet->size = (uint32_t)p->size;
    packet->acks = f->ack_built;
    packet->trial = p->trial;
    packet->count = 0;
    packet->told = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->items[i].kind != PLK_FRAME_PADDING) packet->items[packet->count++] = p->items[i];
    }
    plk_lane_sent(lane, &f->pool, index, now_us);
    f->stats.sent++;
    f->stats.outstanding++;
    if (f->stats.outstanding > f->stats.outstanding_max) f->stats.outstanding_max = f->stats.outstanding;
}

void plk_flight_sent(struct plk_flight *f, uint64_t now_us, const struct plk_flight_packet *packet) {
    struct plk_lane *lane = find_mutable(f, packet->path);
    plk_assert(lane != NULL && packet->pn >= f->next_pn && packet->pn < PLK_FRAME_MAX && packet->size <= UINT32_MAX);
    plk_assert(packet->count <= PLK_FLIGHT_ITEMS && (packet->eliciting || packet->count == 0));
    f->next_pn = packet->pn + 1;
    if (packet->eliciting) {
        plk_assert(plk_flight_can_track(f));
        remember(f, lane, now_us, packet);
    }
    f->ack_built = 0;
}

void plk_flight_skip(struct plk_flight *f, uint64_t pn) {
    plk_assert(pn >= f->next_pn && pn < PLK_FRAME_MAX);
    f->next_pn = pn + 1;
    f->skips[f->skip_at] = pn + 1;
    f->skip_at = (f->skip_at + 1) % PLK_FLIGHT_SKIPS;
}

void plk_flight_unwatched(struct plk_flight *f, uint64_t pn) {
    plk_assert(pn >= f->next_pn && pn < PLK_FRAME_MAX);
    f->next_pn = pn + 1;
}

void plk_flight_received(struct plk_flight *f, uint64_t now_us, uint64_t pn, bool eliciting) {
    plk_assert(pn <= PLK_FRAME_MAX);
    plk_acks_received(&f->acks, now_us, pn, eliciting);
}

bool plk_flight_ack_due(const struct plk_flight *f, uint64_t now_us) { return f->acks.due_us <= now_us; }

bool plk_flight_ack_build(struct plk_flight *f, uint64_t now_us, struct plk_frame_ack *ack) {
    if (!plk_acks_build(&f->acks, now_us, ack)) return false;
    f->ack_built = ack->ranges[0].last + 1;
    return true;
}

// A peer that acknowledges what it cannot have makes the window grow without having the data (RFC 9000
// section 21.4).
static bool lies(const struct plk_flight *f, const struct plk_frame_ack *ack) {
    if (ack->ranges[0].last >= f->next_pn) return true;
    for (unsigned i = 0; i < PLK_FLIGHT_SKIPS; i++) {
        uint64_t pn = f->skips[i] - 1;
        if (f->skips[i] == 0 || pn > ack->ranges[0].last) continue;
        for (unsigned j = 0; j < ack->count && ack->ranges[j].last >= pn; j++) {
            if (ack->ranges[j].first <= pn) return true;
        }
    }
    return false;
}

static void settle_acks(struct plk_flight *f, const struct plk_pool_list *newly) {
    uint64_t largest = 0;
    for (uint32_t at = newly->head; at != PLK_POOL_NONE; at = f->pool.at[at].next) {
        if (f->pool.at[at].acks > largest) largest = f->pool.at[at].acks;
    }
    if (largest > 0) plk_acks_settled(&f->acks, largest - 1);
}

static void conclude(struct plk_flight *f, struct plk_pool_list *newly, struct plk_pool_list *lost) {
    f->stats.acked += newly->count;
    f->stats.lost += lost->count;
    plk_pool_join(&f->pool, &f->done, newly);
    plk_pool_join(&f->pool, &f->done, lost);
}

enum plk_err plk_flight_on_ack(struct plk_flight *f, uint64_t now_us, const struct plk_frame_ack *ack) {
    struct plk_pool_list newly = PLK_POOL_LIST_EMPTY, lost = PLK_POOL_LIST_EMPTY;
    plk_assert(ack->count >= 1 && ack->count <= PLK_FRAME_RANGES_MAX);
    if (lies(f, ack)) {
        f->stats.acks_refused++;
        return PLK_ERR_MALFORMED;
    }
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        struct plk_lane *lane = &f->lanes[i];
        if (lane->used) plk_lane_acked(lane, &f->pool, now_us, ack, &newly, &lost);
    }
    settle_acks(f, &newly);
    conclude(f, &newly, &lost);
    return PLK_ERR_OK;
}

void plk_flight_tick(struct plk_flight *f, uint64_t now_us) {
    struct plk_pool_list newly = PLK_POOL_LIST_EMPTY, lost = PLK_POOL_LIST_EMPTY;
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used) plk_lane_tick(&f->lanes[i], &f->pool, now_us, &lost);
    }
    conclude(f, &newly, &lost);
}

uint64_t plk_flight_deadline(const struct plk_flight *f) {
    uint64_t at_us = f->acks.due_us;
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used) at_us = plk_earlier(at_us, plk_lane_deadline(&f->lanes[i]));
    }
    return at_us;
}

static void fill(struct plk_flight_event *event, enum plk_flight_event_kind kind, const struct plk_pool_packet *packet,
                 unsigned item) {
    *event =
        (struct plk_flight_event){.kind = kind, .path = packet->path, .pn = packet->pn, .item = packet->items[item]};
}

static bool next_done(struct plk_flight *f, struct plk_flight_event *event) {
    while (f->done.head != PLK_POOL_NONE) {
        uint32_t index = f->done.head;
        struct plk_pool_packet *packet = &f->pool.at[index];
        if (packet->told < packet->count) {
            fill(event, packet->fate == PLK_POOL_ACKED ? PLK_FLIGHT_ACKED : PLK_FLIGHT_LOST, packet, packet->told++);
            return true;
        }
        plk_pool_remove(&f->pool, &f->done, index);
        plk_pool_give(&f->pool, index);
        f->stats.outstanding--;
    }
    plk_pool_trim(f->mem, &f->pool);
    return false;
}

static bool next_of_lane(struct plk_flight *f, struct plk_lane *lane, struct plk_flight_event *event) {
    if (lane->retry != PLK_POOL_NONE) {
        const struct plk_pool_packet *packet = &f->pool.at[lane->retry];
        if (lane->retry_told < packet->count) {
            fill(event, PLK_FLIGHT_RETRY, packet, lane->retry_told++);
            return true;
        }
        lane->retry = PLK_POOL_NONE;
    }
    if (!lane->probe_due && !lane->silent_due) return false;
    *event = (struct plk_flight_event){
        .kind = lane->probe_due ? PLK_FLIGHT_PROBE : PLK_FLIGHT_SILENT, .path = lane->id, .count = lane->ptos};
    if (lane->probe_due) {
        lane->probe_due = false;
    } else {
        lane->silent_due = false;
    }
    return true;
}

bool plk_flight_next(struct plk_flight *f, struct plk_flight_event *event) {
    if (next_done(f, event)) return true;
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used && next_of_lane(f, &f->lanes[i], event)) return true;
    }
    return false;
}

bool plk_flight_idle(const struct plk_flight *f) { return f->pool.used == 0; }

bool plk_flight_rest(const struct plk_flight *f, uint32_t path, struct plk_flight_rest *rest) {
    const struct plk_lane *lane = find(f, path);
    if (lane == NULL || !plk_flight_idle(f) || f->acks.due_us != PLK_NEVER || lane->probe_due || lane->silent_due) {
        return false;
    }
    *rest = (struct plk_flight_rest){.has_top = f->acks.count > 0};
    if (lane->rtt.has) rest->rtt_us = (uint32_t)plk_earlier(lane->rtt.smoothed_us, UINT32_MAX);
    if (rest->has_top) rest->top = f->acks.ranges[0];
    return true;
}

void plk_flight_rest_received(struct plk_flight_rest *rest, uint64_t pn) {
    if (rest->has_top && pn <= rest->top.last) return;
    if (!rest->has_top || pn != rest->top.last + 1) rest->top.first = pn;
    rest->top.last = pn;
    rest->has_top = true;
}

struct plk_flight *plk_flight_new_rested(struct plk_mem *mem, const struct plk_flight_rest *rest, uint64_t next_pn) {
    struct plk_flight *f = plk_flight_new(mem);
    f->next_pn = next_pn;
    f->acks.count = rest->has_top ? 1 : 0;
    f->acks.ranges[0] = rest->top;
    return f;
}

void plk_flight_carry_over(struct plk_flight *fresh, const struct plk_flight *old, uint32_t path) {
    struct plk_lane *to = find_mutable(fresh, path);
    const struct plk_lane *from = find(old, path);
    if (to != NULL && from != NULL && to->packets_sent == 0) plk_lane_carry_over(to, from);
}

void plk_flight_drain_lost(struct plk_flight *f) {
    for (unsigned i = 0; i < PLK_FLIGHT_PATHS; i++) {
        if (f->lanes[i].used) plk_flight_path_dead(f, f->lanes[i].id);
    }
}

struct plk_flight_stats plk_flight_stats(const struct plk_flight *f) {
    struct plk_flight_stats stats = f->stats;
    stats.ranges_forgotten = f->acks.forgotten;
    return stats;
}
