// SPDX-License-Identifier: MIT
// How channels end, what they keep when memory is short, and what breaks a rule.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/channel_story.h"

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
    channel_run(p, PLK_KEEPALIVE_MAX_US);
    sent = p->end[CLIENT].sent;
    channel_run(p, 3 * PLK_KEEPALIVE_MAX_US);
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
