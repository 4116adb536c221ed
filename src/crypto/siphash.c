// SPDX-License-Identifier: MIT
// SipHash-2-4-128 of one text under many keys (Aumasson, Bernstein: SipHash, section 2; the 128-bit output of its reference
// code): several keys side by side, because one alone leaves most of a processor waiting, and only the first half of each.
#include "crypto/crypto.h"

_Static_assert(PLK_SIPHASH_LANES == 3, "as many as are written out below");

struct lane {
    uint64_t v0, v1, v2, v3;
};

// Written out, so that compilers see one load.
static inline uint64_t load(const uint8_t *at) {
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static inline uint64_t rotate(uint64_t word, unsigned bits) { return word << bits | word >> (64 - bits); }

static inline void turn(struct lane *s) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline struct lane begin(const uint8_t key[16]) {
    uint64_t k0 = load(key), k1 = load(key + 8);
    return (struct lane){k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                         k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
}

// Nothing in one lane waits for another: the processor does them side by side.
static inline void turn_all(struct lane *a, struct lane *b, struct lane *c) {
    turn(a);
    turn(b);
    turn(c);
}

static inline void take(struct lane *a, struct lane *b, struct lane *c, uint64_t word) {
    a->v3 ^= word;
    b->v3 ^= word;
    c->v3 ^= word;
    turn_all(a, b, c);
    turn_all(a, b, c);
    a->v0 ^= word;
    b->v0 ^= word;
    c->v0 ^= word;
}

static inline uint64_t head(const struct lane *s) { return s->v0 ^ s->v1 ^ s->v2 ^ s->v3; }

void plk_siphash128_heads(uint64_t heads[PLK_SIPHASH_LANES], const uint8_t *const keys[PLK_SIPHASH_LANES],
                          struct plk_bytes text) {
    plk_assert(text.len % 8 == 0);
    struct lane a = begin(keys[0]), b = begin(keys[1]), c = begin(keys[2]);
    for (size_t at = 0; at < text.len; at += 8) take(&a, &b, &c, load(text.at + at));
    take(&a, &b, &c, (uint64_t)text.len << 56);
    a.v2 ^= 0xee;
    b.v2 ^= 0xee;
    c.v2 ^= 0xee;
    for (unsigned n = 0; n < 4; n++) turn_all(&a, &b, &c);
    heads[0] = head(&a);
    heads[1] = head(&b);
    heads[2] = head(&c);
}

uint64_t plk_siphash128_head(const uint8_t hash[16]) { return load(hash); }
