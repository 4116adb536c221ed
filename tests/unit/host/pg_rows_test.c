// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/reader.h"
#include "host/pg/pg_rows.h"

static struct plk_pg_rows rows;
static struct plk_pg_arrays arrays;

static int tear_down(void **state) {
    (void)state;
    plk_pg_rows_free(&rows);
    plk_pg_arrays_free(&arrays);
    return 0;
}

// The elements of one array, as PostgreSQL reads them.
static struct plk_bytes element(unsigned part, size_t index) {
    struct plk_reader r = plk_reader(plk_bytes(arrays.bytes + arrays.at[part], arrays.len[part]));
    struct plk_bytes value = plk_bytes(NULL, 0);
    assert_int_equal(plk_reader_u32(&r), 1);
    assert_int_equal(plk_reader_u32(&r), 0);
    assert_int_equal(plk_reader_u32(&r), 17);
    assert_int_equal(plk_reader_u32(&r), arrays.count);
    assert_int_equal(plk_reader_u32(&r), 1);
    for (size_t i = 0; i < arrays.count; i++) {
        struct plk_bytes next = plk_reader_take(&r, plk_reader_u32(&r));
        if (i == index) value = next;
    }
    assert_false(r.failed);
    assert_true(plk_reader_done(&r));
    return value;
}

static void assert_text(struct plk_bytes bytes, const char *text) {
    assert_true(plk_bytes_equal(bytes, plk_bytes_text(text)));
}

static void the_last_write_of_a_key_counts(void **state) {
    (void)state;
    struct plk_bytes a = plk_bytes_text("0123456789abcdefA"), b = plk_bytes_text("0123456789abcdefB"),
                     c = plk_bytes_text("0123456789abcdef");
    plk_pg_rows_put(&rows, a, plk_bytes_text("one"));
    plk_pg_rows_put(&rows, b, plk_bytes_text("two"));
    plk_pg_rows_delete(&rows, c);
    plk_pg_rows_put(&rows, a, plk_bytes_text("three"));
    plk_pg_rows_delete(&rows, b);
    plk_pg_rows_put(&rows, c, plk_bytes(NULL, 0));
    plk_pg_arrays_put(&arrays, &rows);
    assert_int_equal(arrays.count, 2);
    assert_text(element(0, 0), "0123456789abcdef");
    assert_text(element(1, 0), "A");
    assert_text(element(2, 0), "three");
    assert_text(element(0, 1), "0123456789abcdef");
    assert_text(element(1, 1), "");
    assert_text(element(2, 1), "");
    plk_pg_arrays_deleted(&arrays, &rows);
    assert_int_equal(arrays.count, 1);
    assert_text(element(1, 0), "B");
    plk_pg_rows_clear(&rows);
    plk_pg_arrays_put(&arrays, &rows);
    assert_int_equal(arrays.count, 0);
}

static void many_keys_are_all_there(void **state) {
    (void)state;
    enum { KEYS = 5000 };
    static char keys[KEYS][32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(keys[i], sizeof keys[i], "sid of sixteen b%d", i);
            plk_pg_rows_put(&rows, plk_bytes_text(keys[i]), plk_bytes_text(keys[i]));
            if (i % 3 == round) plk_pg_rows_delete(&rows, plk_bytes_text(keys[i]));
        }
    }
    plk_pg_arrays_put(&arrays, &rows);
    assert_int_equal(arrays.count, KEYS - (KEYS + 1) / 3);
    for (size_t i = 0; i < arrays.count; i += 333) {
        struct plk_bytes rest = element(1, i), value = element(2, i);
        assert_true(plk_bytes_equal(rest, plk_bytes(value.at + 16, value.len - 16)));
        assert_int_not_equal(strtol((const char *)rest.at, NULL, 10) % 3, 1);
    }
    plk_pg_arrays_deleted(&arrays, &rows);
    assert_int_equal(arrays.count, (KEYS + 1) / 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_last_write_of_a_key_counts, tear_down),
        cmocka_unit_test_teardown(many_keys_are_all_there, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
