// SPDX-License-Identifier: MIT
// FWD: a client's packets to another relay and back, once that one has proven its key.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/forward.h"
#include "support/relay_rig.h"

#define ID 7

static const struct plk_addr there = {.family = 4, .ip = {203, 0, 113, 9}, .port = 7447};
static struct rig *rig;
static struct plk_hello_static other; // the other relay's
static int client;

static int setup(void **state) {
    (void)state;
    uint8_t secret[32];
    rig = rig_new(11);
    rig_start(rig);
    rig_tick(rig);
    client = rig_connect(rig);
    plk_rng_bytes(&rig->rng, secret, sizeof secret);
    plk_hello_static_init(&other, secret);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static struct plk_queue_record open_record(uint32_t id, uint8_t cid_byte) {
    struct plk_queue_record record = {.type = PLK_QUEUE_FWD_OPEN, .handle = id};
    record.fwd.addr = there;
    memcpy(record.fwd.relay, other.known.public, sizeof record.fwd.relay);
    memset(record.fwd.cid, cid_byte, sizeof record.fwd.cid);
    return record;
}

static void come(const struct plk_addr *from, const uint8_t *bytes, size_t len) {
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    input.datagram.from = *from;
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(bytes, len);
    rig_handle(rig, &input);
    rig_run(rig, 100 * PLK_MS);
}

// The other relay answers the hello that was sent last, as who it says it is.
static void answer(const struct plk_hello_static *as, const struct plk_addr *from) {
    struct plk_packet hello;
    struct plk_hello_answered answered;
    struct plk_relay_greeting greeting = {.wall_ms = 1, .seen = RIG_RELAY, .admission = PLK_RELAY_ADMIT_TOKEN};
    assert_int_equal(plk_packet_decode(&hello, plk_bytes(rig->stray, rig->stray_len)), PLK_ERR_OK);
    assert_int_equal(hello.kind, PLK_PACKET_HELLO);
    assert_int_equal(plk_hello_answer(as, &hello, &greeting, rig->now.mono_us, &rig->rng, &answered), PLK_ERR_OK);
    come(from, answered.message, sizeof answered.message);
}

static int code_of(uint32_t tag) {
    const struct plk_queue_record *record = rig_answer(rig, client, tag);
    return record == NULL ? -1 : (int)record->code;
}

static void open_way(void) {
    uint32_t tag = rig_say(rig, client, open_record(ID, 5));
    rig_run(rig, 10 * PLK_MS);
    answer(&other, &there);
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_OK);
}

// A data packet of the other relay for a connection id.
static size_t data(uint8_t cid_byte, size_t len, uint8_t out[PLK_DATAGRAM_MAX]) {
    memset(out, 0x77, len);
    out[0] = PLK_PACKET_DATA;
    memset(out + 1, cid_byte, PLK_PACKET_CID_LEN);
    return len;
}

static void packets_go_there_and_back(void **state) {
    (void)state;
    uint8_t bytes[PLK_DATAGRAM_MAX];
    uint32_t tag = rig_say(rig, client, open_record(ID, 5));
    rig_run(rig, 10 * PLK_MS);
    assert_int_equal(code_of(tag), -1); // not proven yet
    size_t hello_len = rig->stray_len;
    rig_frame(rig, client, PLK_FRAME_FWD, ID, plk_bytes_text("too early"));
    assert_int_equal(rig->stray_len, hello_len);
    assert_int_equal(plk_relay_counters(rig->relay)->forward_dropped, 1);
    answer(&other, &there);
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_OK);
    assert_int_equal(plk_relay_counters(rig->relay)->forwards, 1);

    rig_frame(rig, client, PLK_FRAME_FWD, ID, plk_bytes_text("a packet"));
    assert_int_equal(rig->stray_len, 8);
    assert_memory_equal(rig->stray, "a packet", 8);
    come(&there, bytes, data(5, 300, bytes));
    assert_int_equal(rig->clients[client].passed_count, 1);
    assert_int_equal(rig->clients[client].passed[0].type, PLK_FRAME_FWD);
    assert_int_equal(rig->clients[client].passed[0].handle, ID);
    assert_int_equal(rig->clients[client].passed[0].len, 300);

    struct plk_addr elsewhere = there; // the same id from another address is nobody's
    elsewhere.port++;
    uint64_t strangers = plk_relay_counters(rig->relay)->stranger;
    come(&elsewhere, bytes, data(5, 300, bytes));
    come(&there, bytes, data(6, 300, bytes));
    assert_int_equal(rig->clients[client].passed_count, 1);
    assert_int_equal(plk_relay_counters(rig->relay)->stranger, strangers + 2);
}

