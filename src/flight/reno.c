// SPDX-License-Identifier: MIT
#include "flight/reno.h"

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t least(const struct plk_reno *w) {
    return 2 * (uint64_t)w->mtu; // kMinimumWindow
}

static void clamp(struct plk_reno *w) {
    w->size = smaller(w->size, w->max);
    if (w->size < least(w)) w->size = least(w);
}

static void set_initial(struct plk_reno *w) {
    uint64_t most = least(w) > PLK_RENO_INITIAL_MAX ? least(w) : PLK_RENO_INITIAL_MAX;
    w->size = smaller(10 * (uint64_t)w->mtu, most);
    w->threshold = UINT64_MAX;
    w->credit = 0;
    w->pace_ns = 0;
    clamp(w);
}

void plk_reno_init(struct plk_reno *w, uint32_t mtu, uint64_t max) {
    *w = (struct plk_reno){.mtu = mtu, .max = max};
    set_initial(w);
}

void plk_reno_reset(struct plk_reno *w, uint64_t next_order) {
    set_initial(w);
    w->undo_lost = 0;
    w->recovery = next_order;
}

void plk_reno_new_orders(struct plk_reno *w) {
    w->in_flight = 0;
    w->recovery = 0;
    w->undo_lost = 0;
}

// Nanoseconds that size bytes take at the paced rate: twice the window per round trip in slow start, 5/4
// after it, so that the window and not the pacer is what limits.
static uint64_t cost_ns(const struct plk_reno *w, uint64_t size, uint64_t rtt_us) {
    uint64_t scale = w->size < w->threshold ? 500 : 800;
    return size * smaller(rtt_us, PLK_MINUTE) * scale / w->size;
}

void plk_reno_sent(struct plk_reno *w, uint64_t now_us, size_t size, uint64_t rtt_us) {
    uint64_t now_ns = now_us * 1000;
    w->in_flight += size;
    w->pace_ns = (w->pace_ns > now_ns ? w->pace_ns : now_ns) + cost_ns(w, size, rtt_us);
}

uint64_t plk_reno_pace_us(const struct plk_reno *w, uint64_t rtt_us) {
    uint64_t burst_ns = cost_ns(w, (PLK_RENO_BURST - 1) * (uint64_t)w->mtu, rtt_us);
    if (burst_ns < PLK_RENO_BURST_NS) burst_ns = PLK_RENO_BURST_NS;
    return w->pace_ns <= burst_ns ? 0 : (w->pace_ns - burst_ns + 999) / 1000;
}

bool plk_reno_used(const struct plk_reno *w) {
    if (w->size < w->threshold && w->in_flight >= w->size / 2) return true;
    return w->in_flight + 3 * (uint64_t)w->mtu >= w->size;
}

void plk_reno_dropped(struct plk_reno *w, size_t size) {
    plk_assert(w->in_flight >= size);
    w->in_flight -= size;
}

void plk_reno_acked(struct plk_reno *w, uint64_t order, bool was_full, size_t size) {
    plk_reno_dropped(w, size);
    if (order < w->recovery || !was_full) return;
    if (w->size < w->threshold) {
        w->size += size;
    } else {
        w->credit += size; // one packet more for each window acknowledged (section 7.3.3)
        if (w->credit >= w->size) {
            w->credit -= w->size;
            w->size += w->mtu;
        }
    }
    clamp(w);
}

bool plk_reno_lost(struct plk_reno *w, uint64_t order, uint64_t next_order, size_t size) {
    plk_reno_dropped(w, size);
    w->undo_lost++;
    if (order < w->recovery) return false; // one reduction a round trip (section 7.3.2)
    w->undo_size = w->size;
    w->undo_threshold = w->threshold;
    w->undo_lost = 1;
    w->recovery = next_order;
    w->size /= 2;
    w->credit = 0;
    clamp(w);
    w->threshold = w->size;
    return true;
}

void plk_reno_not_lost(struct plk_reno *w, uint64_t order) {
    if (order >= w->recovery || w->undo_lost == 0 || --w->undo_lost > 0) return;
    if (w->undo_size > w->size) w->size = w->undo_size;
    if (w->undo_threshold > w->threshold) w->threshold = w->undo_threshold;
    clamp(w);
}

void plk_reno_collapse(struct plk_reno *w) {
    w->size = least(w);
    w->credit = 0;
    w->recovery = 0;
    w->undo_lost = 0;
}
