// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "flight/flight.h"
#include "flight/reno.h"

#define MTU 1000
#define RTT_US 20000

static struct plk_reno w;
static uint64_t order;

static int fresh(void **state) {
    (void)state;
    plk_reno_init(&w, MTU, PLK_FLIGHT_WINDOW_MAX);
    order = 0;
    return 0;
}

static uint64_t fill(void) {
    uint64_t first = order;
    for (; plk_reno_fits(&w, MTU); order++) plk_reno_sent(&w, 0, MTU, RTT_US);
    return first;
}

// One round trip in which everything is acknowledged.
static void round_trip(void) {
    for (uint64_t at = fill(); at < order; at++) plk_reno_acked(&w, at, plk_reno_used(&w), MTU);
}

static void it_begins_with_ten_packets(void **state) {
    (void)state;
    assert_int_equal(w.size, 10 * MTU);
    plk_reno_init(&w, 1472, PLK_FLIGHT_WINDOW_MAX);
    assert_int_equal(w.size, 14720);
    plk_reno_init(&w, 9000, PLK_FLIGHT_WINDOW_MAX);
    assert_int_equal(w.size, 18000);
    plk_reno_init(&w, MTU, 5 * MTU);
    assert_int_equal(w.size, 5 * MTU);
}

static void slow_start_doubles(void **state) {
    (void)state;
    round_trip();
    assert_in_range(w.size, 14 * MTU, 20 * MTU); // the last acks of a round trip find the window half used
    plk_reno_init(&w, MTU, PLK_FLIGHT_WINDOW_MAX);
    for (int i = 0; i < 10; i++) plk_reno_sent(&w, 0, MTU, RTT_US);
    for (unsigned i = 0; i < 10; i++) plk_reno_acked(&w, i, true, MTU);
    assert_int_equal(w.size, 20 * MTU);
    assert_int_equal(w.in_flight, 0);
}

static void a_loss_halves_it_once_a_round_trip(void **state) {
    (void)state;
    fill();
    plk_reno_lost(&w, 3, order, MTU);
    assert_int_equal(w.size, 5 * MTU);
    assert_int_equal(w.threshold, 5 * MTU);
    plk_reno_lost(&w, 4, order, MTU); // sent before the reduction
    assert_int_equal(w.size, 5 * MTU);
    plk_reno_acked(&w, 5, true, MTU); // nor does it grow by such
    assert_int_equal(w.size, 5 * MTU);
    plk_reno_sent(&w, 0, MTU, RTT_US);
    plk_reno_lost(&w, order, order + 1, MTU);
    assert_int_equal(w.size, 2500);
}

static void congestion_avoidance_adds_one_packet_a_window(void **state) {
    (void)state;
    fill();
    plk_reno_lost(&w, 0, order, MTU);
    for (unsigned i = 1; i < 10; i++) plk_reno_acked(&w, i, true, MTU);
    for (int i = 0; i < 5; i++) {
        plk_reno_sent(&w, 0, MTU, RTT_US);
        plk_reno_acked(&w, order++, true, MTU);
    }
    assert_int_equal(w.size, 6 * MTU);
    for (int i = 0; i < 5; i++) {
        plk_reno_sent(&w, 0, MTU, RTT_US);
        plk_reno_acked(&w, order++, true, MTU);
    }
    assert_int_equal(w.size, 6 * MTU);
}

static void who_does_not_use_it_does_not_grow_it(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        plk_reno_sent(&w, 0, MTU, RTT_US);
        plk_reno_acked(&w, order++, plk_reno_used(&w), MTU);
    }
    assert_int_equal(w.size, 10 * MTU);
}

static void it_never_falls_below_two_packets_or_beyond_the_limit(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        plk_reno_sent(&w, 0, MTU, RTT_US);
        plk_reno_lost(&w, order, order + 1, MTU);
        order++;
    }
    assert_int_equal(w.size, 2 * MTU);
    plk_reno_collapse(&w);
    assert_int_equal(w.size, 2 * MTU);
    plk_reno_init(&w, MTU, 30 * MTU);
    for (int i = 0; i < 10; i++) round_trip();
    assert_int_equal(w.size, 30 * MTU);
}

// 100 packets a round trip of 20 ms: at most a burst at once, then no faster than twice the window a round trip.
static void it_paces(void **state) {
    (void)state;
    uint64_t now_us = 1000000;
    unsigned sent = 0;
    w.size = 100 * MTU;
    for (; plk_reno_pace_us(&w, RTT_US) <= now_us && sent < 100; sent++) plk_reno_sent(&w, now_us, MTU, RTT_US);
    assert_in_range(sent, PLK_RENO_BURST, 2 * PLK_RENO_BURST + 1);
    while (sent < 100) {
        uint64_t at_us = plk_reno_pace_us(&w, RTT_US);
        assert_true(at_us >= now_us && at_us - now_us <= 110);
        now_us = at_us;
        plk_reno_sent(&w, now_us, MTU, RTT_US);
        sent++;
    }
    assert_in_range(now_us - 1000000, 7500, 10000); // after it the pace is 5/4 of the window
    w.threshold = 1;
    now_us += RTT_US;
    for (sent = 0; sent < 200; sent++) {
        uint64_t at_us = plk_reno_pace_us(&w, RTT_US);
        if (at_us > now_us) now_us = at_us;
        plk_reno_sent(&w, now_us, MTU, RTT_US);
    }
    assert_in_range(now_us, 1000000 + 10000 + RTT_US + 25000, 1000000 + 10000 + RTT_US + 34000);
}