static void only_the_holder_of_the_key_is_believed(void **state) {
    (void)state;
    struct plk_hello_static wrong;
    uint8_t secret[32] = {9};
    plk_hello_static_init(&wrong, secret);
    uint32_t tag = rig_say(rig, client, open_record(ID, 5));
    rig_run(rig, 10 * PLK_MS);
    struct plk_packet hello;
    assert_int_equal(plk_packet_decode(&hello, plk_bytes(rig->stray, rig->stray_len)), PLK_ERR_OK);
    assert_false(plk_hello_mac1_good(&wrong.known, &hello)); // who is asked need not even answer
    size_t sent = rig->strays;
    struct plk_addr elsewhere = there;
    elsewhere.ip[3]++;
    answer(&other, &elsewhere); // the right key, from another address
    assert_int_equal(code_of(tag), -1);
    rig_run(rig, 5 * PLK_SECOND);
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_UNREACHABLE);
    assert_in_range(plk_relay_counters(rig->relay)->datagrams_out - sent, 3,
                    16); // hellos again, and what the channel says
    assert_int_equal(rig_ask(rig, client, rig_plain(PLK_QUEUE_FWD_CLOSE, ID)), PLK_QUEUE_CODE_NOT_FOUND);
}

static void what_may_not_be_opened(void **state) {
    (void)state;
    static const uint8_t ips[][4] = {{10, 0, 0, 1},  {192, 168, 1, 1},     {127, 0, 0, 1}, {169, 254, 0, 1},
                                     {224, 0, 0, 1}, {255, 255, 255, 255}, {0, 0, 0, 0},   {100, 64, 0, 1}};
    for (size_t i = 0; i < sizeof ips / sizeof ips[0]; i++) {
        struct plk_queue_record record = open_record(ID, 5);
        memcpy(record.fwd.addr.ip, ips[i], 4);
        assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
    }
    struct plk_queue_record record = open_record(ID, 5);
    record.fwd.addr.port = 0;
    assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
    record = open_record(ID, 5);
    memcpy(record.fwd.relay, rig->static_public, 32); // itself
    assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
    memset(record.fwd.relay, 0, 32); // no key
    assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
    assert_int_equal(rig->stray_len, 0); // nothing went anywhere
}

static void a_relay_of_that_kind_goes_there(void **state) {
    (void)state;
    rig_free(rig);
    rig = rig_new(12);
    rig->config.listeners[0].addr = (struct plk_addr){.family = 4, .ip = {192, 168, 7, 1}, .port = 7447};
    rig_start(rig);
    rig_tick(rig);
    client = rig_connect(rig);
    struct plk_queue_record record = open_record(ID, 5);
    memcpy(record.fwd.addr.ip, (uint8_t[4]){192, 168, 1, 1}, 4);
    assert_int_equal(rig_ask(rig, client, record), -1); // under way
    memcpy(record.fwd.addr.ip, (uint8_t[4]){127, 0, 0, 1}, 4);
    record.handle++;
    assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
}

