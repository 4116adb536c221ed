// SPDX-License-Identifier: MIT
#include "flight/acks.h"

#include "flight/flight.h"

void plk_acks_init(struct plk_acks *acks) { *acks = (struct plk_acks){.due_us = PLK_NEVER}; }

static void close_gap(struct plk_acks *acks, unsigned i) {
    acks->count--;
    memmove(&acks->ranges[i], &acks->ranges[i + 1], (acks->count - i) * sizeof acks->ranges[0]);
}

// Makes place for a new range at i; the lowest is forgotten when there is none left. false: it would be that
// one itself.
static bool open_gap(struct plk_acks *acks, unsigned i) {
    if (acks->count == PLK_FRAME_RANGES_MAX) {
        acks->forgotten++;
        if (i == acks->count) return false;
        acks->count--;
    }
    memmove(&acks->ranges[i + 1], &acks->ranges[i], (acks->count - i) * sizeof acks->ranges[0]);
    acks->count++;
    return true;
}

static void insert(struct plk_acks *acks, uint64_t pn) {
    struct plk_frame_range *ranges = acks->ranges;
    unsigned i = 0;
    while (i < acks->count && ranges[i].first > pn + 1) i++;
    if (i < acks->count && pn <= ranges[i].last && pn >= ranges[i].first) return;
    if (i < acks->count && ranges[i].first == pn + 1) {
        ranges[i].first = pn;
        if (i + 1 < acks->count && ranges[i + 1].last + 1 == pn) {
            ranges[i].first = ranges[i + 1].first;
            close_gap(acks, i + 1);
        }
    } else if (i < acks->count && ranges[i].last + 1 == pn) {
        ranges[i].last = pn;
    } else if (open_gap(acks, i)) {
        ranges[i] = (struct plk_frame_range){.first = pn, .last = pn};
    }
}

void plk_acks_received(struct plk_acks *acks, uint64_t now_us, uint64_t pn, bool eliciting) {
    bool first = acks->count == 0;
    bool in_order = first || pn == acks->ranges[0].last + 1;
    if (first || pn > acks->ranges[0].last) acks->largest_us = now_us;
    insert(acks, pn);
    acks->news = true;
    if (!eliciting) return;
    acks->waiting++;
    // Out of order, the sender must know at once: its loss detection waits for it (RFC 9000 section 13.2.1).
    uint64_t due_us = now_us;
    if (in_order && acks->waiting < PLK_FLIGHT_ACK_EVERY) due_us += PLK_FLIGHT_ACK_DELAY_US;
    acks->due_us = plk_earlier(acks->due_us, due_us);
}

bool plk_acks_build(struct plk_acks *acks, uint64_t now_us, struct plk_frame_ack *ack) {
    if (!acks->news) return false;
    ack->delay_us = now_us - acks->largest_us;
    ack->count = acks->count;
    memcpy(ack->ranges, acks->ranges, acks->count * sizeof acks->ranges[0]);
    acks->news = false;
    acks->waiting = 0;
    acks->due_us = PLK_NEVER;
    return true;
}

void plk_acks_settled(struct plk_acks *acks, uint64_t largest) {
    while (acks->count > 1 && acks->ranges[acks->count - 1].last <= largest) acks->count--;
}
