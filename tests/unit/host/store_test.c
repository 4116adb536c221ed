// SPDX-License-Identifier: MIT
// The STORE / LOAD contract of DESIGN 2 on a real disk.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "_store.h"

static const struct plk_bytes END = {NULL, 0};

static struct plk_bytes text(const char *t) { return plk_bytes_text(t); }

static void expect(struct story *story, enum plk_table table, const char *from, const char *to, uint32_t limit,
                   bool reverse, const char *keys) {
    struct loaded *loaded = story_load(story, table, text(from), text(to), limit, reverse);
    char got[256] = "";
    for (size_t i = 0; i < loaded->count; i++) {
        if (i > 0) strcat(got, " ");
        strncat(got, (const char *)loaded->keys[i].at, loaded->keys[i].len);
    }
    assert_string_equal(got, keys);
    loaded_free(loaded);
}

static void opaque_rows_come_back_in_key_order(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    static const char *const keys[] = {"b", "a", "ab", "c", "aa"};
    for (size_t i = 0; i < 5; i++) plk_batch_upsert(story.batch, PLK_TABLE_queue, text(keys[i]), text("v"));
    story_store(&story);
    expect(&story, PLK_TABLE_queue, "", "", 0, false, "a aa ab b c");
    expect(&story, PLK_TABLE_queue, "", "", 0, true, "c b ab aa a");
    expect(&story, PLK_TABLE_queue, "aa", "b", 0, false, "aa ab");
    expect(&story, PLK_TABLE_queue, "aa", "b", 0, true, "ab aa");
    expect(&story, PLK_TABLE_queue, "aa", "", 0, false, "aa ab b c");
    expect(&story, PLK_TABLE_queue, "", "", 2, false, "a aa");
    expect(&story, PLK_TABLE_queue, "", "", 2, true, "c b");
    expect(&story, PLK_TABLE_queue, "x", "z", 0, false, "");
    expect(&story, PLK_TABLE_outbox, "", "", 0, false, "");
    story_end(&story);
}

static void every_opaque_table_keeps_its_rows_apart(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    static const enum plk_table tables[] = {
        PLK_TABLE_profile, PLK_TABLE_ratchet, PLK_TABLE_skipped,   PLK_TABLE_link, PLK_TABLE_invite,
        PLK_TABLE_queue,   PLK_TABLE_outbox,  PLK_TABLE_caller_id, PLK_TABLE_blob, PLK_TABLE_relay};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        uint8_t value = (uint8_t)i;
        plk_batch_upsert(story.batch, tables[i], text("keys"), plk_bytes(&value, 1));
    }
    story_store(&story);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct loaded *loaded = story_load(&story, tables[i], END, END, 0, false);
        assert_int_equal(loaded->count, 1);
        assert_int_equal(loaded->values[0].at[0], i);
        loaded_free(loaded);
    }
    story_end(&story);
}

static void upsert_delete_and_ranges_apply_in_order(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (char c = 'a'; c <= 'f'; c++) plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes(&c, 1), text("one"));
    story_put(&story);
    plk_batch_upsert(story.batch, PLK_TABLE_blob, text("a"), text("two"));
    plk_batch_delete(story.batch, PLK_TABLE_blob, text("b"));
    plk_batch_delete(story.batch, PLK_TABLE_blob, text("never there"));
    plk_batch_delete_range(story.batch, PLK_TABLE_blob, text("c"), text("e"));
    plk_batch_upsert(story.batch, PLK_TABLE_blob, text("d"), text("again"));
    story_put(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_blob, END, END, 0, false); // sees what is not yet durable
    assert_int_equal(loaded->count, 4);
    assert_bytes(loaded->values[0], text("two"));
    assert_bytes(loaded->keys[1], text("d"));
    assert_bytes(loaded->values[1], text("again"));
    assert_bytes(loaded->keys[2], text("e"));
    assert_bytes(loaded->keys[3], text("f"));
    loaded_free(loaded);
    story_end(&story);
}

