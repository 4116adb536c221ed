// SPDX-License-Identifier: MIT
// When a packet is lost, when a path is silent, and what that costs (RFC 9002).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/flight.h"

static void three_later_packets_declare_a_loss(void **state) {
    (void)state;
    send_run(0, 4);
    now_us += RTT_US;
    assert_int_equal(ack_range(2, 2), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 2);
    expect_nothing(); // 0 and 1 are two and one behind
    assert_int_equal(ack_range(3, 3), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 3);
    expect_item(PLK_FLIGHT_LOST, 0);
    expect_nothing();
    assert_int_equal(ack_range(4, 4), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 4);
    expect_item(PLK_FLIGHT_LOST, 1);
    assert_int_equal(info_of(1).packets_lost, 2);
    assert_int_equal(info_of(1).in_flight, 0);
}

static void nine_eighths_of_a_round_trip_declare_a_loss(void **state) {
    (void)state;
    send_run(0, 1);
    uint64_t sent_us = now_us;
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 1), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 1);
    expect_nothing();
    assert_int_equal(plk_flight_deadline(f), sent_us + RTT_US * 9 / 8);
    now_us = plk_flight_deadline(f) - 1;
    plk_flight_tick(f, now_us);
    expect_nothing();
    now_us++;
    plk_flight_tick(f, now_us);
    expect_item(PLK_FLIGHT_LOST, 0);
    expect_nothing();
    assert_int_equal(plk_flight_deadline(f), PLK_NEVER);
    assert_true(plk_flight_idle(f));
}

static void silence_is_probed_ever_more_rarely(void **state) {
    (void)state;
    uint64_t pto_us = info_of(1).pto_us;
    send_on(1, 0);
    for (unsigned ptos = 1; ptos <= 6; ptos++) {
        assert_int_equal(plk_flight_deadline(f), now_us + (pto_us << (ptos - 1)));
        now_us = plk_flight_deadline(f);
        plk_flight_tick(f, now_us);
        expect_item(PLK_FLIGHT_RETRY, 0);
        assert_int_equal(expect(PLK_FLIGHT_PROBE).count, ptos);
        if (ptos >= PLK_FLIGHT_SILENT_PTOS) assert_int_equal(expect(PLK_FLIGHT_SILENT).count, ptos);
        expect_nothing();
    }
    for (int i = 0; i < 100; i++) {
        uint64_t at_us = plk_flight_deadline(f);
        assert_true(at_us - now_us <= PLK_FLIGHT_PTO_MAX_US);
        now_us = at_us;
        plk_flight_tick(f, now_us);
        while (plk_flight_next(f, &(struct plk_flight_event){0})) {}
    }
    assert_int_equal(info_of(1).packets_lost, 0); // silence alone loses nothing
    send_on(1, 1);
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 1), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 1);
    expect_item(PLK_FLIGHT_LOST, 0); // the probe's ack tells
    assert_int_equal(info_of(1).ptos, 0);
}

// Each packet puts the probe time-out off; the silence is noticed all the same, and told once.
static void who_talks_without_a_pause_notices_silence(void **state) {
    (void)state;
    uint64_t pto_us = info_of(1).pto_us, pn = 0, start_us = now_us;
    unsigned told = 0;
    struct plk_flight_event event;
    while (now_us < start_us + 5 * pto_us && pn < 11) {
        send_on(1, pn++);
        now_us += pto_us / 2;
        plk_flight_tick(f, now_us);
        while (plk_flight_next(f, &event)) {
            assert_int_equal(event.kind, PLK_FLIGHT_SILENT);
            assert_int_equal(event.path, 1);
            assert_int_equal(now_us, start_us + 3 * pto_us);
            told++;
        }
    }
    assert_int_equal(told, 1);
    assert_int_equal(info_of(1).ptos, 0);
    assert_int_equal(ack_range(pn - 1, pn - 1), PLK_ERR_OK); // it was only slow
    while (plk_flight_next(f, &event)) assert_int_not_equal(event.kind, PLK_FLIGHT_SILENT);
    pto_us = info_of(1).pto_us;
    send_on(1, pn);
    now_us += pto_us - 1;
    plk_flight_tick(f, now_us);
    expect_nothing();
}

static void a_probe_passes_a_full_window(void **state) {
    (void)state;
    uint64_t pn = 0, until_us;
    while (plk_flight_room(f, 1, now_us, SIZE, &until_us) != PLK_FLIGHT_FULL) {
        if (until_us != PLK_NEVER) now_us = until_us;
        send_on(1, pn++);
    }
    assert_int_equal(pn, 11); // 11,520 bytes
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    assert_int_equal(plk_flight_room(f, 1, now_us, SIZE, &until_us), PLK_FLIGHT_YES);
    send_on(1, pn++);
    send_on(1, pn++);
    assert_int_equal(plk_flight_room(f, 1, now_us, SIZE, &until_us), PLK_FLIGHT_FULL);
    assert_int_equal(plk_flight_room(f, 9, now_us, SIZE, &until_us), PLK_FLIGHT_FULL);
}

