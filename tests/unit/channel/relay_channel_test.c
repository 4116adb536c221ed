// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/channel_pair.h"

static const struct plk_bytes small = {.at = (const uint8_t *)"a datagram of a link", .len = 20};

static void opened(struct channel_pair *p) {
    channel_run(p, PLK_SECOND / 2);
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_OPEN);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPEN);
}

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

static void transfer_both_ways(struct channel_pair *p, uint64_t bytes, uint64_t limit_us) {
    uint64_t written[2] = {p->end[CLIENT].want, p->end[RELAY].want};
    p->end[CLIENT].want += bytes;
    p->end[RELAY].want += bytes;
    assert_true(channel_transfer(p, limit_us, written));
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

// ---- rest

static bool both_rest(const struct channel_pair *p) {
    return channel_status(p, CLIENT).resting && channel_status(p, RELAY).resting;
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

// ---- addresses

static struct plk_addr elsewhere(uint8_t last, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {203, 0, 113, last}, .port = port};
}

static void a_client_that_moves_is_followed(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct channel_pair *p = channel_pair_new(seed, PLK_UDP);
        opened(p);
        if (seed % 2 == 0) p->end[CLIENT].loss = p->end[RELAY].loss = 200;
        p->client = elsewhere(5, 1234);
        transfer_both_ways(p, 20000, 10 * PLK_MINUTE);
        channel_run(p, 30 * PLK_SECOND);
        assert_true(plk_addr_equal(plk_relay_channel_addr(p->end[RELAY].ch), &p->client));
        assert_false(channel_status(p, RELAY).checking);
        channel_pair_free(p);
    }
}

static void the_old_address_is_used_until_the_new_one_answers(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    struct plk_addr old = p->client;
    p->client = elsewhere(5, 1234);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    channel_step(p, PLK_NEVER); // it arrives
    assert_int_equal(p->end[RELAY].passed, 1);
    assert_true(channel_status(p, RELAY).checking);
    assert_true(plk_addr_equal(plk_relay_channel_addr(p->end[RELAY].ch), &old));
    assert_true(channel_pass(p, RELAY, PLK_FRAME_PASS, 1, small));
    channel_run(p, PLK_SECOND);
    assert_int_equal(p->strays, 1);
    assert_int_equal(p->end[CLIENT].passed, 0);
    assert_true(plk_addr_equal(plk_relay_channel_addr(p->end[RELAY].ch), &p->client));
    channel_pair_free(p);
}

// Somebody on the way sends a client's packet from an address that is not its own: what comes there is little, and the
// channel stays where it was.
static void an_address_that_does_not_answer_gets_three_times_what_came(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    struct plk_addr old = p->client;
    p->client = elsewhere(6, 99); // nobody there hears the relay
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    p->client = old;
    uint64_t came = small.len + 3 + PLK_PACKET_OVERHEAD, went = 0;
    uint64_t until_us = p->now_us + 20 * PLK_SECOND;
    plk_relay_channel_keepalive(p->end[CLIENT].ch, 0);
    for (;;) {
        uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
        size_t len;
        struct plk_addr to, there = elsewhere(6, 99);
        while (plk_relay_channel_poll(p->end[RELAY].ch, p->now_us, out, sizeof out, &len, &to)) {
            if (plk_addr_equal(&to, &there)) went += len;
        }
        if (!channel_step(p, until_us)) break;
    }
    assert_int_equal(p->end[RELAY].passed, 1);
    assert_true(went > 0 && went <= 3 * came);
    assert_true(plk_addr_equal(plk_relay_channel_addr(p->end[RELAY].ch), &old));
    assert_false(channel_status(p, RELAY).checking);
    assert_true(channel_status(p, RELAY).resting);
    channel_pair_free(p);
}