static void a_load_sees_nothing_that_comes_after_it(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t round = 0; round < 50; round++) {
        plk_batch_upsert(story.batch, PLK_TABLE_blob, text("k"), plk_bytes(&round, sizeof round));
        story_put(&story);
        plk_store_load(story.store, round + 1, PLK_TABLE_blob, END, END, 0, false);
    }
    for (uint64_t round = 0; round < 50;) {
        struct plk_store_report report = story_next(&story);
        if (report.kind != PLK_STORE_LOADED) continue;
        assert_int_equal(report.ticket, round + 1);
        assert_int_equal(report.count, 1);
        assert_memory_equal(report.rows[0].value.at, &round, sizeof round);
        round++;
    }
    story_end(&story);
}

static void long_values_and_long_loads_come_in_parts(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    uint8_t *value = plk_memory_take(PLK_ROW_VALUE_MAX);
    memset(value, 0xa5, PLK_ROW_VALUE_MAX);
    for (uint8_t i = 0; i < 10; i++)
        plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes(&i, 1), plk_bytes(value, PLK_ROW_VALUE_MAX));
    story_put(&story);
    for (uint32_t i = 0; i < 3000; i++)
        plk_batch_upsert(story.batch, PLK_TABLE_queue, plk_bytes(&i, 4), plk_bytes(NULL, 0));
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_blob, END, END, 0, false);
    assert_int_equal(loaded->count, 10);
    assert_true(loaded->reports >= 3);
    for (size_t i = 0; i < 10; i++) assert_bytes(loaded->values[i], plk_bytes(value, PLK_ROW_VALUE_MAX));
    loaded_free(loaded);
    loaded = story_load(&story, PLK_TABLE_queue, END, END, 0, true);
    assert_int_equal(loaded->count, 3000);
    assert_int_equal(loaded->reports, 3);
    assert_int_equal(loaded->values[7].len, 0);
    loaded_free(loaded);
    plk_memory_give(value, PLK_ROW_VALUE_MAX);
    story_end(&story);
}

static void contacts_and_events_survive_their_columns(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_contact(&story, 3, "Боб");
    put_contact(&story, 0xfffffffe, "");
    struct plk_bytes contact_value = kept(plk_batch_at(story.batch, 0).value);
    put_event(&story, 1, 3, 1);
    put_event(&story, 2, 3, 2);
    put_event(&story, 300, 3, 3);
    struct plk_bytes event_value = kept(plk_batch_at(story.batch, 4).value);
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_contact, END, END, 0, false);
    assert_int_equal(loaded->count, 2);
    assert_bytes(loaded->values[0], contact_value);
    assert_bytes(loaded->keys[1], plk_bytes("\xff\xff\xff\xfe", 4));
    loaded_free(loaded);
    loaded = story_load(&story, PLK_TABLE_event, plk_bytes("\0\0\0\0\0\0\0\2", 8), END, 0, false);
    assert_int_equal(loaded->count, 2);
    loaded_free(loaded);
    loaded = story_load(&story, PLK_TABLE_event, END, END, 1, true);
    assert_int_equal(loaded->count, 1);
    assert_bytes(loaded->keys[0], plk_bytes("\0\0\0\0\0\0\1\x2c", 8));
    assert_bytes(loaded->values[0], event_value);
    loaded_free(loaded);
    plk_batch_delete_range(story.batch, PLK_TABLE_event, plk_bytes("\0", 1),
                           plk_bytes("\0\0\0\0\0\0\0\2\0", 9)); // 1 and 2
    plk_batch_delete(story.batch, PLK_TABLE_contact, plk_bytes("\0\0\0\3", 4));
    story_store(&story);
    loaded = story_load(&story, PLK_TABLE_event, END, END, 0, false);
    assert_int_equal(loaded->count, 1);
    loaded_free(loaded);
    loaded = story_load(&story, PLK_TABLE_contact, END, END, 0, false);
    assert_int_equal(loaded->count, 1);
    loaded_free(loaded);
    plk_memory_give((void *)(uintptr_t)contact_value.at, contact_value.len);
    plk_memory_give((void *)(uintptr_t)event_value.at, event_value.len);
    story_end(&story);
}

