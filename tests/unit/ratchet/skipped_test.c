// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/talker.h"

static struct talker side;
static struct plk_skipped *const skipped = &side.skipped;

static int begin(void **state) {
    (void)state;
    talker_begin(&side, 1);
    return 0;
}

static int end(void **state) {
    (void)state;
    talker_end(&side);
    return 0;
}

static void key_of(uint32_t chain, uint32_t n, uint8_t key[32]) {
    memset(key, (int)(chain * 31 + n), 32);
    memcpy(key, &n, sizeof n);
}

static void add(uint32_t chain, uint32_t n, uint64_t wall_ms) {
    uint8_t key[32];
    key_of(chain, n, key);
    plk_skipped_add(skipped, chain, n, wall_ms, key);
}

static void assert_has(uint32_t chain, uint32_t n, uint64_t since_ms) {
    uint8_t key[32];
    key_of(chain, n, key);
    const struct plk_skipped_entry *entry = plk_skipped_find(skipped, chain, n);
    assert_non_null(entry);
    assert_memory_equal(entry->key, key, 32);
    assert_int_equal(entry->since_ms, since_ms);
}

static void keys_are_found(void **state) {
    (void)state;
    assert_null(plk_skipped_find(skipped, 1, 0));
    add(1, 5, 10);
    add(1, 7, 10);
    add(3, 0, 11);
    add(3, UINT32_MAX, 12);
    assert_has(1, 5, 10);
    assert_has(1, 7, 10);
    assert_has(3, 0, 11);
    assert_has(3, UINT32_MAX, 12);
    assert_null(plk_skipped_find(skipped, 1, 6));
    assert_null(plk_skipped_find(skipped, 2, 5));
    assert_null(plk_skipped_find(skipped, 0, 5));
    assert_null(plk_skipped_find(skipped, 4, 0));
    plk_skipped_remove(skipped, 1, 7);
    assert_null(plk_skipped_find(skipped, 1, 7));
    assert_has(1, 5, 10);
    assert_has(3, 0, 11);
    assert_int_equal(skipped->count, 3);
}

static void a_row_is_as_young_as_its_newest_key(void **state) {
    (void)state;
    add(1, 31, 10);
    add(1, 32, 10);
    add(1, 40, 20);
    add(2, 41, 30);
    assert_has(1, 31, 10);
    assert_has(1, 32, 20);
    assert_has(1, 40, 20);
    assert_has(2, 41, 30);
}

static void nothing_is_held_when_empty(void **state) {
    (void)state;
    add(1, 1, 1);
    assert_true(side.mem.used > 0);
    plk_skipped_remove(skipped, 1, 1);
    assert_int_equal(side.mem.used, 0);
    plk_skipped_drop_front(skipped, 0);
    add(1, 1, 1);
    plk_skipped_drop_front(skipped, 1);
    assert_int_equal(side.mem.used, 0);
}

static void rows_are_dropped_whole(void **state) {
    (void)state;
    const uint32_t numbers[] = {30, 31, 32, 33, 63, 64};
    for (size_t i = 0; i < 6; i++) add(1, numbers[i], 1);
    add(2, 65, 1);
    const size_t ends[] = {0, 2, 2, 5, 5, 5, 6, 7};
    for (size_t count = 0; count < 8; count++) assert_int_equal(plk_skipped_row_end(skipped, count), ends[count]);
    plk_skipped_drop_front(skipped, 5);
    assert_int_equal(skipped->count, 2);
    assert_has(1, 64, 1);
    assert_has(2, 65, 1);
}

static void rows_go_out_and_come_back(void **state) {
    (void)state;
    uint8_t key[PLK_SKIPPED_KEY_LEN], value[PLK_SKIPPED_ROW_MAX];
    const uint8_t key_bytes[] = {0, 0, 0, 2, 0, 0, 0, 1};
    for (uint32_t n = 0; n < 100; n++) {
        if (n % 3 != 0) add(2, n, 77);
    }
    struct plk_skipped_row row = {2, 1};
    plk_skipped_row_key(key, row);
    assert_memory_equal(key, key_bytes, sizeof key);
    size_t len = plk_skipped_encode(skipped, row, value);
    assert_int_equal(len, 8 + 4 + 21 * 32); // 32 to 63 without 33, 36 .. 63
    for (uint32_t n = 32; n < 64; n++) {
        if (n % 3 != 0) plk_skipped_remove(skipped, 2, n);
    }
    assert_int_equal(plk_skipped_encode(skipped, row, (uint8_t[PLK_SKIPPED_ROW_MAX]){0}), 0);
    plk_skipped_free(skipped);
    assert_int_equal(plk_skipped_load(skipped, plk_bytes(key, sizeof key), plk_bytes(value, len)), PLK_ERR_OK);
    assert_int_equal(skipped->count, 21);
    for (uint32_t n = 32; n < 64; n++) {
        if (n % 3 == 0) {
            assert_null(plk_skipped_find(skipped, 2, n));
        } else {
            assert_has(2, n, 77);
        }
    }
}

