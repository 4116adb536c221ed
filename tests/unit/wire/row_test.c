// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/row.h"

#define BUFFER (PLK_MESSAGE_HEAD_MAX + PLK_BODY_MAX)

static uint8_t buffer[BUFFER];

static struct plk_message_row sample_message(void) {
    struct plk_message_row row = {.contact = 7, .direction = PLK_OUT, .row = 1u << 20, .kind = 0xffff};
    row.origin = (struct plk_origin){.device = {1}, .epoch = {2}, .seq = UINT64_MAX};
    memset(row.id, 5, sizeof row.id);
    row.state = PLK_STATE_SEEN;
    row.stored = 1;
    row.stored_of = 2;
    row.reason = 9;
    row.time_ms = UINT64_MAX;
    row.received_ms = 3;
    row.payload = plk_bytes("hello", 5);
    return row;
}

static struct plk_bytes encoded(const struct plk_message_row *row) {
    struct plk_writer w = plk_writer(buffer, sizeof buffer);
    plk_message_row_encode(&w, row);
    assert_false(w.failed);
    return plk_writer_bytes(&w);
}

static void a_message_row_comes_back_as_it_was(void **state) {
    (void)state;
    struct plk_message_row row = sample_message(), got;
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    for (int with_target = 0; with_target < 2; with_target++) {
        row.has_target = with_target;
        if (with_target) row.target = (struct plk_origin){.device = {8}, .epoch = {9}, .seq = 10};
        memset(&got, 0xee, sizeof got);
        plk_message_key(key, row.contact, row.direction, &row.origin);
        assert_int_equal(plk_message_key_decode(plk_bytes(key, sizeof key), &got), PLK_ERR_OK);
        assert_int_equal(plk_message_row_decode(encoded(&row), &got), PLK_ERR_OK);
        assert_int_equal(got.contact, 7);
        assert_int_equal(got.direction, PLK_OUT);
        assert_memory_equal(&got.origin, &row.origin, sizeof row.origin);
        assert_int_equal(got.row, row.row);
        assert_memory_equal(got.id, row.id, sizeof row.id);
        assert_int_equal(got.kind, 0xffff); // a kind of a later version is kept
        assert_int_equal(got.state, PLK_STATE_SEEN);
        assert_true(got.stored == 1 && got.stored_of == 2 && got.reason == 9 && got.received_ms == 3);
        assert_true(got.time_ms == UINT64_MAX && got.has_target == row.has_target);
        assert_memory_equal(&got.target, &row.target, sizeof row.target);
        assert_true(plk_bytes_equal(got.payload, row.payload));
    }
}

static void the_longest_and_the_shortest_payload(void **state) {
    (void)state;
    static const uint8_t payload[PLK_BODY_MAX] = {1};
    struct plk_message_row row = sample_message(), got = {.contact = 0};
    row.has_target = true;
    row.payload = plk_bytes(payload, sizeof payload);
    struct plk_bytes value = encoded(&row);
    assert_true(value.len <= PLK_MESSAGE_HEAD_MAX + PLK_BODY_MAX && value.len <= 65536);
    assert_int_equal(plk_message_row_decode(value, &got), PLK_ERR_OK);
    assert_int_equal(got.payload.len, PLK_BODY_MAX);
    row.payload.len = 0;
    assert_int_equal(plk_message_row_decode(encoded(&row), &got), PLK_ERR_OK);
    assert_int_equal(got.payload.len, 0);
}

