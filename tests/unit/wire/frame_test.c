// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/frame.h"

static uint8_t room[4096];

static struct plk_frame decode_one(struct plk_bytes bytes) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_frame frame;
    memset(&frame, 0xee, sizeof frame);
    assert_int_equal(plk_frame_next(&r, &frame), PLK_ERR_OK);
    assert_int_equal(r.left, 0);
    return frame;
}

static void assert_malformed(const void *at, size_t len) {
    struct plk_reader r = plk_reader(plk_bytes(at, len));
    struct plk_frame frame;
    bool eliciting = true;
    assert_int_equal(plk_frame_next(&r, &frame), PLK_ERR_MALFORMED);
    assert_true(r.failed);
    assert_int_equal(r.left, 0);
    assert_int_equal(plk_frame_scan(plk_bytes(at, len), &eliciting), PLK_ERR_MALFORMED);
    assert_true(eliciting);
}

// Every proper prefix of a frame without padding is malformed, and a writer that is one byte short is left as
// it was.
static struct plk_frame round_trip(const struct plk_frame *frame) {
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_true(plk_frame_put(&w, frame));
    for (size_t cut = 1; cut < w.len; cut++) {
        struct plk_writer small = plk_writer(room + 2048, cut);
        assert_false(plk_frame_put(&small, frame));
        assert_false(small.failed);
        assert_int_equal(small.len, 0);
        assert_malformed(room, cut);
    }
    return decode_one(plk_writer_bytes(&w));
}

static void stream_frames_carry_their_bytes(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_STREAM};
    in.stream.id = 7;
    in.stream.offset = UINT64_C(1) << 40;
    in.stream.fin = true;
    in.stream.bytes = plk_bytes_text("hello");
    struct plk_frame out = round_trip(&in);
    assert_int_equal(out.type, PLK_FRAME_STREAM);
    assert_int_equal(out.stream.id, 7);
    assert_int_equal(out.stream.offset, UINT64_C(1) << 40);
    assert_true(out.stream.fin);
    assert_true(plk_bytes_equal(out.stream.bytes, plk_bytes_text("hello")));
}

static void numbers_survive(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_MAX_DATA, .max_data = PLK_FRAME_MAX};
    assert_int_equal(round_trip(&in).max_data, PLK_FRAME_MAX);
    in = (struct plk_frame){.type = PLK_FRAME_MAX_STREAM_DATA};
    in.max_stream_data.id = 3;
    in.max_stream_data.limit = 70000;
    assert_int_equal(round_trip(&in).max_stream_data.id, 3);
    assert_int_equal(round_trip(&in).max_stream_data.limit, 70000);
    in = (struct plk_frame){.type = PLK_FRAME_RETIRE_CID, .retire_cid = 63};
    assert_int_equal(round_trip(&in).retire_cid, 63);
    in = (struct plk_frame){.type = PLK_FRAME_CLOSE, .close = 64};
    assert_int_equal(round_trip(&in).close, 64);
    in = (struct plk_frame){.type = PLK_FRAME_PING};
    assert_int_equal(round_trip(&in).type, PLK_FRAME_PING);
}

static void tokens_and_ids_survive(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_PATH_CHALLENGE};
    memcpy(in.challenge, "12345678", 8);
    struct plk_frame out = round_trip(&in);
    assert_memory_equal(out.challenge, "12345678", 8);
    in = (struct plk_frame){.type = PLK_FRAME_NEW_CID};
    in.new_cid.seq = 5;
    memcpy(in.new_cid.cid, "abcdefgh", 8);
    out = round_trip(&in);
    assert_int_equal(out.new_cid.seq, 5);
    assert_memory_equal(out.new_cid.cid, "abcdefgh", 8);
    in = (struct plk_frame){.type = PLK_FRAME_DATAGRAM, .datagram = plk_bytes_text("typing")};
    out = round_trip(&in);
    assert_true(plk_bytes_equal(out.datagram, plk_bytes_text("typing")));
}

static void a_response_says_where_the_challenge_came_from(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_PATH_RESPONSE};
    memcpy(in.response.token, "12345678", 8);
    assert_int_equal(round_trip(&in).response.seen.family, 0);
    in.response.seen = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7447};
    struct plk_frame out = round_trip(&in);
    assert_true(plk_addr_equal(&out.response.seen, &in.response.seen));
    in.response.seen = (struct plk_addr){.family = 6, .ip = {0x20, 1, 0xd, 0xb8, [15] = 9}, .port = 1};
    out = round_trip(&in);
    assert_true(plk_addr_equal(&out.response.seen, &in.response.seen));
}

