// SPDX-License-Identifier: MIT
#include "flight/cubic.h"

#define T_MAX_MS UINT64_C(1000000) // its third power fits; no window grows that long
#define APART_MAX (UINT64_C(1) << 32)
#define ROOT_MAX UINT64_C(2642245) // its third power is the largest that fits

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

uint64_t plk_cubic_root(uint64_t x) {
    uint64_t root = 0;
    for (int bit = 21; bit >= 0; bit--) {
        uint64_t next = root | UINT64_C(1) << bit;
        if (next <= ROOT_MAX && next * next * next <= x) root = next;
    }
    return root;
}

// C = 0.4 segments a second cubed, so mtu * 0.4 * ms^3 / 10^9 bytes.
static uint64_t curve(uint64_t mtu, uint64_t ms) {
    ms = smaller(ms, T_MAX_MS);
    return ms * ms * ms / 1000000 * mtu / 2500;
}

// Where curve() is so many bytes.
static uint64_t curve_ms(uint64_t mtu, uint64_t bytes) {
    return plk_cubic_root(smaller(bytes, APART_MAX) * UINT64_C(2500000000) / mtu);
}

uint64_t plk_cubic_at(const struct plk_cubic *c, uint64_t mtu, uint64_t t_us) {
    uint64_t t_ms = t_us / 1000;
    if (t_ms >= c->k_ms) return c->largest + curve(mtu, t_ms - c->k_ms);
    uint64_t below = curve(mtu, c->k_ms - t_ms);
    return c->largest > below ? c->largest - below : 0;
}

// Fast convergence (section 4.7): who had to give way before reaching its old maximum leaves room for others.
uint64_t plk_cubic_reduced(struct plk_cubic *c, uint64_t size) {
    c->largest = size < c->largest ? size * 17 / 20 : size;
    c->prior = size;
    c->began = false;
    return size * 7 / 10;
}

// Congestion avoidance begins: after a reduction on the curve's left side; else, after slow start or a time-out, at its flat point
// (section 4.8).
static void begin(struct plk_cubic *c, const struct plk_cubic_ack *ack) {
    c->began = true;
    c->began_us = c->last_us = ack->now_us;
    c->reno = ack->size;
    c->credit = c->reno_credit = 0;
    if (c->largest < ack->size) c->largest = ack->size;
    c->k_ms = curve_ms(ack->mtu, c->largest - ack->size);
}

// What is added for so many bytes acknowledged, when `step` is added for a whole window. The rest stays for later.
static uint64_t share(uint64_t *credit, uint64_t step, const struct plk_cubic_ack *ack) {
    *credit += step * ack->acked;
    uint64_t whole = *credit / ack->size;
    *credit %= ack->size;
    return whole;
}

// Section 4.3: Reno with the same mean, as long as it reduces by 0.7 only: 9/17 of a packet a round trip.
static void grow_reno(struct plk_cubic *c, const struct plk_cubic_ack *ack) {
    uint64_t step = c->reno < c->prior ? ack->mtu * 9 / 17 : ack->mtu;
    c->reno += share(&c->reno_credit, step, ack);
}

uint64_t plk_cubic_acked(struct plk_cubic *c, const struct plk_cubic_ack *ack) {
    if (!c->began) begin(c, ack);
    c->last_us = ack->now_us;
    uint64_t t_us = ack->now_us - c->began_us;
    grow_reno(c, ack);
    if (plk_cubic_at(c, ack->mtu, t_us) < c->reno) return c->reno > ack->size ? c->reno : ack->size;
    uint64_t target = smaller(plk_cubic_at(c, ack->mtu, t_us + ack->rtt_us), ack->size + ack->size / 2);
    if (target <= ack->size) return ack->size;
    return ack->size + share(&c->credit, target - ack->size, ack);
}

void plk_cubic_unused(struct plk_cubic *c, uint64_t now_us) {
    if (!c->began) return;
    c->began_us += now_us - c->last_us;
    c->last_us = now_us;
}
