// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "flight/flight.h"
#include "flight/congestion.h"

#define MTU 1000
#define RTT_US 20000

static struct plk_congestion w;
static uint64_t order, now_us;

static int fresh(void **state) {
    (void)state;
    plk_congestion_init(&w, PLK_FLIGHT_RENO, MTU, PLK_FLIGHT_WINDOW_MAX);
    order = now_us = 0;
    return 0;
}

static void acked(uint64_t at, bool was_full) {
    struct plk_congestion_ack ack = {.now_us = now_us, .rtt_us = RTT_US, .was_full = was_full};
    plk_congestion_acked(&w, &ack, at, MTU);
}

static uint64_t fill(void) {
    uint64_t first = order;
    for (; plk_congestion_fits(&w, MTU); order++) plk_congestion_sent(&w, 0, MTU, RTT_US);
    return first;
}

// One round trip in which everything is acknowledged.
static void round_trip(void) {
    for (uint64_t at = fill(); at < order; at++) acked(at, plk_congestion_used(&w));
}

static void it_begins_with_ten_packets(void **state) {
    (void)state;
    assert_int_equal(w.size, 10 * MTU);
    plk_congestion_init(&w, PLK_FLIGHT_RENO, 1472, PLK_FLIGHT_WINDOW_MAX);
    assert_int_equal(w.size, 14720);
    plk_congestion_init(&w, PLK_FLIGHT_RENO, 9000, PLK_FLIGHT_WINDOW_MAX);
    assert_int_equal(w.size, 18000);
    plk_congestion_init(&w, PLK_FLIGHT_RENO, MTU, 5 * MTU);
    assert_int_equal(w.size, 5 * MTU);
}

static void slow_start_doubles(void **state) {
    (void)state;
    round_trip();
    assert_in_range(w.size, 14 * MTU, 20 * MTU); // the last acks of a round trip find the window half used
    plk_congestion_init(&w, PLK_FLIGHT_RENO, MTU, PLK_FLIGHT_WINDOW_MAX);
    for (int i = 0; i < 10; i++) plk_congestion_sent(&w, 0, MTU, RTT_US);
    for (unsigned i = 0; i < 10; i++) acked(i, true);
    assert_int_equal(w.size, 20 * MTU);
    assert_int_equal(w.in_flight, 0);
}

static void a_loss_halves_it_once_a_round_trip(void **state) {
    (void)state;
    fill();
    plk_congestion_lost(&w, 3, order, MTU);
    assert_int_equal(w.size, 5 * MTU);
    assert_int_equal(w.threshold, 5 * MTU);
    plk_congestion_lost(&w, 4, order, MTU); // sent before the reduction
    assert_int_equal(w.size, 5 * MTU);
    acked(5, true); // nor does it grow by such
    assert_int_equal(w.size, 5 * MTU);
    plk_congestion_sent(&w, 0, MTU, RTT_US);
    plk_congestion_lost(&w, order, order + 1, MTU);
    assert_int_equal(w.size, 2500);
}

static void congestion_avoidance_adds_one_packet_a_window(void **state) {
    (void)state;
    fill();
    plk_congestion_lost(&w, 0, order, MTU);
    for (unsigned i = 1; i < 10; i++) acked(i, true);
    for (int i = 0; i < 5; i++) {
        plk_congestion_sent(&w, 0, MTU, RTT_US);
        acked(order++, true);
    }
    assert_int_equal(w.size, 6 * MTU);
    for (int i = 0; i < 5; i++) {
        plk_congestion_sent(&w, 0, MTU, RTT_US);
        acked(order++, true);
    }
    assert_int_equal(w.size, 6 * MTU);
}

static void who_does_not_use_it_does_not_grow_it(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        plk_congestion_sent(&w, 0, MTU, RTT_US);
        acked(order++, plk_congestion_used(&w));
    }
    assert_int_equal(w.size, 10 * MTU);
}