static void a_full_row_fits(void **state) {
    (void)state;
    uint8_t value[PLK_SKIPPED_ROW_MAX];
    for (uint32_t n = 0; n < PLK_SKIPPED_BLOCK; n++) add(1, UINT32_MAX - PLK_SKIPPED_BLOCK + 1 + n, 1);
    struct plk_skipped_row row = {1, UINT32_MAX / PLK_SKIPPED_BLOCK};
    assert_int_equal(plk_skipped_encode(skipped, row, value), PLK_SKIPPED_ROW_MAX);
    row.block++;
    assert_int_equal(plk_skipped_encode(skipped, row, value), 0);
    row = (struct plk_skipped_row){0, UINT32_MAX};
    assert_int_equal(plk_skipped_encode(skipped, row, value), 0);
}

static void assert_corrupt(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len) {
    size_t count = skipped->count;
    assert_int_equal(plk_skipped_load(skipped, plk_bytes(key, key_len), plk_bytes(value, len)), PLK_ERR_CORRUPT);
    assert_int_equal(skipped->count, count);
}

static void damaged_rows_are_refused(void **state) {
    (void)state;
    uint8_t key[PLK_SKIPPED_KEY_LEN + 1] = {0, 0, 0, 5, 0, 0, 0, 1, 0}, value[PLK_SKIPPED_ROW_MAX + 32] = {0};
    value[11] = 5; // numbers 32 and 34
    const size_t len = 8 + 4 + 2 * 32;
    for (size_t cut = 0; cut < len; cut++) assert_corrupt(key, 8, value, cut);
    assert_corrupt(key, 8, value, len + 1);
    assert_corrupt(key, 8, value, len + 32);
    assert_corrupt(key, 7, value, len);
    assert_corrupt(key, 9, value, len);
    value[11] = 0;
    assert_corrupt(key, 8, value, 8 + 4); // no key at all
    value[11] = 5;
    key[4] = 0x08; // above the last block
    assert_corrupt(key, 8, value, len);
    key[4] = 0;
    assert_int_equal(plk_skipped_load(skipped, plk_bytes(key, 8), plk_bytes(value, len)), PLK_ERR_OK);
    assert_corrupt(key, 8, value, len); // the same row again
    key[7] = 0;
    assert_corrupt(key, 8, value, len); // an earlier one
    key[3] = 4;
    key[7] = 2;
    assert_corrupt(key, 8, value, len); // an earlier chain
    key[3] = 5;
    assert_int_equal(plk_skipped_load(skipped, plk_bytes(key, 8), plk_bytes(value, len)), PLK_ERR_OK);
}

static void two_thousand_and_no_more(void **state) {
    (void)state;
    const uint8_t key[PLK_SKIPPED_KEY_LEN] = {0, 0, 0, 9, 0, 0, 0, 0};
    uint8_t value[8 + 4 + 2 * 32] = {[11] = 3};
    for (uint32_t n = 0; n < PLK_SKIPPED_MAX - 1; n++) add(1, n, 1);
    assert_corrupt(key, sizeof key, value, sizeof value);
    value[11] = 1;
    assert_int_equal(plk_skipped_load(skipped, plk_bytes(key, sizeof key), plk_bytes(value, sizeof value - 32)),
                     PLK_ERR_OK);
    assert_int_equal(skipped->count, PLK_SKIPPED_MAX);
    assert_true(side.mem.used <= PLK_SKIPPED_MAX * sizeof *skipped->at + 64);
    for (uint32_t n = 0; n < PLK_SKIPPED_MAX - 1; n++) assert_has(1, n, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(keys_are_found),
        CASE(a_row_is_as_young_as_its_newest_key),
        CASE(nothing_is_held_when_empty),
        CASE(rows_are_dropped_whole),
        CASE(rows_go_out_and_come_back),
        CASE(a_full_row_fits),
        CASE(damaged_rows_are_refused),
        CASE(two_thousand_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
