// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/reader.h"
#include "base/writer.h"

static uint8_t room[64];

static void integers_are_big_endian(void **state) {
    (void)state;
    const uint8_t expected[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32};
    struct plk_writer w = plk_writer(room, sizeof expected);
    plk_writer_u8(&w, 0x01);
    plk_writer_u16(&w, 0x2345);
    plk_writer_u32(&w, 0x6789abcd);
    plk_writer_u64(&w, UINT64_C(0xeffedcba98765432));
    assert_false(w.failed);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(expected, sizeof expected)));
    assert_ptr_equal(plk_writer_bytes(&w).at, room);
}

static void assert_sticks(struct plk_writer *w) {
    size_t len = w->len;
    uint8_t before[sizeof room];
    memcpy(before, room, sizeof room);
    assert_true(w->failed);
    plk_writer_u8(w, 1);
    plk_writer_u16(w, 1);
    plk_writer_u32(w, 1);
    plk_writer_u64(w, 1);
    plk_writer_varint(w, 1);
    plk_writer_put(w, plk_bytes("x", 1));
    plk_writer_copy(w, "x", 1);
    plk_writer_sized(w, plk_bytes("x", 1));
    plk_writer_zero(w, 1);
    assert_null(plk_writer_skip(w, 0));
    assert_null(plk_writer_skip(w, 1));
    assert_true(w->failed);
    assert_int_equal(w->len, len);
    assert_int_equal(plk_writer_bytes(w).len, 0);
    assert_null(plk_writer_bytes(w).at);
    assert_memory_equal(before, room, sizeof room);
}

// Each writing call into room that is too small by one byte, and by all of it: nothing beyond is touched.
static void what_does_not_fit_fails_and_sticks(void **state) {
    (void)state;
    for (size_t cap = 0; cap < 8; cap++) {
        memset(room, 0xaa, sizeof room);
        struct plk_writer w = plk_writer(room, cap);
        plk_writer_u64(&w, 0);
        assert_sticks(&w);
        w = plk_writer(room, cap);
        plk_writer_copy(&w, "12345678", 8);
        assert_sticks(&w);
        w = plk_writer(room, cap);
        plk_writer_zero(&w, 8);
        assert_sticks(&w);
        w = plk_writer(room, cap);
        plk_writer_varint(&w, UINT64_C(1) << 30);
        assert_sticks(&w);
        for (size_t i = cap; i < sizeof room; i++) assert_int_equal(room[i], 0xaa);
    }
    struct plk_writer w = plk_writer(room, 3);
    plk_writer_sized(&w, plk_bytes("abc", 3));
    assert_sticks(&w);
    w = plk_writer(room, sizeof room);
    plk_writer_u8(&w, 1);
    assert_null(plk_writer_skip(&w, SIZE_MAX));
    assert_sticks(&w);
}

static void nothing_fits_into_nothing(void **state) {
    (void)state;
    struct plk_writer w = plk_writer(NULL, 0);
    plk_writer_put(&w, plk_bytes(NULL, 0));
    plk_writer_zero(&w, 0);
    assert_false(w.failed);
    assert_int_equal(plk_writer_bytes(&w).len, 0);
    plk_writer_u8(&w, 0);
    assert_true(w.failed);
}

static void room_to_fill_later(void **state) {
    (void)state;
    struct plk_writer w = plk_writer(room, 4);
    plk_writer_u8(&w, 1);
    uint8_t *later = plk_writer_skip(&w, 2);
    assert_ptr_equal(later, room + 1);
    plk_writer_u8(&w, 4);
    memcpy(later, "\2\3", 2);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes("\1\2\3\4", 4)));
}

static void varints_are_the_shortest(void **state) {
    (void)state;
    const struct {
        uint64_t value;
        size_t len;
        const char *bytes;
    } table[] = {
        {0, 1, "\x00"},
        {37, 1, "\x25"},
        {63, 1, "\x3f"},
        {64, 2, "\x40\x40"},
        {15293, 2, "\x7b\xbd"},
        {16383, 2, "\x7f\xff"},
        {16384, 4, "\x80\x00\x40\x00"},
        {494878333, 4, "\x9d\x7f\x3e\x7d"},
        {(1u << 30) - 1, 4, "\xbf\xff\xff\xff"},
        {1u << 30, 8, "\xc0\x00\x00\x00\x40\x00\x00\x00"},
        {UINT64_C(151288809941952652), 8, "\xc2\x19\x7c\x5e\xff\x14\xe8\x8c"},
        {(UINT64_C(1) << 62) - 1, 8, "\xff\xff\xff\xff\xff\xff\xff\xff"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct plk_writer w = plk_writer(room, table[i].len);
        plk_writer_varint(&w, table[i].value);
        assert_int_equal(plk_writer_varint_len(table[i].value), table[i].len);
        assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(table[i].bytes, table[i].len)));
        struct plk_reader r = plk_reader(plk_writer_bytes(&w));
        assert_true(plk_reader_varint(&r) == table[i].value && plk_reader_done(&r));
    }
    const uint64_t above[] = {UINT64_C(1) << 62, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct plk_writer w = plk_writer(room, sizeof room);
        plk_writer_varint(&w, above[i]);
        assert_sticks(&w);
    }
}

static void sized_bytes_come_back(void **state) {
    (void)state;
    static uint8_t text[16500], out[16600];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)i;
    const size_t lengths[] = {0, 1, 63, 64, 16383, 16384, sizeof text};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct plk_writer w = plk_writer(out, plk_writer_varint_len(lengths[i]) + lengths[i]);
        plk_writer_sized(&w, plk_bytes(text, lengths[i]));
        assert_int_equal(w.len, w.cap);
        struct plk_reader r = plk_reader(plk_writer_bytes(&w));
        assert_true(plk_bytes_equal(plk_reader_sized(&r, sizeof text), plk_bytes(text, lengths[i])));
        assert_true(plk_reader_done(&r));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),   cmocka_unit_test(what_does_not_fit_fails_and_sticks),
        cmocka_unit_test(nothing_fits_into_nothing), cmocka_unit_test(room_to_fill_later),
        cmocka_unit_test(varints_are_the_shortest),  cmocka_unit_test(sized_bytes_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