// ---- messages ---------------------------------------------------------------------------------------------------------

static struct plk_message_row loaded_message(const struct loaded *loaded, size_t index) {
    struct plk_message_row row = {.contact = 0};
    assert_true(index < loaded->count);
    assert_int_equal(plk_message_key_decode(loaded->keys[index], &row), PLK_ERR_OK);
    assert_int_equal(plk_message_row_decode(loaded->values[index], &row), PLK_ERR_OK);
    return row;
}

static void a_message_survives_its_columns(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    struct plk_message_row row = text_row(7, 12, "grüß dich");
    row.direction = PLK_OUT;
    row.state = PLK_STATE_STORED;
    row.stored = 1;
    row.stored_of = 2;
    row.reason = 5;
    row.kind = 65535;
    row.has_target = true;
    row.target = (struct plk_origin){.device = "DEVICE!", .epoch = "EPOCH!!", .seq = 99};
    put_message(&story, &row);
    struct plk_bytes key = kept(plk_batch_at(story.batch, 0).key), value = kept(plk_batch_at(story.batch, 0).value);
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, END, END, 0, false);
    assert_int_equal(loaded->count, 1);
    assert_bytes(loaded->keys[0], key);
    assert_bytes(loaded->values[0], value);
    loaded_free(loaded);
    plk_memory_give((void *)(uintptr_t)key.at, key.len);
    plk_memory_give((void *)(uintptr_t)value.at, value.len);
    story_end(&story);
}

static void a_patch_changes_its_columns_only_and_needs_a_row(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    struct plk_message_row row = text_row(1, 1, "hello there"), other = text_row(1, 2, "other"),
                           none = text_row(1, 3, "none");
    struct plk_message_row stranger = text_row(9, 1, "none");
    put_message(&story, &row);
    put_message(&story, &other);
    struct plk_message_patch patch = {
        .columns = PLK_PATCH_STATE | PLK_PATCH_RECEIVED, .state = PLK_STATE_SEEN, .reason = 3, .received_ms = 42};
    patch_message(&story, &row, &patch);
    patch_message(&story, &none, &patch);
    patch_message(&story, &stranger, &patch);
    story_store(&story);
    patch = (struct plk_message_patch){.columns = PLK_PATCH_STORED, .stored = 1, .stored_of = 3};
    patch_message(&story, &row, &patch);
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, END, END, 0, false);
    assert_int_equal(loaded->count, 2);
    struct plk_message_row got = loaded_message(loaded, 0);
    assert_int_equal(got.state, PLK_STATE_SEEN);
    assert_int_equal(got.reason, 3);
    assert_int_equal(got.received_ms, 42);
    assert_int_equal(got.stored, 1);
    assert_int_equal(got.stored_of, 3);
    assert_int_equal(got.time_ms, row.time_ms);
    assert_bytes(got.payload, text("hello there"));
    got = loaded_message(loaded, 1);
    assert_int_equal(got.state, PLK_STATE_RECEIVED);
    loaded_free(loaded);
    patch = (struct plk_message_patch){.columns = PLK_PATCH_PAYLOAD_WIPED};
    patch_message(&story, &row, &patch);
    story_store(&story);
    loaded = story_load(&story, PLK_TABLE_message, END, END, 0, false);
    got = loaded_message(loaded, 0);
    assert_int_equal(got.payload.len, 0);
    assert_int_equal(got.state, PLK_STATE_SEEN);
    loaded_free(loaded);
    story_end(&story);
}

