// SPDX-License-Identifier: MIT
// The relay over TCP, on bad networks, and as days go by.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/tcp.h"
#include "support/relay_story.h"

static void it_is_the_same_over_tcp(void **state) {
    (void)state;
    make(0);
    int carol = rig_connect_from(rig, rig_addr(200, 5555), true);
    assert_non_null(rig->clients[carol].channel);
    assert_int_equal(rig_ask(rig, carol, rig_attach(rig, carol, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(subscribe(carol, 1), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
    for (uint8_t i = 0; i < 4; i++) {
        assert_int_equal(rig_ask(rig, alice, rig_put(9, i, PLK_QUEUE_CELL_MIDDLE)), PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(rig_items(rig, carol, NULL), 4);
    rig_pass(rig, alice, 9, "passed", 6);
    assert_int_equal(rig->clients[carol].passed_count, 1);
    struct plk_input closed = {.kind = PLK_IN_STREAM};
    closed.stream.stream = rig->clients[carol].stream;
    closed.stream.event = PLK_STREAM_CLOSED;
    rig_handle(rig, &closed);
    assert_int_equal(plk_relay_state(rig->relay).clients, 2);
    rig_pass(rig, alice, 9, "nobody", 6);
    assert_int_equal(rig->clients[alice].passed_count, 1);
}

static void slow_and_silent_connections_are_closed(void **state) {
    (void)state;
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = 0x80000777;
    in.stream.event = PLK_STREAM_ACCEPTED;
    in.stream.remote = rig_addr(7, 7);
    rig_handle(rig, &in);
    in.stream.event = PLK_STREAM_BYTES;
    in.stream.data = plk_bytes("\x01\x00\xC6", 3);
    rig_handle(rig, &in);
    rig_run(rig, 9 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 0);
    rig_run(rig, 3 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 1);
}

static void accept_stranger(uint32_t stream) {
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = stream;
    in.stream.event = PLK_STREAM_ACCEPTED;
    in.stream.remote = rig_addr(9, 9);
    rig_handle(rig, &in);
}

// The oldest of those without a channel gives way, and nobody who has one.
static void the_oldest_stranger_gives_way(void **state) {
    (void)state;
    int client = rig_connect_from(rig, rig_addr(3, 3), true);
    assert_non_null(rig->clients[client].channel);
    for (uint32_t i = 0; i < PLK_RELAY_TCP_STRANGERS_MAX; i++) accept_stranger(1 + i);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 0);
    accept_stranger(UINT32_C(1) << 20);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 1);
    struct plk_input closed = {.kind = PLK_IN_STREAM}; // the first is gone: the host's word of it means nothing
    closed.stream.stream = 1;
    closed.stream.event = PLK_STREAM_CLOSED;
    rig_handle(rig, &closed);
    accept_stranger(UINT32_C(1) << 21);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 2);
    assert_true(rig->clients[client].open);
    rig_run(rig, 20 * PLK_SECOND); // and none stays who says nothing
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 2 + PLK_RELAY_TCP_STRANGERS_MAX);
    assert_true(rig->clients[client].open);
}

static void garbage_on_the_stream_ends_the_channel(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    plk_relay_channel_write(rig->clients[alice].channel, rig->now.mono_us, plk_bytes("\0\0\1\x63", 4));
    rig_settle(rig);
    assert_int_equal(plk_relay_state(rig->relay).clients, 1);
    assert_int_equal(plk_relay_counters(rig->relay)->protocol, 1);
    assert_int_equal(plk_relay_channel_status(rig->clients[alice].channel).end, PLK_RELAY_CHANNEL_PEER);
}

static void everything_arrives_over_a_bad_network(void **state) {
    (void)state;
    uint8_t room[8];
    make(0);
    attach();
    subscribe(bob, 1);
    rig->loss_permille = 200;
    uint32_t tags[60];
    for (unsigned i = 0; i < 60; i++) {
        tags[i] = rig_say(rig, alice, rig_put(9, (uint8_t)i, PLK_QUEUE_CELL_SMALL));
        rig_run(rig, 50 * PLK_MS);
    }
    for (unsigned acked = 0, waits = 0; acked < 60 && waits < 200; waits++) {
        rig_run(rig, 500 * PLK_MS);
        for (; acked < rig_items(rig, bob, NULL); acked++) rig_say(rig, bob, rig_ack(1, acked, room));
    }
    rig_run(rig, 5 * PLK_SECOND);
    for (unsigned i = 0; i < 60; i++) {
        const struct plk_queue_record *answer = rig_answer(rig, alice, tags[i]);
        assert_non_null(answer);
        assert_int_equal(answer->code, PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(rig_items(rig, bob, NULL), 60);
    assert_int_equal(rows(PLK_TABLE_rcell), 0);
}

// ---- time -----------------------------------------------------------------------------------------------------------------

static void items_and_queues_go_by_age(void **state) {
    (void)state;
    make(0);
    attach();
    put(5);
    rig_vanish(rig, alice);
    rig_vanish(rig, bob);
    rig->now.wall_ms += UINT64_C(29) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rcell), 1);
    rig->now.wall_ms += UINT64_C(2) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
    rig->now.wall_ms += UINT64_C(60) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rqueue), 0);
    assert_int_equal(plk_relay_state(rig->relay).clients, 0); // they went in silence
}