// RFC 9002 section 7.6.3: packets lost over more than three probe time-outs, none acknowledged in between.
static void a_path_that_carries_nothing_starts_over(void **state) {
    (void)state;
    uint64_t pto_us = info_of(1).pto_us;
    send_run(0, 1);
    now_us += RTT_US;
    assert_int_equal(ack_range(0, 1), PLK_ERR_OK);
    for (uint64_t pn = 2; pn <= 8; pn++) {
        now_us += pto_us;
        send_on(1, pn);
    }
    now_us += PLK_MS;
    send_on(1, 9);
    now_us += RTT_US;
    assert_int_equal(ack_range(9, 9), PLK_ERR_OK);
    assert_int_equal(info_of(1).packets_lost, 6); // 8 is still within the time threshold
    assert_int_equal(info_of(1).persistent, 1);
    assert_int_equal(info_of(1).window, 2 * 1152);
}

static void before_the_first_round_trip_nothing_is_persistent(void **state) {
    (void)state;
    add_path(2, PLK_FLIGHT_LOSSY, 0);
    for (uint64_t pn = 0; pn <= 9; pn++) {
        send_on(2, pn);
        now_us += PLK_SECOND;
    }
    send_on(2, 10);
    now_us += RTT_US;
    assert_int_equal(ack_range(10, 10), PLK_ERR_OK); // the first sample, together with the losses
    assert_int_equal(info_of(2).packets_lost, 10);
    assert_int_equal(info_of(2).persistent, 0);
}

static void a_reset_calls_off_probes(void **state) {
    (void)state;
    uint64_t until_us;
    for (uint64_t pn = 0; pn < 11; pn++) send_on(1, pn);
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    assert_int_equal(plk_flight_room(f, 1, now_us, SIZE, &until_us), PLK_FLIGHT_YES);
    plk_flight_path_reset(f, 1, true);
    assert_int_equal(info_of(1).ptos, 0);
    assert_int_equal(plk_flight_room(f, 1, now_us, SIZE, &until_us), PLK_FLIGHT_FULL);
}

