// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/bytes.h"

static void compare_is_the_order_of_the_store(void **state) {
    (void)state;
    const struct plk_bytes rising[] = {
        plk_bytes(NULL, 0),     plk_bytes("", 1),         plk_bytes("\0\0", 2), plk_bytes("\0\1", 2),
        plk_bytes("\1", 1),     plk_bytes("a", 1),        plk_bytes("aa", 2),   plk_bytes("ab", 2),
        plk_bytes("b", 1),      plk_bytes("\x7f", 1),     plk_bytes("\x80", 1), plk_bytes("\xff", 1),
        plk_bytes("\xff\0", 2), plk_bytes("\xff\xff", 2),
    };
    const int count = (int)(sizeof rising / sizeof rising[0]);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            int order = plk_bytes_compare(rising[i], rising[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(plk_bytes_equal(rising[i], rising[j]), i == j);
        }
    }
}

static void a_text_is_its_bytes_without_the_end(void **state) {
    (void)state;
    assert_int_equal(plk_bytes_text("").len, 0);
    assert_int_equal(plk_bytes_text("abc").len, 3);
    assert_true(plk_bytes_equal(plk_bytes_text("abc"), plk_bytes("abcd", 3)));
    assert_true(plk_bytes_equal(plk_bytes("x", 0), plk_bytes(NULL, 0)));
}

// Code points and their encodings, written here once more and in another way: by value, not by lead byte.
static size_t encode(uint32_t point, uint8_t out[4]) {
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; point >>= 6) out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(point | (0xf00u >> len & 0xff));
    return len;
}

static void every_code_point_but_the_surrogates_and_nul(void **state) {
    (void)state;
    uint8_t text[4];
    for (uint32_t point = 0; point < 0x200000; point++) {
        size_t len = encode(point, text);
        bool valid = point != 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        if (plk_bytes_is_utf8(plk_bytes(text, len)) != valid) fail_msg("U+%04X", point);
        if (!valid || len == 1) continue;
        for (size_t cut = 1; cut < len; cut++) assert_false(plk_bytes_is_utf8(plk_bytes(text, cut)));
    }
}

// All two-byte and three-byte strings that begin with a byte above 0x7f: as many are valid as there are code points.
static void no_other_byte_strings(void **state) {
    (void)state;
    size_t pairs = 0, triples = 0;
    for (unsigned a = 0x80; a < 0x100; a++) {
        for (unsigned b = 0; b < 0x100; b++) {
            uint8_t text[3] = {(uint8_t)a, (uint8_t)b, 0};
            if (plk_bytes_is_utf8(plk_bytes(text, 2))) pairs++;
            for (unsigned c = 0x80; c < 0x100; c++) {
                text[2] = (uint8_t)c;
                if (plk_bytes_is_utf8(plk_bytes(text, 3))) triples++;
            }
        }
    }
    assert_int_equal(pairs, 0x800 - 0x80);
    assert_int_equal(triples, 0x10000 - 0x800 - 0x800);
}

static void overlong_forms_and_strays(void **state) {
    (void)state;
    const char *const bad[] = {"\xc0\x80",
                               "\xc1\xbf",
                               "\xe0\x80\xaf",
                               "\xe0\x9f\xbf",
                               "\xf0\x80\x80\xaf",
                               "\xf0\x8f\xbf\xbf",
                               "\xed\xa0\x80",
                               "\xed\xbf\xbf",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xf8\x88\x80\x80\x80",
                               "\xfe",
                               "\xff",
                               "\x80",
                               "\xbf",
                               "a\x80",
                               "\xc3",
                               "\xe2\x82",
                               "\xf0\x9f\x98",
                               "\xe2(\xa1",
                               "\xf0(\x8c\xbc",
                               "\xf0\x90(\xbc",
                               "\xf0\x90\x8c("};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(plk_bytes_is_utf8(plk_bytes_text(bad[i])));
    assert_false(plk_bytes_is_utf8(plk_bytes("a\0b", 3)));
}

static void whole_texts(void **state) {
    (void)state;
    const char *const good[] = {"",
                                "a",
                                "plain ASCII, and \x7f",
                                "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
                                "\xe4\xbd\xa0\xe5\xa5\xbd",
                                "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
                                "\xef\xbf\xbf",
                                "\xed\x9f\xbf\xee\x80\x80",
                                "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_true(plk_bytes_is_utf8(plk_bytes_text(good[i])));
    assert_true(plk_bytes_is_utf8(plk_bytes(NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_is_the_order_of_the_store),
        cmocka_unit_test(a_text_is_its_bytes_without_the_end),
        cmocka_unit_test(every_code_point_but_the_surrogates_and_nul),
        cmocka_unit_test(no_other_byte_strings),
        cmocka_unit_test(overlong_forms_and_strays),
        cmocka_unit_test(whole_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