static void an_owner_who_comes_keeps_its_queue(void **state) {
    (void)state;
    make(0);
    for (int i = 0; i < 3; i++) {
        rig->now.wall_ms += UINT64_C(60) * 24 * 3600 * 1000;
        int owner = rig_connect(rig);
        assert_int_equal(rig_ask(rig, owner, rig_attach(rig, owner, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
        rig_vanish(rig, owner);
        rig_run(rig, 2 * PLK_HOUR);
    }
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
}

static void subscribe_more(uint32_t from, uint32_t to, const uint8_t many[16]) {
    uint8_t room[4];
    for (uint32_t q = from; q < to; q++) {
        struct rig_queue own = rig_queue_new(rig);
        rig_run(rig, PLK_SECOND); // one queue a second is what a channel may make
        assert_int_equal(rig_ask(rig, bob, rig_newq(&own, 0, many)), PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &own, PLK_QUEUE_OWNER, q)), PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, bob, rig_sub(q, room)), PLK_QUEUE_CODE_OK);
        rig->clients[bob].told_count = 0;
    }
    rig_run(rig, 5 * PLK_SECOND); // all channels rest
}

// What one more subscribed queue takes, its place in the map and its handle included.
static void idle_queues_take_little(void **state) {
    (void)state;
    uint8_t many[16] = {88};
    plk_relay_token_new(rig->relay, many, 0);
    for (int i = 0; i < 2; i++) plk_relay_channel_keepalive(rig->clients[i].channel, 0);
    subscribe_more(0, 100, many);
    uint64_t before = plk_relay_state(rig->relay).memory;
    subscribe_more(100, 300, many);
    uint64_t a_queue = (plk_relay_state(rig->relay).memory - before) / 200;
    print_message("a subscribed queue: %u bytes\n", (unsigned)a_queue);
    assert_in_range(a_queue, 1, 128);
    assert_int_equal(plk_relay_state(rig->relay).queues, 300);
}

static void a_relay_that_stops_says_bye(void **state) {
    (void)state;
    plk_relay_drain(rig->relay, 5000);
    rig_tick(rig);
    rig_settle(rig);
    const struct rig_client *c = &rig->clients[alice];
    assert_int_equal(c->told[c->told_count - 1].type, PLK_QUEUE_BYE);
    assert_int_equal(c->told[c->told_count - 1].wait_ms, 5000);
    int late = rig_connect(rig);
    assert_null(rig->clients[late].channel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(it_is_the_same_over_tcp),
        TEST(slow_and_silent_connections_are_closed),
        TEST(the_oldest_stranger_gives_way),
        TEST(garbage_on_the_stream_ends_the_channel),
        TEST(everything_arrives_over_a_bad_network),
        TEST(items_and_queues_go_by_age),
        TEST(an_owner_who_comes_keeps_its_queue),
        TEST(idle_queues_take_little),
        TEST(a_relay_that_stops_says_bye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