// A copy that overtakes makes the relay ask; the true client's next packet ends it.
static void an_old_packet_from_elsewhere_is_not_a_move(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    struct plk_addr old = p->client;
    p->client = elsewhere(7, 1);
    p->end[CLIENT].delay_us = 80 * PLK_MS;
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    p->client = old;
    p->end[CLIENT].delay_us = 20 * PLK_MS;
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 2, small));
    channel_run(p, 200 * PLK_MS);
    assert_int_equal(p->end[RELAY].passed, 2);
    assert_false(channel_status(p, RELAY).checking);
    p->client = elsewhere(7, 1);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 3, small));
    p->client = old;
    channel_step(p, PLK_NEVER);
    assert_true(channel_status(p, RELAY).checking);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 4, small));
    channel_run(p, 100 * PLK_MS);
    assert_false(channel_status(p, RELAY).checking);
    assert_true(plk_addr_equal(plk_relay_channel_addr(p->end[RELAY].ch), &old));
    channel_pair_free(p);
}

// ---- memory

static void when_memory_is_short_only_the_next_byte_is_kept(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(5, PLK_UDP);
    opened(p);
    p->end[CLIENT].loss = 100;
    p->end[RELAY].memory = PLK_RELAY_CHANNEL_SHORT;
    transfer_both_ways(p, 100000, PLK_HOUR);
    assert_true(channel_status(p, RELAY).refused > 0);
    assert_int_equal(channel_status(p, CLIENT).refused, 0);
    channel_pair_free(p);
}

static void when_memory_is_full_nothing_is_kept(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(5, PLK_UDP);
    opened(p);
    channel_run(p, 5 * PLK_SECOND);
    p->end[RELAY].memory = PLK_RELAY_CHANNEL_FULL;
    uint64_t written[2] = {0, 0};
    p->end[CLIENT].want = 5000;
    channel_write(p, CLIENT, &written[CLIENT]);
    channel_run(p, 2 * PLK_SECOND);
    assert_int_equal(p->end[RELAY].got, 0);
    assert_true(channel_status(p, RELAY).refused > 0);
    assert_true(plk_relay_channel_readable(p->end[RELAY].ch).len == 0);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small)); // goes on
    channel_run(p, PLK_SECOND);
    assert_int_equal(p->end[RELAY].passed, 1);
    p->end[RELAY].memory = PLK_RELAY_CHANNEL_PLENTY;
    assert_true(channel_transfer(p, PLK_MINUTE, written));
    channel_pair_free(p);
}

// Nothing comes again over TCP: a channel whose bytes have no place would stand still for ever.
static void when_memory_is_full_a_tcp_channel_ends(void **state) {
    (void)state;
    for (unsigned rested = 0; rested < 2; rested++) {
        struct channel_pair *p = channel_pair_new(5, PLK_TCP);
        opened(p);
        if (rested == 1) channel_run(p, 5 * PLK_SECOND);
        p->end[RELAY].memory = PLK_RELAY_CHANNEL_SHORT; // what comes in order always has a place
        transfer_both_ways(p, 50000, PLK_MINUTE);
        p->end[RELAY].memory = PLK_RELAY_CHANNEL_FULL;
        if (rested == 1) channel_run(p, 5 * PLK_SECOND);
        assert_int_equal(plk_relay_channel_write(p->end[CLIENT].ch, p->now_us, small), small.len);
        channel_run(p, PLK_SECOND);
        assert_int_equal(channel_status(p, RELAY).end, PLK_RELAY_CHANNEL_CROWDED);
        assert_int_equal(channel_status(p, CLIENT).end, PLK_RELAY_CHANNEL_PEER);
        channel_pair_free(p);
    }
}

