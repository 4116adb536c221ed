// SPDX-License-Identifier: MIT
#include "sim/dice.h"

static uint64_t split(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t turn(uint64_t x, unsigned by) { return (x << by) | (x >> (64 - by)); }

struct dice dice(uint64_t seed, const char *use, uint64_t number) {
    uint64_t state = seed ^ UINT64_C(0xcbf29ce484222325);
    for (; *use; use++) state = (state ^ (uint8_t)*use) * UINT64_C(0x100000001b3);
    split(&state);
    state ^= number * UINT64_C(0xd6e8feb86659fd93);
    struct dice d;
    for (size_t i = 0; i < 4; i++) d.s[i] = split(&state);
    return d;
}

uint64_t dice_u64(struct dice *d) {
    uint64_t out = turn(d->s[1] * 5, 7) * 9, t = d->s[1] << 17;
    d->s[2] ^= d->s[0];
    d->s[3] ^= d->s[1];
    d->s[1] ^= d->s[2];
    d->s[0] ^= d->s[3];
    d->s[2] ^= t;
    d->s[3] = turn(d->s[3], 45);
    return out;
}

// The modulo's bias is below 2^-20 for every bound used here, and it keeps one draw one draw.
uint64_t dice_below(struct dice *d, uint64_t bound) {
    uint64_t x = dice_u64(d);
    return bound ? x % bound : 0;
}

uint64_t dice_between(struct dice *d, uint64_t low, uint64_t high) {
    return low + dice_below(d, high > low ? high - low + 1 : 1);
}

bool dice_chance(struct dice *d, uint32_t ppm) { return dice_below(d, 1000000) < ppm; }

void dice_bytes(struct dice *d, void *out, size_t len) {
    uint8_t *to = out;
    uint64_t x = 0;
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0) x = dice_u64(d);
        to[i] = (uint8_t)(x >> (i % 8 * 8));
    }
}

uint64_t dice_skewed(struct dice *d, uint64_t low, uint64_t high) {
    uint64_t span = high > low ? high - low : 0;
    unsigned shift = (unsigned)dice_below(d, 8);
    return low + dice_below(d, (span >> shift) + 1);
}
