// SPDX-License-Identifier: MIT
// Each checker is shown to fail: rows, results and packets that a wrong node would make, without a node.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "sim/world.h"
#include "wire/packet.h"

static struct world *w;
static struct actor *alice, *bob;

static int set_up(void **state) {
    (void)state;
    w = world_new(1, NULL);
    alice = world_actor(w, "alice");
    bob = world_actor(w, "bob");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    world_free(w);
    return 0;
}

static void assert_failed(const char *words) {
    assert_true(world_failed(w));
    if (!strstr(w->why, words)) fail_msg("'%s' does not say '%s'", w->why, words);
}

static struct plk_message_row message(enum plk_direction direction, uint8_t id, uint64_t row, enum plk_state state) {
    struct plk_message_row m = {
        .contact = 1, .direction = direction, .row = row, .kind = PLK_BODY_TEXT, .state = state};
    m.id[0] = id;
    m.origin.seq = id;
    m.payload = plk_bytes(&"abcdefghij"[id], 1);
    return m;
}

// The row becomes durable in the actor's store.
static void put(struct actor *a, const struct plk_message_row *m) {
    uint8_t key[PLK_MESSAGE_KEY_LEN], value[PLK_MESSAGE_HEAD_MAX + 8];
    struct tables_watch watch = {a, a->disk->sink.changed};
    plk_message_key(key, m->contact, m->direction, &m->origin);
    struct plk_writer writer = plk_writer(value, sizeof value);
    plk_message_row_encode(&writer, m);
    struct plk_op op = {PLK_OP_UPSERT, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_bytes(NULL, 0),
                        plk_writer_bytes(&writer)};
    assert_true(tables_apply(&a->disk->durable, &op, &watch));
}

static void write_text(struct actor *a, uint8_t id, uint64_t row) {
    struct plk_message_row m = message(PLK_OUT, id, row, PLK_STATE_QUEUED);
    struct actor_command command = {1, PLK_CMD_SEND, check_hash(m.payload)};
    check_command(w->check, a, &command);
    put(a, &m);
}

static void receive(struct actor *a, uint8_t id, uint64_t row) {
    struct plk_message_row m = message(PLK_IN, id, row, PLK_STATE_RECEIVED);
    put(a, &m);
}

static void deliver(struct actor *a, uint8_t id, uint64_t row) {
    struct plk_message_row m = message(PLK_OUT, id, row, PLK_STATE_DELIVERED);
    put(a, &m);
}

static void a_good_conversation_passes(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    write_text(alice, 2, 2);
    assert_int_equal(check_undelivered(w->check), 2);
    receive(bob, 1, 1);
    receive(bob, 2, 2);
    deliver(alice, 1, 1);
    deliver(alice, 2, 2);
    check_settled(w->check);
    assert_false(world_failed(w));
    assert_int_equal(check_undelivered(w->check), 0);
    assert_int_equal(check_arrived(w->check, bob), 2);
}

static void a_message_from_nobody(void **state) {
    (void)state;
    receive(bob, 1, 1);
    assert_failed("durable at nobody");
}

static void a_message_twice(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    struct plk_message_row m = message(PLK_IN, 1, 1, PLK_STATE_RECEIVED);
    put(bob, &m);
    m.origin.seq = 77; // another key
    m.row = 2;
    put(bob, &m);
    assert_failed("one message in two rows");
}

static void messages_out_of_order(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    write_text(alice, 2, 2);
    receive(bob, 2, 1);
    receive(bob, 1, 2);
    assert_failed("of its peer after row");
}

static void another_text_under_the_same_id(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    struct plk_message_row m = message(PLK_IN, 1, 1, PLK_STATE_RECEIVED);
    m.payload = plk_bytes("z", 1);
    put(bob, &m);
    assert_failed("another text under the same id");
}

static void delivered_and_nobody_has_it(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    deliver(alice, 1, 1);
    assert_failed("nobody has ever held");
}

static void delivered_no_longer(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    receive(bob, 1, 1);
    deliver(alice, 1, 1);
    struct plk_message_row m = message(PLK_OUT, 1, 1, PLK_STATE_SENT);
    put(alice, &m);
    assert_failed("no longer delivered");
}

static void a_text_that_nobody_gave(void **state) {
    (void)state;
    struct plk_message_row m = message(PLK_OUT, 1, 1, PLK_STATE_QUEUED);
    put(alice, &m);
    assert_failed("not given became a message");
}

static void a_text_stored_twice(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    struct plk_message_row m = message(PLK_OUT, 2, 2, PLK_STATE_QUEUED);
    m.payload = plk_bytes("b", 1); // the text of the first
    put(alice, &m);
    assert_failed("not given became a message");
}

static void never_delivered(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    check_settled(w->check);
    assert_failed("never delivered");
}

static void delivered_and_lost(void **state) {
    (void)state;
    write_text(alice, 1, 1);
    receive(bob, 1, 1);
    deliver(alice, 1, 1);
    disk_replace(bob->disk, &(struct tables){0});
    check_replaced(w->check, bob);
    check_settled(w->check);
    assert_failed("its receiver does not have it");
}

static void a_result_before_its_row(void **state) {
    (void)state;
    struct actor_command command = {1, PLK_CMD_SEND, check_hash(plk_bytes("b", 1))};
    struct actor_result result = {.ticket = 1, .kind = PLK_CMD_SEND, .row = 1, .id = {1}};
    check_result(w->check, alice, &command, &result);
    assert_failed("is not durable");
}