static void a_held_channel_opens_no_window(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(5, PLK_UDP);
    opened(p);
    channel_run(p, 5 * PLK_SECOND);
    plk_relay_channel_hold(p->end[RELAY].ch, p->now_us, true); // while it rests
    uint64_t written[2] = {0, 0};
    p->end[CLIENT].want = 2000000;
    assert_false(channel_transfer(p, PLK_MINUTE, written));
    uint64_t got = p->end[RELAY].got;
    assert_true(got >= 200000 && got <= 256 * 1024);
    assert_true(plk_relay_channel_rest(p->end[RELAY].ch)); // nothing is under way; the client waits for the window
    plk_relay_channel_keepalive(p->end[CLIENT].ch, 0);
    plk_relay_channel_hold(p->end[RELAY].ch, p->now_us, false);
    assert_true(channel_transfer(p, PLK_MINUTE, written));
    channel_pair_free(p);
}

// ---- life

static void keepalive_is_all_that_an_idle_client_says(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    channel_run(p, 5 * PLK_SECOND);
    uint64_t sent = p->end[CLIENT].sent;
    channel_run(p, 100 * PLK_SECOND);
    assert_in_range(p->end[CLIENT].sent - sent, 10, 22);      // PING, and sometimes an ACK
    plk_relay_channel_keepalive(p->end[CLIENT].ch, PLK_HOUR); // no longer than
    channel_run(p, PLK_RELAY_CHANNEL_PING_MAX_US);
    sent = p->end[CLIENT].sent;
    channel_run(p, 3 * PLK_RELAY_CHANNEL_PING_MAX_US);
    assert_in_range(p->end[CLIENT].sent - sent, 3, 6);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPEN);
    channel_pair_free(p);
}

static void a_client_notices_a_dead_relay(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    plk_relay_channel_keepalive(p->end[CLIENT].ch, 0);
    channel_run(p, 5 * PLK_SECOND);
    p->end[RELAY].cut = true;
    plk_relay_channel_ping(p->end[CLIENT].ch, p->now_us);
    channel_run(p, 2 * PLK_SECOND);
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_OPEN);
    assert_true(channel_status(p, CLIENT).timeouts >= 2);
    channel_run(p, PLK_RELAY_CHANNEL_LOST_US);
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_CLOSED);
    assert_int_equal(channel_status(p, CLIENT).end, PLK_RELAY_CHANNEL_SILENT);
    channel_pair_free(p);
}

static void a_relay_lets_silent_clients_go(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    p->end[CLIENT].cut = true;
    channel_run(p, PLK_RELAY_CHANNEL_SILENT_US - 10 * PLK_SECOND);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPEN);
    channel_run(p, 20 * PLK_SECOND);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_CLOSED);
    assert_int_equal(channel_status(p, RELAY).end, PLK_RELAY_CHANNEL_SILENT);
    channel_pair_free(p);
}

static void a_relay_keeps_no_bytes_for_who_does_not_answer(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    p->end[CLIENT].cut = true;
    uint64_t written = 0;
    p->end[RELAY].want = 200000;
    channel_write(p, RELAY, &written);
    channel_run(p, PLK_RELAY_CHANNEL_UNHEARD_US + PLK_SECOND);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_CLOSED);
    assert_int_equal(channel_status(p, RELAY).end, PLK_RELAY_CHANNEL_SILENT);
    assert_true(channel_status(p, RELAY).resting);
    channel_pair_free(p);
}

static void no_channel_lives_for_ever(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_TCP);
    opened(p);
    channel_run(p, PLK_RELAY_CHANNEL_LIFE_US - PLK_MINUTE);
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_OPEN);
    channel_run(p, PLK_MINUTE);
    assert_int_equal(channel_status(p, CLIENT).end, PLK_RELAY_CHANNEL_OLD);
    assert_int_equal(channel_status(p, RELAY).end, PLK_RELAY_CHANNEL_OLD);
    channel_pair_free(p);
    p = channel_pair_new(1, PLK_UDP);
    opened(p);
    plk_relay_channel_free(p->end[CLIENT].ch); // the same channel when its counters have run out
    struct plk_relay_channel_start start = {.transport = PLK_UDP, .addr = p->relay, .session = &p->hello.heard.session};
    p->hello.heard.session.send_next = PLK_SESSION_COUNTER_END;
    p->end[CLIENT].ch = plk_relay_channel_new(&p->mem, &start, p->now_us);
    assert_false(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    assert_int_equal(channel_status(p, CLIENT).end, PLK_RELAY_CHANNEL_OLD);
    channel_pair_free(p);
}

