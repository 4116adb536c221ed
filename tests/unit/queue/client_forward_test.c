// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/queue_client.h"

static void channel_up(void) {
    struct plk_queue_client_channel channel = {.hash = {++channel_number}, .admission = PLK_RELAY_ADMIT_TOKEN};
    plk_queue_client_up(c, now_us, &channel);
}

static struct plk_queue_forward way(uint32_t id) {
    struct plk_queue_forward forward = {.id = id, .addr = {.family = 4, .ip = {192, 0, 2, 9}, .port = 7447}};
    memset(forward.relay, 7, sizeof forward.relay);
    memset(forward.cid, (int)id, sizeof forward.cid);
    return forward;
}

static enum plk_err ask(uint32_t id) {
    struct plk_queue_forward forward = way(id);
    return plk_queue_client_forward(c, &forward);
}

// The tag of the next record, which is this command about this way.
static uint32_t said(enum plk_queue_type type, uint32_t id) {
    struct plk_queue_record record;
    assert_true(plk_queue_client_next(c, now_us, ROOM, &record));
    assert_int_equal(record.type, type);
    assert_int_equal(record.handle, id);
    if (type == PLK_QUEUE_FWD_OPEN) {
        struct plk_queue_forward forward = way(id);
        assert_true(plk_addr_equal(&record.fwd.addr, &forward.addr));
        assert_memory_equal(record.fwd.relay, forward.relay, sizeof forward.relay);
        assert_memory_equal(record.fwd.cid, forward.cid, sizeof forward.cid);
    }
    return record.tag;
}

static void says_nothing(void) {
    struct plk_queue_record record;
    assert_false(plk_queue_client_next(c, now_us, ROOM, &record));
}

static enum plk_err answer(uint32_t tag, enum plk_queue_code code) {
    struct plk_queue_record record = {.type = PLK_QUEUE_DONE, .tag = tag, .code = code};
    struct plk_queue_client_event event;
    enum plk_err err = plk_queue_client_receive(c, now_us, &record, &event);
    pull();
    return err;
}

static void a_way_is_asked_for_and_closed(void **state) {
    (void)state;
    assert_int_equal(ask(1), PLK_ERR_NOT_FOUND); // no channel
    channel_up();
    assert_int_equal(ask(1), PLK_ERR_OK);
    assert_int_equal(ask(1), PLK_ERR_EXISTS);
    uint32_t tag = said(PLK_QUEUE_FWD_OPEN, 1);
    says_nothing();
    assert_int_equal(answer(tag, PLK_QUEUE_CODE_OK), PLK_ERR_OK);
    assert_int_equal(event_count, 1);
    assert_int_equal(events[0].kind, PLK_QUEUE_CLIENT_FORWARD);
    assert_int_equal(events[0].id, 1);
    assert_int_equal(events[0].code, PLK_QUEUE_CODE_OK);
    assert_int_equal(answer(tag, PLK_QUEUE_CODE_OK), PLK_ERR_MALFORMED); // twice
    plk_queue_client_forward_end(c, 2);                                  // nobody's
    plk_queue_client_forward_end(c, 1);
    plk_queue_client_forward_end(c, 1);
    tag = said(PLK_QUEUE_FWD_CLOSE, 1);
    says_nothing();
    assert_int_equal(answer(tag, PLK_QUEUE_CODE_NOT_FOUND), PLK_ERR_OK); // it had ended by itself
    assert_int_equal(event_count, 1);
    assert_int_equal(ask(1), PLK_ERR_OK); // its place and number are free
}

static void an_unreachable_one_is_told_and_forgotten(void **state) {
    (void)state;
    channel_up();
    assert_int_equal(ask(5), PLK_ERR_OK);
    assert_int_equal(answer(said(PLK_QUEUE_FWD_OPEN, 5), PLK_QUEUE_CODE_UNREACHABLE), PLK_ERR_OK);
    assert_int_equal(events[0].code, PLK_QUEUE_CODE_UNREACHABLE);
    plk_queue_client_forward_end(c, 5);
    says_nothing();
}