static void a_message_put_again_replaces_itself(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    struct plk_message_row row = text_row(1, 1, "first");
    put_message(&story, &row);
    story_store(&story);
    row.payload = text("second");
    row.row = 5;
    put_message(&story, &row);
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, END, END, 0, false);
    assert_int_equal(loaded->count, 1);
    struct plk_message_row got = loaded_message(loaded, 0);
    assert_bytes(got.payload, text("second"));
    assert_int_equal(got.row, 5);
    loaded_free(loaded);
    story_end(&story);
}

static void messages_without_a_row_number_do_not_collide(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t seq = 1; seq <= 3; seq++) {
        struct plk_message_row row = text_row(1, 0, "control");
        row.origin.seq = seq;
        row.kind = PLK_BODY_PROFILE;
        put_message(&story, &row);
    }
    story_store(&story);
    struct plk_message_row again = text_row(1, 0, "control again");
    again.origin.seq = 2;
    put_message(&story, &again);
    story_store(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, END, END, 0, false);
    assert_int_equal(loaded->count, 3);
    struct plk_message_row got = loaded_message(loaded, 1);
    assert_int_equal(got.row, 0);
    assert_bytes(got.payload, text("control again"));
    loaded_free(loaded);
    story_end(&story);
}

// Streams: contact 1 in (device A epoch A, device A epoch B), contact 1 out, contact 2 in; 3 messages each.
static void put_streams(struct story *story) {
    uint64_t row = 1;
    for (uint32_t contact = 1; contact <= 2; contact++) {
        for (int stream = 0; stream < 3; stream++) {
            for (uint64_t seq = 1; seq <= 3; seq++) {
                struct plk_message_row m = text_row(contact, row++, "x");
                m.direction = stream == 2 ? PLK_OUT : PLK_IN;
                m.origin.epoch[0] = (uint8_t)(stream == 1 ? 'B' : 'A');
                m.origin.seq = seq;
                put_message(story, &m);
            }
        }
    }
    story_store(story);
}

static size_t count_range(struct story *story, struct plk_bytes from, struct plk_bytes to) {
    struct loaded *up = story_load(story, PLK_TABLE_message, from, to, 0, false);
    struct loaded *down = story_load(story, PLK_TABLE_message, from, to, 0, true);
    assert_int_equal(up->count, down->count);
    for (size_t i = 0; i < up->count; i++) {
        assert_bytes(down->keys[up->count - 1 - i], up->keys[i]);
        if (i > 0) assert_true(plk_bytes_compare(up->keys[i - 1], up->keys[i]) < 0);
        assert_true(plk_bytes_compare(from, up->keys[i]) <= 0);
        assert_true(to.len == 0 || plk_bytes_compare(up->keys[i], to) < 0);
    }
    size_t count = up->count;
    loaded_free(up);
    loaded_free(down);
    return count;
}

static void message_ranges_follow_the_keys(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_streams(&story);
    assert_int_equal(count_range(&story, END, END), 18);
    assert_int_equal(count_range(&story, plk_bytes("\0\0\0\1", 4), plk_bytes("\0\0\0\2", 4)), 9);
    assert_int_equal(count_range(&story, plk_bytes("\0\0\0\1\0", 5), plk_bytes("\0\0\0\1\1", 5)), 6);
    assert_int_equal(count_range(&story, plk_bytes("\0\0\0\2", 4), END), 9);
    assert_int_equal(count_range(&story, END, plk_bytes("\0\0\0\1\1", 5)), 6);
    uint8_t low[PLK_MESSAGE_KEY_LEN + 1] = {0}, high[PLK_MESSAGE_KEY_LEN];
    struct plk_message_row m = text_row(1, 1, "");
    m.origin.epoch[0] = 'A';
    m.origin.seq = 2;
    plk_message_key(low, 1, PLK_IN, &m.origin);
    m.origin.epoch[0] = 'B';
    plk_message_key(high, 1, PLK_IN, &m.origin);
    assert_int_equal(count_range(&story, plk_bytes(low, PLK_MESSAGE_KEY_LEN), plk_bytes(high, sizeof high)),
                     3); // A2 A3 B1
    assert_int_equal(count_range(&story, plk_bytes(low, PLK_MESSAGE_KEY_LEN + 1), plk_bytes(high, sizeof high)),
                     2); // A3 B1
    assert_int_equal(count_range(&story, plk_bytes(low, PLK_MESSAGE_KEY_LEN - 8), plk_bytes(high, sizeof high)), 4);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, END, END, 4, true);
    assert_int_equal(loaded->count, 4);
    loaded_free(loaded);
    story_end(&story);
}

