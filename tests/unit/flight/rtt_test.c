// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "flight/flight.h"
#include "flight/rtt.h"

static void before_any_sample_it_is_careful(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    assert_false(rtt.has);
    // RFC 9002 section 6.2.2: 333 ms, variation half of it.
    assert_int_equal(plk_rtt_pto_us(&rtt), 333000 + 4 * 166500 + 20000);
}

static void the_first_sample_sets_it(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    plk_rtt_sample(&rtt, 5000, 100000, 9999);
    assert_true(rtt.has);
    assert_int_equal(rtt.first_us, 5000);
    assert_int_equal(rtt.smoothed_us, 100000);
    assert_int_equal(rtt.var_us, 50000);
    assert_int_equal(rtt.min_us, 100000);
    assert_int_equal(rtt.trip_us, 100000 - 9999);
    assert_int_equal(plk_rtt_loss_us(&rtt, PLK_FLIGHT_TIME_SHIFT), 112500);
    assert_int_equal(plk_rtt_loss_us(&rtt, 0), 200000);
}

static void later_samples_are_averaged(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    plk_rtt_sample(&rtt, 0, 100000, 0);
    plk_rtt_sample(&rtt, 0, 120000, 10000); // adjusted: 110000
    assert_int_equal(rtt.latest_us, 120000);
    assert_int_equal(rtt.smoothed_us, (7 * 100000 + 110000) / 8);
    assert_int_equal(rtt.var_us, (3 * 50000 + 10000) / 4);
}

static void the_least_is_remembered(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    plk_rtt_sample(&rtt, 0, 100000, 0);
    plk_rtt_sample(&rtt, 0, 60000, 20000); // not made smaller by what the peer says of its delay
    assert_int_equal(rtt.min_us, 60000);
    assert_int_equal(rtt.smoothed_us, (7 * 100000 + 60000) / 8);
    plk_rtt_sample(&rtt, 0, 80000, 20000);
    assert_int_equal(rtt.min_us, 60000);
    assert_int_equal(rtt.smoothed_us, (7 * 95000 + 60000) / 8);
}

static void a_peer_cannot_lie_the_round_trip_away(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    plk_rtt_sample(&rtt, 0, 100000, 0);
    plk_rtt_sample(&rtt, 0, 200000, 190000); // believed: the agreed 20 ms
    assert_int_equal(rtt.smoothed_us, (7 * 100000 + 180000) / 8);
    plk_rtt_sample(&rtt, 0, 105000, 20000); // would fall below the minimum: not believed
    assert_int_equal(rtt.smoothed_us, (7 * 110000 + 105000) / 8);
    assert_int_equal(rtt.min_us, 100000);
}

static void loopback_keeps_a_granularity(void **state) {
    (void)state;
    struct plk_rtt rtt;
    plk_rtt_init(&rtt);
    for (int i = 0; i < 100; i++) plk_rtt_sample(&rtt, 0, 0, 0);
    assert_int_equal(rtt.latest_us, 1);
    assert_int_equal(plk_rtt_loss_us(&rtt, PLK_FLIGHT_TIME_SHIFT), PLK_FLIGHT_GRANULARITY_US);
    assert_in_range(plk_rtt_pto_us(&rtt), 21000, 21010);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_any_sample_it_is_careful), cmocka_unit_test(the_first_sample_sets_it),
        cmocka_unit_test(later_samples_are_averaged),      cmocka_unit_test(a_peer_cannot_lie_the_round_trip_away),
        cmocka_unit_test(the_least_is_remembered),         cmocka_unit_test(loopback_keeps_a_granularity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
