// SPDX-License-Identifier: MIT
// Channels: bytes arrive, packets pass, and what rests keeps little.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/channel_story.h"

static void a_client_confirms_at_once(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    size_t len;
    struct plk_addr to;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .bytes = small};
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_OPEN);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPENING);
    assert_false(plk_relay_channel_poll(p->end[RELAY].ch, p->now_us, out, sizeof out, &len, &to));
    assert_int_equal(plk_relay_channel_pass(p->end[RELAY].ch, &frame, out, &len), PLK_ERR_CLOSED);
    assert_int_equal(plk_relay_channel_write(p->end[RELAY].ch, p->now_us, small), 0);
    assert_int_equal(plk_relay_channel_deadline(p->end[RELAY].ch), PLK_NEVER);
    opened(p);
    assert_true(channel_status(p, CLIENT).rtt_us >= 40 * PLK_MS);
    channel_pair_free(p);
}

static void bytes_arrive_over_any_link(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct channel_pair *p = channel_pair_new(seed, PLK_UDP);
        for (unsigned who = 0; who < 2; who++) {
            p->end[who].loss = (unsigned)seed % 4 * 60;
            p->end[who].twice = (unsigned)seed % 3 * 100;
            p->end[who].jitter_us = seed % 5 * 15 * PLK_MS;
        }
        transfer_both_ways(p, 300000, PLK_HOUR);
        for (unsigned who = 0; who < 2; who++) {
            assert_int_equal(p->end[who].refused[PLK_ERR_MALFORMED] + p->end[who].refused[PLK_ERR_FORGED], 0);
            assert_true(p->end[who].largest <= PLK_RELAY_CHANNEL_UDP_LEN);
        }
        assert_true(p->mem.used < 3 * 1024 * 1024);
        channel_pair_free(p);
    }
}

static void bytes_arrive_over_tcp(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(3, PLK_TCP);
    transfer_both_ways(p, 500000, PLK_MINUTE);
    assert_int_equal(p->end[CLIENT].largest, PLK_RELAY_CHANNEL_TCP_LEN);
    assert_int_equal(plk_relay_channel_addr(p->end[RELAY].ch)->family, 0);
    p->end[RELAY].cap = PLK_RELAY_CHANNEL_PACKET_MAX - 1; // the carrier is full
    uint64_t sent = p->end[RELAY].sent;
    assert_int_equal(plk_relay_channel_write(p->end[RELAY].ch, p->now_us, small), small.len);
    channel_send(p, RELAY);
    assert_int_equal(p->end[RELAY].sent, sent);
    channel_pair_free(p);
}

// Sizes on the wire: a packet with commands or cells shows a step and nothing more.
static void packets_with_stream_frames_are_padded(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    static const size_t lens[] = {1, 200, 215, 400, 700, 900, 1100, 1150, 1180, 4096};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX], text[4096] = {0};
        struct plk_addr to;
        size_t len;
        assert_int_equal(plk_relay_channel_write(p->end[CLIENT].ch, p->now_us, plk_bytes(text, lens[i])), lens[i]);
        while (plk_relay_channel_poll(p->end[CLIENT].ch, p->now_us, out, sizeof out, &len, &to)) {
            assert_true(len == 256 || len == 512 || len == 768 || len == 1024 || len == PLK_RELAY_CHANNEL_UDP_LEN);
            channel_carry(p, CLIENT, out, len, &to);
        }
        uint64_t until_us = p->now_us + PLK_SECOND;
        while (channel_step(p, until_us)) {}
        struct plk_bytes bytes = plk_relay_channel_readable(p->end[RELAY].ch);
        assert_int_equal(bytes.len, lens[i]);
        plk_relay_channel_consume(p->end[RELAY].ch, p->now_us, bytes.len);
    }
    channel_pair_free(p);
}

static void pass_goes_around_everything(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    uint8_t large[PLK_FRAME_PASS_MAX] = {7};
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 5, small));
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, UINT32_MAX, plk_bytes(large, sizeof large)));
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[RELAY].passed, 2);
    assert_int_equal(p->end[RELAY].pass_bytes, small.len + sizeof large);
    assert_int_equal(p->end[RELAY].last_handle, UINT32_MAX);
    assert_true(channel_pass(p, RELAY, PLK_FRAME_NOBODY, 9, plk_bytes(NULL, 0)));
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[CLIENT].last_type, PLK_FRAME_NOBODY);
    assert_int_equal(p->end[CLIENT].last_handle, 9);
    assert_true(channel_pass(p, RELAY, PLK_FRAME_FWD, 2, small));
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[CLIENT].last_type, PLK_FRAME_FWD);
    uint64_t sent = p->end[CLIENT].sent + p->end[RELAY].sent;
    for (unsigned i = 0; i < 1000; i++) assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 5, small));
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[CLIENT].sent + p->end[RELAY].sent, sent + 1000); // nobody acknowledges them
    assert_int_equal(p->end[RELAY].passed, 1002);
    channel_pair_free(p);
}