static void ids_are_used_once_and_eight_at_a_time(void **state) {
    (void)state;
    open_way();
    assert_int_equal(rig_ask(rig, client, open_record(ID, 6)), PLK_QUEUE_CODE_EXISTS);
    assert_int_equal(rig_ask(rig, client, open_record(ID + 1, 5)), PLK_QUEUE_CODE_EXISTS);
    int second = rig_connect(rig);
    assert_int_equal(rig_ask(rig, second, open_record(ID, 5)), PLK_QUEUE_CODE_EXISTS); // nor by somebody else
    for (uint32_t i = 1; i < PLK_FORWARDS_CLIENT_MAX; i++) {
        assert_int_equal(rig_ask(rig, client, open_record(ID + i, (uint8_t)(20 + i))), -1);
    }
    assert_int_equal(rig_ask(rig, client, open_record(99, 99)), PLK_QUEUE_CODE_LIMIT);
    assert_int_equal(rig_ask(rig, client, rig_plain(PLK_QUEUE_FWD_CLOSE, ID)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, client, open_record(99, 5)), -1);
    assert_int_equal(rig_ask(rig, client, rig_plain(PLK_QUEUE_FWD_CLOSE, 99)), PLK_QUEUE_CODE_OK);
}

static void one_prefix_is_not_knocked_at_often(void **state) {
    (void)state;
    unsigned limited = 0;
    for (int i = 0; i < 4; i++) {
        int knocker = rig_connect(rig);
        for (uint32_t k = 0; k < PLK_FORWARDS_CLIENT_MAX; k++) {
            struct plk_queue_record record = open_record(k, (uint8_t)(1 + k));
            record.fwd.cid[0] = (uint8_t)i;
            rig_say(rig, knocker, record);
        }
        rig_run(rig, PLK_MS);
        for (size_t k = 0; k < rig->clients[knocker].told_count; k++) {
            limited += rig->clients[knocker].told[k].code == PLK_QUEUE_CODE_LIMIT;
        }
    }
    assert_int_equal(limited, 4 * PLK_FORWARDS_CLIENT_MAX - PLK_FORWARD_PREFIX_BURST);
}

static void each_way_has_its_budget(void **state) {
    (void)state;
    static const uint8_t body[1024];
    uint8_t bytes[PLK_DATAGRAM_MAX];
    open_way();
    for (size_t i = 0; i < PLK_FORWARD_BURST / sizeof body + 10; i++) {
        rig_frame(rig, client, PLK_FRAME_FWD, ID, plk_bytes(body, sizeof body));
    }
    assert_int_equal(plk_relay_counters(rig->relay)->forwarded, PLK_FORWARD_BURST / sizeof body);
    assert_int_equal(plk_relay_counters(rig->relay)->forward_limited, 10);
    come(&there, bytes, data(5, 1000, bytes)); // the other way is another budget
    assert_int_equal(rig->clients[client].passed_count, 1);
    come(&there, bytes, data(5, PLK_FRAME_PASS_MAX + 1, bytes)); // longer than a frame may be
    assert_int_equal(rig->clients[client].passed_count, 1);
}

static void a_way_without_answers_ends(void **state) {
    (void)state;
    open_way();
    rig_frame(rig, client, PLK_FRAME_FWD, ID, plk_bytes_text("anybody?"));
    rig_run(rig, PLK_FORWARD_SILENT_US);
    uint64_t dropped = plk_relay_counters(rig->relay)->forward_dropped;
    rig_frame(rig, client, PLK_FRAME_FWD, ID, plk_bytes_text("anybody?"));
    assert_int_equal(plk_relay_counters(rig->relay)->forward_dropped, dropped + 1);
    open_way(); // its id is free again
}

static void a_way_ends_with_its_channel(void **state) {
    (void)state;
    uint8_t bytes[PLK_DATAGRAM_MAX];
    open_way();
    plk_relay_channel_close(rig->clients[client].channel);
    rig_run(rig, PLK_SECOND);
    uint64_t strangers = plk_relay_counters(rig->relay)->stranger;
    come(&there, bytes, data(5, 300, bytes));
    assert_int_equal(plk_relay_counters(rig->relay)->stranger, strangers + 1);
    client = rig_connect(rig);
    open_way();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packets_go_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_holder_of_the_key_is_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_not_be_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(a_relay_of_that_kind_goes_there, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_used_once_and_eight_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(one_prefix_is_not_knocked_at_often, setup, teardown),
        cmocka_unit_test_setup_teardown(each_way_has_its_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(a_way_without_answers_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_way_ends_with_its_channel, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
