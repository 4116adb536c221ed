// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "ratchet/seen.h"

static struct plk_seen seen, again;

static int begin(void **state) {
    (void)state;
    memset(&seen, 0, sizeof seen);
    memset(&again, 0, sizeof again);
    return 0;
}

static void hash_of(uint64_t number, uint8_t hash[PLK_SEEN_HASH_LEN]) {
    plk_seen_hash(hash, plk_bytes(&number, sizeof number));
}

static bool has(const struct plk_seen *in, uint64_t number) {
    uint8_t hash[PLK_SEEN_HASH_LEN];
    hash_of(number, hash);
    return plk_seen_has(in, hash);
}

static uint8_t add(uint64_t number) {
    uint8_t hash[PLK_SEEN_HASH_LEN];
    hash_of(number, hash);
    return plk_seen_add(&seen, hash);
}

// All rows, in an order that is not theirs.
static void reload(void) {
    memset(&again, 0, sizeof again);
    for (int i = 0; i < PLK_SEEN_ROWS; i++) {
        uint8_t row = (uint8_t)((i * 10 + 7) % PLK_SEEN_ROWS), value[PLK_SEEN_ROW_MAX];
        size_t len = plk_seen_encode(&seen, row, value);
        if (len > 0) assert_int_equal(plk_seen_load(&again, row, plk_bytes(value, len)), PLK_ERR_OK);
    }
    assert_int_equal(again.count, seen.count);
}

static void the_hash_is_labelled_sha512(void **state) {
    (void)state;
    // printf 'PeerLink/1/ratchet/seenabc' | sha512sum
    static const uint8_t expected[PLK_SEEN_HASH_LEN] = {0x6b, 0xc0, 0x8a, 0x6d, 0x0f, 0x23, 0x11, 0x1d,
                                                        0x74, 0x6b, 0x88, 0xc7, 0x32, 0x69, 0x08, 0x9b};
    uint8_t hash[PLK_SEEN_HASH_LEN];
    plk_seen_hash(hash, plk_bytes_text("abc"));
    assert_memory_equal(hash, expected, sizeof hash);
}

static void what_was_added_is_known(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        assert_false(has(&seen, i));
        assert_int_equal(add(i), i % PLK_SEEN_SLOTS / PLK_SEEN_BLOCK);
        assert_true(has(&seen, i));
        uint64_t oldest = i < PLK_SEEN_MIN ? 0 : i + 1 - PLK_SEEN_MIN;
        assert_true(has(&seen, oldest));
        if (i >= PLK_SEEN_SLOTS) assert_false(has(&seen, i - PLK_SEEN_SLOTS));
    }
    for (uint64_t i = 5000 - PLK_SEEN_MIN; i < 5000; i++) assert_true(has(&seen, i));
}

static void a_known_hash_changes_nothing(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 100; i++) add(i);
    again = seen;
    assert_int_equal(add(70), 2);
    assert_memory_equal(&again, &seen, sizeof seen);
}

static void the_rows_hold_all(void **state) {
    (void)state;
    const uint64_t counts[] = {0, 1, 31, 32, 33, 1023, 1024, 1056, 1057, 1088, 1089, 3000};
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        while (number < counts[i]) add(number++);
        reload();
        for (uint64_t n = number < 1100 ? 0 : number - 1100; n < number; n++)
            assert_int_equal(has(&again, n), has(&seen, n));
        seen = again; // and go on from there
    }
}

static void one_addition_changes_one_row(void **state) {
    (void)state;
    uint8_t before[PLK_SEEN_ROWS][PLK_SEEN_ROW_MAX], after[PLK_SEEN_ROW_MAX];
    size_t len[PLK_SEEN_ROWS];
    for (uint64_t i = 0; i < 2500; i++) {
        for (uint8_t row = 0; row < PLK_SEEN_ROWS; row++) len[row] = plk_seen_encode(&seen, row, before[row]);
        uint8_t changed = add(i);
        for (uint8_t row = 0; row < PLK_SEEN_ROWS; row++) {
            if (row == changed) continue;
            assert_int_equal(plk_seen_encode(&seen, row, after), len[row]);
            assert_memory_equal(before[row], after, len[row]);
        }
    }
}

static void hashes_of_one_bucket_are_told_apart(void **state) {
    (void)state;
    uint8_t hash[PLK_SEEN_HASH_LEN] = {0};
    for (uint16_t i = 0; i < 3 * PLK_SEEN_SLOTS; i++) {
        hash[14] = (uint8_t)(i >> 8);
        hash[15] = (uint8_t)i;
        assert_false(plk_seen_has(&seen, hash));
        plk_seen_add(&seen, hash);
        assert_true(plk_seen_has(&seen, hash));
    }
    size_t known = 0;
    for (uint16_t i = 0; i < 3 * PLK_SEEN_SLOTS; i++) {
        hash[14] = (uint8_t)(i >> 8);
        hash[15] = (uint8_t)i;
        if (plk_seen_has(&seen, hash)) known++;
    }
    assert_int_equal(known, PLK_SEEN_SLOTS);
}

static void assert_corrupt(uint8_t row, const uint8_t *value, size_t len) {
    struct plk_seen before = again;
    assert_int_equal(plk_seen_load(&again, row, plk_bytes(value, len)), PLK_ERR_CORRUPT);
    assert_memory_equal(&before, &again, sizeof before);
}

static void damaged_rows_are_refused(void **state) {
    (void)state;
    uint8_t value[PLK_SEEN_ROW_MAX + PLK_SEEN_HASH_LEN] = {0};
    value[7] = 64; // number 64 is the first of row 2
    for (size_t len = 0; len < sizeof value; len++) {
        bool whole = len > 8 && (len - 8) % PLK_SEEN_HASH_LEN == 0 && len <= PLK_SEEN_ROW_MAX;
        if (!whole) assert_corrupt(2, value, len);
    }
    assert_corrupt(2, value, sizeof value);
    assert_corrupt(1, value, 24);
    assert_corrupt(PLK_SEEN_ROWS, value, 24);
    assert_corrupt(255, value, 24);
    value[7] = 65;
    assert_corrupt(2, value, 24);
    const uint64_t far = UINT64_MAX / PLK_SEEN_SLOTS * PLK_SEEN_SLOTS; // fits row 0, but no number comes so far
    for (int i = 0; i < 8; i++) value[i] = (uint8_t)(far >> (56 - 8 * i));
    assert_corrupt(0, value, 24);
    memset(value, 0, 8);
    value[7] = 64;
    assert_int_equal(plk_seen_load(&again, 2, plk_bytes(value, 24)), PLK_ERR_OK);
    assert_int_equal(again.count, 65);
    assert_corrupt(2, value, 24); // twice
}

#define CASE(name) cmocka_unit_test_setup(name, begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_hash_is_labelled_sha512),  CASE(what_was_added_is_known),
        CASE(a_known_hash_changes_nothing), CASE(the_rows_hold_all),
        CASE(one_addition_changes_one_row), CASE(hashes_of_one_bucket_are_told_apart),
        CASE(damaged_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