static void a_result_of_init_without_a_profile(void **state) {
    (void)state;
    struct actor_command command = {1, PLK_CMD_INIT, 0};
    struct actor_result result = {.ticket = 1, .kind = PLK_CMD_INIT};
    check_result(w->check, alice, &command, &result);
    assert_failed("no profile is durable");
}

static void an_event_before_its_row(void **state) {
    (void)state;
    struct plk_event_row event = {.n = 1, .kind = PLK_EVENT_CONTACT, .contact = 1};
    uint8_t id[PLK_ID_LEN] = {0};
    check_event(w->check, alice, &event, id);
    assert_failed("EVENT 1 is not durable");
}

static void put_event(struct actor *a, const struct plk_event_row *event) {
    uint8_t key[8] = {0}, value[PLK_EVENT_ROW_LEN];
    key[7] = (uint8_t)event->n;
    plk_event_row_encode(value, event);
    struct plk_op op = {PLK_OP_UPSERT, PLK_TABLE_event, plk_bytes(key, sizeof key), plk_bytes(NULL, 0),
                        plk_bytes(value, sizeof value)};
    assert_true(tables_apply(&a->disk->durable, &op, NULL));
}

static void events_that_leave_a_number_out(void **state) {
    (void)state;
    uint8_t id[PLK_ID_LEN] = {0};
    for (uint64_t n = 1; n <= 3; n++)
        put_event(alice, &(struct plk_event_row){.n = n, .kind = PLK_EVENT_CONTACT, .contact = 1});
    check_event(w->check, alice, &(struct plk_event_row){.n = 1, .kind = PLK_EVENT_CONTACT, .contact = 1}, id);
    assert_false(world_failed(w));
    check_event(w->check, alice, &(struct plk_event_row){.n = 3, .kind = PLK_EVENT_CONTACT, .contact = 1}, id);
    assert_failed("EVENT 3 after 1");
}

static void an_event_of_a_message_that_is_not_there(void **state) {
    (void)state;
    uint8_t id[PLK_ID_LEN] = {9};
    struct plk_event_row event = {
        .n = 1, .kind = PLK_EVENT_MESSAGE, .contact = 1, .row = 4, .state = PLK_STATE_RECEIVED};
    put_event(alice, &event);
    check_event(w->check, alice, &event, id);
    assert_failed("which is not durable");
}

// ---- on the wire ------------------------------------------------------------------------------------------------------------

static void the_canary_in_a_datagram(void **state) {
    (void)state;
    char data[64];
    int len = snprintf(data, sizeof data, "....%s....", w->canary);
    wire_datagram(w->wire, alice->index, plk_bytes(data, (size_t)len - 9));
    assert_false(world_failed(w)); // not all of it
    wire_datagram(w->wire, alice->index, plk_bytes(data, (size_t)len));
    assert_failed("in the clear");
}

static void the_canary_over_two_writes(void **state) {
    (void)state;
    uint8_t frame[2 + 60] = {0, 60};
    memcpy(frame + 20, w->canary, WORLD_CANARY_LEN);
    wire_stream(w->wire, alice->index, 1, plk_bytes(NULL, 0));
    wire_stream(w->wire, alice->index, 1, plk_bytes(frame, 25));
    assert_false(world_failed(w));
    wire_stream(w->wire, alice->index, 1, plk_bytes(frame + 25, sizeof frame - 25));
    assert_failed("in the clear");
}

static void one_ephemeral_in_two_packets(void **state) {
    (void)state;
    uint8_t packet[PLK_PACKET_HANDSHAKE_LEN] = {PLK_PACKET_MESSAGE1, PLK_PACKET_VERSION};
    memset(packet + PLK_PACKET_HEADER1_LEN, 7, PLK_PACKET_EPHEMERAL_LEN);
    wire_datagram(w->wire, alice->index, plk_bytes(packet, sizeof packet));
    wire_datagram(w->wire, alice->index, plk_bytes(packet, sizeof packet)); // a repetition
    assert_false(world_failed(w));
    packet[sizeof packet - 1] ^= 1;
    wire_datagram(w->wire, bob->index, plk_bytes(packet, sizeof packet));
    assert_failed("one ephemeral");
}

static void one_counter_in_two_packets(void **state) {
    (void)state;
    uint8_t packet[60] = {PLK_PACKET_DATA, 1, 2, 3};
    wire_datagram(w->wire, alice->index, plk_bytes(packet, sizeof packet));
    packet[sizeof packet - 1] ^= 1;
    wire_datagram(w->wire, alice->index, plk_bytes(packet, sizeof packet));
    assert_failed("connection id and counter");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_good_conversation_passes),
        TEST(a_message_from_nobody),
        TEST(a_message_twice),
        TEST(messages_out_of_order),
        TEST(another_text_under_the_same_id),
        TEST(delivered_and_nobody_has_it),
        TEST(delivered_no_longer),
        TEST(a_text_that_nobody_gave),
        TEST(a_text_stored_twice),
        TEST(never_delivered),
        TEST(delivered_and_lost),
        TEST(a_result_before_its_row),
        TEST(a_result_of_init_without_a_profile),
        TEST(an_event_before_its_row),
        TEST(events_that_leave_a_number_out),
        TEST(an_event_of_a_message_that_is_not_there),
        TEST(the_canary_in_a_datagram),
        TEST(the_canary_over_two_writes),
        TEST(one_ephemeral_in_two_packets),
        TEST(one_counter_in_two_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
