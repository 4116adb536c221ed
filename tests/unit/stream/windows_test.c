// SPDX-License-Identifier: MIT
// How much may be on its way, and what memory it takes.
#include "support/streams_story.h"

static void the_window_holds_a_fast_sender(void **state) {
    (void)state;
    assert_int_equal(write_text(a, 0, 300 * 1024), PLK_STREAMS_SEND_MAX);
    assert_int_equal(plk_streams_room(a, 0), 0);
    deliver_all(a, b);
    assert_int_equal(write_text(a, 0, 40 * 1024), 40 * 1024);
    assert_nothing(a); // sent all that the peer allows
    plk_streams_consume(b, 0, PLK_STREAMS_WINDOW / 2 - 1);
    assert_nothing(b); // not worth a frame yet
    plk_streams_consume(b, 0, 1);
    struct plk_frame frame;
    struct plk_frame_item item = next_item(b, &frame);
    assert_int_equal(frame.type, PLK_FRAME_MAX_STREAM_DATA);
    assert_int_equal(frame.max_stream_data.limit, PLK_STREAMS_WINDOW * 3 / 2);
    plk_streams_lost(b, &item); // asked for again
    item = next_item(b, &frame);
    assert_int_equal(frame.max_stream_data.limit, PLK_STREAMS_WINDOW * 3 / 2);
    assert_int_equal(plk_streams_receive(a, &frame), PLK_ERR_OK);
    plk_streams_acked(b, &item);
    deliver_all(a, b);
    assert_readable(b, 0, PLK_STREAMS_WINDOW / 2, PLK_STREAMS_WINDOW / 2 + 40 * 1024);
    frame.max_stream_data.limit = 5; // a limit never shrinks
    assert_int_equal(plk_streams_receive(a, &frame), PLK_ERR_OK);
    write_text(a, 0, 100);
    deliver_all(a, b);
    assert_int_equal(plk_streams_unacked(a, 0), 0);
}

static void all_streams_share_a_limit(void **state) {
    (void)state;
    for (uint32_t id = 0; id < PLK_STREAMS_COUNT; id++) write_text(a, id, PLK_STREAMS_SEND_MAX);
    deliver_all(a, b);
    for (uint32_t id = 0; id < PLK_STREAMS_COUNT; id++) {
        assert_readable(b, id, 0, id < 4 ? PLK_STREAMS_WINDOW : 0); // 1 MiB is four windows
    }
    for (uint32_t id = 0; id < 2; id++) plk_streams_consume(b, id, PLK_STREAMS_WINDOW);
    deliver_all(b, a);
    deliver_all(a, b);
    assert_readable(b, 4, 0, PLK_STREAMS_WINDOW);
    assert_readable(b, 5, 0, PLK_STREAMS_WINDOW);
    assert_readable(b, 6, 0, 0);
}

static void the_limit_of_all_streams_alone_is_told(void **state) {
    (void)state;
    struct plk_frame frame;
    for (uint32_t id = 0; id < 5; id++) { // a little less than half of each window
        write_text(a, id, PLK_STREAMS_WINDOW / 2 - 1);
        deliver_all(a, b);
        assert_nothing(b);
        plk_streams_consume(b, id, PLK_STREAMS_WINDOW / 2 - 1);
    }
    assert_true(plk_streams_wants(b));
    assert_int_equal(next_item(b, &frame).kind, PLK_FRAME_MAX_DATA);
    assert_int_equal(frame.max_data, PLK_STREAMS_WINDOW_ALL + 5 * (PLK_STREAMS_WINDOW / 2 - 1));
    assert_nothing(b);
}

static void on_hold_no_window_opens(void **state) {
    (void)state;
    write_text(a, 0, PLK_STREAMS_SEND_MAX);
    deliver_all(a, b);
    plk_streams_hold(b, true);
    plk_streams_consume(b, 0, PLK_STREAMS_WINDOW);
    assert_nothing(b);
    plk_streams_hold(b, false);
    struct plk_frame frame;
    assert_int_equal(next_item(b, &frame).kind, PLK_FRAME_MAX_STREAM_DATA);
    assert_nothing(b);
}

static void a_peer_beyond_its_window_is_broken(void **state) {
    (void)state;
    assert_int_equal(receive(0, PLK_STREAMS_WINDOW - 10, 10, false), PLK_ERR_OK);
    assert_int_equal(receive(0, PLK_STREAMS_WINDOW - 10, 11, false), PLK_ERR_MALFORMED);
    assert_int_equal(receive(0, PLK_FRAME_MAX - 100, 100, false), PLK_ERR_MALFORMED);
    for (uint32_t id = 1; id < 4; id++) {
        assert_int_equal(receive(id, PLK_STREAMS_WINDOW - 10, 10, false), PLK_ERR_OK);
    }
    assert_int_equal(receive(4, 0, 1, false), PLK_ERR_MALFORMED); // 1 MiB is claimed already
    assert_int_equal(receive(0, 0, 100, false), PLK_ERR_OK);      // but what was claimed may be filled
    assert_int_equal(plk_streams_stats(b).refused, 3);
    assert_readable(b, 0, 0, 100);
    assert_true(mem.used < 3 * 1024 * 1024);
}

static void memory_is_given_back_at_rest(void **state) {
    (void)state;
    size_t before = mem.used;
    for (uint32_t id = 0; id < PLK_STREAMS_COUNT; id++) {
        write_text(a, id, 128 * 1024);
        deliver_all(a, b);
        plk_streams_consume(b, id, 128 * 1024);
        deliver_all(b, a);
    }
    assert_true(mem.used < before + 8 * 1024);
}

// Windows of one stream: 256 KiB, then 512 KiB, then 1 MiB, and not more. What it has needed it keeps until it is trimmed.
static void a_stream_that_carries_much_gets_a_larger_window(void **state) {
    (void)state;
    static const uint8_t much[PLK_STREAMS_WINDOW_ALL];
    size_t before = mem.used;
    plk_streams_let_grow(a);
    plk_streams_let_grow(b);
    for (int i = 0; i < 12; i++) {
        size_t room = plk_streams_room(a, 0);
        assert_int_equal(room, i == 0 ? PLK_STREAMS_WINDOW : i == 1 ? 2 * PLK_STREAMS_WINDOW : PLK_STREAMS_WINDOW_ALL);
        assert_int_equal(plk_streams_write(a, 0, plk_bytes(much, sizeof much)), room);
        deliver_all(a, b);
        assert_int_equal(plk_streams_readable(b, 0).len, room);
        plk_streams_consume(b, 0, room);
        deliver_all(b, a);
    }
    assert_int_equal(plk_streams_room(a, 1), PLK_STREAMS_WINDOW); // each for itself
    assert_true(mem.used > before + PLK_STREAMS_WINDOW_ALL);
    plk_streams_trim(a);
    plk_streams_trim(b);
    assert_true(mem.used < before + 8 * 1024);
    plk_streams_restart(a);
    assert_int_equal(plk_streams_room(a, 0), PLK_STREAMS_WINDOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_window_holds_a_fast_sender),
        TEST(all_streams_share_a_limit),
        TEST(the_limit_of_all_streams_alone_is_told),
        TEST(on_hold_no_window_opens),
        TEST(a_peer_beyond_its_window_is_broken),
        TEST(memory_is_given_back_at_rest),
        TEST(a_stream_that_carries_much_gets_a_larger_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