static void a_damaged_message_row_changes_nothing(void **state) {
    (void)state;
    struct plk_message_row row = sample_message(), got = {.contact = 42}, before = got;
    row.payload.len = 0;
    struct plk_bytes value = encoded(&row);
    for (size_t len = 0; len < value.len; len++) {
        assert_int_equal(plk_message_row_decode(plk_bytes(value.at, len), &got), PLK_ERR_MALFORMED);
    }
    const size_t version_at = 0, state_at = 1 + 8 + PLK_ID_LEN + 2, target_at = value.len - 5;
    const struct {
        size_t at;
        uint8_t byte;
    } bad[] = {{version_at, 0}, {version_at, 2}, {state_at, 0}, {state_at, PLK_STATE_SEEN + 1},
               {target_at, 2},  {target_at, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        encoded(&row);
        buffer[bad[i].at] = bad[i].byte;
        assert_int_equal(plk_message_row_decode(value, &got), PLK_ERR_MALFORMED);
    }
    assert_memory_equal(&got, &before, sizeof got);
}

// The store lists a conversation's rows of one direction in the order of their keys.
static void keys_sort_as_contact_direction_and_number(void **state) {
    (void)state;
    uint8_t low[PLK_MESSAGE_KEY_LEN], high[PLK_MESSAGE_KEY_LEN];
    struct plk_origin one = {.seq = 255}, two = {.seq = 256};
    plk_message_key(low, 1, PLK_OUT, &one);
    plk_message_key(high, 1, PLK_OUT, &two);
    assert_true(memcmp(low, high, sizeof low) < 0);
    plk_message_key(low, 1, PLK_IN, &two);
    assert_true(memcmp(low, high, sizeof low) < 0);
    plk_message_key(low, 1, PLK_OUT, &two);
    plk_message_key(high, 256, PLK_IN, &one);
    assert_true(memcmp(low, high, sizeof low) < 0);
}

static void a_key_of_another_length_or_direction_is_none(void **state) {
    (void)state;
    uint8_t key[PLK_MESSAGE_KEY_LEN + 1] = {0};
    struct plk_message_row got;
    assert_int_equal(plk_message_key_decode(plk_bytes(key, PLK_MESSAGE_KEY_LEN), &got), PLK_ERR_OK);
    assert_int_equal(plk_message_key_decode(plk_bytes(key, PLK_MESSAGE_KEY_LEN - 1), &got), PLK_ERR_MALFORMED);
    assert_int_equal(plk_message_key_decode(plk_bytes(key, PLK_MESSAGE_KEY_LEN + 1), &got), PLK_ERR_MALFORMED);
    key[4] = 2;
    assert_int_equal(plk_message_key_decode(plk_bytes(key, PLK_MESSAGE_KEY_LEN), &got), PLK_ERR_MALFORMED);
}

// ---- patches ----------------------------------------------------------------------------------------------------------

static void a_patch_without_columns_or_with_unknown_ones_is_none(void **state) {
    (void)state;
    struct plk_message_patch patch = {.columns = PLK_PATCH_RECEIVED, .received_ms = 8}, got;
    uint8_t value[PLK_MESSAGE_PATCH_LEN + 1] = {0};
    plk_message_patch_encode(value, &patch);
    // A state that is not among its columns need not be one.
    assert_int_equal(plk_message_patch_decode(plk_bytes(value, PLK_MESSAGE_PATCH_LEN), &got), PLK_ERR_OK);
    assert_int_equal(got.received_ms, 8);
    assert_int_equal(plk_message_patch_decode(plk_bytes(value, PLK_MESSAGE_PATCH_LEN - 1), &got), PLK_ERR_MALFORMED);
    assert_int_equal(plk_message_patch_decode(plk_bytes(value, sizeof value), &got), PLK_ERR_MALFORMED);
    const uint8_t bad[] = {0, 16, PLK_PATCH_STATE, 0x80 | PLK_PATCH_RECEIVED};
    for (size_t i = 0; i < sizeof bad; i++) {
        value[0] = bad[i];
        assert_int_equal(plk_message_patch_decode(plk_bytes(value, PLK_MESSAGE_PATCH_LEN), &got), PLK_ERR_MALFORMED);
    }
}

static void the_later_patch_wins_where_it_says_something(void **state) {
    (void)state;
    struct plk_message_patch first = {.columns = PLK_PATCH_STATE | PLK_PATCH_STORED, .state = PLK_STATE_STORED};
    first.reason = 4;
    first.stored = 1;
    first.stored_of = 2;
    struct plk_message_patch later = {.columns = PLK_PATCH_STATE | PLK_PATCH_RECEIVED, .state = PLK_STATE_DELIVERED};
    later.received_ms = 99;
    plk_message_patch_merge(&first, &later);
    assert_int_equal(first.columns, PLK_PATCH_STATE | PLK_PATCH_STORED | PLK_PATCH_RECEIVED);
    assert_int_equal(first.state, PLK_STATE_DELIVERED);
    assert_int_equal(first.reason, 0); // it goes with the state
    assert_true(first.stored == 1 && first.stored_of == 2 && first.received_ms == 99);
}

// ---- contacts ---------------------------------------------------------------------------------------------------------

static struct plk_contact_row sample_contact(void) {
    struct plk_contact_row row = {
        .contact = 3, .state = PLK_CONTACT_ACTIVE, .hint_count = 4, .created_ms = 1, .read_row = 1ull << 40};
    memset(row.peer_id, 0xaa, sizeof row.peer_id);
    row.name_len = row.profile_name_len = PLK_NAME_MAX;
    memset(row.name, 'n', sizeof row.name);
    memset(row.profile_name, 'p', sizeof row.profile_name);
    for (unsigned i = 0; i < 4; i++) {
        row.hints[i].tag = UINT32_MAX - i;
        row.hints[i].key[0] = (uint8_t)i;
    }
    return row;
}

static struct plk_bytes encoded_contact(const struct plk_contact_row *row) {
    struct plk_writer w = plk_writer(buffer, PLK_CONTACT_ROW_MAX);
    plk_contact_row_encode(&w, row);
    assert_false(w.failed); // the longest fits
    return plk_writer_bytes(&w);
}

static void a_contact_comes_back_with_every_flag(void **state) {
    (void)state;
    const uint8_t key[4] = {0, 0, 0, 3};
    for (unsigned flags = 0; flags < 256; flags++) {
        struct plk_contact_row row = sample_contact(), got;
        row.verified = flags & 1;
        row.blocked = flags & 2;
        row.has_outbox = flags & 4;
        row.renamed = flags & 8;
        row.relay_only = flags & 16;
        row.pinned = flags & 32;
        row.muted = flags & 64;
        row.silent = flags & 128;
        row.timer_s = flags * 1000;
        memset(&got, 0, sizeof got);
        assert_int_equal(plk_contact_row_decode(plk_bytes(key, 4), encoded_contact(&row), &got), PLK_ERR_OK);
        assert_int_equal(got.contact, 3);
        assert_true(got.verified == row.verified && got.blocked == row.blocked);
        assert_true(got.has_outbox == row.has_outbox && got.renamed == row.renamed);
        assert_true(got.relay_only == row.relay_only);
        assert_true(got.silent == row.silent && got.timer_s == row.timer_s);
        assert_true(got.pinned == row.pinned && got.muted == row.muted && got.read_row == row.read_row);
        assert_memory_equal(got.name, row.name, PLK_NAME_MAX);
        assert_memory_equal(got.profile_name, row.profile_name, PLK_NAME_MAX);
        assert_int_equal(got.hint_count, 4);
        assert_memory_equal(got.hints[3].key, row.hints[3].key, 16);
        assert_int_equal(got.hints[3].tag, row.hints[3].tag);
    }
}

static void a_damaged_contact_is_refused(void **state) {
    (void)state;
    const uint8_t key[4] = {0, 0, 0, 3};
    struct plk_contact_row row = sample_contact(), got = {.contact = 42};
    struct plk_bytes value = encoded_contact(&row);
    for (size_t len = 0; len < value.len; len++) {
        assert_int_not_equal(plk_contact_row_decode(plk_bytes(key, 4), plk_bytes(buffer, len), &got), PLK_ERR_OK);
    }
    assert_int_not_equal(plk_contact_row_decode(plk_bytes(key, 3), value, &got), PLK_ERR_OK);
    // A name of 64 bytes stands behind a length of two.
    const size_t name_at = 1 + PLK_PEER_ID_LEN, state_at = name_at + 2 * (2 + PLK_NAME_MAX);
    const struct {
        size_t at;
        uint8_t byte;
    } bad[] = {{0, 9},
               {name_at + 1, PLK_NAME_MAX + 1},
               {name_at + 2, 0xff},
               {state_at, 0},
               {state_at, 5},
               {state_at + 22, 5},
               {state_at + 22, 255}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        encoded_contact(&row);
        buffer[bad[i].at] = bad[i].byte;
        assert_int_not_equal(plk_contact_row_decode(plk_bytes(key, 4), value, &got), PLK_ERR_OK);
    }
    assert_int_equal(got.contact, 42);
}

// ---- events -----------------------------------------------------------------------------------------------------------

static void an_event_comes_back_and_a_damaged_one_does_not(void **state) {
    (void)state;
    const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 1, 0};
    struct plk_event_row event = {.kind = PLK_EVENT_STATE,
                                  .contact = 5,
                                  .row = 6,
                                  .state = PLK_STATE_READ,
                                  .reason = 7},
                         got;
    uint8_t value[PLK_EVENT_ROW_LEN];
    plk_event_row_encode(value, &event);
    assert_int_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    assert_true(got.n == 256 && got.kind == PLK_EVENT_STATE && got.contact == 5 && got.row == 6);
    assert_true(got.state == PLK_STATE_READ && got.reason == 7);
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 7), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value - 1), &got), PLK_ERR_OK);
    value[0] = 0;
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    value[0] = PLK_EVENT_CHANGE + 1;
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    value[0] = PLK_EVENT_CONTACT;
    value[13] = PLK_STATE_SEEN + 1;
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    value[13] = 0; // an event of no message has no state
    assert_int_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    value[16] = 1; // nor does it stand for more than one
    assert_int_not_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
}

