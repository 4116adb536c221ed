// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_dial.h"
#include "wire/tlv.h"

static void udp_is_quicker(void **state) {
    (void)state;
    run(PLK_SECOND);
    assert_true(connected());
    struct plk_relay_dial_status status = plk_relay_dial_status(d);
    assert_false(status.tcp);
    assert_true(plk_addr_equal(&status.addr, &me));
    assert_int_equal(hellos, 1);
    assert_int_equal(opened, 0);
    assert_int_equal(ups, 1);
    assert_int_equal(resolves, 1);
    assert_int_equal(plk_relay_dial_heard(d)->greeting.admission, PLK_RELAY_ADMIT_TOKEN);
    assert_int_equal(plk_relay_channel_status(channel).state, PLK_RELAY_CHANNEL_OPEN);
    struct plk_output output;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = 1, .bytes = {(const uint8_t *)"x", 1}};
    assert_true(plk_relay_dial_pass(d, &frame, &output));
    assert_int_equal(output.kind, PLK_OUT_DATAGRAM);
}

static void tcp_is_there_when_udp_is_not(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    assert_true(plk_relay_dial_status(d).tcp);
    assert_int_equal(opened, 2); // the first address refuses
    struct plk_addr addr = plk_relay_dial_status(d).addr;
    assert_true(plk_addr_equal(&addr, &me));
    run(PLK_HOUR);
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    size_t len;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_NOBODY, .handle = 1};
    assert_int_equal(plk_relay_channel_pass(channel, &frame, out, &len), PLK_ERR_OK);
    hear(channel_stream, out, len);
    assert_int_equal(passed_count, 1);
    struct plk_output output;
    frame.type = PLK_FRAME_PASS;
    assert_true(plk_relay_dial_pass(d, &frame, &output));
    assert_int_equal(output.kind, PLK_OUT_STREAM_WRITE);
}

static void udp_takes_over_when_it_is_back(void **state) {
    (void)state;
    udp_works = false;
    run(5 * PLK_SECOND);
    assert_true(plk_relay_dial_status(d).tcp);
    udp_works = true; // a hello of the race may still be answered, or the next one is
    run(PLK_RELAY_DIAL_GIVE_UP_US + PLK_RELAY_DIAL_UDP_US);
    assert_true(connected());
    assert_false(plk_relay_dial_status(d).tcp);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
    assert_int_equal(closed, 1);
    run(PLK_HOUR);
    assert_int_equal(ups, 2);
}

static void udp_that_is_slower_takes_over(void **state) {
    (void)state;
    udp_works = false;
    run(PLK_RELAY_DIAL_REPEAT_US * 3 + PLK_RELAY_DIAL_REPEAT_US); // three copies have gone in vain
    assert_true(plk_relay_dial_status(d).tcp);
    udp_works = true;
    run(PLK_SECOND);
    assert_false(plk_relay_dial_status(d).tcp);
}

static void udp_that_is_blocked_is_tried_less_and_less(void **state) {
    (void)state;
    udp_works = false;
    run(PLK_MINUTE);
    unsigned in_a_minute = datagrams;
    assert_true(in_a_minute > 2 * (1 + PLK_RELAY_DIAL_REPEATS));
    run(PLK_HOUR);
    assert_true(datagrams < in_a_minute + 2 * 14 * (1 + PLK_RELAY_DIAL_REPEATS));
    assert_int_equal(ups, 1);
    plk_relay_dial_hurry(d, now_us); // another network
    udp_works = true;
    run(PLK_SECOND);
    assert_false(plk_relay_dial_status(d).tcp);
}

