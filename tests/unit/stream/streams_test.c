// SPDX-License-Identifier: MIT
// Bytes and their ends, in whatever order; windows have a file of their own.
#include "support/streams_story.h"

static void bytes_arrive_in_order_and_contiguous(void **state) {
    (void)state;
    assert_int_equal(write_text(a, 2, 5000), 5000);
    assert_int_equal(plk_streams_unacked(a, 2), 5000);
    assert_int_equal(plk_streams_sent_to(a, 2), 0);
    deliver_all(a, b);
    assert_int_equal(plk_streams_sent_to(a, 2), 5000);
    assert_int_equal(plk_streams_unacked(a, 2), 0);
    assert_int_equal(plk_streams_acked_to(a, 2), 5000);
    assert_readable(b, 2, 0, 5000);
    plk_streams_consume(b, 2, 1234);
    assert_readable(b, 2, 1234, 5000 - 1234);
    plk_streams_consume(b, 2, 5000 - 1234);
    assert_readable(b, 2, 5000, 0);
    assert_nothing(a);
    assert_nothing(b);
}

static void frames_fit_the_room_they_are_given(void **state) {
    (void)state;
    uint8_t room[2048];
    struct plk_frame frame;
    struct plk_frame_item item;
    write_text(a, 0, 200000);
    uint64_t at = 0;
    for (size_t len = 0; len < 1500; len++) {
        if (!plk_streams_next(a, len, &frame, &item)) {
            assert_true(len < 40);
            continue;
        }
        struct plk_writer w = plk_writer(room, len);
        assert_true(plk_frame_put(&w, &frame));
        assert_true(len - w.len <= 1); // filled, but for a length that became shorter
        assert_int_equal(frame.stream.offset, at);
        at += frame.stream.bytes.len;
        if (at > 100000) plk_streams_acked(a, &(struct plk_frame_item){.kind = PLK_FRAME_STREAM, .len = (uint32_t)at});
        if (at > 190000) break;
    }
    assert_true(at > 100000);
}

static void lower_ids_go_first_and_repeats_before_all(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 5, 100);
    write_text(a, 1, 100);
    struct plk_frame_item first = next_item(a, &frame);
    assert_int_equal(first.stream, 1);
    struct plk_frame_item second = next_item(a, &frame);
    assert_int_equal(second.stream, 5);
    write_text(a, 0, 100);
    plk_streams_lost(a, &second);
    struct plk_frame_item again = next_item(a, &frame);
    assert_int_equal(again.stream, 5);
    assert_int_equal(again.value, 0);
    assert_int_equal(again.len, 100);
    assert_int_equal(next_item(a, &frame).stream, 0);
    assert_nothing(a);
    assert_int_equal(plk_streams_stats(a).bytes_repeated, 100);
}

static void what_is_lost_and_acknowledged_is_not_repeated(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 0, 3000);
    struct plk_frame_item items[3];
    for (int i = 0; i < 3; i++) items[i] = next_item(a, &frame);
    plk_streams_lost(a, &items[0]); // all as after a probe time-out
    plk_streams_lost(a, &items[1]);
    plk_streams_lost(a, &items[2]);
    plk_streams_acked(a, &items[1]); // the originals had arrived
    plk_streams_acked(a, &items[0]);
    plk_streams_acked(a, &items[0]);
    assert_int_equal(plk_streams_acked_to(a, 0), items[2].value);
    struct plk_frame_item again = next_item(a, &frame);
    assert_int_equal(again.value, items[2].value);
    assert_nothing(a);
    plk_streams_acked(a, &again);
    plk_streams_lost(a, &items[2]);
    plk_streams_lost(a, &items[0]);
    assert_nothing(a);
    assert_int_equal(plk_streams_unacked(a, 0), 0);
}

static void an_ack_in_the_middle_takes_its_bytes_out_of_the_repeats(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 0, 3000);
    struct plk_frame_item items[3];
    for (int i = 0; i < 3; i++) items[i] = next_item(a, &frame);
    for (int i = 0; i < 3; i++) plk_streams_lost(a, &items[i]);
    plk_streams_acked(a, &items[1]);
    assert_int_equal(next_item(a, &frame).value, 0);
    assert_int_equal(frame.stream.bytes.len, items[0].len);
    assert_int_equal(next_item(a, &frame).value, items[2].value);
    assert_nothing(a);
}

static void an_ack_that_reaches_several_others_settles_them_all(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 0, 400);
    next_item(a, &frame);
    const uint64_t parts[][2] = {{50, 100}, {174, 348}, {120, 130}, {0, 174}, {348, 400}};
    for (unsigned i = 0; i < 5; i++) {
        plk_streams_acked(a, &(struct plk_frame_item){.kind = PLK_FRAME_STREAM,
                                                      .value = parts[i][0],
                                                      .len = (uint32_t)(parts[i][1] - parts[i][0])});
    }
    assert_int_equal(plk_streams_acked_to(a, 0), 400);
}

