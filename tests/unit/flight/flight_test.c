// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/flight.h"

static void a_peer_that_lies_about_acks_gains_nothing(void **state) {
    (void)state;
    assert_int_equal(ack_range(0, 0), PLK_ERR_MALFORMED); // nothing was sent yet
    send_run(0, 2);
    plk_flight_skip(f, 3);
    send_run(4, 5);
    assert_int_equal(ack_range(0, 6), PLK_ERR_MALFORMED);
    assert_int_equal(ack_range(0, PLK_FRAME_MAX), PLK_ERR_MALFORMED);
    assert_int_equal(ack_range(3, 3), PLK_ERR_MALFORMED);
    assert_int_equal(ack_range(2, 5), PLK_ERR_MALFORMED);
    expect_nothing();
    assert_int_equal(info_of(1).outstanding, 5);
    assert_int_equal(plk_flight_stats(f).acks_refused, 5);
    struct plk_frame_ack honest = {.count = 2, .ranges = {{.first = 4, .last = 5}, {.first = 0, .last = 2}}};
    assert_int_equal(plk_flight_on_ack(f, now_us, &honest), PLK_ERR_OK);
    assert_int_equal(plk_flight_on_ack(f, now_us, &honest), PLK_ERR_OK); // twice is fine
    assert_int_equal(info_of(1).packets_acked, 5);
    send_on(1, 1000); // numbers that others used
    assert_int_equal(ack_range(500, 1000), PLK_ERR_OK);
    assert_int_equal(info_of(1).packets_acked, 6);
}

static void the_newest_numbers_left_out_are_traps(void **state) {
    (void)state;
    for (uint64_t pn = 0; pn < 2 * PLK_FLIGHT_SKIPS + 2; pn += 2) {
        plk_flight_skip(f, pn);
        send_on(1, pn + 1);
    }
    for (uint64_t pn = 2; pn < 2 * PLK_FLIGHT_SKIPS + 2; pn += 2)
        assert_int_equal(ack_range(pn, pn), PLK_ERR_MALFORMED);
    assert_int_equal(ack_range(0, 1), PLK_ERR_OK); // so old that it is forgotten
    assert_int_equal(plk_flight_stats(f).acked, 1);
    assert_int_equal(ack_range(5, 5), PLK_ERR_OK);
    assert_int_equal(ack_range(9, 9), PLK_ERR_OK);
    assert_int_equal(ack_range(11, 11), PLK_ERR_OK);
    assert_int_equal(plk_flight_stats(f).acked, 4);
    assert_int_equal(plk_flight_stats(f).lost, 1); // 3, by the fourth after it
    plk_flight_skip(f, 100);
    assert_int_equal(ack_range(100, 100), PLK_ERR_MALFORMED);
    assert_int_equal(ack_range(101, 101), PLK_ERR_MALFORMED);
}

static void an_unwatched_number_may_be_acknowledged_and_means_nothing(void **state) {
    (void)state;
    send_on(1, 0);
    plk_flight_unwatched(f, 1);
    send_on(1, 2);
    assert_int_equal(plk_flight_stats(f).outstanding, 2);
    assert_int_equal(ack_range(1, 1), PLK_ERR_OK); // its copies have a number that was sent
    assert_int_equal(plk_flight_stats(f).acked, 0);
    assert_int_equal(ack_range(0, 2), PLK_ERR_OK);
    assert_int_equal(plk_flight_stats(f).acked, 2);
    assert_int_equal(ack_range(3, 3), PLK_ERR_MALFORMED); // this one was not
}

static void what_is_outstanding_is_bounded(void **state) {
    (void)state;
    uint64_t until_us, pn = 0;
    add_path(2, PLK_FLIGHT_RELIABLE, 0);
    while (plk_flight_room(f, 2, now_us, SIZE, &until_us) == PLK_FLIGHT_YES) send_on(2, pn++);
    assert_int_equal(pn, PLK_FLIGHT_PACKETS - PLK_FLIGHT_RESERVE);
    while (plk_flight_can_track(f)) send_on(2, pn++);
    assert_int_equal(pn, PLK_FLIGHT_PACKETS);
    assert_true(mem.used < 1024 * 1024);
    assert_int_equal(ack_range(0, pn - 1), PLK_ERR_OK);
    for (uint64_t i = 0; i < pn; i++) expect_item(PLK_FLIGHT_ACKED, i);
    expect_nothing();
    assert_true(plk_flight_idle(f));
    assert_int_equal(plk_flight_room(f, 2, now_us, SIZE, &until_us), PLK_FLIGHT_YES);
    assert_int_equal(plk_flight_stats(f).outstanding_max, PLK_FLIGHT_PACKETS);
    assert_true(mem.used < 16 * 1024); // a burst does not cost memory for ever
}

