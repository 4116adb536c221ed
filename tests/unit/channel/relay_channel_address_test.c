// SPDX-License-Identifier: MIT
// A client that moves: challenges, and what an unproven address gets (relay.md, section 4).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/channel_story.h"

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

// What the NAT of a client bears: something came unasked, or was lost.
static void a_client_notes_what_its_silence_cost(void **state) {
    (void)state;
    struct channel_pair *p = channel_pair_new(1, PLK_UDP);
    struct plk_relay_channel *client = p->end[CLIENT].ch;
    opened(p);
    plk_relay_channel_keepalive(client, 0);
    channel_run(p, 5 * PLK_SECOND);
    plk_relay_channel_ping(client, p->now_us);
    channel_run(p, 8 * PLK_SECOND);
    assert_true(channel_status(p, CLIENT).borne_us < PLK_SECOND); // only its answer has come
    assert_true(channel_pass(p, RELAY, PLK_FRAME_PASS, 1, small));
    channel_run(p, PLK_SECOND);
    assert_in_range(channel_status(p, CLIENT).borne_us, 8 * PLK_SECOND, 9 * PLK_SECOND);
    assert_true(channel_pass(p, CLIENT, PLK_FRAME_PASS, 1, small)); // that was no silence
    channel_run(p, 20 * PLK_SECOND);
    assert_true(channel_pass(p, RELAY, PLK_FRAME_PASS, 1, small));
    channel_run(p, PLK_SECOND);
    assert_in_range(channel_status(p, CLIENT).borne_us, 8 * PLK_SECOND, 9 * PLK_SECOND);
    plk_relay_channel_ping(client, p->now_us);
    channel_run(p, 10 * PLK_SECOND);
    assert_int_equal(channel_status(p, CLIENT).missed, 0);
    p->end[RELAY].loss = 1000;
    assert_true(channel_pass(p, RELAY, PLK_FRAME_PASS, 1, small));
    channel_run(p, PLK_SECOND);
    p->end[RELAY].loss = 0;
    plk_relay_channel_ping(client, p->now_us);
    channel_run(p, PLK_SECOND);
    assert_int_equal(channel_status(p, CLIENT).missed, 1);
    plk_relay_channel_ping(client, p->now_us); // no silence before it
    channel_run(p, 20 * PLK_SECOND);
    plk_relay_channel_ping(client, p->now_us); // nothing was lost
    channel_run(p, PLK_SECOND);
    assert_int_equal(channel_status(p, CLIENT).missed, 1);
    assert_int_equal(channel_status(p, RELAY).missed, 0);
    channel_pair_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_moves_is_followed),
        cmocka_unit_test(a_client_notes_what_its_silence_cost),
        cmocka_unit_test(the_old_address_is_used_until_the_new_one_answers),
        cmocka_unit_test(an_address_that_does_not_answer_gets_three_times_what_came),
        cmocka_unit_test(an_old_packet_from_elsewhere_is_not_a_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
