// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/rng.h"

static void seeded(struct plk_rng *rng, uint8_t byte) {
    uint8_t seed[32];
    memset(seed, byte, sizeof seed);
    plk_rng_seed(rng, seed);
}

static void the_same_seed_gives_the_same_bytes(void **state) {
    (void)state;
    struct plk_rng a, b;
    uint8_t one[2000], other[2000];
    seeded(&a, 1);
    seeded(&b, 1);
    plk_rng_bytes(&a, one, sizeof one);
    for (size_t at = 0; at < sizeof other;) { // in pieces of other sizes
        size_t len = 1 + at % 97;
        if (len > sizeof other - at) len = sizeof other - at;
        plk_rng_bytes(&b, other + at, len);
        at += len;
    }
    assert_memory_equal(one, other, sizeof one);
    seeded(&b, 2);
    plk_rng_bytes(&b, other, sizeof other);
    assert_memory_not_equal(one, other, 32);
}

// ChaCha20 under key 00..00 and nonce 0 (RFC 8439 appendix A.1, test vector 1): 32 bytes are the next key, what follows is
// handed out.
static void the_stream_is_chacha20(void **state) {
    (void)state;
    static const uint8_t want[] = {0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0,
                                   0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18,
                                   0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
    struct plk_rng rng;
    uint8_t out[32];
    seeded(&rng, 0);
    plk_rng_bytes(&rng, out, sizeof out);
    assert_memory_equal(out, want, sizeof out);
}

static bool holds(const struct plk_rng *rng, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i + len <= sizeof *rng; i++) {
        if (memcmp((const uint8_t *)rng + i, bytes, len) == 0) return true;
    }
    return false;
}

static void what_was_handed_out_is_gone(void **state) {
    (void)state;
    struct plk_rng rng;
    uint8_t out[16];
    seeded(&rng, 5);
    const uint8_t seed[16] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    assert_true(holds(&rng, seed, sizeof seed));
    for (int i = 0; i < 100; i++) {
        plk_rng_bytes(&rng, out, sizeof out);
        assert_false(holds(&rng, out, sizeof out));
        assert_false(holds(&rng, seed, sizeof seed));
    }
}

static void stirring_parts_two_copies(void **state) {
    (void)state;
    struct plk_rng a, b;
    uint8_t one[32], other[32];
    seeded(&a, 1);
    plk_rng_bytes(&a, one, 5);
    b = a; // a cloned machine
    plk_rng_stir(&a, plk_bytes_text("fresh here"));
    plk_rng_stir(&b, plk_bytes_text("fresh there"));
    plk_rng_bytes(&a, one, sizeof one);
    plk_rng_bytes(&b, other, sizeof other);
    assert_memory_not_equal(one, other, sizeof one);
    seeded(&a, 1);
    seeded(&b, 2);
    plk_rng_stir(&a, plk_bytes_text("known"));
    plk_rng_stir(&b, plk_bytes_text("known")); // the old state still counts
    assert_int_not_equal(plk_rng_u64(&a), plk_rng_u64(&b));
}

static void below_is_even_and_in_bounds(void **state) {
    (void)state;
    struct plk_rng rng;
    unsigned counts[7] = {0};
    seeded(&rng, 9);
    for (int i = 0; i < 70000; i++) counts[plk_rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], 9500, 10500);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(plk_rng_below(&rng, 1), 0);
        assert_true(plk_rng_below(&rng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
        assert_true(plk_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes), cmocka_unit_test(the_stream_is_chacha20),
        cmocka_unit_test(what_was_handed_out_is_gone),        cmocka_unit_test(stirring_parts_two_copies),
        cmocka_unit_test(below_is_even_and_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