static void either_side_may_close(void **state) {
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        struct channel_pair *p = channel_pair_new(who, PLK_UDP);
        opened(p);
        plk_relay_channel_write(p->end[who].ch, p->now_us, small);
        plk_relay_channel_close(p->end[who].ch);
        assert_int_equal(channel_status(p, who).state, PLK_RELAY_CHANNEL_CLOSING);
        channel_run(p, PLK_SECOND);
        assert_int_equal(channel_status(p, who).state, PLK_RELAY_CHANNEL_CLOSED);
        assert_int_equal(channel_status(p, who).end, PLK_RELAY_CHANNEL_ASKED);
        assert_int_equal(channel_status(p, 1 - who).state, PLK_RELAY_CHANNEL_CLOSED);
        assert_int_equal(channel_status(p, 1 - who).end, PLK_RELAY_CHANNEL_PEER);
        assert_false(channel_pass(p, 1 - who, PLK_FRAME_PASS, 1, small));
        assert_int_equal(plk_relay_channel_write(p->end[1 - who].ch, p->now_us, small), 0);
        channel_pair_free(p);
    }
    struct channel_pair *p = channel_pair_new(1, PLK_UDP); // never confirmed: there is nobody to tell
    plk_relay_channel_close(p->end[RELAY].ch);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_CLOSED);
    channel_pair_free(p);
}

// ---- what must not be

static enum plk_err send_text(struct channel_pair *p, unsigned who, const uint8_t *text, size_t text_len) {
    struct plk_session *session = who == CLIENT ? &p->hello.heard.session : &p->hello.answered.session;
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX], opened_text[PLK_RELAY_CHANNEL_PACKET_MAX];
    uint64_t pn;
    struct plk_packet packet;
    struct plk_relay_channel_passed passed;
    session->confirmed = true;
    session->send_next += 1000; // past those of the channel itself
    uint8_t cid[PLK_PACKET_CID_LEN] = {0};
    assert_int_equal(plk_session_seal(session, cid, plk_bytes(text, text_len), out, &pn), PLK_ERR_OK);
    assert_int_equal(plk_packet_decode(&packet, plk_bytes(out, text_len + PLK_PACKET_OVERHEAD)), PLK_ERR_OK);
    const struct plk_addr *from = who == CLIENT ? &p->client : &p->relay;
    return plk_relay_channel_receive(p->end[1 - who].ch, p->now_us, from, &packet, PLK_RELAY_CHANNEL_PLENTY,
                                     &p->hello.rng, opened_text, &passed);
}

