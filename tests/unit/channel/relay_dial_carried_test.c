// SPDX-License-Identifier: MIT
// A dial whose datagrams another channel carries (FWD).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_dial.h"

static bool is_over(void) { return plk_relay_dial_status(d).over; }

static void it_asks_no_name_and_opens_no_stream(void **state) {
    (void)state;
    tcp_works = true;
    run(PLK_SECOND);
    assert_true(connected());
    assert_false(is_over());
    assert_int_equal(resolves + opened, 0);
    assert_int_equal(hellos, 1);
    assert_int_equal(ups, 1);
}

static void its_hello_has_the_id_that_was_given(void **state) {
    (void)state;
    struct plk_output output;
    struct plk_packet packet;
    plk_relay_dial_tick(d, now_us, &rng);
    assert_true(plk_relay_dial_poll(d, now_us, &output));
    assert_int_equal(output.kind, PLK_OUT_DATAGRAM);
    assert_true(plk_addr_equal(&output.datagram.to, &me));
    assert_int_equal(plk_packet_decode(&packet, output.datagram.data), PLK_ERR_OK);
    assert_int_equal(packet.kind, PLK_PACKET_HELLO);
    assert_memory_equal(packet.cid.at, carried_cid, sizeof carried_cid);
}

static void a_cookie_is_used_at_once(void **state) {
    (void)state;
    wants_cookie = true;
    run(100 * PLK_MS);
    assert_true(connected());
    assert_int_equal(hellos, 2);
}

static void a_hello_that_nobody_answers_ends_it(void **state) {
    (void)state;
    udp_works = false;
    run(PLK_RELAY_DIAL_GIVE_UP_US - PLK_MS);
    assert_false(is_over());
    assert_int_equal(datagrams, 1 + PLK_RELAY_DIAL_REPEATS);
    run(PLK_HOUR);
    assert_true(is_over());
    assert_int_equal(datagrams, 1 + PLK_RELAY_DIAL_REPEATS); // it does not begin again by itself
    assert_int_equal(opened, 0);
}

static void a_dead_relay_ends_it(void **state) {
    (void)state;
    run(PLK_SECOND);
    udp_works = false;
    run(25 * PLK_SECOND);
    assert_true(is_over());
    assert_false(connected());
    assert_int_equal(downs, 1);
    assert_int_equal(ups, 1);
}

static void who_is_shown_out_does_not_knock_again(void **state) {
    (void)state;
    run(PLK_SECOND);
    plk_relay_channel_close(channel);
    run(PLK_SECOND);
    assert_true(is_over());
    assert_false(connected());
    assert_int_equal(hellos, 1);
}

static void an_old_channel_works_until_it_is_replaced(void **state) {
    (void)state;
    run(PLK_RELAY_CHANNEL_RENEW_US + PLK_MINUTE);
    assert_true(is_over());
    assert_true(connected());
    assert_int_equal(hellos, 1);
}

// What carries its packets adds to them, and must fit any path as well.
static void its_packets_leave_room_for_what_carries_them(void **state) {
    (void)state;
    run(PLK_SECOND);
    uint8_t text[8000] = {0};
    struct plk_relay_channel *inside = plk_relay_dial_channel(d);
    assert_int_equal(plk_relay_channel_write(inside, now_us, plk_bytes(text, sizeof text)), sizeof text);
    struct plk_output output;
    size_t longest = 0;
    while (plk_relay_dial_poll(d, now_us, &output)) {
        assert_int_equal(output.kind, PLK_OUT_DATAGRAM);
        if (output.datagram.data.len > longest) longest = output.datagram.data.len;
    }
    assert_int_equal(longest, PLK_RELAY_CHANNEL_INNER_LEN);
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX], whole[PLK_RELAY_CHANNEL_INNER_LEN] = {0};
    size_t len;
    struct plk_relay_channel_frame frame = {
        .type = PLK_FRAME_FWD, .handle = UINT32_MAX, .bytes = plk_bytes(whole, sizeof whole)};
    assert_int_equal(plk_relay_channel_pass(channel, &frame, out, &len), PLK_ERR_OK);
    assert_true(len <= PLK_RELAY_CHANNEL_UDP_LEN);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_carried, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_asks_no_name_and_opens_no_stream),
        TEST(its_hello_has_the_id_that_was_given),
        TEST(a_cookie_is_used_at_once),
        TEST(a_hello_that_nobody_answers_ends_it),
        TEST(a_dead_relay_ends_it),
        TEST(who_is_shown_out_does_not_knock_again),
        TEST(an_old_channel_works_until_it_is_replaced),
        TEST(its_packets_leave_room_for_what_carries_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