static void an_ack_leaves_in_time(void **state) {
    (void)state;
    struct plk_frame_ack ack;
    assert_false(plk_flight_ack_build(f, now_us, &ack));
    plk_flight_received(f, now_us, 7, true);
    assert_false(plk_flight_ack_due(f, now_us));
    assert_int_equal(plk_flight_deadline(f), now_us + PLK_FLIGHT_ACK_DELAY_US);
    plk_flight_received(f, now_us, 8, true);
    assert_true(plk_flight_ack_due(f, now_us));
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_false(plk_flight_ack_due(f, now_us));
    assert_int_equal(plk_flight_deadline(f), PLK_NEVER);
}

static void an_acknowledged_ack_is_not_repeated(void **state) {
    (void)state;
    struct plk_frame_ack ack;
    for (uint64_t pn = 0; pn < 10; pn += 2) plk_flight_received(f, now_us, pn, true);
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_int_equal(ack.count, 5);
    send_on(1, 0);
    plk_flight_received(f, now_us, 10, true);
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_int_equal(ack.count, 6);
    plk_flight_sent(f, now_us, &(struct plk_flight_packet){.path = 1, .pn = 1, .size = 50});
    assert_int_equal(ack_range(0, 1), PLK_ERR_OK);
    plk_flight_received(f, now_us, 11, true);
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_int_equal(ack.count, 1); // 10..11; what the first packet told is settled
    assert_int_equal(ack.ranges[0].first, 10);
    plk_flight_sent(f, now_us, &(struct plk_flight_packet){.path = 1, .pn = 2, .size = 50});
    plk_flight_received(f, now_us, 20, true);
    send_on(1, 3); // this one held no ack: its own says nothing
    assert_int_equal(ack_range(3, 3), PLK_ERR_OK);
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_int_equal(ack.count, 2);
}