// The answer comes before the probe was asked for: what it settled is not repeated.
static void what_is_settled_is_not_retried(void **state) {
    (void)state;
    send_run(0, 2);
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    assert_int_equal(ack_range(0, 2), PLK_ERR_OK);
    for (uint64_t pn = 0; pn <= 2; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    struct plk_flight_event event;
    while (plk_flight_next(f, &event)) assert_int_equal(event.kind, PLK_FLIGHT_PROBE);
    send_run(3, 5);
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    assert_int_equal(ack_range(4, 4), PLK_ERR_OK); // another one than the oldest
    expect_item(PLK_FLIGHT_ACKED, 4);
    expect_item(PLK_FLIGHT_RETRY, 3);
    assert_int_equal(info_of(1).acked_us, now_us);
}

static void one_answer_in_between_is_not_persistent_congestion(void **state) {
    (void)state;
    uint64_t pto_us = info_of(1).pto_us;
    for (uint64_t pn = 0; pn <= 6; pn++) {
        send_on(1, pn);
        now_us += pto_us;
    }
    send_on(1, 7);
    struct plk_frame_ack ack = {.count = 2, .ranges = {{.first = 7, .last = 7}, {.first = 3, .last = 3}}};
    now_us += RTT_US;
    assert_int_equal(plk_flight_on_ack(f, now_us, &ack), PLK_ERR_OK);
    assert_int_equal(info_of(1).packets_lost, 6);
    assert_int_equal(info_of(1).persistent, 0);
    assert_int_equal(info_of(1).window, 7 * 1152);
}

static void a_packet_is_lost_only_by_acks_of_its_own_path(void **state) {
    (void)state;
    add_path(2, PLK_FLIGHT_LOSSY, RTT_US);
    send_on(1, 0);
    for (uint64_t pn = 1; pn <= 50; pn++) send_on(2, pn);
    now_us += RTT_US + 30 * PLK_MS;
    assert_int_equal(ack_range(1, 50), PLK_ERR_OK);
    assert_int_equal(expect(PLK_FLIGHT_ACKED).path, 2);
    for (uint64_t pn = 2; pn <= 50; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    expect_nothing();
    assert_int_equal(info_of(1).outstanding, 1);
    assert_int_equal(info_of(2).outstanding, 0);
}

static void a_dead_path_loses_its_whole_flight_at_once(void **state) {
    (void)state;
    add_path(2, PLK_FLIGHT_LOSSY, 0);
    send_run(0, 4);
    send_on(2, 5);
    plk_flight_path_dead(f, 1);
    for (uint64_t pn = 0; pn <= 4; pn++) expect_item(PLK_FLIGHT_LOST, pn);
    expect_nothing();
    struct plk_flight_path_info info;
    assert_false(plk_flight_path_info(f, 1, &info));
    assert_int_equal(ack_range(0, 4), PLK_ERR_OK); // late acks of it mean nothing any more
    expect_nothing();
    plk_flight_path_dead(f, 77);
    assert_int_equal(plk_flight_stats(f).lost, 5);
    assert_int_equal(plk_flight_stats(f).sent, 6);
    add_path(1, PLK_FLIGHT_LOSSY, 0);
    assert_int_equal(info_of(1).in_flight, 0);
    assert_int_equal(info_of(2).outstanding, 1);
}

static void a_reliable_carrier_loses_only_by_dying(void **state) {
    (void)state;
    uint64_t until_us;
    add_path(2, PLK_FLIGHT_RELIABLE, RTT_US);
    for (uint64_t pn = 0; pn < 2000; pn++) {
        assert_int_equal(plk_flight_room(f, 2, now_us, SIZE, &until_us), PLK_FLIGHT_YES);
        send_on(2, pn);
    }
    now_us += 3 * RTT_US;
    assert_int_equal(ack_range(1999, 1999), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 1999);
    expect_nothing();
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    assert_int_equal(expect(PLK_FLIGHT_PROBE).path, 2); // an ack may be lost on another path: ask for a new one
    expect_nothing();                                   // but there is nothing to repeat
    assert_int_equal(ack_range(0, 0), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 0);
    plk_flight_path_dead(f, 2);
    for (uint64_t pn = 1; pn < 1999; pn++) expect_item(PLK_FLIGHT_LOST, pn);
    expect_nothing();
}

// RFC 9002 section 6.1: a path that reorders is waited for as long as it has shown to need.
static void a_packet_that_was_only_overtaken_widens_the_threshold(void **state) {
    (void)state;
    send_run(0, 9);
    uint64_t window = info_of(1).window;
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 7), PLK_ERR_OK);
    for (uint64_t pn = 1; pn <= 7; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    expect_item(PLK_FLIGHT_LOST, 0);
    assert_true(info_of(1).window < window);
    now_us += PLK_MS;
    assert_int_equal(ack_range(0, 7), PLK_ERR_OK); // here it is: seven had overtaken it
    expect_nothing();                              // what was told as lost stays told
    assert_int_equal(info_of(1).late, 1);
    assert_int_equal(info_of(1).packet_threshold, 8);
    assert_true(info_of(1).window >= window);
    assert_int_equal(ack_range(0, 9), PLK_ERR_OK);
    for (uint64_t pn = 8; pn <= 9; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    send_run(10, 18);
    now_us += RTT_US;
    assert_int_equal(ack_range(11, 17), PLK_ERR_OK);
    for (uint64_t pn = 11; pn <= 17; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    expect_nothing(); // 10 is seven behind
    assert_int_equal(ack_range(18, 18), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 18);
    expect_item(PLK_FLIGHT_LOST, 10);
}

static void a_packet_that_was_only_slow_widens_the_time(void **state) {
    (void)state;
    send_run(0, 1);
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 1), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 1);
    now_us = plk_flight_deadline(f);
    plk_flight_tick(f, now_us);
    expect_item(PLK_FLIGHT_LOST, 0);
    now_us += RTT_US / 4;
    assert_int_equal(ack_range(0, 1), PLK_ERR_OK);
    expect_nothing();
    assert_int_equal(info_of(1).packet_threshold, PLK_FLIGHT_PACKET_THRESHOLD);
    uint64_t sent_us = now_us;
    send_run(2, 3);
    now_us += RTT_US;
    assert_int_equal(ack_range(3, 3), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 3);
    assert_int_equal(plk_flight_deadline(f), sent_us + RTT_US * 3 / 2);
}

// What the path once showed is forgotten when losses are losses again.
static void patience_is_lost_with_true_losses(void **state) {
    (void)state;
    send_run(0, 9);
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 8), PLK_ERR_OK);
    assert_int_equal(ack_range(0, 9), PLK_ERR_OK);
    assert_int_equal(info_of(1).packet_threshold, 10);
    uint64_t pn = 10;
    for (int i = 0; i < 3 * PLK_FLIGHT_PATIENT_LOSSES; i++) {
        send_run(pn, pn + 1);
        now_us += RTT_US;
        assert_int_equal(ack_range(pn + 1, pn + 1), PLK_ERR_OK);
        now_us = plk_flight_deadline(f);
        plk_flight_tick(f, now_us);
        pn += 2;
    }
    while (plk_flight_next(f, &(struct plk_flight_event){0})) {}
    assert_int_equal(info_of(1).packet_threshold, PLK_FLIGHT_PACKET_THRESHOLD);
}