// Nine of ten packets towards the next step: none of them counts after a loss, a collapse or a reset.
static void credit_is_lost_with_the_window(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) {
        plk_reno_init(&w, MTU, PLK_FLIGHT_WINDOW_MAX);
        w.threshold = w.size;
        for (unsigned i = 0; i < 10; i++) plk_reno_sent(&w, 0, MTU, RTT_US);
        for (unsigned i = 0; i < 9; i++) plk_reno_acked(&w, i, true, MTU);
        assert_int_equal(w.credit, 9 * MTU);
        if (how == 0) plk_reno_lost(&w, 9, 10, MTU);
        if (how == 1) plk_reno_collapse(&w);
        if (how == 2) plk_reno_reset(&w, 10);
        assert_int_equal(w.credit, 0);
    }
}

static void after_a_collapse_every_ack_counts(void **state) {
    (void)state;
    fill();
    plk_reno_lost(&w, 0, order, MTU);
    plk_reno_collapse(&w);
    plk_reno_acked(&w, 1, true, MTU); // sent before the loss was noticed (RFC 9002 appendix B.8: no recovery any more)
    assert_int_equal(w.size, 3 * MTU);
}

static void a_reset_does_not_wait_for_the_old_pace(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) plk_reno_sent(&w, 0, MTU, PLK_SECOND);
    assert_true(plk_reno_pace_us(&w, PLK_SECOND) > 0);
    plk_reno_reset(&w, 10);
    assert_int_equal(plk_reno_pace_us(&w, PLK_SECOND), 0);
}

static void a_reset_forgets_what_it_learned_but_not_what_is_out(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) round_trip();
    fill();
    uint64_t out = w.in_flight;
    plk_reno_reset(&w, order);
    assert_int_equal(w.size, 10 * MTU);
    assert_int_equal(w.in_flight, out);
    plk_reno_lost(&w, order - 1, order, MTU);
    assert_int_equal(w.size, 10 * MTU);
    plk_reno_acked(&w, order - 2, true, MTU);
    assert_int_equal(w.size, 10 * MTU);
}

// Packets that were only overtaken: what they cost comes back, all of it and only when the last one has arrived.
static void a_reduction_for_nothing_is_taken_back(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) round_trip();
    uint64_t size = w.size, first = fill();
    assert_true(plk_reno_lost(&w, first, order, MTU));
    assert_false(plk_reno_lost(&w, first + 1, order, MTU));
    assert_int_equal(w.size, size / 2);
    plk_reno_not_lost(&w, first + 1);
    assert_int_equal(w.size, size / 2);
    plk_reno_not_lost(&w, first);
    assert_int_equal(w.size, size);
    assert_int_equal(w.threshold, UINT64_MAX);
    plk_reno_not_lost(&w, first); // more than were lost
    assert_int_equal(w.size, size);
    first = fill();
    assert_true(plk_reno_lost(&w, first, order, MTU));
    plk_reno_not_lost(&w, order); // sent after it: has no part in it
    assert_int_equal(w.size, size / 2);
    plk_reno_collapse(&w);
    plk_reno_not_lost(&w, first);
    assert_int_equal(w.size, 2 * MTU);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_begins_with_ten_packets, fresh),
        cmocka_unit_test_setup(a_reduction_for_nothing_is_taken_back, fresh),
        cmocka_unit_test_setup(slow_start_doubles, fresh),
        cmocka_unit_test_setup(a_loss_halves_it_once_a_round_trip, fresh),
        cmocka_unit_test_setup(congestion_avoidance_adds_one_packet_a_window, fresh),
        cmocka_unit_test_setup(who_does_not_use_it_does_not_grow_it, fresh),
        cmocka_unit_test_setup(it_never_falls_below_two_packets_or_beyond_the_limit, fresh),
        cmocka_unit_test_setup(it_paces, fresh),
        cmocka_unit_test_setup(credit_is_lost_with_the_window, fresh),
        cmocka_unit_test_setup(after_a_collapse_every_ack_counts, fresh),
        cmocka_unit_test_setup(a_reset_does_not_wait_for_the_old_pace, fresh),
        cmocka_unit_test_setup(a_reset_forgets_what_it_learned_but_not_what_is_out, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