static void it_never_falls_below_two_packets_or_beyond_the_limit(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        plk_congestion_sent(&w, 0, MTU, RTT_US);
        plk_congestion_lost(&w, order, order + 1, MTU);
        order++;
    }
    assert_int_equal(w.size, 2 * MTU);
    plk_congestion_collapse(&w);
    assert_int_equal(w.size, 2 * MTU);
    plk_congestion_init(&w, PLK_FLIGHT_RENO, MTU, 30 * MTU);
    for (int i = 0; i < 10; i++) round_trip();
    assert_int_equal(w.size, 30 * MTU);
}

// 100 packets a round trip of 20 ms: at most a burst at once, then no faster than twice the window a round trip.
static void it_paces(void **state) {
    (void)state;
    unsigned sent = 0;
    now_us = 1000000;
    w.size = 100 * MTU;
    for (; plk_congestion_pace_us(&w, RTT_US) <= now_us && sent < 100; sent++)
        plk_congestion_sent(&w, now_us, MTU, RTT_US);
    assert_in_range(sent, PLK_CONGESTION_BURST, 2 * PLK_CONGESTION_BURST + 1);
    while (sent < 100) {
        uint64_t at_us = plk_congestion_pace_us(&w, RTT_US);
        assert_true(at_us >= now_us && at_us - now_us <= 110);
        now_us = at_us;
        plk_congestion_sent(&w, now_us, MTU, RTT_US);
        sent++;
    }
    assert_in_range(now_us - 1000000, 7500, 10000); // after it the pace is 5/4 of the window
    w.threshold = 1;
    now_us += RTT_US;
    for (sent = 0; sent < 200; sent++) {
        uint64_t at_us = plk_congestion_pace_us(&w, RTT_US);
        if (at_us > now_us) now_us = at_us;
        plk_congestion_sent(&w, now_us, MTU, RTT_US);
    }
    assert_in_range(now_us, 1000000 + 10000 + RTT_US + 25000, 1000000 + 10000 + RTT_US + 34000);
}

// Nine of ten packets towards the next step: none of them counts after a loss, a collapse or a reset.
static void credit_is_lost_with_the_window(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) {
        plk_congestion_init(&w, PLK_FLIGHT_RENO, MTU, PLK_FLIGHT_WINDOW_MAX);
        w.threshold = w.size;
        for (unsigned i = 0; i < 10; i++) plk_congestion_sent(&w, 0, MTU, RTT_US);
        for (unsigned i = 0; i < 9; i++) acked(i, true);
        assert_int_equal(w.credit, 9 * MTU);
        if (how == 0) plk_congestion_lost(&w, 9, 10, MTU);
        if (how == 1) plk_congestion_collapse(&w);
        if (how == 2) plk_congestion_reset(&w, 10);
        assert_int_equal(w.credit, 0);
    }
}

static void after_a_collapse_every_ack_counts(void **state) {
    (void)state;
    fill();
    plk_congestion_lost(&w, 0, order, MTU);
    plk_congestion_collapse(&w);
    acked(1, true); // sent before the loss was noticed (RFC 9002 appendix B.8: no recovery any more)
    assert_int_equal(w.size, 3 * MTU);
}

static void a_reset_does_not_wait_for_the_old_pace(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) plk_congestion_sent(&w, 0, MTU, PLK_SECOND);
    assert_true(plk_congestion_pace_us(&w, PLK_SECOND) > 0);
    plk_congestion_reset(&w, 10);
    assert_int_equal(plk_congestion_pace_us(&w, PLK_SECOND), 0);
}

static void a_reset_forgets_what_it_learned_but_not_what_is_out(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) round_trip();
    fill();
    uint64_t out = w.in_flight;
    plk_congestion_reset(&w, order);
    assert_int_equal(w.size, 10 * MTU);
    assert_int_equal(w.in_flight, out);
    plk_congestion_lost(&w, order - 1, order, MTU);
    assert_int_equal(w.size, 10 * MTU);
    acked(order - 2, true);
    assert_int_equal(w.size, 10 * MTU);
}

