// SPDX-License-Identifier: MIT
// One port for a node and a relay: whose a datagram is, and whose a connection.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/shared_port.h"
#include "support/relay_rig.h"

#define STREAM UINT32_C(0x80000005)

static const struct plk_addr remote = {.family = 4, .ip = {203, 0, 113, 9}, .port = 50000};
static struct rig *rig;
static struct plk_shared_port port;

static int setup(void **state) {
    (void)state;
    rig = rig_new(3);
    rig_start(rig);
    rig_tick(rig);
    plk_shared_port_init(&port, &rig->mem);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    plk_shared_port_free(&port);
    rig_free(rig);
    return 0;
}

// ---- datagrams ----------------------------------------------------------------------------------------------------------

static bool is_relays(const uint8_t *bytes, size_t len) {
    return plk_shared_port_is_relays(rig->relay, plk_bytes(bytes, len));
}

static void hellos_and_questions_are_the_relays(void **state) {
    (void)state;
    uint8_t packet[300] = {PLK_PACKET_HELLO, PLK_PACKET_VERSION};
    assert_true(is_relays(packet, 256));
    packet[0] = PLK_PACKET_MESSAGE1;
    assert_false(is_relays(packet, 256));
    packet[0] = 0x77;
    assert_false(is_relays(packet, 256));
    assert_false(is_relays(packet, 0));
    uint8_t stun[20] = {0x00, 0x01, 0, 0, 0x21, 0x12, 0xA4, 0x42};
    assert_true(is_relays(stun, sizeof stun));
    stun[0] = 0x01; // an answer: the node has asked
    assert_false(is_relays(stun, sizeof stun));
    stun[1] = 0x11;
    assert_false(is_relays(stun, sizeof stun));
}

static void data_is_of_whom_has_the_connection_id(void **state) {
    (void)state;
    uint8_t packet[60] = {PLK_PACKET_DATA};
    int client = rig_connect(rig);
    assert_false(is_relays(packet, sizeof packet));
    memcpy(packet + 1, rig->clients[client].heard.greeting.cid, PLK_PACKET_CID_LEN);
    assert_true(is_relays(packet, sizeof packet));
    packet[1] ^= 1;
    assert_false(is_relays(packet, sizeof packet));
}

// ---- connections ----------------------------------------------------------------------------------------------------------

static struct plk_shared_inputs last; // what is looked at borrows from it

static struct plk_shared_inputs came(enum plk_stream_event event, const char *bytes, size_t len, size_t writable,
                                     bool serves) {
    struct plk_input input = {.kind = PLK_IN_STREAM, .stream = {.stream = STREAM, .event = event, .remote = remote}};
    input.stream.data = plk_bytes(bytes, len);
    input.stream.writable = writable;
    plk_shared_port_stream(&port, serves, &input, &last);
    return last;
}

static bool is_accepted(const struct plk_shared_inputs *inputs, size_t i) {
    const struct plk_input *at = &inputs->at[i];
    return at->kind == PLK_IN_STREAM && at->stream.event == PLK_STREAM_ACCEPTED && at->stream.stream == STREAM &&
           plk_addr_equal(&at->stream.remote, &remote);
}

static void holds(const struct plk_shared_inputs *inputs, size_t i, const char *bytes, size_t len) {
    assert_int_equal(inputs->at[i].stream.event, PLK_STREAM_BYTES);
    assert_int_equal(inputs->at[i].stream.stream, STREAM);
    assert_int_equal(inputs->at[i].stream.data.len, len);
    assert_memory_equal(inputs->at[i].stream.data.at, bytes, len);
}