static void a_lost_stream_is_made_again(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    stream_event(channel_stream, PLK_STREAM_CLOSED);
    settle();
    assert_int_equal(downs, 1);
    run(2 * PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_true(plk_relay_dial_status(d).tcp);
    assert_int_equal(closed, 0); // what the other side has closed needs no closing
}

static void a_cookie_is_used_and_kept(void **state) {
    (void)state;
    wants_cookie = true;
    run(100 * PLK_MS);
    assert_true(connected());
    assert_int_equal(hellos, 2);
    plk_relay_channel_free(channel); // the relay is restarted, its secret with it
    channel = NULL;
    jar = (struct plk_cookie_jar){0};
    plk_relay_channel_ping(plk_relay_dial_channel(d), now_us);
    run(20 * PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_int_equal(hellos, 4); // the old cookie is good no more
}

static void a_restarted_relay_is_found_in_a_second(void **state) {
    (void)state;
    run(PLK_SECOND);
    plk_relay_channel_free(channel);
    channel = NULL;
    plk_relay_channel_ping(plk_relay_dial_channel(d), now_us); // a path through it is in doubt
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
    assert_int_equal(hellos, 2);
}

// The process of a relay that one was connected to is gone; another is where the first has said.
static void who_loses_a_relay_asks_where_else_it_is(void **state) {
    (void)state;
    uint8_t list[64], places[40];
    struct plk_addr another = {.family = 4, .ip = {192, 0, 2, 2}, .port = 7450};
    struct plk_addr home = {.family = 4, .ip = {192, 168, 1, 1}, .port = 80}; // nobody is led there
    struct plk_writer at = plk_writer(places, sizeof places), w = plk_writer(list, sizeof list);
    plk_addr_write(&at, &home);
    plk_addr_write(&at, &another);
    plk_tlv_put(&w, PLK_RELAY_GREETING_PLACES, plk_writer_bytes(&at));
    extensions = plk_writer_bytes(&w);
    run(PLK_SECOND);
    assert_int_equal(ups, 1);
    assert_int_equal(datagrams_to(&another), 0);
    extensions =
        (struct plk_bytes){0}; // comes back from a restart, and sees the other one no more: what it said stays known
    plk_relay_dial_hurry(d, now_us);
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
    plk_relay_channel_free(channel);
    channel = NULL;
    me = another;
    plk_relay_channel_ping(plk_relay_dial_channel(d), now_us);
    run(2 * PLK_SECOND);
    assert_int_equal(ups, 3);
    assert_true(datagrams_to(&another) > 0);
    assert_int_equal(datagrams_to(&home), 0);
}

static void a_relay_that_was_only_slow_keeps_its_channel(void **state) {
    (void)state;
    run(PLK_SECOND);
    udp_works = tcp_works = false;
    plk_relay_channel_ping(plk_relay_dial_channel(d), now_us);
    run(PLK_SECOND); // it was asked for another one meanwhile
    assert_true(datagrams > 4);
    udp_works = true;
    hears_hellos = false; // its answer to that is slower than to what the channel asks
    run(2 * PLK_SECOND);
    unsigned asked = datagrams;
    hears_hellos = true;
    run(9 * PLK_MINUTE);
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
    assert_true(datagrams < asked + 100);
    assert_int_equal(plk_relay_dial_status(d).failures, 0);
}

static void a_dead_relay_is_noticed_and_asked_for(void **state) {
    (void)state;
    run(PLK_SECOND);
    udp_works = tcp_works = false;
    run(25 * PLK_SECOND);
    assert_false(connected());
    assert_int_equal(downs, 1);
    run(10 * PLK_MINUTE);
    unsigned failures = plk_relay_dial_status(d).failures;
    assert_true(failures >= 5 && failures <= 12);
    udp_works = true;
    run(PLK_RELAY_DIAL_PAUSE_MAX_US * 3 / 2);
    assert_true(connected());
    assert_int_equal(plk_relay_dial_status(d).failures, 0);
}

static void a_hello_is_repeated_a_few_times(void **state) {
    (void)state;
    udp_works = tcp_works = false;
    run(PLK_RELAY_DIAL_GIVE_UP_US - PLK_MS);
    assert_int_equal(datagrams, 2 * (1 + PLK_RELAY_DIAL_REPEATS)); // to both addresses
    assert_int_equal(opened, 2);
    assert_int_equal(plk_relay_dial_status(d).failures, 0);
    run(2 * PLK_MS);
    assert_int_equal(plk_relay_dial_status(d).failures, 1);
}

static void a_name_that_is_not_known_is_asked_again(void **state) {
    (void)state;
    knows_name = false;
    run(PLK_MINUTE);
    assert_false(connected());
    assert_true(resolves >= 3);
    assert_int_equal(hellos + opened + datagrams, 0);
    knows_name = true;
    run(PLK_MINUTE);
    assert_true(connected());
    knows_name = false; // what it was is good enough
    plk_relay_dial_hurry(d, now_us);
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
}

static void a_new_network_gets_a_new_channel(void **state) {
    (void)state;
    run(PLK_SECOND);
    struct plk_relay_channel *before = plk_relay_dial_channel(d);
    assert_non_null(before);
    client.ip[3] = 9;
    plk_relay_dial_hurry(d, now_us);
    assert_true(connected()); // until the new one is there
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
    assert_int_equal(hellos, 2);
}

static void a_channel_is_renewed_before_it_ends(void **state) {
    (void)state;
    run(PLK_RELAY_CHANNEL_RENEW_US - PLK_MINUTE);
    assert_int_equal(ups, 1);
    run(2 * PLK_MINUTE);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
}

static void keepalive_grows_until_the_nat_forgets(void **state) {
    (void)state;
    run(PLK_MINUTE);
    run(2 * PLK_HOUR);
    assert_in_range(plk_relay_dial_status(d).keepalive_us, PLK_KEEPALIVE_BLIND_US / 2, PLK_KEEPALIVE_BLIND_US);
    assert_int_equal(ups, 1);
    uint64_t long_us = plk_relay_dial_status(d).keepalive_us;
    client.port++; // a NAT that had forgotten
    run(2 * long_us);
    uint64_t shorter_us = plk_relay_dial_status(d).keepalive_us;
    assert_int_equal(shorter_us, long_us * 7 / 10 / PLK_MS * PLK_MS);
    run(2 * PLK_HOUR);
    assert_true(plk_relay_dial_status(d).keepalive_us < long_us); // not so long again on this network
    plk_relay_dial_hurry(d, now_us);
    assert_int_equal(plk_relay_dial_status(d).keepalive_us, PLK_KEEPALIVE_FIRST_US);
}

static void who_shows_us_out_is_not_asked_at_once(void **state) {
    (void)state;
    run(PLK_SECOND);
    plk_relay_channel_close(channel);
    settle();
    run(100 * PLK_MS);
    assert_int_equal(downs, 1);
    assert_false(connected());
    run(3 * PLK_SECOND);
    assert_int_equal(ups, 2);
}

static void what_is_not_for_it_is_not_taken(void **state) {
    (void)state;
    run(PLK_SECOND);
    uint8_t bytes[300] = {PLK_PACKET_DATA}, text[300];
    struct plk_relay_channel_passed passed;
    struct plk_packet packet;
    static const uint8_t kinds[] = {PLK_PACKET_DATA, PLK_PACKET_MESSAGE1, PLK_PACKET_MESSAGE2, PLK_PACKET_HELLO, 0};
    for (size_t i = 0; i < sizeof kinds; i++) {
        bytes[0] = kinds[i];
        bytes[1] = 1;
        assert_int_equal(plk_packet_decode(&packet, plk_bytes(bytes, sizeof bytes)), PLK_ERR_OK);
        assert_false(plk_relay_dial_packet(d, now_us, &me, &packet, &rng, text, &passed));
    }
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.stream = FIRST_STREAM - 1;
    assert_false(plk_relay_dial_stream(d, now_us, &input));
    input.stream.stream = FIRST_STREAM + PLK_RELAY_DIAL_STREAMS;
    assert_false(plk_relay_dial_stream(d, now_us, &input));
}

static void a_broken_stream_is_closed(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    struct plk_input input = {.kind = PLK_IN_STREAM};
    uint8_t text[16];
    struct plk_relay_channel_passed passed;
    input.stream.stream = channel_stream;
    input.stream.event = PLK_STREAM_BYTES;
    input.stream.data = plk_bytes("\xff\xff", 2);
    assert_true(plk_relay_dial_stream(d, now_us, &input));
    assert_false(plk_relay_dial_framed(d, now_us, &rng, text, &passed));
    settle();
    assert_int_equal(closed, 1);
    assert_int_equal(downs, 1);
    run(5 * PLK_SECOND);
    assert_int_equal(ups, 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(udp_is_quicker),
        TEST(tcp_is_there_when_udp_is_not),
        TEST(udp_takes_over_when_it_is_back),
        TEST(udp_that_is_slower_takes_over),
        TEST(udp_that_is_blocked_is_tried_less_and_less),
        TEST(a_lost_stream_is_made_again),
        TEST(a_cookie_is_used_and_kept),
        TEST(a_restarted_relay_is_found_in_a_second),
        TEST(who_loses_a_relay_asks_where_else_it_is),
        TEST(a_relay_that_was_only_slow_keeps_its_channel),
        TEST(a_dead_relay_is_noticed_and_asked_for),
        TEST(a_hello_is_repeated_a_few_times),
        TEST(a_name_that_is_not_known_is_asked_again),
        TEST(a_new_network_gets_a_new_channel),
        TEST(a_channel_is_renewed_before_it_ends),
        TEST(keepalive_grows_until_the_nat_forgets),
        TEST(who_shows_us_out_is_not_asked_at_once),
        TEST(what_is_not_for_it_is_not_taken),
        TEST(a_broken_stream_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
