// SPDX-License-Identifier: MIT
// STUN as a relay answers it: relay.md, section 5.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_rig.h"
#include "wire/stun.h"

static struct rig *rig;
static struct plk_stun answer;
static const struct plk_addr second = {.family = 4, .ip = {192, 0, 2, 2}, .port = 7447};

static int setup(void **state) {
    (void)state;
    rig = rig_new(4);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static void start(bool two) {
    if (two) rig->config.listeners[1] = (struct plk_relay_listener){.addr = second, .stun_port = 7448};
    rig->config.listener_count = two ? 2 : 1;
    rig_start(rig);
    rig_tick(rig);
}

// false: silence.
static bool ask(struct plk_stun request, struct plk_addr to) {
    static const uint8_t random[12] = {5};
    uint8_t bytes[100];
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    if (request.id[1] == 0) plk_stun_id(request.id, random);
    plk_stun_encode(&w, &request);
    input.datagram.from = rig_addr(9, 999);
    input.datagram.to = to;
    input.datagram.data = plk_writer_bytes(&w);
    rig->last_len = 0;
    rig_handle(rig, &input);
    if (rig->last_len == 0) return false;
    assert_true(rig->last_len <= PLK_STUN_ANSWER_MAX);
    assert_int_equal(plk_stun_decode(plk_bytes(rig->last, rig->last_len), &answer), PLK_ERR_OK);
    assert_memory_equal(answer.id, request.id, sizeof answer.id);
    return true;
}

static struct plk_addr at(const struct plk_addr *addr, uint16_t port) {
    struct plk_addr out = *addr;
    out.port = port;
    return out;
}

static void assert_addr(struct plk_addr got, struct plk_addr want) { assert_true(plk_addr_equal(&got, &want)); }

static void it_tells_where_the_packet_came_from(void **state) {
    (void)state;
    start(false);
    assert_true(ask((struct plk_stun){.kind = PLK_STUN_REQUEST, .fingerprint = true}, RIG_RELAY));
    assert_int_equal(answer.kind, PLK_STUN_SUCCESS);
    assert_addr(answer.xor_mapped, rig_addr(9, 999));
    assert_true(answer.fingerprint);
    assert_addr(rig->last_from, RIG_RELAY);
    assert_addr(answer.origin, RIG_RELAY);
    assert_addr(answer.other, at(&RIG_RELAY, 7448)); // the same address, the other port
    assert_true(ask((struct plk_stun){.kind = PLK_STUN_REQUEST}, at(&RIG_RELAY, 7448)));
    assert_false(answer.fingerprint);
    assert_addr(rig->last_from, at(&RIG_RELAY, 7448));
    assert_addr(answer.other, RIG_RELAY);
}

static void an_old_request_gets_an_old_answer(void **state) {
    (void)state;
    start(true);
    assert_true(ask((struct plk_stun){.kind = PLK_STUN_REQUEST, .id = {1, 2, 3, 4}}, RIG_RELAY));
    assert_addr(answer.mapped, rig_addr(9, 999));
    assert_int_equal(answer.xor_mapped.family, 0);
}

static void it_answers_from_where_it_is_asked_to(void **state) {
    (void)state;
    struct plk_stun request = {.kind = PLK_STUN_REQUEST, .has_change = true, .change = PLK_STUN_CHANGE_PORT};
    start(true);
    assert_true(ask(request, RIG_RELAY));
    assert_addr(rig->last_from, at(&RIG_RELAY, 7448));
    assert_addr(answer.origin, at(&RIG_RELAY, 7448));
    assert_addr(answer.other, at(&second, 7448));
    request.change = PLK_STUN_CHANGE_ADDRESS;
    assert_true(ask(request, RIG_RELAY));
    assert_addr(rig->last_from, second);
    request.change |= PLK_STUN_CHANGE_PORT;
    assert_true(ask(request, at(&RIG_RELAY, 7448)));
    assert_addr(rig->last_from, second);
    assert_true(ask(request, RIG_RELAY));
    assert_addr(rig->last_from, at(&second, 7448));
}

// All of RFC 5780 over IPv6 too, with two addresses of that family beside one of the other.
static void it_is_the_same_over_ipv6(void **state) {
    (void)state;
    const struct plk_addr first6 = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, [15] = 1}, .port = 7447},
                          second6 = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, [15] = 2}, .port = 7447};
    struct plk_stun request = {.kind = PLK_STUN_REQUEST, .has_change = true, .change = PLK_STUN_CHANGE_ADDRESS};
    rig->config.listeners[1] = (struct plk_relay_listener){.addr = first6, .stun_port = 7448};
    rig->config.listeners[2] = (struct plk_relay_listener){.addr = second6, .stun_port = 7448};
    rig->config.listener_count = 3;
    rig_start(rig);
    rig_tick(rig);
    assert_true(ask(request, first6));
    assert_addr(rig->last_from, second6);
    assert_addr(answer.origin, second6);
    assert_addr(answer.other, at(&second6, 7448)); // what it calls the other one stays so
    request.change |= PLK_STUN_CHANGE_PORT;
    assert_true(ask(request, second6));
    assert_addr(rig->last_from, at(&first6, 7448));
    request.change = PLK_STUN_CHANGE_PORT;
    assert_true(ask(request, at(&first6, 7448)));
    assert_addr(rig->last_from, first6);
}