static void a_connection_waits_for_its_first_packet(void **state) {
    (void)state;
    uint32_t stream;
    struct plk_shared_inputs in = came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    assert_int_equal(in.count, 0);
    in = came(PLK_STREAM_BYTES, "\x01", 1, 0, true);
    assert_int_equal(in.count, 0);
    in = came(PLK_STREAM_WRITABLE, NULL, 0, 900, true);
    assert_int_equal(in.count, 0);
    assert_false(plk_shared_port_take(&port, &stream)); // nobody's yet
    in = came(PLK_STREAM_BYTES, "\x00\xC6rest", 6, 0, true);
    assert_true(in.relays && in.count == 3 && is_accepted(&in, 0));
    assert_int_equal(in.at[0].stream.writable, 900);
    holds(&in, 1, "\x01\x00\xC6", 3);
    holds(&in, 2, "rest", 4);
    in = came(PLK_STREAM_BYTES, "\xC1\xC1\xC1", 3, 0, true); // it stays the relay's whatever comes
    assert_true(in.relays && in.count == 1);
    in = came(PLK_STREAM_CLOSED, NULL, 0, 0, true);
    assert_true(in.relays && in.count == 1);
    in = came(PLK_STREAM_BYTES, "x", 1, 0, true); // a late word about one that is gone
    assert_true(!in.relays && in.count == 1);
}

static void others_are_the_nodes(void **state) {
    (void)state;
    struct plk_shared_inputs in = came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    in = came(PLK_STREAM_BYTES, "\x01\x00\xC1", 3, 0, true);
    assert_true(!in.relays && in.count == 2 && is_accepted(&in, 0));
    holds(&in, 1, "\x01\x00\xC1", 3);
    in = came(PLK_STREAM_BYTES, "\x01\x00\xC6", 3, 0, true);
    assert_true(!in.relays && in.count == 1);
    in = came(PLK_STREAM_OPENED, NULL, 0, 0, true); // its own ones are not looked at
    assert_true(!in.relays && in.count == 1);
}

static void one_that_asks_by_stun_is_the_relays(void **state) {
    (void)state;
    came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    struct plk_shared_inputs in = came(PLK_STREAM_BYTES, "\x00\x14\x00\x01", 4, 0, true);
    assert_true(in.relays && in.count == 3);
}

static void one_that_ends_before_it_says_anything_was_nobodys(void **state) {
    (void)state;
    came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    assert_int_equal(came(PLK_STREAM_CLOSED, NULL, 0, 0, true).count, 0);
    assert_int_equal(port.streams.used, 0);
}

static void without_a_relay_all_is_the_nodes(void **state) {
    (void)state;
    struct plk_shared_inputs in = came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, false);
    assert_true(!in.relays && in.count == 1);
    came(PLK_STREAM_CLOSED, NULL, 0, 0, false);
    came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true); // and it ends before the first packet
    in = came(PLK_STREAM_BYTES, "\x01\x00\xC6", 3, 0, false);
    assert_true(!in.relays && in.count == 2 && is_accepted(&in, 0));
}

static void what_is_the_relays_can_be_taken_from_it(void **state) {
    (void)state;
    uint32_t stream = 0;
    came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    came(PLK_STREAM_BYTES, "\x01\x00\xC6", 3, 0, true);
    assert_true(plk_shared_port_take(&port, &stream));
    assert_int_equal(stream, STREAM);
    assert_false(plk_shared_port_take(&port, &stream));
    came(PLK_STREAM_ACCEPTED, NULL, 0, 1000, true);
    came(PLK_STREAM_BYTES, "\x01\x00\xC6", 3, 0, true);
    plk_shared_port_close(&port, STREAM);
    assert_false(plk_shared_port_take(&port, &stream));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(hellos_and_questions_are_the_relays),     TEST(data_is_of_whom_has_the_connection_id),
        TEST(a_connection_waits_for_its_first_packet), TEST(others_are_the_nodes),
        TEST(one_that_asks_by_stun_is_the_relays),     TEST(one_that_ends_before_it_says_anything_was_nobodys),
        TEST(without_a_relay_all_is_the_nodes),        TEST(what_is_the_relays_can_be_taken_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
