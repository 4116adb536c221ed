// SPDX-License-Identifier: MIT
// CUBIC's formulas, held against RFC 9438 in whole numbers.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "flight/cubic.h"

#define MTU 1000

static void cube_roots_are_exact(void **state) {
    (void)state;
    for (uint64_t root = 0; root < 2642245; root += root < 100 ? 1 : 997) {
        uint64_t cube = root * root * root;
        assert_int_equal(plk_cubic_root(cube), root);
        assert_int_equal(plk_cubic_root(cube + 3 * root * root + 3 * root), root); // one less than the next
    }
    assert_int_equal(plk_cubic_root(UINT64_C(2642245) * 2642245 * 2642245), 2642245);
    assert_int_equal(plk_cubic_root(UINT64_MAX), 2642245);
}

static void a_loss_takes_three_tenths(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    assert_int_equal(plk_cubic_reduced(&c, 100 * MTU), 70 * MTU);
    assert_int_equal(c.largest, 100 * MTU);
    assert_int_equal(c.prior, 100 * MTU);
}

// Section 4.7: below the last maximum it is (1 + 0.7) / 2 of the window.
static void who_is_hit_again_on_the_way_up_makes_room(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    plk_cubic_reduced(&c, 100 * MTU);
    assert_int_equal(plk_cubic_reduced(&c, 80 * MTU), 56 * MTU);
    assert_int_equal(c.largest, 68 * MTU);
    plk_cubic_reduced(&c, 90 * MTU);
    assert_int_equal(c.largest, 90 * MTU);
}

static uint64_t ack(struct plk_cubic *c, uint64_t size, uint64_t now_us, uint64_t rtt_us) {
    struct plk_cubic_ack one = {.size = size, .mtu = MTU, .acked = MTU, .now_us = now_us, .rtt_us = rtt_us};
    return plk_cubic_acked(c, &one);
}

// W_cubic(t) = 0.4 (t - K)^3 + W_max with K = cbrt((W_max - cwnd) / 0.4), in packets and seconds.
static void the_curve_is_that_of_the_rfc(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    uint64_t size = plk_cubic_reduced(&c, 1000 * MTU);
    ack(&c, size, 5 * PLK_SECOND, 100 * PLK_MS);
    assert_in_range(c.k_ms, 9084, 9086); // cbrt(750) = 9.0856
    static const struct {
        uint64_t t_ms, packets;
    } points[] = {{0, 700}, {1000, 788}, {4085, 950}, {9085, 1000}, {14085, 1050}, {19085, 1400}, {29085, 4200}};
    for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint64_t at = plk_cubic_at(&c, MTU, points[i].t_ms * 1000);
        assert_in_range(at, points[i].packets * MTU - 2 * MTU, points[i].packets * MTU + 2 * MTU);
    }
    assert_true(plk_cubic_at(&c, MTU, UINT64_MAX / 2) > 0); // no time is too long
}

// A round trip of acknowledgements; what the window is then.
static uint64_t round_trip(struct plk_cubic *c, uint64_t size, uint64_t now_us, uint64_t rtt_us) {
    uint64_t before = size;
    for (uint64_t acked = 0; acked < before; acked += MTU) size = ack(c, size, now_us, rtt_us);
    return size;
}

static void it_goes_for_where_the_curve_is_a_round_trip_later(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    uint64_t size = plk_cubic_reduced(&c, 1000 * MTU), rtt_us = 100 * PLK_MS, now_us = 0;
    for (; now_us < 9 * PLK_SECOND; now_us += rtt_us) size = round_trip(&c, size, now_us, rtt_us);
    uint64_t wanted = plk_cubic_at(&c, MTU, now_us);
    assert_in_range(size, wanted - 10 * MTU, wanted + MTU);
    assert_in_range(size, 985 * MTU, 1000 * MTU);
    struct plk_cubic late = {.began = true,
                             .largest = 100 * MTU}; // long beyond its maximum: half as much again at most
    uint64_t most = 100 * MTU;
    assert_true(round_trip(&late, most, 1000 * PLK_SECOND, rtt_us) < 170 * MTU);
}

// Section 4.3: where round trips are short, Reno's line lies above the curve: 9/17 of a packet a round trip until the window is
// what it was, then a whole one.
static void short_round_trips_get_what_reno_gets(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    uint64_t size = plk_cubic_reduced(&c, 20 * MTU), now_us = 0, rtt_us = 10 * PLK_MS;
    for (int i = 0; i < 10; i++, now_us += rtt_us) size = round_trip(&c, size, now_us, rtt_us);
    assert_in_range(size, 18500, 19500); // 14 + 10 * 9/17
    while (size < 20 * MTU) size = round_trip(&c, size, now_us += rtt_us, rtt_us);
    uint64_t before = size;
    for (int i = 0; i < 5; i++) size = round_trip(&c, size, now_us += rtt_us, rtt_us);
    assert_in_range(size, before + 4 * MTU, before + 6 * MTU);
}

static void while_nobody_uses_it_the_curve_stands_still(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false}, used;
    uint64_t size = plk_cubic_reduced(&c, 1000 * MTU);
    ack(&c, size, 0, 100 * PLK_MS);
    used = c;
    plk_cubic_unused(&c, 60 * PLK_SECOND);
    assert_true(ack(&c, size, 60 * PLK_SECOND + 100 * PLK_MS, 100 * PLK_MS) < size + MTU);
    assert_true(ack(&used, size, 60 * PLK_SECOND + 100 * PLK_MS, 100 * PLK_MS) >= size + MTU / 4);
    assert_int_equal(c.began_us, 60 * PLK_SECOND);
    struct plk_cubic none = {.began = false};
    plk_cubic_unused(&none, PLK_SECOND);
    assert_false(none.began);
}

// After a time-out or slow start without a loss the curve begins at its flat point (section 4.8).
static void without_a_loss_it_begins_flat(void **state) {
    (void)state;
    struct plk_cubic c = {.began = false};
    ack(&c, 50 * MTU, PLK_SECOND, 20 * PLK_MS);
    assert_int_equal(c.k_ms, 0);
    assert_int_equal(c.largest, 50 * MTU);
    assert_int_equal(plk_cubic_at(&c, MTU, 5 * PLK_SECOND), 100 * MTU); // 50 + 0.4 * 125
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cube_roots_are_exact),
        cmocka_unit_test(a_loss_takes_three_tenths),
        cmocka_unit_test(who_is_hit_again_on_the_way_up_makes_room),
        cmocka_unit_test(the_curve_is_that_of_the_rfc),
        cmocka_unit_test(it_goes_for_where_the_curve_is_a_round_trip_later),
        cmocka_unit_test(short_round_trips_get_what_reno_gets),
        cmocka_unit_test(while_nobody_uses_it_the_curve_stands_still),
        cmocka_unit_test(without_a_loss_it_begins_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