static void what_it_has_not_it_does_not_answer(void **state) {
    (void)state;
    struct plk_stun request = {.kind = PLK_STUN_REQUEST, .has_change = true, .change = PLK_STUN_CHANGE_ADDRESS};
    start(false);
    assert_false(ask(request, RIG_RELAY));
    request.change = PLK_STUN_CHANGE_PORT;
    assert_true(ask(request, RIG_RELAY));
    assert_false(ask((struct plk_stun){.kind = PLK_STUN_INDICATION}, RIG_RELAY));
    assert_false(ask((struct plk_stun){.kind = PLK_STUN_SUCCESS}, RIG_RELAY));
    assert_int_equal(plk_relay_counters(rig->relay)->malformed, 2);
}

static void what_is_not_understood_is_named(void **state) {
    (void)state;
    static const uint8_t request[] = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6,
                                      7, 8, 9, 9, 9,    9,    0,    0x26, 0, 4, 0, 0, 0, 0};
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    start(false);
    input.datagram.from = rig_addr(9, 999);
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(request, sizeof request);
    rig_handle(rig, &input);
    assert_int_equal(plk_stun_decode(plk_bytes(rig->last, rig->last_len), &answer), PLK_ERR_OK);
    assert_int_equal(answer.kind, PLK_STUN_ERROR);
    assert_int_equal(answer.error, 420);
    assert_int_equal(answer.unknown_count, 1);
    assert_int_equal(answer.unknown[0], 0x26);
}

static void stream(enum plk_stream_event event, struct plk_bytes data) {
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = 5;
    in.stream.event = event;
    in.stream.remote = rig_addr(30, 4321);
    in.stream.data = data;
    in.stream.writable = PLK_TCP_UNSENT_MAX;
    rig_handle(rig, &in);
}

// On a connection it stands behind its length, as all packets do, and may be asked again. When nothing else comes, it is closed.
static void over_tcp_it_tells_where_the_connection_comes_from(void **state) {
    (void)state;
    static const uint8_t random[12] = {6};
    uint8_t framed[64];
    struct plk_stun request = {.kind = PLK_STUN_REQUEST};
    struct plk_writer w = plk_writer(framed, sizeof framed);
    plk_stun_id(request.id, random);
    start(true);
    plk_writer_u16(&w, 20);
    plk_stun_encode(&w, &request);
    assert_int_equal(w.len, 22);
    stream(PLK_STREAM_ACCEPTED, plk_bytes(NULL, 0));
    for (unsigned i = 0; i < 2; i++) {
        rig->last_len = 0;
        stream(PLK_STREAM_BYTES, plk_bytes(framed, 7));
        assert_int_equal(rig->last_len, 0);
        stream(PLK_STREAM_BYTES, plk_bytes(framed + 7, w.len - 7));
        assert_true(rig->last_len > 2 && rig->last_len <= 2 + PLK_STUN_ANSWER_MAX);
        assert_int_equal(rig->last[0] << 8 | rig->last[1], rig->last_len - 2);
        assert_int_equal(plk_stun_decode(plk_bytes(rig->last + 2, rig->last_len - 2), &answer), PLK_ERR_OK);
        assert_memory_equal(answer.id, request.id, sizeof answer.id);
        assert_addr(answer.xor_mapped, rig_addr(30, 4321));
    }
    assert_int_equal(plk_relay_counters(rig->relay)->stun, 2);
    rig->now.mono_us += 12 * PLK_SECOND;
    rig_tick(rig);
    rig->last_len = 0;
    stream(PLK_STREAM_BYTES, plk_writer_bytes(&w)); // it is gone
    assert_int_equal(rig->last_len, 0);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 0);
}

static void a_prefix_has_a_budget(void **state) {
    (void)state;
    unsigned answered = 0;
    start(false);
    for (unsigned i = 0; i < 300; i++) answered += ask((struct plk_stun){.kind = PLK_STUN_REQUEST}, RIG_RELAY);
    assert_int_equal(answered, 200);
    assert_int_equal(plk_relay_counters(rig->relay)->stun_limited, 100);
    rig->now.mono_us += PLK_SECOND;
    for (unsigned i = 0; i < 300; i++) answered += ask((struct plk_stun){.kind = PLK_STUN_REQUEST}, RIG_RELAY);
    assert_int_equal(answered, 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(it_tells_where_the_packet_came_from),
        TEST(an_old_request_gets_an_old_answer),
        TEST(it_answers_from_where_it_is_asked_to),
        TEST(it_is_the_same_over_ipv6),
        TEST(what_it_has_not_it_does_not_answer),
        TEST(what_is_not_understood_is_named),
        TEST(over_tcp_it_tells_where_the_connection_comes_from),
        TEST(a_prefix_has_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
