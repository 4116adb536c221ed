// SPDX-License-Identifier: MIT
// A flight gives its memory back while nothing is under way, and goes on where it was.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/flight.h"

static struct plk_flight_rest rested(void) {
    struct plk_flight_rest rest;
    assert_true(plk_flight_rest(f, 1, &rest));
    return rest;
}

static void go_on(const struct plk_flight_rest *rest, uint64_t next_pn) {
    plk_flight_free(f);
    f = plk_flight_new_rested(&mem, rest, next_pn);
    add_path(1, PLK_FLIGHT_LOSSY, rest->rtt_us);
}

static void what_is_under_way_keeps_it(void **state) {
    (void)state;
    struct plk_flight_rest rest;
    assert_false(plk_flight_rest(f, 7, &rest)); // no such path
    send_on(1, 0);
    assert_false(plk_flight_rest(f, 1, &rest)); // outstanding
    assert_int_equal(ack_range(0, 0), PLK_ERR_OK);
    assert_false(plk_flight_rest(f, 1, &rest)); // an event waits
    expect_item(PLK_FLIGHT_ACKED, 0);
    expect_nothing();
    plk_flight_received(f, now_us, 4, true);
    assert_false(plk_flight_rest(f, 1, &rest)); // an ACK is due
    struct plk_frame_ack ack;
    assert_true(plk_flight_ack_build(f, now_us, &ack));
    assert_true(plk_flight_rest(f, 1, &rest));
    plk_flight_received(f, now_us, 5, false); // wants no ACK
    assert_true(plk_flight_rest(f, 1, &rest));
    assert_int_equal(rest.top.first, 4);
    assert_int_equal(rest.top.last, 5);
}

static void acks_of_before_are_no_lies(void **state) {
    (void)state;
    send_run(0, 9);
    assert_int_equal(ack_range(0, 9), PLK_ERR_OK);
    for (uint64_t pn = 0; pn < 10; pn++) expect_item(PLK_FLIGHT_ACKED, pn);
    expect_nothing();
    struct plk_flight_rest rest = rested();
    assert_int_equal(rest.rtt_us, info_of(1).smoothed_us);
    go_on(&rest, 15); // five more have left meanwhile
    assert_int_equal(ack_range(3, 14), PLK_ERR_OK);
    expect_nothing();
    assert_int_equal(ack_range(3, 15), PLK_ERR_MALFORMED);
    send_on(1, 15);
    assert_int_equal(ack_range(0, 15), PLK_ERR_OK);
    expect_item(PLK_FLIGHT_ACKED, 15);
    expect_nothing();
}

static void numbers_received_go_on(void **state) {
    (void)state;
    struct plk_flight_rest rest = {0};
    plk_flight_rest_received(&rest, 3);
    plk_flight_rest_received(&rest, 4);
    plk_flight_rest_received(&rest, 2); // late: not worth remembering
    assert_int_equal(rest.top.first, 3);
    assert_int_equal(rest.top.last, 4);
    plk_flight_rest_received(&rest, 9);
    assert_int_equal(rest.top.first, 9);
    plk_flight_rest_received(&rest, 10);
    go_on(&rest, 0);
    plk_flight_received(f, now_us, 11, true);
    assert_false(plk_flight_ack_due(f, now_us)); // in order: the next one may come yet
    struct plk_frame_ack ack;
    assert_true(plk_flight_ack_build(f, now_us + 5, &ack));
    assert_int_equal(ack.count, 1);
    assert_int_equal(ack.ranges[0].first, 9);
    assert_int_equal(ack.ranges[0].last, 11);
    assert_int_equal(ack.delay_us, 5);
    plk_flight_received(f, now_us, 13, true);
    assert_true(plk_flight_ack_due(f, now_us)); // one is missing
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_under_way_keeps_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acks_of_before_are_no_lies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_received_go_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
