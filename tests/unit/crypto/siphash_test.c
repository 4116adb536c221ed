// SPDX-License-Identifier: MIT
// Several keys at once give what one after the other gives, which the published vectors hold (vectors.crypto).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/crypto.h"
#include "crypto/rng.h"

static void heads_are_those_of_the_whole_hash(void **state) {
    (void)state;
    static const uint8_t seed[32] = {3};
    struct plk_rng rng;
    plk_rng_seed(&rng, seed);
    for (size_t len = 0; len <= 64; len += 8) {
        uint8_t text[64], keys[PLK_SIPHASH_LANES][16], hash[16];
        const uint8_t *at[PLK_SIPHASH_LANES];
        uint64_t heads[PLK_SIPHASH_LANES];
        plk_rng_bytes(&rng, text, sizeof text);
        for (size_t i = 0; i < PLK_SIPHASH_LANES; i++) {
            plk_rng_bytes(&rng, keys[i], sizeof keys[i]);
            at[i] = keys[i];
        }
        plk_siphash128_heads(heads, at, plk_bytes(text, len));
        for (size_t i = 0; i < PLK_SIPHASH_LANES; i++) {
            plk_siphash128(hash, keys[i], plk_bytes(text, len));
            assert_true(heads[i] == plk_siphash128_head(hash));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(heads_are_those_of_the_whole_hash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
