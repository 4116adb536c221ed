// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "flight/flight.h"

#define SIZE 1000
#define RTT_US (100 * PLK_MS)

static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx;
    (void)len;
    free(at);
}

static struct plk_mem mem;
static struct plk_flight *f;
static uint64_t now_us;

static void add_path(uint32_t id, enum plk_flight_carrier carrier, uint64_t rtt_us) {
    struct plk_flight_path path = {.id = id, .carrier = carrier, .mtu = 1152, .rtt_us = rtt_us};
    assert_int_equal(plk_flight_path_add(f, &path), PLK_ERR_OK);
}

static int set_up(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = take, .give = give};
    f = plk_flight_new(&mem);
    now_us = 1000 * PLK_SECOND;
    add_path(1, PLK_FLIGHT_LOSSY, RTT_US);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_flight_free(f);
    assert_int_equal(mem.used, 0);
    return 0;
}

// A packet with one item whose value is its number.
static void send_on(uint32_t path, uint64_t pn) {
    struct plk_frame_item item = {.kind = PLK_FRAME_STREAM, .value = pn};
    struct plk_flight_packet packet = {
        .path = path, .pn = pn, .size = SIZE, .eliciting = true, .count = 1, .items = &item};
    plk_flight_sent(f, now_us, &packet);
}

static void send_run(uint64_t first, uint64_t last) {
    for (uint64_t pn = first; pn <= last; pn++) send_on(1, pn);
}

static enum plk_err ack_range(uint64_t first, uint64_t last) {
    struct plk_frame_ack ack = {.count = 1, .ranges = {{.first = first, .last = last}}};
    return plk_flight_on_ack(f, now_us, &ack);
}

static struct plk_flight_path_info info_of(uint32_t path) {
    struct plk_flight_path_info info;
    assert_true(plk_flight_path_info(f, path, &info));
    return info;
}

static struct plk_flight_event expect(enum plk_flight_event_kind kind) {
    struct plk_flight_event event;
    assert_true(plk_flight_next(f, &event));
    assert_int_equal(event.kind, kind);
    return event;
}

static void expect_item(enum plk_flight_event_kind kind, uint64_t pn) {
    struct plk_flight_event event = expect(kind);
    assert_int_equal(event.pn, pn);
    assert_int_equal(event.item.value, pn);
}

static void expect_nothing(void) {
    struct plk_flight_event event;
    assert_false(plk_flight_next(f, &event));
}

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
    assert_int_equal(info_of(1).window, 5 * 1152);
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
    plk_flight_carry_over(fresh, old);
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
    assert_int_equal(info_of(1).window, before.window / 2);
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
        TEST(three_later_packets_declare_a_loss),
        TEST(nine_eighths_of_a_round_trip_declare_a_loss),
        TEST(silence_is_probed_ever_more_rarely),
        TEST(a_probe_passes_a_full_window),
        TEST(a_path_that_carries_nothing_starts_over),
        TEST(before_the_first_round_trip_nothing_is_persistent),
        TEST(a_reset_calls_off_probes),
        TEST(what_is_settled_is_not_retried),
        TEST(one_answer_in_between_is_not_persistent_congestion),
        TEST(a_packet_is_lost_only_by_acks_of_its_own_path),
        TEST(a_dead_path_loses_its_whole_flight_at_once),
        TEST(a_peer_that_lies_about_acks_gains_nothing),
        TEST(the_newest_numbers_left_out_are_traps),
        TEST(a_reliable_carrier_loses_only_by_dying),
        TEST(what_is_outstanding_is_bounded),
        TEST(an_ack_leaves_in_time),
        TEST(an_acknowledged_ack_is_not_repeated),
        TEST(a_new_session_keeps_what_is_known_of_the_paths),
        TEST(a_moved_path_starts_with_a_new_window),
        TEST(a_larger_packet_size_makes_a_larger_least_window),
        TEST(there_are_eight_paths),
        TEST(several_items_come_back_in_order_and_nothing_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