// Whoever gives it up while it is being asked for hears nothing of it; its place is kept until both were answered.
static void one_that_is_given_up_early_is_closed(void **state) {
    (void)state;
    channel_up();
    assert_int_equal(ask(1), PLK_ERR_OK);
    plk_queue_client_forward_end(c, 1);
    says_nothing(); // it was never asked for
    assert_int_equal(ask(2), PLK_ERR_OK);
    uint32_t open = said(PLK_QUEUE_FWD_OPEN, 2);
    plk_queue_client_forward_end(c, 2);
    uint32_t end = said(PLK_QUEUE_FWD_CLOSE, 2);
    assert_int_equal(answer(end, PLK_QUEUE_CODE_OK), PLK_ERR_OK);
    assert_int_equal(ask(2), PLK_ERR_EXISTS);
    assert_int_equal(answer(open, PLK_QUEUE_CODE_UNREACHABLE), PLK_ERR_OK);
    assert_int_equal(event_count, 0);
    assert_int_equal(ask(2), PLK_ERR_OK);
}

static void no_more_than_a_relay_takes(void **state) {
    (void)state;
    channel_up();
    for (uint32_t id = 1; id <= PLK_QUEUE_CLIENT_FORWARDS; id++) assert_int_equal(ask(id), PLK_ERR_OK);
    assert_int_equal(ask(99), PLK_ERR_LIMIT);
    plk_queue_client_forward_end(c, 3);
    assert_int_equal(ask(99), PLK_ERR_OK);
}

static void they_end_with_their_channel(void **state) {
    (void)state;
    channel_up();
    assert_int_equal(ask(1), PLK_ERR_OK);
    uint32_t tag = said(PLK_QUEUE_FWD_OPEN, 1);
    channel_up();
    says_nothing();
    assert_int_equal(answer(tag, PLK_QUEUE_CODE_OK), PLK_ERR_MALFORMED);
    assert_int_equal(answer((uint32_t)PLK_QUEUE_FWD_OPEN << 24 | 1000, PLK_QUEUE_CODE_OK), PLK_ERR_MALFORMED);
    assert_int_equal(event_count, 0);
    assert_int_equal(ask(1), PLK_ERR_OK);
}

static enum plk_err relays(uint32_t tag, struct plk_queue_client_event *event) {
    static const uint8_t none[] = {0};
    struct plk_queue_record record = {.type = PLK_QUEUE_RELAYS, .tag = tag, .descriptors = plk_bytes(none, 1)};
    return plk_queue_client_receive(c, now_us, &record, event);
}

static void other_relays_are_asked_for_once(void **state) {
    (void)state;
    struct plk_queue_record record;
    struct plk_queue_client_event event;
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_NOT_FOUND); // no channel
    channel_up();
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_EXISTS);
    assert_true(plk_queue_client_next(c, now_us, ROOM, &record));
    assert_int_equal(record.type, PLK_QUEUE_DIRECTORY);
    says_nothing();
    assert_int_equal(relays(record.tag + 1, &event), PLK_ERR_MALFORMED);
    assert_int_equal(relays(record.tag, &event), PLK_ERR_OK);
    assert_int_equal(event.kind, PLK_QUEUE_CLIENT_RELAYS);
    assert_int_equal(event.bytes.len, 1);
    assert_int_equal(relays(record.tag, &event), PLK_ERR_MALFORMED); // nobody has asked
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_OK);
    assert_true(plk_queue_client_next(c, now_us, ROOM, &record));
    assert_int_equal(answer(record.tag, PLK_QUEUE_CODE_BUSY), PLK_ERR_OK); // not now
    assert_int_equal(event_count, 0);
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_OK);
    channel_up();
    says_nothing(); // it went with its channel
    assert_int_equal(plk_queue_client_directory(c), PLK_ERR_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_way_is_asked_for_and_closed),        TEST(an_unreachable_one_is_told_and_forgotten),
        TEST(one_that_is_given_up_early_is_closed), TEST(no_more_than_a_relay_takes),
        TEST(they_end_with_their_channel),          TEST(other_relays_are_asked_for_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
