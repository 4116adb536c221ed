// SPDX-License-Identifier: MIT
// Streams give their memory back while nothing is under way, and go on where they were.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/pair.h"

#define ROOM 1100

static struct plk_mem mem;
static struct plk_streams *a, *b;

static int set_up(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    a = plk_streams_new(&mem);
    b = plk_streams_new(&mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_streams_free(a);
    plk_streams_free(b);
    assert_int_equal(mem.used, 0);
    return 0;
}

// Up to total bytes of stream 0 from a to b, which reads them; what b tells about its windows reaches a.
static void carry(uint64_t total) {
    struct plk_frame frame;
    struct plk_frame_item item;
    while (plk_streams_written_to(a, 0) < total || plk_streams_unacked(a, 0) > 0) {
        uint8_t chunk[1000];
        uint64_t at = plk_streams_written_to(a, 0);
        size_t len = total - at < sizeof chunk ? (size_t)(total - at) : sizeof chunk;
        for (size_t i = 0; i < len; i++) chunk[i] = pair_byte(at + i);
        plk_streams_write(a, 0, plk_bytes(chunk, len));
        while (plk_streams_next(a, ROOM, &frame, &item)) {
            assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
            plk_streams_acked(a, &item);
        }
        struct plk_bytes bytes = plk_streams_readable(b, 0);
        uint64_t from = plk_streams_ready_to(b, 0) - bytes.len;
        for (size_t i = 0; i < bytes.len; i++) assert_int_equal(bytes.at[i], pair_byte(from + i));
        plk_streams_consume(b, 0, bytes.len);
        while (plk_streams_next(b, ROOM, &frame, &item)) {
            assert_int_equal(plk_streams_receive(a, &frame), PLK_ERR_OK);
            plk_streams_acked(b, &item);
        }
    }
}

static void swap(struct plk_streams **s) {
    struct plk_streams_rest rest;
    assert_true(plk_streams_rest(*s, 0, &rest));
    plk_streams_free(*s);
    *s = plk_streams_new_rested(&mem, 0, &rest);
}

static void offsets_and_limits_go_on(void **state) {
    (void)state;
    uint64_t total = 0;
    for (unsigned round = 0; round < 40; round++) { // far beyond the first window
        carry(total += 77777);
        swap(&a);
        if (round % 3 == 0) swap(&b);
        assert_int_equal(plk_streams_written_to(a, 0), total);
        assert_int_equal(plk_streams_acked_to(a, 0), total);
        assert_int_equal(plk_streams_ready_to(b, 0), total);
        assert_int_equal(plk_streams_room(a, 0), PLK_STREAMS_SEND_MAX);
    }
    assert_true(total > PLK_STREAMS_WINDOW_ALL);
}

static void one_that_never_was_is_as_new(void **state) {
    (void)state;
    struct plk_streams_rest rest, fresh;
    plk_streams_rest_new(&fresh);
    assert_true(plk_streams_rest(a, 0, &rest));
    assert_memory_equal(&rest, &fresh, sizeof rest);
}

static void what_is_under_way_keeps_them(void **state) {
    (void)state;
    struct plk_streams_rest rest;
    struct plk_frame frame;
    struct plk_frame_item item;
    assert_int_equal(plk_streams_write(a, 0, plk_bytes("abc", 3)), 3);
    assert_false(plk_streams_rest(a, 0, &rest)); // not sent
    assert_true(plk_streams_next(a, ROOM, &frame, &item));
    assert_false(plk_streams_rest(a, 0, &rest)); // not acknowledged
    plk_streams_acked(a, &item);
    assert_true(plk_streams_rest(a, 0, &rest));
    frame.stream.offset = 0;
    frame.stream.bytes = plk_bytes("abc", 3);
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    assert_false(plk_streams_rest(b, 0, &rest)); // not read
    plk_streams_consume(b, 0, 3);
    assert_true(plk_streams_rest(b, 0, &rest));
    frame.stream.offset = 10;
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    assert_false(plk_streams_rest(b, 0, &rest)); // a piece with a gap before it
}

static void another_stream_keeps_them(void **state) {
    (void)state;
    struct plk_streams_rest rest;
    struct plk_frame frame;
    struct plk_frame_item item;
    assert_int_equal(plk_streams_write(a, 3, plk_bytes("abc", 3)), 3);
    assert_true(plk_streams_next(a, ROOM, &frame, &item));
    plk_streams_acked(a, &item);
    assert_false(plk_streams_rest(a, 0, &rest));
    assert_true(plk_streams_rest(a, 3, &rest));
    plk_streams_finish(b, 0);
    assert_false(plk_streams_rest(b, 0, &rest));
}

static void a_limit_to_be_told_keeps_them(void **state) {
    (void)state;
    struct plk_streams_rest rest;
    static uint8_t text[PLK_STREAMS_WINDOW];
    struct plk_frame frame = {.type = PLK_FRAME_STREAM};
    struct plk_frame_item item;
    frame.stream.bytes = plk_bytes(text, sizeof text);
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    plk_streams_consume(b, 0, sizeof text);
    assert_false(plk_streams_rest(b, 0, &rest));
    assert_true(plk_streams_next(b, ROOM, &frame, &item));
    assert_int_equal(frame.type, PLK_FRAME_MAX_STREAM_DATA);
    assert_true(plk_streams_rest(b, 0, &rest));
    assert_int_equal(rest.own_limit, 2 * PLK_STREAMS_WINDOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(offsets_and_limits_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_never_was_is_as_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_under_way_keeps_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_stream_keeps_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_to_be_told_keeps_them, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