static void a_path_that_data_has_left_loses_its_flight_and_stays(void **state) {
    (void)state;
    send_run(0, 2);
    now_us += RTT_US;
    assert_int_equal(ack_range(0, 0), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 0);
    struct plk_flight_path_info before = info_of(1);
    plk_flight_path_left(f, 1);
    for (uint64_t pn = 1; pn <= 2; pn++) expect_item(PLK_FLIGHT_LOST, pn);
    expect_nothing();
    assert_int_equal(info_of(1).in_flight, 0);
    assert_int_equal(info_of(1).smoothed_us, before.smoothed_us);
    assert_int_equal(plk_flight_deadline(f), PLK_NEVER);
    assert_int_equal(ack_range(0, 2), PLK_ERR_OK); // late: nothing
    expect_nothing();
    assert_int_equal(info_of(1).late, 0);
    plk_flight_path_left(f, 9);
    send_on(1, 3);
    assert_int_equal(info_of(1).outstanding, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void send_sized(uint64_t pn, size_t size, bool trial) {
    struct plk_frame_item item = {.kind = PLK_FRAME_PING, .value = size};
    struct plk_flight_packet packet = {
        .path = 1, .pn = pn, .size = size, .eliciting = true, .trial = trial, .count = 1, .items = &item};
    plk_flight_sent(f, now_us, &packet);
}

// RFC 8899 section 3, requirement 7: it was too large, and nobody is to slow down for it.
static void a_trial_that_is_lost_is_no_congestion(void **state) {
    (void)state;
    struct plk_flight_event event;
    uint64_t window = info_of(1).window;
    send_sized(0, 1472, true);
    send_run(1, 4);
    now_us += RTT_US;
    assert_int_equal(ack_range(1, 4), PLK_ERR_OK);
    bool told = false;
    while (plk_flight_next(f, &event)) told = told || (event.kind == PLK_FLIGHT_LOST && event.item.value == 1472);
    assert_true(told);
    assert_true(info_of(1).window >= window);
    assert_int_equal(info_of(1).packets_lost, 0);
    assert_int_equal(info_of(1).large_lost, 0);
    assert_int_equal(info_of(1).in_flight, 0);
}

static void large_packets_lost_in_a_row_are_counted(void **state) {
    (void)state;
    for (uint64_t pn = 0; pn < 5; pn++) send_sized(pn, 1472, false);
    send_run(5, 8);
    now_us += RTT_US;
    assert_int_equal(ack_range(5, 8), PLK_ERR_OK);
    assert_int_equal(info_of(1).large_lost, 5);
    assert_int_equal(info_of(1).packets_lost, 5);
    send_sized(9, 1472, false);
    now_us += RTT_US;
    assert_int_equal(ack_range(9, 9), PLK_ERR_OK);
    assert_int_equal(info_of(1).large_lost, 0);
    send_sized(10, 1472, false);
    send_run(11, 14);
    now_us += RTT_US;
    assert_int_equal(ack_range(11, 14), PLK_ERR_OK);
    assert_int_equal(info_of(1).large_lost, 1);
    plk_flight_path_mtu(f, 1, 1152);
    assert_int_equal(info_of(1).large_lost, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(three_later_packets_declare_a_loss),
        TEST(nine_eighths_of_a_round_trip_declare_a_loss),
        TEST(silence_is_probed_ever_more_rarely),
        TEST(who_talks_without_a_pause_notices_silence),
        TEST(a_probe_passes_a_full_window),
        TEST(a_trial_that_is_lost_is_no_congestion),
        TEST(large_packets_lost_in_a_row_are_counted),
        TEST(a_path_that_carries_nothing_starts_over),
        TEST(before_the_first_round_trip_nothing_is_persistent),
        TEST(a_reset_calls_off_probes),
        TEST(what_is_settled_is_not_retried),
        TEST(one_answer_in_between_is_not_persistent_congestion),
        TEST(a_packet_is_lost_only_by_acks_of_its_own_path),
        TEST(a_dead_path_loses_its_whole_flight_at_once),
        TEST(a_reliable_carrier_loses_only_by_dying),
        TEST(a_packet_that_was_only_overtaken_widens_the_threshold),
        TEST(a_packet_that_was_only_slow_widens_the_time),
        TEST(patience_is_lost_with_true_losses),
        TEST(a_path_that_data_has_left_loses_its_flight_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