static void events_of_messages_in_a_row_are_one_row(void **state) {
    (void)state;
    const struct plk_event_row first = {
        .n = 10, .kind = PLK_EVENT_STATE, .contact = 5, .row = 20, .state = PLK_STATE_DELIVERED};
    struct plk_event_row event = first, next = first, got;
    for (unsigned i = 1; i <= UINT16_MAX; i++) {
        next.n = 10 + i;
        next.row = 20 + i;
        assert_true(plk_event_row_extend(&event, &next));
        assert_int_equal(event.more, i);
    }
    next.n++;
    next.row++;
    assert_false(plk_event_row_extend(&event, &next)); // as many as there may be
    uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 10}, value[PLK_EVENT_ROW_LEN];
    plk_event_row_encode(value, &event);
    assert_int_equal(plk_event_row_decode(plk_bytes(key, 8), plk_bytes(value, sizeof value), &got), PLK_ERR_OK);
    assert_true(got.n == 10 && got.row == 20 && got.more == UINT16_MAX);
    // What differs in anything, or does not follow, is a row of its own.
    for (unsigned i = 0; i < 8; i++) {
        event = first;
        next = (struct plk_event_row){
            .n = 11, .kind = PLK_EVENT_STATE, .contact = 5, .row = 21, .state = PLK_STATE_DELIVERED};
        if (i == 1) next.n++;
        if (i == 2) next.kind = PLK_EVENT_MESSAGE;
        if (i == 3) next.contact++;
        if (i == 4) next.row--;
        if (i == 5) next.state = PLK_STATE_READ;
        if (i == 6) next.reason = 1;
        if (i == 7) event.kind = next.kind = PLK_EVENT_CONTACT;
        assert_int_equal(plk_event_row_extend(&event, &next), i == 0);
        assert_int_equal(event.more, i == 0 ? 1 : 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_row_comes_back_as_it_was),
        cmocka_unit_test(the_longest_and_the_shortest_payload),
        cmocka_unit_test(a_damaged_message_row_changes_nothing),
        cmocka_unit_test(keys_sort_as_contact_direction_and_number),
        cmocka_unit_test(a_key_of_another_length_or_direction_is_none),
        cmocka_unit_test(a_patch_without_columns_or_with_unknown_ones_is_none),
        cmocka_unit_test(the_later_patch_wins_where_it_says_something),
        cmocka_unit_test(a_contact_comes_back_with_every_flag),
        cmocka_unit_test(a_damaged_contact_is_refused),
        cmocka_unit_test(an_event_comes_back_and_a_damaged_one_does_not),
        cmocka_unit_test(events_of_messages_in_a_row_are_one_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
