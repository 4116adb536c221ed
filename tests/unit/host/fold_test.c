// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/fold.h"
#include "host/fold_table.h"

static bool alike(const char *a, const char *b) {
    uint8_t left[256], right[256];
    size_t left_len = plk_fold(left, plk_bytes_text(a), NULL), right_len = plk_fold(right, plk_bytes_text(b), NULL);
    return left_len > 0 && plk_bytes_equal(plk_bytes(left, left_len), plk_bytes(right, right_len));
}

static void scripts_fold(void **state) {
    (void)state;
    assert_true(alike("Hello", "hELLO"));
    assert_true(alike("МОСКВА", "москва"));
    assert_true(alike("Ёлка", "ёлка"));
    assert_true(alike("ΣΊΣΥΦΟΣ", "σίσυφος")); // the final sigma folds to the other one
    assert_true(alike("ÀÉÎÕÜ", "àéîõü"));
    assert_true(alike("ŻÓŁĆ", "żółć"));
    assert_true(alike("Ÿ", "ÿ"));
    assert_true(alike("ՀԱՅ", "հայ"));
    assert_true(alike("𐐀", "𐐨"));           // outside the first plane
    assert_true(alike("\u212a", "k"));      // the Kelvin sign, three bytes to one
    assert_true(alike("\u023a", "\u2c65")); // two bytes to three
    assert_true(alike("你好", "你好"));
    assert_false(alike("e", "é"));
    assert_false(alike("ж", "з"));
}

static void folding_is_idempotent_and_fits(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        uint32_t once = plk_fold_char(point);
        assert_int_equal(plk_fold_char(once), once);
        assert_true(once < 0x110000);
        // Never more than half as long again, which PLK_FOLD_ROOM counts on.
        unsigned before = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        unsigned after = once < 0x80 ? 1 : once < 0x800 ? 2 : once < 0x10000 ? 3 : 4;
        assert_true(after <= before + before / 2);
    }
}

static void ranges_are_in_order(void **state) {
    (void)state;
    for (size_t i = 1; i < sizeof plk_fold_ranges / sizeof plk_fold_ranges[0]; i++) {
        assert_true(plk_fold_ranges[i].first > plk_fold_ranges[i - 1].last);
    }
}

static void characters_are_counted(void **state) {
    (void)state;
    uint8_t out[64];
    size_t chars;
    assert_int_equal(plk_fold(out, plk_bytes_text("你好"), &chars), 6);
    assert_int_equal(chars, 2);
    assert_int_equal(plk_fold(out, plk_bytes("\xff\xfe", 2), &chars), 0);
    assert_int_equal(chars, 0);
    assert_int_equal(plk_fold(out, plk_bytes(NULL, 0), &chars), 0);
}

static void contains_looks_everywhere(void **state) {
    (void)state;
    struct plk_bytes hay = plk_bytes_text("abcabd");
    assert_true(plk_fold_contains(hay, plk_bytes_text("abd")));
    assert_true(plk_fold_contains(hay, plk_bytes_text("")));
    assert_true(plk_fold_contains(hay, hay));
    assert_false(plk_fold_contains(hay, plk_bytes_text("abe")));
    assert_false(plk_fold_contains(plk_bytes_text("ab"), hay));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_fold),
        cmocka_unit_test(folding_is_idempotent_and_fits),
        cmocka_unit_test(ranges_are_in_order),
        cmocka_unit_test(characters_are_counted),
        cmocka_unit_test(contains_looks_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