static void address_lists_have_a_limit(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_ADDRESSES};
    in.addresses.sequence = 300;
    in.addresses.count = PLK_FRAME_ADDRESSES_MAX;
    for (unsigned i = 0; i < PLK_FRAME_ADDRESSES_MAX; i++) {
        in.addresses.list[i].transport = i % 2 == 0 ? PLK_UDP : PLK_TCP;
        in.addresses.list[i].addr =
            (struct plk_addr){.family = 4, .ip = {10, 0, 0, (uint8_t)i}, .port = (uint16_t)(i + 1)};
    }
    struct plk_frame out = round_trip(&in);
    assert_int_equal(out.addresses.sequence, 300);
    assert_int_equal(out.addresses.count, PLK_FRAME_ADDRESSES_MAX);
    for (unsigned i = 0; i < PLK_FRAME_ADDRESSES_MAX; i++) {
        assert_int_equal(out.addresses.list[i].transport, in.addresses.list[i].transport);
        assert_true(plk_addr_equal(&out.addresses.list[i].addr, &in.addresses.list[i].addr));
    }
    in.addresses.count = 0;
    assert_int_equal(round_trip(&in).addresses.count, 0);
    uint8_t too_many[2048] = {PLK_FRAME_ADDRESSES, 1, PLK_FRAME_ADDRESSES_MAX + 1};
    assert_malformed(too_many, sizeof too_many);
    const uint8_t no_transport[] = {PLK_FRAME_ADDRESSES, 1, 1, 4, 4, 10, 0, 0, 1, 0, 9};
    assert_malformed(no_transport, sizeof no_transport);
}

static void what_a_relay_carries_is_not_acknowledged(void **state) {
    (void)state;
    struct plk_frame in = {.type = PLK_FRAME_PASS};
    static const uint8_t packet[PLK_FRAME_PASS_MAX] = {0xC3, 1, 2};
    in.pass.handle = UINT32_MAX;
    in.pass.bytes = plk_bytes(packet, sizeof packet);
    struct plk_frame out = round_trip(&in);
    assert_int_equal(out.pass.handle, UINT32_MAX);
    assert_true(plk_bytes_equal(out.pass.bytes, in.pass.bytes));
    in.type = PLK_FRAME_FWD;
    assert_int_equal(round_trip(&in).pass.bytes.len, sizeof packet);
    in = (struct plk_frame){.type = PLK_FRAME_NOBODY, .nobody = 70000};
    assert_int_equal(round_trip(&in).nobody, 70000);
    for (int type = PLK_FRAME_PASS; type <= PLK_FRAME_FWD; type++) {
        assert_true(plk_frame_is_channels((enum plk_frame_type)type));
        assert_false(plk_frame_eliciting((enum plk_frame_type)type));
    }
    const uint8_t too_long[1408] = {PLK_FRAME_PASS, 1, 0x45, 0x79}; // 1,401 bytes
    assert_malformed(too_long, sizeof too_long);
}

static struct plk_frame_ack ack_of(unsigned count) {
    struct plk_frame_ack ack = {.delay_us = 1234, .count = count};
    for (unsigned i = 0; i < count; i++) {
        ack.ranges[i] = (struct plk_frame_range){.first = 10 * (count - i), .last = 10 * (count - i) + i % 9};
    }
    return ack;
}

static void acks_keep_all_ranges(void **state) {
    (void)state;
    for (unsigned count = 1; count <= PLK_FRAME_RANGES_MAX; count++) {
        struct plk_frame in = {.type = PLK_FRAME_ACK, .ack = ack_of(count)};
        struct plk_frame out = round_trip(&in);
        assert_int_equal(out.ack.delay_us, 1234);
        assert_int_equal(out.ack.count, count);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(out.ack.ranges[i].first, in.ack.ranges[i].first);
            assert_int_equal(out.ack.ranges[i].last, in.ack.ranges[i].last);
        }
    }
}

static void an_ack_is_cut_to_the_room_that_is_left(void **state) {
    (void)state;
    struct plk_frame_ack ack = ack_of(PLK_FRAME_RANGES_MAX);
    unsigned before = 0;
    for (size_t cap = 1; cap < 100; cap++) {
        struct plk_writer w = plk_writer(room, cap);
        if (!plk_frame_put_ack(&w, &ack)) {
            assert_int_equal(w.len, 0);
            assert_int_equal(before, 0);
            continue;
        }
        struct plk_frame out = decode_one(plk_writer_bytes(&w));
        assert_true(out.ack.count >= before);
        assert_int_equal(out.ack.ranges[0].last, ack.ranges[0].last);
        before = out.ack.count;
    }
    assert_int_equal(before, PLK_FRAME_RANGES_MAX);
}