static void an_idle_channel_keeps_little(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    transfer_both_ways(p, 100000, PLK_MINUTE);
    plk_relay_channel_keepalive(p->end[CLIENT].ch, 0);
    channel_run(p, 3 * PLK_SECOND);
    assert_true(both_rest(p));
    assert_true(p->mem.used <= 2 * PLK_RELAY_CHANNEL_RESTING_LEN);
    uint64_t sent = p->end[CLIENT].sent;
    for (unsigned i = 0; i < 50; i++) assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    channel_run(p, PLK_SECOND);
    assert_int_equal(p->end[RELAY].passed, 50);
    assert_true(both_rest(p)); // PASS wakes nobody
    assert_int_equal(p->end[CLIENT].sent, sent + 50);
    transfer_both_ways(p, 50000, PLK_MINUTE);
    assert_int_equal(p->end[RELAY].refused[PLK_ERR_MALFORMED] + p->end[CLIENT].refused[PLK_ERR_MALFORMED], 0);
    channel_pair_free(p);
}

static void what_is_under_way_keeps_it_awake(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    plk_relay_channel_keepalive(p->end[CLIENT].ch, 0);
    channel_run(p, 3 * PLK_SECOND);
    assert_true(plk_relay_channel_rest(p->end[CLIENT].ch));
    assert_int_equal(plk_relay_channel_write(p->end[CLIENT].ch, p->now_us, small), small.len);
    assert_false(plk_relay_channel_rest(p->end[CLIENT].ch)); // not sent
    channel_send(p, CLIENT);
    assert_false(plk_relay_channel_rest(p->end[CLIENT].ch)); // not acknowledged
    uint64_t until_us = p->now_us + 5 * PLK_SECOND;
    while (channel_step(p, until_us)) {}
    assert_true(plk_relay_channel_rest(p->end[CLIENT].ch));
    assert_false(plk_relay_channel_rest(p->end[RELAY].ch)); // not read
    assert_int_equal(plk_relay_channel_readable(p->end[RELAY].ch).len, small.len);
    plk_relay_channel_consume(p->end[RELAY].ch, p->now_us, small.len);
    assert_true(plk_relay_channel_rest(p->end[RELAY].ch));
    assert_int_equal(plk_relay_channel_room(p->end[RELAY].ch), plk_relay_channel_room(p->end[CLIENT].ch));
    channel_pair_free(p);
}

// In and out of rest all the time, over a bad link: every byte once, in order, and nobody is taken for a liar.
static void resting_in_the_middle_costs_nothing(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct channel_pair *p = channel_pair_new(seed, PLK_UDP);
        uint64_t written[2] = {0, 0};
        for (unsigned who = 0; who < 2; who++) {
            p->end[who].loss = 100;
            p->end[who].twice = 100;
            p->end[who].jitter_us = 200 * PLK_MS;
        }
        for (unsigned round = 0; round < 60; round++) {
            unsigned who = (unsigned)channel_random(p, 2);
            p->end[who].want += channel_random(p, 6000);
            channel_write(p, who, &written[who]);
            if (channel_random(p, 2) == 0) channel_pass(p, 1 - who, PLK_FRAME_PASS, round, small);
            uint64_t until_us = p->now_us + channel_random(p, 3 * PLK_SECOND);
            while (channel_step(p, until_us)) {
                for (unsigned i = 0; i < 2; i++) channel_read(p, i);
                plk_relay_channel_rest(p->end[channel_random(p, 2)].ch);
            }
        }
        assert_true(channel_transfer(p, 10 * PLK_MINUTE, written));
        for (unsigned i = 0; i < 2; i++) assert_int_equal(p->end[i].refused[PLK_ERR_MALFORMED], 0);
        channel_pair_free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_confirms_at_once),
        cmocka_unit_test(bytes_arrive_over_any_link),
        cmocka_unit_test(bytes_arrive_over_tcp),
        cmocka_unit_test(packets_with_stream_frames_are_padded),
        cmocka_unit_test(pass_goes_around_everything),
        cmocka_unit_test(an_idle_channel_keeps_little),
        cmocka_unit_test(what_is_under_way_keeps_it_awake),
        cmocka_unit_test(resting_in_the_middle_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
