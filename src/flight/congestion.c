// SPDX-License-Identifier: MIT
#include "flight/congestion.h"

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t least(const struct plk_congestion *w) {
    return 2 * (uint64_t)w->mtu; // kMinimumWindow
}

static void clamp(struct plk_congestion *w) {
    w->size = smaller(w->size, w->max);
    if (w->size < least(w)) w->size = least(w);
}

static void set_initial(struct plk_congestion *w) {
    uint64_t most = least(w) > PLK_CONGESTION_INITIAL_MAX ? least(w) : PLK_CONGESTION_INITIAL_MAX;
    w->size = smaller(10 * (uint64_t)w->mtu, most);
    w->threshold = UINT64_MAX;
    w->credit = 0;
    w->cubic = (struct plk_cubic){.began = false};
    w->pace_ns = 0;
    clamp(w);
}

void plk_congestion_init(struct plk_congestion *w, enum plk_flight_law law, uint32_t mtu, uint64_t max) {
    *w = (struct plk_congestion){.law = law, .mtu = mtu, .max = max};
    set_initial(w);
}

void plk_congestion_reset(struct plk_congestion *w, uint64_t next_order) {
    set_initial(w);
    w->undo_lost = 0;
    w->recovery = next_order;
}

void plk_congestion_new_orders(struct plk_congestion *w) {
    w->in_flight = 0;
    w->recovery = 0;
    w->undo_lost = 0;
}

// Nanoseconds that size bytes take at the paced rate: twice the window per round trip in slow start, 5/4
// after it, so that the window and not the pacer is what limits.
static uint64_t cost_ns(const struct plk_congestion *w, uint64_t size, uint64_t rtt_us) {
    uint64_t scale = w->size < w->threshold ? 500 : 800;
    return size * smaller(rtt_us, PLK_MINUTE) * scale / w->size;
}

void plk_congestion_sent(struct plk_congestion *w, uint64_t now_us, size_t size, uint64_t rtt_us) {
    uint64_t now_ns = now_us * 1000;
    w->in_flight += size;
    w->pace_ns = (w->pace_ns > now_ns ? w->pace_ns : now_ns) + cost_ns(w, size, rtt_us);
}

uint64_t plk_congestion_pace_us(const struct plk_congestion *w, uint64_t rtt_us) {
    uint64_t burst_ns = cost_ns(w, (PLK_CONGESTION_BURST - 1) * (uint64_t)w->mtu, rtt_us);
    if (burst_ns < PLK_CONGESTION_BURST_NS) burst_ns = PLK_CONGESTION_BURST_NS;
    return w->pace_ns <= burst_ns ? 0 : (w->pace_ns - burst_ns + 999) / 1000;
}

bool plk_congestion_used(const struct plk_congestion *w) {
    if (w->size < w->threshold && w->in_flight >= w->size / 2) return true;
    return w->in_flight + 3 * (uint64_t)w->mtu >= w->size;
}

void plk_congestion_dropped(struct plk_congestion *w, size_t size) {
    plk_assert(w->in_flight >= size);
    w->in_flight -= size;
}

// NewReno: one packet more for each window acknowledged (section 7.3.3).
static void grow_reno(struct plk_congestion *w, size_t size) {
    w->credit += size;
    if (w->credit < w->size) return;
    w->credit -= w->size;
    w->size += w->mtu;
}

static void grow(struct plk_congestion *w, const struct plk_congestion_ack *ack, size_t size) {
    if (w->size < w->threshold) {
        w->size += size;
    } else if (w->law == PLK_FLIGHT_RENO) {
        grow_reno(w, size);
    } else {
        struct plk_cubic_ack cubic = {.size = w->size, .mtu = w->mtu, .acked = size};
        cubic.now_us = ack->now_us;
        cubic.rtt_us = ack->rtt_us;
        w->size = plk_cubic_acked(&w->cubic, &cubic);
    }
    clamp(w);
}

void plk_congestion_acked(struct plk_congestion *w, const struct plk_congestion_ack *ack, uint64_t order, size_t size) {
    plk_congestion_dropped(w, size);
    if (order < w->recovery) return;
    if (ack->was_full) {
        grow(w, ack, size);
    } else {
        plk_cubic_unused(&w->cubic, ack->now_us);
    }
}

bool plk_congestion_lost(struct plk_congestion *w, uint64_t order, uint64_t next_order, size_t size) {
    plk_congestion_dropped(w, size);
    w->undo_lost++;
    if (order < w->recovery) return false; // one reduction a round trip (section 7.3.2)
    w->undo_size = w->size;
    w->undo_threshold = w->threshold;
    w->undo_cubic = w->cubic;
    w->undo_lost = 1;
    w->recovery = next_order;
    w->size = w->law == PLK_FLIGHT_RENO ? w->size / 2 : plk_cubic_reduced(&w->cubic, w->size);
    w->credit = 0;
    clamp(w);
    w->threshold = w->size;
    return true;
}

void plk_congestion_not_lost(struct plk_congestion *w, uint64_t order) {
    if (order >= w->recovery || w->undo_lost == 0 || --w->undo_lost > 0) return;
    if (w->undo_size > w->size) w->size = w->undo_size;
    if (w->undo_threshold > w->threshold) w->threshold = w->undo_threshold;
    w->cubic = w->undo_cubic;
    clamp(w);
}

void plk_congestion_collapse(struct plk_congestion *w) {
    w->size = least(w);
    w->credit = 0;
    w->cubic = (struct plk_cubic){.began = false};
    w->recovery = 0;
    w->undo_lost = 0;
}
