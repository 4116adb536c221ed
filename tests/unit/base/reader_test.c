// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/reader.h"

static const uint8_t some[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                               0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32};

static void integers_are_big_endian(void **state) {
    (void)state;
    struct plk_reader r = plk_reader(plk_bytes(some, sizeof some));
    assert_int_equal(plk_reader_u8(&r), 0x01);
    assert_int_equal(plk_reader_u16(&r), 0x2345);
    assert_int_equal(plk_reader_u32(&r), 0x6789abcd);
    assert_false(plk_reader_done(&r));
    assert_int_equal(plk_reader_u64(&r), UINT64_C(0xeffedcba98765432));
    assert_true(plk_reader_done(&r));
    r = plk_reader(plk_bytes("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
    assert_true(plk_reader_u64(&r) == UINT64_MAX);
}

static void assert_sticks(struct plk_reader *r) {
    uint8_t copied[2] = {7, 7};
    assert_true(r->failed);
    assert_int_equal(plk_reader_u8(r), 0);
    assert_int_equal(plk_reader_u16(r), 0);
    assert_int_equal(plk_reader_u32(r), 0);
    assert_int_equal(plk_reader_u64(r), 0);
    assert_int_equal(plk_reader_varint(r), 0);
    assert_int_equal(plk_reader_take(r, 0).len, 0);
    assert_null(plk_reader_take(r, 1).at);
    assert_int_equal(plk_reader_sized(r, 100).len, 0);
    assert_int_equal(plk_reader_rest(r).len, 0);
    plk_reader_copy(r, copied, sizeof copied);
    assert_int_equal(copied[0] | copied[1], 0);
    assert_true(r->failed);
    assert_false(plk_reader_done(r));
}

static void a_failure_sticks(void **state) {
    (void)state;
    for (size_t left = 0; left < 8; left++) {
        struct plk_reader r = plk_reader(plk_bytes(some, left));
        assert_int_equal(plk_reader_u64(&r), 0);
        assert_sticks(&r);
    }
    struct plk_reader r = plk_reader(plk_bytes(some, 3));
    assert_int_equal(plk_reader_u32(&r), 0);
    assert_sticks(&r);
    r = plk_reader(plk_bytes(some, 1));
    assert_int_equal(plk_reader_u16(&r), 0);
    assert_sticks(&r);
    r = plk_reader(plk_bytes(NULL, 0));
    assert_int_equal(plk_reader_u8(&r), 0);
    assert_sticks(&r);
    r = plk_reader(plk_bytes(some, sizeof some));
    r.failed = true; // as decoders do that find a value they do not know
    assert_sticks(&r);
    r = plk_reader(plk_bytes(some, sizeof some));
    assert_int_equal(plk_reader_take(&r, SIZE_MAX).len, 0);
    assert_sticks(&r);
}

static void nothing_is_read_from_nothing(void **state) {
    (void)state;
    struct plk_reader r = plk_reader(plk_bytes(NULL, 0));
    assert_true(plk_reader_done(&r));
    assert_int_equal(plk_reader_take(&r, 0).len, 0);
    assert_int_equal(plk_reader_rest(&r).len, 0);
    plk_reader_copy(&r, NULL, 0);
    assert_true(plk_reader_done(&r));
}

static void taken_bytes_are_borrowed(void **state) {
    (void)state;
    uint8_t copied[3];
    struct plk_reader r = plk_reader(plk_bytes(some, sizeof some));
    assert_ptr_equal(plk_reader_take(&r, 2).at, some);
    plk_reader_copy(&r, copied, 3);
    assert_memory_equal(copied, some + 2, 3);
    struct plk_bytes rest = plk_reader_rest(&r);
    assert_ptr_equal(rest.at, some + 5);
    assert_int_equal(rest.len, sizeof some - 5);
    assert_true(plk_reader_done(&r));
}

// RFC 9000, appendix A.1.
static void varints_of_rfc_9000(void **state) {
    (void)state;
    const struct {
        const char *bytes;
        size_t len;
        uint64_t value;
    } table[] = {
        {"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 8, UINT64_C(151288809941952652)},
        {"\x9d\x7f\x3e\x7d", 4, 494878333},
        {"\x7b\xbd", 2, 15293},
        {"\x25", 1, 37},
        {"\x40\x25", 2, 37},
        {"\x00", 1, 0},
        {"\x3f", 1, 63},
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, (UINT64_C(1) << 62) - 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct plk_reader r = plk_reader(plk_bytes(table[i].bytes, table[i].len));
        assert_true(plk_reader_varint(&r) == table[i].value);
        assert_true(plk_reader_done(&r));
        for (size_t cut = 0; cut < table[i].len; cut++) {
            r = plk_reader(plk_bytes(table[i].bytes, cut));
            assert_int_equal(plk_reader_varint(&r), 0);
            assert_sticks(&r);
        }
    }
}

static void sized_bytes_have_a_limit(void **state) {
    (void)state;
    const uint8_t bytes[] = {3, 'a', 'b', 'c', 0, 0x40, 1, 'd'};
    struct plk_reader r = plk_reader(plk_bytes(bytes, sizeof bytes));
    assert_true(plk_bytes_equal(plk_reader_sized(&r, 3), plk_bytes_text("abc")));
    assert_int_equal(plk_reader_sized(&r, 0).len, 0);
    assert_true(plk_bytes_equal(plk_reader_sized(&r, 10), plk_bytes_text("d")));
    assert_true(plk_reader_done(&r));
    r = plk_reader(plk_bytes(bytes, sizeof bytes));
    assert_int_equal(plk_reader_sized(&r, 2).len, 0);
    assert_sticks(&r);
    r = plk_reader(plk_bytes(bytes, 3)); // says 3, has 2
    assert_int_equal(plk_reader_sized(&r, 10).len, 0);
    assert_sticks(&r);
    r = plk_reader(plk_bytes("\xff\xff\xff\xff\xff\xff\xff\xff", 8)); // says more than any memory holds
    assert_int_equal(plk_reader_sized(&r, SIZE_MAX).len, 0);
    assert_sticks(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),      cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(nothing_is_read_from_nothing), cmocka_unit_test(taken_bytes_are_borrowed),
        cmocka_unit_test(varints_of_rfc_9000),          cmocka_unit_test(sized_bytes_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