static void a_new_session_keeps_what_is_known_of_the_paths(void **state) {
    (void)state;
    add_path(2, PLK_FLIGHT_RELIABLE, 5 * PLK_MS);
    send_run(0, 9);
    now_us += RTT_US;
    assert_int_equal(ack_range(3, 6), PLK_ERR_OK); // and 0 to 2 are lost: the old session is in recovery
    for (uint64_t pn = 3; pn <= 6; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    for (uint64_t pn = 0; pn <= 2; pn++) expect_item(PLK_FLIGHT_LOST, pn);
    struct plk_flight_path_info before = info_of(1);
    struct plk_flight *old = f, *fresh = plk_flight_new(&mem);
    struct plk_flight_path first = {.id = 1, .mtu = 1152},
                           second = {.id = 2, .carrier = PLK_FLIGHT_RELIABLE, .mtu = 1152};
    assert_int_equal(plk_flight_path_add(fresh, &first), PLK_ERR_OK);
    assert_int_equal(plk_flight_path_add(fresh, &second), PLK_ERR_OK);
    for (uint32_t path = 1; path <= 3; path++) plk_flight_carry_over(fresh, old, path); // there is no third
    plk_flight_drain_lost(old);
    for (uint64_t pn = 7; pn <= 9; pn++) expect_item(PLK_FLIGHT_LOST, pn);
    expect_nothing();
    plk_flight_drain_lost(old);
    expect_nothing();
    plk_flight_free(old);
    f = fresh;
    assert_int_equal(info_of(1).smoothed_us, before.smoothed_us);
    assert_int_equal(info_of(1).window, before.window);
    assert_int_equal(info_of(1).in_flight, 0);
    assert_int_equal(info_of(2).smoothed_us, 5 * PLK_MS);
    send_run(0, 3); // numbers begin anew, and so does recovery
    assert_int_equal(ack_range(3, 3), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 3);
    expect_item(PLK_FLIGHT_LOST, 0);
    assert_int_equal(info_of(1).window, before.window * 7 / 10);
}

static void a_moved_path_starts_with_a_new_window(void **state) {
    (void)state;
    send_run(0, 9);
    now_us += RTT_US;
    assert_int_equal(ack_range(0, 8), PLK_ERR_OK);
    uint64_t grown = info_of(1).window;
    assert_true(grown > 11520);
    plk_flight_path_reset(f, 1, false);
    assert_int_equal(info_of(1).window, 11520);
    assert_false(info_of(1).has_rtt);
    assert_int_equal(ack_range(9, 9), PLK_ERR_OK); // left before: says nothing of the new address
    assert_false(info_of(1).has_rtt);
    assert_int_equal(info_of(1).in_flight, 0);
    send_on(1, 10);
    now_us += 3 * PLK_MS;
    assert_int_equal(ack_range(10, 10), PLK_ERR_OK);
    assert_int_equal(info_of(1).smoothed_us, 3 * PLK_MS);
}

static void what_a_check_measured_is_believed_until_packets_are_acknowledged(void **state) {
    (void)state;
    add_path(2, PLK_FLIGHT_LOSSY, 0);
    uint64_t unknown_us = info_of(2).pto_us;
    plk_flight_path_rtt(f, 2, 0);
    plk_flight_path_rtt(f, 77, 10 * PLK_MS); // unknown: nothing
    assert_false(info_of(2).has_rtt);
    plk_flight_path_rtt(f, 2, 10 * PLK_MS);
    assert_int_equal(info_of(2).smoothed_us, 10 * PLK_MS);
    assert_true(info_of(2).pto_us < unknown_us);
    plk_flight_path_rtt(f, 1, 10 * RTT_US); // it knows better
    assert_int_equal(info_of(1).smoothed_us, RTT_US);
}

static void a_larger_packet_size_makes_a_larger_least_window(void **state) {
    (void)state;
    plk_flight_path_mtu(f, 1, 4000);
    plk_flight_path_mtu(f, 77, 4000); // unknown: nothing
    plk_flight_path_reset(f, 1, true);
    assert_int_equal(info_of(1).window, 14720);
    assert_int_equal(info_of(1).smoothed_us, RTT_US);
}

static void there_are_eight_paths(void **state) {
    (void)state;
    struct plk_flight_path path = {.id = 1, .mtu = 1152};
    assert_int_equal(plk_flight_path_add(f, &path), PLK_ERR_EXISTS);
    for (uint32_t id = 2; id <= PLK_FLIGHT_PATHS; id++) add_path(id, PLK_FLIGHT_LOSSY, 0);
    path.id = 99;
    assert_int_equal(plk_flight_path_add(f, &path), PLK_ERR_LIMIT);
    plk_flight_path_dead(f, 5);
    assert_int_equal(plk_flight_path_add(f, &path), PLK_ERR_OK);
}

static void several_items_come_back_in_order_and_nothing_for_nothing(void **state) {
    (void)state;
    struct plk_frame_item items[PLK_FLIGHT_ITEMS] = {{0}};
    for (unsigned i = 1; i < PLK_FLIGHT_ITEMS; i++) {
        items[i] = (struct plk_frame_item){.kind = PLK_FRAME_NEW_CID, .value = i};
    }
    struct plk_flight_packet packet = {
        .path = 1, .pn = 0, .size = SIZE, .eliciting = true, .count = PLK_FLIGHT_ITEMS, .items = items};
    plk_flight_sent(f, now_us, &packet);
    packet = (struct plk_flight_packet){.path = 1, .pn = 1, .size = SIZE, .eliciting = true}; // a PING
    plk_flight_sent(f, now_us, &packet);
    assert_int_equal(ack_range(0, 1), PLK_ERR_OK);
    for (unsigned i = 1; i < PLK_FLIGHT_ITEMS; i++) assert_int_equal(expect(PLK_FLIGHT_ACKED).item.value, i);
    expect_nothing();
    assert_true(plk_flight_idle(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_peer_that_lies_about_acks_gains_nothing),
        TEST(the_newest_numbers_left_out_are_traps),
        TEST(an_unwatched_number_may_be_acknowledged_and_means_nothing),
        TEST(what_is_outstanding_is_bounded),
        TEST(an_ack_leaves_in_time),
        TEST(an_acknowledged_ack_is_not_repeated),
        TEST(a_new_session_keeps_what_is_known_of_the_paths),
        TEST(a_moved_path_starts_with_a_new_window),
        TEST(what_a_check_measured_is_believed_until_packets_are_acknowledged),
        TEST(a_larger_packet_size_makes_a_larger_least_window),
        TEST(there_are_eight_paths),
        TEST(several_items_come_back_in_order_and_nothing_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