static void who_breaks_a_rule_is_shown_out(void **state) {
    (void)state;
    static const struct {
        unsigned who;
        size_t len;
        uint8_t text[24];
    } cases[] = {
        {CLIENT, 0, {0}},                                          // no frame
        {CLIENT, 1, {16}},                                         // none of this table
        {CLIENT, 10, {9, 0, 1, 2, 3, 4, 5, 6, 7, 8}},              // NEW_CID
        {CLIENT, 2, {10, 0}},                                      // RETIRE_CID
        {CLIENT, 3, {12, 1, 0}},                                   // ADDRESSES
        {CLIENT, 3, {6, 1, 7}},                                    // DATAGRAM
        {CLIENT, 6, {3, 1, 0, 1, 0, 7}},                           // STREAM 1
        {CLIENT, 6, {3, 0, 0, 1, 1, 7}},                           // the end of stream 0
        {CLIENT, 3, {5, 2, 9}},                                    // MAX_STREAM_DATA of stream 2
        {CLIENT, 2, {14, 1}},                                      // NOBODY by a client
        {CLIENT, 6, {2, 0x5f, 0xff, 0, 0, 0}},                     // ACK of what was never sent
        {CLIENT, 8, {13, 1, 1, 7, 13, 1, 2, 7}},                   // the second PASS is cut off
        {CLIENT, 12, {3, 0, 0x80, 0x04, 0, 0, 1, 0, 7, 13, 1, 0}}, // beyond the window
        {RELAY, 6, {3, 1, 0, 1, 0, 7}},
        {RELAY, 2, {10, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned rested = 0; rested < 2; rested++) {
            struct channel_pair *p = channel_pair_new(i, PLK_UDP);
            opened(p);
            if (rested == 1) channel_run(p, 5 * PLK_SECOND);
            unsigned who = cases[i].who;
            assert_int_equal(channel_status(p, 1 - who).resting, rested == 1);
            assert_int_equal(send_text(p, who, cases[i].text, cases[i].len), PLK_ERR_MALFORMED);
            assert_int_equal(channel_status(p, 1 - who).end, PLK_RELAY_CHANNEL_BROKEN);
            channel_run(p, PLK_SECOND);
            assert_int_equal(channel_status(p, 1 - who).state, PLK_RELAY_CHANNEL_CLOSED);
            assert_int_equal(channel_status(p, who).end, PLK_RELAY_CHANNEL_PEER); // it was told
            channel_pair_free(p);
        }
    }
}

static void what_is_lawful_is_taken(void **state) {
    (void)state;
    static const struct {
        size_t len;
        uint8_t text[24];
    } cases[] = {
        {1, {1}}, {6, {3, 0, 0, 1, 0, 7}}, {3, {13, 1, 0}}, {3, {15, 1, 0}}, {9, {7, 1, 2, 3, 4, 5, 6, 7, 8}}, {5, {0}},
    };
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(send_text(p, CLIENT, cases[i].text, cases[i].len), PLK_ERR_OK);
    }
    assert_int_equal(plk_relay_channel_readable(p->end[RELAY].ch).len, 1);
    channel_pair_free(p);
}

static void copies_and_forgeries_change_nothing(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    opened(p);
    p->end[CLIENT].twice = 1000;
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[RELAY].passed, 1);
    assert_int_equal(p->end[RELAY].refused[PLK_ERR_REPLAYED], 1);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small));
    for (unsigned i = 0; i < p->under_way; i++) p->air[i]->bytes[20 + i] ^= 1;
    channel_run(p, 100 * PLK_MS);
    assert_int_equal(p->end[RELAY].passed, 1);
    assert_int_equal(p->end[RELAY].refused[PLK_ERR_FORGED], 2);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPEN);
    channel_pair_free(p);
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
        cmocka_unit_test(a_client_that_moves_is_followed),
        cmocka_unit_test(the_old_address_is_used_until_the_new_one_answers),
        cmocka_unit_test(an_address_that_does_not_answer_gets_three_times_what_came),
        cmocka_unit_test(an_old_packet_from_elsewhere_is_not_a_move),
        cmocka_unit_test(when_memory_is_short_only_the_next_byte_is_kept),
        cmocka_unit_test(when_memory_is_full_nothing_is_kept),
        cmocka_unit_test(when_memory_is_full_a_tcp_channel_ends),
        cmocka_unit_test(a_held_channel_opens_no_window),
        cmocka_unit_test(keepalive_is_all_that_an_idle_client_says),
        cmocka_unit_test(a_client_notices_a_dead_relay),
        cmocka_unit_test(a_relay_lets_silent_clients_go),
        cmocka_unit_test(a_relay_keeps_no_bytes_for_who_does_not_answer),
        cmocka_unit_test(no_channel_lives_for_ever),
        cmocka_unit_test(either_side_may_close),
        cmocka_unit_test(who_breaks_a_rule_is_shown_out),
        cmocka_unit_test(what_is_lawful_is_taken),
        cmocka_unit_test(copies_and_forgeries_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