static void pieces_in_any_order_make_the_same_text(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed < 200; seed++) {
        uint32_t random = seed;
        plk_streams_restart(b);
        for (unsigned done = 0; done < 3000; done++) {
            random = random * 1664525 + 1013904223;
            uint64_t offset = random >> 8 & 0x7ff;
            size_t len = (random >> 20 & 0x3f) + 1;
            assert_int_equal(receive(4, offset, len, false), PLK_ERR_OK);
        }
        for (uint64_t offset = 0; offset < 2100; offset += 100) receive(4, offset, 100, false);
        struct plk_bytes bytes = plk_streams_readable(b, 4);
        assert_true(bytes.len >= 2100);
        assert_memory_equal(bytes.at, text, bytes.len);
    }
}

static void the_first_copy_of_a_byte_wins(void **state) {
    (void)state;
    struct plk_frame frame = {.type = PLK_FRAME_STREAM};
    frame.stream.offset = 2;
    frame.stream.bytes = plk_bytes_text("cde");
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    frame.stream.offset = 0;
    frame.stream.bytes = plk_bytes_text("abXXXfg");
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    assert_true(plk_bytes_equal(plk_streams_readable(b, 0), plk_bytes_text("abcdefg")));
    assert_int_equal(plk_streams_stats(b).bytes_again, 3);
}

static void a_stream_ends_once(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 3, 10);
    plk_streams_finish(a, 3);
    plk_streams_finish(a, 3);
    assert_int_equal(plk_streams_write(a, 3, plk_bytes(text, 5)), 0);
    struct plk_frame_item item = next_item(a, &frame);
    assert_true(item.fin);
    assert_nothing(a);
    plk_streams_lost(a, &item);
    item = next_item(a, &frame);
    assert_true(frame.stream.fin);
    assert_int_equal(frame.stream.bytes.len, 10);
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    plk_streams_acked(a, &item);
    plk_streams_lost(a, &item);
    assert_nothing(a);
    assert_false(plk_streams_ended(b, 3));
    plk_streams_consume(b, 3, 10);
    assert_true(plk_streams_ended(b, 3));
    assert_int_equal(receive(3, 10, 0, true), PLK_ERR_OK);
    assert_int_equal(receive(3, 10, 1, false), PLK_ERR_MALFORMED);
    assert_int_equal(receive(3, 9, 0, true), PLK_ERR_MALFORMED);
    assert_int_equal(receive(3, 11, 0, true), PLK_ERR_MALFORMED);
}

static void an_end_may_follow_alone_and_be_lost_alone(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 3, 10);
    struct plk_frame_item data = next_item(a, &frame);
    plk_streams_finish(a, 3);
    struct plk_frame_item fin = next_item(a, &frame);
    assert_true(fin.fin);
    assert_int_equal(fin.len, 0);
    assert_int_equal(fin.value, 10);
    plk_streams_acked(a, &data);
    plk_streams_lost(a, &fin);
    fin = next_item(a, &frame);
    assert_true(frame.stream.fin && frame.stream.bytes.len == 0);
    assert_int_equal(frame.stream.offset, 10);
    assert_nothing(a);
    assert_int_equal(receive(3, 5, 5, false), PLK_ERR_OK);
    assert_int_equal(receive(3, 4, 0, true), PLK_ERR_MALFORMED); // an end before what was seen
}

static void an_end_is_told_once(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 3, 10);
    struct plk_frame_item data = next_item(a, &frame);
    plk_streams_finish(a, 3);
    plk_streams_lost(a, &data); // before the end was told: the repeat tells it
    struct plk_frame_item whole = next_item(a, &frame);
    assert_true(whole.fin);
    assert_nothing(a);
    plk_streams_lost(a, &whole); // as after a time-out; but then it had arrived
    plk_streams_acked(a, &whole);
    assert_nothing(a);
    assert_int_equal(plk_streams_unacked(a, 3), 0);
}

static void crumbs_are_refused_without_harm(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= PLK_STREAMS_RANGES; i++) assert_int_equal(receive(0, 2 * i, 1, false), PLK_ERR_OK);
    assert_int_equal(receive(0, 2 * PLK_STREAMS_RANGES + 2, 1, false), PLK_ERR_LIMIT);
    assert_int_equal(receive(0, 0, 2, false), PLK_ERR_OK); // the beginning always has place
    assert_readable(b, 0, 0, 3);
    assert_int_equal(receive(0, 0, 2 * PLK_STREAMS_RANGES + 3, false), PLK_ERR_OK);
    assert_readable(b, 0, 0, 2 * PLK_STREAMS_RANGES + 3);
}

