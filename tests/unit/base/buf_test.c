// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/buf.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_buf buf;

static int begin(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    buf = (struct plk_buf){0};
    return 0;
}

static int end(void **state) {
    (void)state;
    plk_buf_free(&mem, &buf);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void an_empty_buffer_is_valid(void **state) {
    (void)state;
    assert_int_equal(plk_buf_bytes(&buf).len, 0);
    plk_buf_drop_front(&buf, 0);
    plk_buf_put(&mem, &buf, plk_bytes(NULL, 0));
    plk_buf_free(&mem, &buf);
    plk_buf_free(&mem, &buf);
    assert_int_equal(heap.blocks, 0);
}

static void what_is_put_is_there(void **state) {
    (void)state;
    uint8_t all[5000];
    size_t len = 0;
    for (size_t part = 0; part < 99; part++) {
        for (size_t i = 0; i < part; i++) all[len + i] = (uint8_t)(part * 3 + i);
        plk_buf_put(&mem, &buf, plk_bytes(all + len, part));
        len += part;
        assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes(all, len)));
        assert_true(buf.cap >= buf.len);
    }
    assert_int_equal(heap.blocks, 1);
    assert_true(buf.cap <= 2 * len);
}

static void room_is_zeroed_even_where_something_was(void **state) {
    (void)state;
    plk_buf_put(&mem, &buf, plk_bytes_text("0123456789"));
    plk_buf_drop_front(&buf, 6);
    assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes_text("6789")));
    uint8_t *room = plk_buf_room(&mem, &buf, 6);
    assert_ptr_equal(room, buf.at + 4);
    for (size_t i = 0; i < 6; i++) assert_int_equal(room[i], 0);
    memcpy(room, "abcdef", 6);
    assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes_text("6789abcdef")));
}

static void the_front_is_dropped(void **state) {
    (void)state;
    plk_buf_put(&mem, &buf, plk_bytes_text("abc"));
    plk_buf_drop_front(&buf, 0);
    assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes_text("abc")));
    plk_buf_drop_front(&buf, 2);
    assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes_text("c")));
    plk_buf_drop_front(&buf, 1);
    assert_int_equal(buf.len, 0);
    plk_buf_put(&mem, &buf, plk_bytes_text("d"));
    assert_true(plk_bytes_equal(plk_buf_bytes(&buf), plk_bytes_text("d")));
}

static void a_large_part_fits_at_once(void **state) {
    (void)state;
    plk_buf_put(&mem, &buf, plk_bytes_text("x"));
    uint8_t *room = plk_buf_room(&mem, &buf, 100000);
    for (size_t i = 0; i < 100000; i++) assert_int_equal(room[i], 0);
    assert_int_equal(buf.at[0], 'x');
    assert_int_equal(buf.len, 100001);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_empty_buffer_is_valid), CASE(what_is_put_is_there),      CASE(room_is_zeroed_even_where_something_was),
        CASE(the_front_is_dropped),     CASE(a_large_part_fits_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
