// SPDX-License-Identifier: MIT
// Who gets a channel: relay.md, sections 2, 3 and 6.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/admit.h"
#include "support/relay_rig.h"

static struct rig *rig;

static int setup(void **state) {
    (void)state;
    rig = rig_new(2);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static const struct plk_relay_counters *counters(void) { return plk_relay_counters(rig->relay); }

static void start(void) {
    rig_start(rig);
    rig_tick(rig);
}

static void hello_raw(const uint8_t *bytes, size_t len, struct plk_addr from) {
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    input.datagram.from = from;
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(bytes, len);
    rig_handle(rig, &input);
}

static struct plk_hello new_hello(void) {
    struct plk_hello hello;
    uint8_t cid[8];
    plk_rng_bytes(&rig->rng, cid, sizeof cid);
    assert_int_equal(plk_hello_start(&hello, rig->static_public, cid, &rig->rng), PLK_ERR_OK);
    return hello;
}

static void a_hello_from(struct plk_addr from) {
    struct plk_hello hello = new_hello();
    hello_raw(hello.message, sizeof hello.message, from);
}

static void a_scanner_hears_nothing(void **state) {
    (void)state;
    start();
    struct plk_hello hello = new_hello();
    hello.message[200] ^= 1; // what mac 1 covers
    hello_raw(hello.message, sizeof hello.message, rig_addr(1, 1));
    hello.message[200] ^= 1;
    hello_raw(hello.message, 255, rig_addr(1, 1));
    hello_raw((const uint8_t *)"\xC6\x01", 2, rig_addr(1, 1));
    assert_int_equal(rig->bytes_from_relay, 0);
    assert_int_equal(counters()->stranger, 1);
    assert_int_equal(counters()->malformed, 2);
}

static void no_answer_is_larger_than_what_asked(void **state) {
    (void)state;
    start();
    a_hello_from(rig_addr(1, 1));
    assert_int_equal(rig->last_len, 256);
    assert_true(plk_addr_equal(&rig->last_from, &RIG_RELAY));
}

static void a_repeated_hello_gets_the_same_answer(void **state) {
    (void)state;
    uint8_t first[256];
    start();
    struct plk_hello hello = new_hello();
    hello_raw(hello.message, sizeof hello.message, rig_addr(1, 1));
    memcpy(first, rig->last, sizeof first);
    rig_run(rig, 2 * PLK_SECOND);
    hello_raw(hello.message, sizeof hello.message, rig_addr(1, 1));
    assert_memory_equal(first, rig->last, sizeof first);
    assert_int_equal(counters()->hellos, 1);
    assert_int_equal(counters()->hellos_repeated, 1);
    hello_raw(hello.message, sizeof hello.message, rig_addr(2, 1)); // from elsewhere it is another
    assert_memory_not_equal(first, rig->last, sizeof first);
    assert_int_equal(plk_relay_state(rig->relay).half_open, 2);
    rig_run(rig, 6 * PLK_SECOND);
    assert_int_equal(plk_relay_state(rig->relay).half_open, 0);
    assert_int_equal(counters()->half_open_dropped, 2);
}

static void the_oldest_half_open_one_gives_way(void **state) {
    (void)state;
    rig->config.hello_rate = 100000;
    start();
    for (unsigned i = 0; i < PLK_RELAY_PREFIX_CLIENTS_MAX + 10; i++) {
        struct plk_addr from = {.family = 4, .ip = {10, (uint8_t)(i >> 8), (uint8_t)i, 1}, .port = 5};
        a_hello_from(from);
        rig_settle(rig);
    }
    assert_int_equal(plk_relay_state(rig->relay).half_open, 4096);
    assert_int_equal(counters()->half_open_dropped, 10);
}

static void under_load_a_cookie_proves_the_address(void **state) {
    (void)state;
    rig->config.hello_rate = 5; // bursts of 10
    start();
    for (unsigned i = 0; i < 20; i++) a_hello_from(rig_addr(100 + i, 9));
    assert_int_equal(counters()->cookies, 10);
    assert_int_equal(rig->last_len, 66);
    rig_settle(rig);
    assert_int_equal(counters()->hellos, 10);
    int honest = rig_connect(rig);
    assert_int_equal(rig->clients[honest].cookies, 1);
    assert_non_null(rig->clients[honest].channel);
}

// Hellos of so many addresses come at once; whoever has a channel does not wait until all are answered.
static void who_has_a_channel_goes_first(void **state) {
    (void)state;
    start();
    int bob = rig_connect_from(rig, rig_addr(9, 9), false);
    rig_run(rig, PLK_SECOND);
    uint64_t before = counters()->hellos;
    for (uint16_t i = 0; i < 40; i++)
        a_hello_from((struct plk_addr){.family = 4, .ip = {10, 0, (uint8_t)i, 1}, .port = 7});
    assert_int_equal(counters()->hellos, before + PLK_LOBBY_TURN);
    assert_true(rig->deadline_us <= rig->now.mono_us); // there is more to do, now
    plk_relay_channel_ping(rig->clients[bob].channel, rig->now.mono_us);
    rig_client_poll(rig, bob);
    rig_deliver(rig);
    assert_int_equal(counters()->hellos, before + PLK_LOBBY_TURN);
    rig_tick(rig);
    assert_int_equal(counters()->hellos, before + 2 * PLK_LOBBY_TURN);
    rig_settle(rig);
    assert_int_equal(counters()->hellos, before + 40);
}

static void no_more_wait_than_there_is_room_for(void **state) {
    (void)state;
    rig->config.hello_rate = 10000;
    start();
    for (unsigned i = 0; i < 2000; i++) {
        a_hello_from((struct plk_addr){.family = 4, .ip = {10, (uint8_t)(i >> 8), (uint8_t)i, 1}, .port = 7});
    }
    assert_int_equal(counters()->hellos, PLK_LOBBY_TURN);
    assert_int_equal(counters()->hellos_limited, 2000 - PLK_LOBBY_TURN - PLK_LOBBY_MAX);
    assert_true(plk_relay_state(rig->relay).memory < (3u << 20));
    rig->now.mono_us += 2 * PLK_SECOND; // they have said it again since, or have gone
    rig_settle(rig);
    assert_int_equal(counters()->hellos, PLK_LOBBY_TURN);
    assert_int_equal(counters()->hellos_limited, 2000 - PLK_LOBBY_TURN);
}

static void a_connection_that_closed_while_its_hello_waited(void **state) {
    (void)state;
    start();
    for (uint16_t i = 0; i < 8; i++) a_hello_from(rig_addr(i, 7));
    struct plk_hello hello = new_hello();
    uint8_t framed[PLK_DATAGRAM_MAX] = {(uint8_t)(sizeof hello.message >> 8), (uint8_t)sizeof hello.message};
    memcpy(framed + 2, hello.message, sizeof hello.message);
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = 5;
    in.stream.event = PLK_STREAM_ACCEPTED;
    in.stream.remote = rig_addr(30, 30);
    in.stream.writable = PLK_TCP_UNSENT_MAX;
    rig_handle(rig, &in);
    in.stream.event = PLK_STREAM_BYTES;
    in.stream.data = plk_bytes(framed, 2 + sizeof hello.message);
    rig_handle(rig, &in);
    in.stream.event = PLK_STREAM_CLOSED;
    rig_handle(rig, &in);
    rig_settle(rig);
    assert_int_equal(counters()->hellos, 8);
}

// Whoever has proved an address has 40 at once from it and its neighbours, whatever the load.
static void a_prefix_has_a_budget(void **state) {
    (void)state;
    rig->config.hello_rate = 50;
    start();
    for (unsigned i = 0; i < 100; i++) a_hello_from(rig_addr(100, (uint16_t)(i + 1)));
    unsigned open = 0;
    for (unsigned i = 0; i < 45; i++) {
        int index = rig_connect_from(rig, rig_addr(7, (uint16_t)(i + 1)), false);
        open += rig->clients[index].channel != NULL;
    }
    assert_int_equal(open, 40);
    assert_int_equal(counters()->hellos_limited, 5);
}

static void places_are_limited_in_all_and_by_prefix(void **state) {
    (void)state;
    rig->config.clients_max = 6;
    rig->config.prefix_clients_max = 3;
    start();
    unsigned open = 0;
    for (unsigned i = 0; i < 5; i++) {
        int index = rig_connect_from(rig, rig_addr(i, 1), false); // one /24
        open += rig->clients[index].channel != NULL;
    }
    assert_int_equal(open, 3);
    for (unsigned i = 0; i < 5; i++) {
        struct plk_addr other = {.family = 4, .ip = {10, 0, (uint8_t)i, 1}, .port = 5};
        int index = rig_connect_from(rig, other, false);
        open += rig->clients[index].channel != NULL;
    }
    assert_int_equal(open, 6);
    assert_int_equal(counters()->clients_refused, 4);
}

static void a_relay_short_of_memory_takes_nobody(void **state) {
    (void)state;
    rig->config.memory_max = 1000;
    start();
    int index = rig_connect(rig);
    assert_null(rig->clients[index].channel);
    assert_int_equal(counters()->clients_refused, 1);
}

static void both_statics_are_answered(void **state) {
    (void)state;
    uint8_t first[32];
    memcpy(first, rig->static_public, 32);
    plk_rng_bytes(&rig->rng, rig->config.statics[1], 32);
    rig->config.static_count = 2;
    start();
    plk_dh_public(rig->static_public, rig->config.statics[1]);
    int by_second = rig_connect(rig);
    assert_non_null(rig->clients[by_second].channel);
    memcpy(rig->static_public, first, 32);
    int by_first = rig_connect(rig);
    assert_non_null(rig->clients[by_first].channel);
}

static void spoofed_data_gets_nothing(void **state) {
    (void)state;
    start();
    int index = rig_connect(rig);
    uint8_t packet[60] = {0xC3};
    memcpy(packet + 1, rig->clients[index].heard.greeting.cid, 8);
    uint64_t before = rig->bytes_from_relay;
    hello_raw(packet, sizeof packet, rig_addr(66, 6));
    packet[1] ^= 1;
    hello_raw(packet, sizeof packet, rig_addr(66, 6));
    assert_int_equal(rig->bytes_from_relay, before);
    assert_int_equal(counters()->forged, 1);
    assert_int_equal(counters()->stranger, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_scanner_hears_nothing),
        TEST(no_answer_is_larger_than_what_asked),
        TEST(a_repeated_hello_gets_the_same_answer),
        TEST(the_oldest_half_open_one_gives_way),
        TEST(under_load_a_cookie_proves_the_address),
        TEST(who_has_a_channel_goes_first),
        TEST(no_more_wait_than_there_is_room_for),
        TEST(a_connection_that_closed_while_its_hello_waited),
        TEST(a_prefix_has_a_budget),
        TEST(places_are_limited_in_all_and_by_prefix),
        TEST(a_relay_short_of_memory_takes_nobody),
        TEST(both_statics_are_answered),
        TEST(spoofed_data_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