// Many small frames out, every second one acknowledged: more pieces than are remembered. Nothing may be forgotten.
static void a_sender_with_too_many_pieces_repeats_rather_than_forgets(void **state) {
    (void)state;
    enum { FRAMES = 2000 };
    static struct plk_frame_item items[FRAMES];
    struct plk_frame frame;
    for (unsigned i = 0; i < FRAMES; i++) {
        write_text(a, 0, 50);
        items[i] = next_item(a, &frame);
        if (i % 2 == 1) assert_int_equal(receive(1, 0, 0, false), PLK_ERR_OK);
    }
    for (unsigned i = 1; i < FRAMES; i += 2) plk_streams_acked(a, &items[i]);
    for (unsigned i = 0; i < FRAMES; i += 2) plk_streams_lost(a, &items[i]);
    deliver_all(a, b);
    assert_int_equal(plk_streams_unacked(a, 0), 0);
    struct plk_bytes bytes = plk_streams_readable(b, 0);
    assert_true(bytes.len >= 50); // what was repeated arrived; what b never got was acknowledged in b's name
    assert_memory_equal(bytes.at, text, 50);
}

static void datagrams_are_few_and_may_be_dropped(void **state) {
    (void)state;
    struct plk_bytes got;
    struct plk_frame frame;
    struct plk_frame_item item;
    for (unsigned i = 0; i < PLK_STREAMS_DATAGRAMS; i++) {
        assert_int_equal(plk_streams_datagram_send(a, plk_bytes(text + i, 100)), PLK_ERR_OK);
    }
    assert_int_equal(plk_streams_datagram_send(a, plk_bytes(text, 100)), PLK_ERR_LIMIT);
    assert_int_equal(plk_streams_datagram_send(a, plk_bytes(text, PLK_STREAMS_DATAGRAM_MAX + 1)), PLK_ERR_TOO_LONG);
    assert_false(plk_streams_next(a, 101, &frame, &item)); // not cut
    for (unsigned i = 0; i < PLK_STREAMS_DATAGRAMS; i++) {
        item = next_item(a, &frame);
        assert_int_equal(item.kind, PLK_FRAME_PADDING);
        assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
        if (i == 0) assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    }
    assert_int_equal(plk_streams_stats(b).datagrams_dropped, 1);
    for (unsigned i = 0; i < PLK_STREAMS_DATAGRAMS; i++) {
        assert_true(plk_streams_datagram_next(b, &got));
        unsigned which = i == 0 ? 0 : i - 1;
        assert_true(plk_bytes_equal(got, plk_bytes(text + which, 100)));
    }
    assert_false(plk_streams_datagram_next(b, &got));
    struct plk_frame long_one = {.type = PLK_FRAME_DATAGRAM, .datagram = plk_bytes(text, PLK_STREAMS_DATAGRAM_MAX + 1)};
    assert_int_equal(plk_streams_receive(b, &long_one), PLK_ERR_OK);
    assert_false(plk_streams_datagram_next(b, &got));
}

static void a_restart_begins_at_nothing(void **state) {
    (void)state;
    struct plk_frame frame;
    write_text(a, 0, 10000);
    struct plk_frame_item old = next_item(a, &frame);
    assert_int_equal(plk_streams_receive(b, &frame), PLK_ERR_OK);
    deliver_all(a, b);
    plk_streams_consume(b, 0, 4000);
    plk_streams_hold(b, true);
    plk_streams_restart(a);
    plk_streams_restart(b);
    assert_nothing(a);
    assert_nothing(b);
    assert_readable(b, 0, 0, 0);
    assert_int_equal(plk_streams_written_to(a, 0), 0);
    plk_streams_lost(a, &old); // nothing of it is known
    assert_nothing(a);
    plk_streams_hold(b, false);
    for (unsigned round = 0; round < 3; round++) { // more than the limit of all streams, were it not new each time
        for (uint32_t id = 0; id < 3; id++) write_text(a, id, PLK_STREAMS_WINDOW);
        deliver_all(a, b);
        for (uint32_t id = 0; id < 3; id++) {
            assert_readable(b, id, 0, PLK_STREAMS_WINDOW);
            plk_streams_consume(b, id, PLK_STREAMS_WINDOW);
        }
        assert_true(plk_streams_wants(b));
        plk_streams_restart(a);
        plk_streams_restart(b);
        assert_nothing(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bytes_arrive_in_order_and_contiguous),
        TEST(frames_fit_the_room_they_are_given),
        TEST(lower_ids_go_first_and_repeats_before_all),
        TEST(what_is_lost_and_acknowledged_is_not_repeated),
        TEST(an_ack_in_the_middle_takes_its_bytes_out_of_the_repeats),
        TEST(an_ack_that_reaches_several_others_settles_them_all),
        TEST(pieces_in_any_order_make_the_same_text),
        TEST(the_first_copy_of_a_byte_wins),
        TEST(a_stream_ends_once),
        TEST(an_end_may_follow_alone_and_be_lost_alone),
        TEST(an_end_is_told_once),
        TEST(crumbs_are_refused_without_harm),
        TEST(a_sender_with_too_many_pieces_repeats_rather_than_forgets),
        TEST(datagrams_are_few_and_may_be_dropped),
        TEST(a_restart_begins_at_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
