// SPDX-License-Identifier: MIT
// The names that scripts rely on (DESIGN 6), and texts that are no texts.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/json.h"
#include "api/shapes.h"

static const struct plk_contact_row bob = {.contact = 7,
                                           .name = "Bob",
                                           .name_len = 3,
                                           .profile_name = "Robert",
                                           .profile_name_len = 6,
                                           .state = PLK_CONTACT_ACTIVE,
                                           .verified = true};

static struct plk_message_row hello(void) {
    return (struct plk_message_row){.contact = 7,
                                    .direction = PLK_OUT,
                                    .row = 12,
                                    .id = {0xab, 0x01},
                                    .kind = PLK_BODY_TEXT,
                                    .state = PLK_STATE_DELIVERED,
                                    .time_ms = 1000,
                                    .received_ms = 1003,
                                    .payload = plk_bytes_text("hello")};
}

static void check(const struct plk_shape *shape, json_t *object) {
    char why[PLK_SHAPE_WHY_MAX];
    if (!plk_shape_check(shape, object, why)) fail_msg("%s: %s", shape->name, why);
}

static const char *text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static void message_names(void **state) {
    (void)state;
    struct plk_message_row row = hello();
    json_t *object = plk_json_message(&row, &bob, NULL);
    check(&plk_shape_message, object);
    assert_string_equal(text(object, "event"), "message");
    assert_string_equal(text(object, "id"), "ab010000000000000000000000000000");
    assert_string_equal(text(object, "contact"), "Bob");
    assert_string_equal(text(object, "direction"), "out");
    assert_int_equal(json_integer_value(json_object_get(object, "seq")), 12);
    assert_int_equal(json_integer_value(json_object_get(object, "time_ms")), 1000);
    assert_int_equal(json_integer_value(json_object_get(object, "received_ms")), 1003);
    assert_string_equal(text(object, "text"), "hello");
    assert_string_equal(text(object, "state"), "delivered");
    json_decref(object);
}

static void states(void **state) {
    (void)state;
    static const char *const words[] = {"queued", "sent",      "stored",   "delivered", "read",
                                        "failed", "cancelled", "received", "read"};
    for (int i = 0; i < 9; i++) assert_string_equal(plk_json_state((enum plk_state)(PLK_STATE_QUEUED + i)), words[i]);
    struct plk_message_row row = hello();
    row.state = PLK_STATE_STORED;
    row.stored = 1;
    row.stored_of = 2;
    row.reason = PLK_ERR_CLOSED;
    json_t *object = plk_json_message(&row, &bob, NULL);
    check(&plk_shape_message, object);
    assert_int_equal(json_integer_value(json_object_get(object, "stored")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "stored_of")), 2);
    assert_string_equal(text(object, "reason"), "the relay that had it is gone");
    json_decref(object);
}

// The event tells the state of its time, the row that of now.
static void state_event(void **state) {
    (void)state;
    struct plk_contact_view view = {.row = bob};
    struct plk_history_event event = {
        .event = {.n = 41, .kind = PLK_EVENT_STATE, .contact = 7, .row = 12, .state = PLK_STATE_SENT},
        .has_message = true,
        .message = hello()};
    json_t *object = plk_json_event(&event, &view);
    check(&plk_shape_event, object);
    assert_string_equal(text(object, "event"), "state");
    assert_string_equal(text(object, "state"), "sent");
    assert_int_equal(json_integer_value(json_object_get(object, "n")), 41);
    assert_null(json_object_get(object, "text"));
    json_decref(object);
}

static void every_event_has_its_shape(void **state) {
    (void)state;
    struct plk_contact_view view = {
        .row = bob, .online = true, .path = PLK_PATH_LAN, .transport = PLK_UDP, .rtt_us = 400};
    for (int kind = PLK_EVENT_MESSAGE; kind <= PLK_EVENT_PATH; kind++) {
        for (int how = 0; how < 4; how++) {
            struct plk_history_event event = {
                .event = {.n = 1, .kind = (enum plk_event_kind)kind, .contact = 7, .row = 12, .state = PLK_STATE_SENT},
                .has_message = how & 1,
                .message = hello()};
            json_t *object = plk_json_event(&event, how & 2 ? &view : NULL);
            check(&plk_shape_event, object);
            json_decref(object);
        }
    }
}

static void relay_names(void **state) {
    (void)state;
    struct plk_relay_view relay = {.host = plk_bytes_text("2001:db8::1"),
                                   .port = 7447,
                                   .connected = true,
                                   .transport = PLK_TCP,
                                   .addr = {.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 7447},
                                   .rtt_us = 1500,
                                   .queues = 3,
                                   .refused = 1};
    json_t *object = plk_json_relay(NULL, &relay);
    check(&plk_shape_relay, object);
    assert_string_equal(text(object, "address"), "[2001:db8::1]:7447");
    assert_string_equal(text(object, "remote"), "[2001:db8::1]:7447");
    assert_string_equal(text(object, "transport"), "tcp");
    assert_memory_equal(text(object, "name"), "[2001:db8::1]:7447#", 19);
    assert_int_equal(json_integer_value(json_object_get(object, "refused")), 1);
    json_decref(object);
    relay.connected = false;
    for (int removed = 0; removed < 2; removed++) {
        object = plk_json_relay_event(NULL, 7, &relay, removed == 1);
        check(&plk_shape_event, object);
        assert_string_equal(text(object, "event"), "relay");
        assert_true(json_is_null(json_object_get(json_object_get(object, "relay"), "remote")));
        assert_true(json_is_true(json_object_get(object, "removed")) == (removed == 1));
        json_decref(object);
    }
    struct plk_history_event event = {.event = {.n = 1, .kind = PLK_EVENT_RELAY}};
    assert_null(plk_json_event(&event, NULL));
}

static void broken_text(void **state) {
    (void)state;
    json_t *value = plk_json_text(plk_bytes("a\xff\xc3\xa9\0\xe2\x82", 7));
    assert_string_equal(json_string_value(value), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(value);
    value = plk_json_text(plk_bytes(NULL, 0));
    assert_string_equal(json_string_value(value), "");
    json_decref(value);
}

static void unknown_kinds_show_no_bytes(void **state) {
    (void)state;
    struct plk_message_row row = hello();
    row.kind = 9;
    json_t *object = plk_json_message(&row, &bob, NULL);
    check(&plk_shape_message, object);
    assert_string_equal(text(object, "kind"), "unknown");
    assert_string_equal(text(object, "text"), "");
    json_decref(object);
}

static void addresses(void **state) {
    (void)state;
    struct plk_addr four = {.family = 4, .ip = {192, 0, 2, 1}, .port = 4000};
    struct plk_addr six = {.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 65535};
    json_t *one = plk_json_addr(&four), *two = plk_json_addr(&six);
    assert_string_equal(json_string_value(one), "192.0.2.1:4000");
    assert_string_equal(json_string_value(two), "[2001:db8::1]:65535");
    json_decref(one);
    json_decref(two);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(message_names),
                                       cmocka_unit_test(states),
                                       cmocka_unit_test(state_event),
                                       cmocka_unit_test(every_event_has_its_shape),
                                       cmocka_unit_test(relay_names),
                                       cmocka_unit_test(broken_text),
                                       cmocka_unit_test(unknown_kinds_show_no_bytes),
                                       cmocka_unit_test(addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