// Packets that were only overtaken: what they cost comes back, all of it and only when the last one has arrived.
static void a_reduction_for_nothing_is_taken_back(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) round_trip();
    uint64_t size = w.size, first = fill();
    assert_true(plk_congestion_lost(&w, first, order, MTU));
    assert_false(plk_congestion_lost(&w, first + 1, order, MTU));
    assert_int_equal(w.size, size / 2);
    plk_congestion_not_lost(&w, first + 1);
    assert_int_equal(w.size, size / 2);
    plk_congestion_not_lost(&w, first);
    assert_int_equal(w.size, size);
    assert_int_equal(w.threshold, UINT64_MAX);
    plk_congestion_not_lost(&w, first); // more than were lost
    assert_int_equal(w.size, size);
    first = fill();
    assert_true(plk_congestion_lost(&w, first, order, MTU));
    plk_congestion_not_lost(&w, order); // sent after it: has no part in it
    assert_int_equal(w.size, size / 2);
    plk_congestion_collapse(&w);
    plk_congestion_not_lost(&w, first);
    assert_int_equal(w.size, 2 * MTU);
}

static void cubic_gives_back_less_and_slow_start_is_the_same(void **state) {
    (void)state;
    plk_congestion_init(&w, PLK_FLIGHT_CUBIC, MTU, PLK_FLIGHT_WINDOW_MAX);
    for (int i = 0; i < 10; i++) plk_congestion_sent(&w, 0, MTU, RTT_US);
    for (order = 0; order < 10; order++) acked(order, true);
    assert_int_equal(w.size, 20 * MTU);
    uint64_t first = fill();
    assert_true(plk_congestion_lost(&w, first, order, MTU));
    assert_int_equal(w.size, 14 * MTU); // beta = 0.7
    assert_int_equal(w.threshold, 14 * MTU);
    assert_false(plk_congestion_lost(&w, first + 1, order, MTU));
    assert_int_equal(w.size, 14 * MTU);
}

// A window of 1,000 packets and a round trip of 100 ms: NewReno would need 500 round trips, 50 s, for what CUBIC regains in
// cbrt(300 / 0.4) = 9.1 s.
static void cubic_is_back_where_it_was_after_k(void **state) {
    (void)state;
    plk_congestion_init(&w, PLK_FLIGHT_CUBIC, MTU, PLK_FLIGHT_WINDOW_MAX);
    w.size = 1000 * MTU;
    uint64_t first = fill(), reached_us = 0;
    assert_true(plk_congestion_lost(&w, first++, order, MTU));
    for (now_us = 100 * PLK_MS; now_us < 20 * PLK_SECOND && reached_us == 0; now_us += 100 * PLK_MS) {
        for (uint64_t end = order; first < end; first++) {
            struct plk_congestion_ack ack = {.now_us = now_us, .rtt_us = 100 * PLK_MS, .was_full = true};
            plk_congestion_acked(&w, &ack, first, MTU);
        }
        fill();
        if (w.size >= 995 * MTU) reached_us = now_us;
    }
    assert_in_range(reached_us, 7 * PLK_SECOND, 9500 * PLK_MS);
}

static void what_cubic_remembers_comes_back_with_the_window(void **state) {
    (void)state;
    plk_congestion_init(&w, PLK_FLIGHT_CUBIC, MTU, PLK_FLIGHT_WINDOW_MAX);
    w.size = 100 * MTU;
    uint64_t first = fill();
    plk_congestion_lost(&w, first, order, MTU);
    uint64_t largest = w.cubic.largest;
    assert_int_equal(largest, 100 * MTU);
    acked(first + 1, true);
    plk_congestion_sent(&w, 0, MTU, RTT_US);
    order++;
    plk_congestion_lost(&w, order - 1, order, MTU);
    assert_true(w.cubic.largest < largest);
    plk_congestion_not_lost(&w, order - 1);
    assert_int_equal(w.cubic.largest, largest);
    plk_congestion_collapse(&w);
    assert_int_equal(w.cubic.largest, 0);
    w.cubic.largest = largest;
    plk_congestion_reset(&w, order);
    assert_int_equal(w.cubic.largest, 0);
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
        cmocka_unit_test_setup(cubic_gives_back_less_and_slow_start_is_the_same, fresh),
        cmocka_unit_test_setup(cubic_is_back_where_it_was_after_k, fresh),
        cmocka_unit_test_setup(what_cubic_remembers_comes_back_with_the_window, fresh),
        cmocka_unit_test_setup(a_reset_forgets_what_it_learned_but_not_what_is_out, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
