// SPDX-License-Identifier: MIT
// The tables of a contact that lie in one tree behave as tables of their own, whatever the range: against a list.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "_store.h"

enum { ROWS_MAX = 512, ROUNDS = 60, OPS = 12, LOADS = 12 };

static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_outbox,
                                        PLK_TABLE_blob};
enum { TABLES = sizeof tables / sizeof tables[0] };

struct entry {
    enum plk_table table;
    uint8_t key[PLK_ROW_KEY_MAX], value;
    size_t len;
};

static struct entry list[ROWS_MAX];
static size_t count;
static uint32_t seed = 12345;

static uint32_t dice(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

// Neighbouring contacts, the first and the last number, keys that begin others, and bytes around those of the tags.
static size_t some_key(uint8_t *key, size_t least) {
    static const uint32_t contacts[] = {0, 1, 2, 255, 256, UINT32_MAX - 1, UINT32_MAX};
    static const uint8_t bytes[] = {0, 1, 2, 3, 4, 5, 255};
    uint32_t contact = contacts[dice(7)];
    size_t len = dice(20) == 0 ? PLK_ROW_KEY_MAX : 4 + dice(5);
    for (size_t i = 0; i < 4; i++) key[i] = (uint8_t)(contact >> (24 - 8 * i));
    for (size_t i = 4; i < len; i++) key[i] = bytes[dice(7)];
    return least < 4 && dice(3) == 0 ? dice(5) : len;
}

static struct plk_bytes key_of(const struct entry *entry) { return plk_bytes(entry->key, entry->len); }

static bool within(const struct entry *entry, enum plk_table table, struct plk_bytes from, struct plk_bytes to) {
    return entry->table == table && plk_bytes_compare(key_of(entry), from) >= 0 &&
           (to.len == 0 || plk_bytes_compare(key_of(entry), to) < 0);
}

static void forget(enum plk_table table, struct plk_bytes from, struct plk_bytes to) {
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!within(&list[i], table, from, to)) list[kept_count++] = list[i];
    }
    count = kept_count;
}

static int by_key(const void *a, const void *b) { return plk_bytes_compare(key_of(a), key_of(b)); }

static void change(struct story *story) {
    uint8_t key[PLK_ROW_KEY_MAX], end[PLK_ROW_KEY_MAX + 1] = {0};
    enum plk_table table = tables[dice(TABLES)];
    size_t len = some_key(key, 4), end_len;
    memcpy(end, key, len);
    switch (count > ROWS_MAX - 2 * OPS ? 9 : dice(10)) {
    case 8: // this key
        plk_batch_delete(story->batch, table, plk_bytes(key, len));
        forget(table, plk_bytes(key, len), plk_bytes(end, len + 1));
        break;
    case 9: // a range, often that of a contact
        if (dice(2) == 0) len = 4;
        end_len = some_key(end, 4);
        if (len == 4 && memcmp(key, "\xff\xff\xff\xff", 4) != 0) {
            memcpy(end, key, 4);
            end_len = 4;
            for (size_t i = 4; ++end[--i] == 0;) continue;
        }
        plk_batch_delete_range(story->batch, table, plk_bytes(key, len), plk_bytes(end, end_len));
        forget(table, plk_bytes(key, len), plk_bytes(end, end_len));
        break;
    default: {
        uint8_t value = (uint8_t)dice(256);
        forget(table, plk_bytes(key, len), plk_bytes(end, len + 1));
        plk_batch_upsert(story->batch, table, plk_bytes(key, len), plk_bytes(&value, 1));
        list[count] = (struct entry){.table = table, .len = len, .value = value};
        memcpy(list[count++].key, key, len);
        qsort(list, count, sizeof list[0], by_key);
    }
    }
}

static void check(struct story *story) {
    uint8_t from[PLK_ROW_KEY_MAX], to[PLK_ROW_KEY_MAX];
    enum plk_table table = tables[dice(TABLES)];
    size_t from_len = some_key(from, 0), to_len = some_key(to, 0);
    uint32_t limit = dice(4) == 0 ? 1 + dice(3) : 0;
    bool reverse = dice(2) == 0;
    struct plk_bytes low = plk_bytes(from, from_len), high = plk_bytes(to, to_len);
    struct loaded *loaded = story_load(story, table, low, high, limit, reverse);
    size_t found = 0;
    for (size_t k = 0; k < count; k++) {
        const struct entry *entry = &list[reverse ? count - 1 - k : k];
        if (!within(entry, table, low, high) || (limit != 0 && found == limit)) continue;
        assert_true(found < loaded->count);
        assert_true(plk_bytes_equal(loaded->keys[found], key_of(entry)));
        assert_int_equal(loaded->values[found].at[0], entry->value);
        found++;
    }
    assert_int_equal(loaded->count, found);
    loaded_free(loaded);
}

static void tables_of_a_contact_are_their_own(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < OPS; i++) {
            change(&story);
            story_put(&story); // each its own: in one batch they coalesce
        }
        for (int i = 0; i < LOADS; i++) check(&story);
    }
    assert_true(count > 50);
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables_of_a_contact_are_their_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