static void acks_that_go_below_zero_are_malformed(void **state) {
    (void)state;
    const uint8_t first_too_long[] = {PLK_FRAME_ACK, 5, 0, 0, 6};
    assert_malformed(first_too_long, sizeof first_too_long);
    const uint8_t gap_too_wide[] = {PLK_FRAME_ACK, 5, 0, 1, 0, 4, 0};
    assert_malformed(gap_too_wide, sizeof gap_too_wide);
    const uint8_t just_fits[] = {PLK_FRAME_ACK, 5, 0, 1, 0, 3, 0};
    struct plk_frame frame = decode_one(plk_bytes(just_fits, sizeof just_fits));
    assert_int_equal(frame.ack.ranges[1].first, 0);
    uint8_t too_many[200] = {PLK_FRAME_ACK, 0x7f, 0xff, 0, PLK_FRAME_RANGES_MAX};
    assert_malformed(too_many, sizeof too_many);
}

static void what_no_version_knows_is_malformed(void **state) {
    (void)state;
    for (unsigned type = PLK_FRAME_TYPES; type < 256; type++) {
        const uint8_t packet[] = {(uint8_t)type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assert_malformed(packet, sizeof packet);
    }
    const uint8_t stream_8[] = {PLK_FRAME_STREAM, 8, 0, 1, 0, 'a'};
    assert_malformed(stream_8, sizeof stream_8);
    const uint8_t fin_2[] = {PLK_FRAME_STREAM, 0, 0, 1, 2, 'a'};
    assert_malformed(fin_2, sizeof fin_2);
    const uint8_t past_the_end[] = {PLK_FRAME_STREAM, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 'a'};
    assert_malformed(past_the_end, sizeof past_the_end);
    const uint8_t limit_of_8[] = {PLK_FRAME_MAX_STREAM_DATA, 8, 1};
    assert_malformed(limit_of_8, sizeof limit_of_8);
    bool eliciting;
    assert_int_equal(plk_frame_scan(plk_bytes(NULL, 0), &eliciting), PLK_ERR_MALFORMED);
}

static void a_packet_is_judged_as_a_whole(void **state) {
    (void)state;
    struct plk_frame_ack ack = ack_of(2);
    struct plk_writer w = plk_writer(room, sizeof room);
    bool eliciting = true;
    assert_true(plk_frame_put_ack(&w, &ack) && plk_frame_put_padding(&w, 100) && plk_frame_put_close(&w, 0));
    assert_int_equal(plk_frame_scan(plk_writer_bytes(&w), &eliciting), PLK_ERR_OK);
    assert_false(eliciting);
    assert_true(plk_frame_put_ping(&w));
    assert_int_equal(plk_frame_scan(plk_writer_bytes(&w), &eliciting), PLK_ERR_OK);
    assert_true(eliciting);
    plk_writer_u8(&w, 99);
    assert_int_equal(plk_frame_scan(plk_writer_bytes(&w), &eliciting), PLK_ERR_MALFORMED);
}

static void padding_is_one_frame_however_long(void **state) {
    (void)state;
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_true(plk_frame_put_padding(&w, 777));
    assert_int_equal(decode_one(plk_writer_bytes(&w)).padding, 777);
    struct plk_writer small = plk_writer(room, 3);
    assert_false(plk_frame_put_padding(&small, 4));
    assert_false(small.failed);
}

static void message_packets_fall_into_five_sizes(void **state) {
    (void)state;
    for (size_t frames = 1; frames + 33 <= 1152; frames++) {
        size_t payload = frames + 33 + plk_frame_padding_len(frames, 33, 1152);
        assert_true(payload == 256 || payload == 512 || payload == 768 || payload == 1024 || payload == 1152);
        assert_true(payload - (frames + 33) < 256);
    }
    assert_int_equal(plk_frame_padding_len(223, 33, 1152), 0);
    assert_int_equal(plk_frame_padding_len(224, 33, 1152), 255);
    assert_int_equal(plk_frame_padding_len(900, 33, 1000), 67);
    assert_int_equal(plk_frame_padding_len(1100, 33, 1452), 319);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_frames_carry_their_bytes),
        cmocka_unit_test(numbers_survive),
        cmocka_unit_test(tokens_and_ids_survive),
        cmocka_unit_test(a_response_says_where_the_challenge_came_from),
        cmocka_unit_test(address_lists_have_a_limit),
        cmocka_unit_test(what_a_relay_carries_is_not_acknowledged),
        cmocka_unit_test(acks_keep_all_ranges),
        cmocka_unit_test(an_ack_is_cut_to_the_room_that_is_left),
        cmocka_unit_test(acks_that_go_below_zero_are_malformed),
        cmocka_unit_test(what_no_version_knows_is_malformed),
        cmocka_unit_test(a_packet_is_judged_as_a_whole),
        cmocka_unit_test(padding_is_one_frame_however_long),
        cmocka_unit_test(message_packets_fall_into_five_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
