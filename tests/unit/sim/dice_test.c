// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/dice.h"

// Frozen: a change here changes what every seed means.
static void the_stream_of_a_seed_is_fixed(void **state) {
    (void)state;
    struct dice d = dice(1, "net", 0);
    assert_int_equal(dice_u64(&d), UINT64_C(0x5b01d6883be76033));
    assert_int_equal(dice_u64(&d), UINT64_C(0x905c2da804e54295));
}

static void each_use_has_its_own_stream(void **state) {
    (void)state;
    struct dice a = dice(1, "net", 0), b = dice(1, "disk", 0), c = dice(1, "net", 1), d = dice(2, "net", 0),
                e = dice(1, "net", 0);
    uint64_t of_a = dice_u64(&a);
    assert_int_not_equal(of_a, dice_u64(&b));
    assert_int_not_equal(of_a, dice_u64(&c));
    assert_int_not_equal(of_a, dice_u64(&d));
    assert_int_equal(of_a, dice_u64(&e));
}

static void draws_stay_in_their_bounds(void **state) {
    (void)state;
    struct dice d = dice(3, "test", 0);
    unsigned ones = 0, low = 0;
    for (int i = 0; i < 10000; i++) {
        assert_true(dice_below(&d, 7) < 7);
        uint64_t between = dice_between(&d, 5, 6);
        assert_true(between == 5 || between == 6);
        ones += dice_chance(&d, 250000);
        uint64_t skewed = dice_skewed(&d, 10, 1000);
        assert_true(skewed >= 10 && skewed <= 1000);
        low += skewed < 100;
    }
    assert_in_range(ones, 2200, 2800);
    assert_true(low > 5000);
    assert_int_equal(dice_below(&d, 0), 0);
    assert_false(dice_chance(&d, 0));
    assert_true(dice_chance(&d, 1000000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_of_a_seed_is_fixed),
        cmocka_unit_test(each_use_has_its_own_stream),
        cmocka_unit_test(draws_stay_in_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