static void message_ranges_are_deleted(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_streams(&story);
    struct plk_message_row m = text_row(2, 0, "");
    uint8_t from[PLK_MESSAGE_KEY_LEN], to[PLK_MESSAGE_KEY_LEN];
    m.origin.epoch[0] = 'A';
    m.origin.seq = 2;
    plk_message_key(from, 2, PLK_OUT, &m.origin);
    m.origin.seq = 3;
    plk_message_key(to, 2, PLK_OUT, &m.origin);
    plk_batch_delete(story.batch, PLK_TABLE_message, plk_bytes(from, sizeof from));
    story_store(&story);
    assert_int_equal(count_range(&story, END, END), 17);
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes("\0\0\0\1", 4), plk_bytes("\0\0\0\2", 4));
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes(from, sizeof from), plk_bytes("\0\0\0\3", 4));
    story_store(&story);
    assert_int_equal(count_range(&story, END, END), 7);
    put_streams(&story); // the same keys again, in streams that are gone and that are not
    assert_int_equal(count_range(&story, END, END), 18);
    story_end(&story);
}

static void it_is_all_there_after_reopening(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_streams(&story);
    put_contact(&story, 1, "Bob");
    plk_batch_upsert(story.batch, PLK_TABLE_profile, text("p"), text("seed"));
    story_put(&story);
    story_close(&story); // commits what was put, asked or not
    story_open(&story, "");
    assert_int_equal(count_range(&story, END, END), 18);
    expect(&story, PLK_TABLE_profile, "", "", 0, false, "p");
    struct loaded *loaded = story_load(&story, PLK_TABLE_contact, END, END, 0, false);
    assert_int_equal(loaded->count, 1);
    loaded_free(loaded);
    story_end(&story);
}

// Two messages with one row number cannot both be kept: nothing of their batch is, and it is said.
static void an_impossible_batch_loses_the_store(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_text(&story, 1, 1, "one");
    story_store(&story);
    plk_batch_upsert(story.batch, PLK_TABLE_blob, text("k"), text("v"));
    struct plk_message_row row = text_row(1, 1, "two");
    row.origin.seq = 2;
    put_message(&story, &row);
    story_store(&story);
    assert_int_equal(story.losses, 1);
    assert_int_equal(story.stored, 1);
    assert_false(plk_store_close(story.store));
    story_open(&story, "");
    assert_int_equal(count_range(&story, END, END), 1);
    expect(&story, PLK_TABLE_blob, "", "", 0, false, "");
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opaque_rows_come_back_in_key_order),
        cmocka_unit_test(every_opaque_table_keeps_its_rows_apart),
        cmocka_unit_test(upsert_delete_and_ranges_apply_in_order),
        cmocka_unit_test(a_load_sees_nothing_that_comes_after_it),
        cmocka_unit_test(long_values_and_long_loads_come_in_parts),
        cmocka_unit_test(contacts_and_events_survive_their_columns),
        cmocka_unit_test(a_message_survives_its_columns),
        cmocka_unit_test(a_patch_changes_its_columns_only_and_needs_a_row),
        cmocka_unit_test(a_message_put_again_replaces_itself),
        cmocka_unit_test(messages_without_a_row_number_do_not_collide),
        cmocka_unit_test(message_ranges_follow_the_keys),
        cmocka_unit_test(message_ranges_are_deleted),
        cmocka_unit_test(it_is_all_there_after_reopening),
        cmocka_unit_test(an_impossible_batch_loses_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
