// SPDX-License-Identifier: MIT
// Envelopes, ack lists, control records, and records out of a byte stream: exact bytes, and every way of being wrong.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "wire/message.h"
#include "support/memory.h"

// ---- envelopes ------------------------------------------------------------------------------------------------------

static struct plk_envelope an_envelope(void) {
    struct plk_envelope e = {.seq = 64, .time_ms = 0x0102030405060708, .kind = PLK_BODY_TEXT};
    memset(e.device, 0xd1, sizeof e.device);
    memset(e.epoch, 0xe1, sizeof e.epoch);
    memset(e.previous, 0x99, sizeof e.previous);
    memset(e.id, 0x1d, sizeof e.id);
    e.payload = plk_bytes("hi", 2);
    return e;
}

static size_t encoded(uint8_t out[400], const struct plk_envelope *e) {
    struct plk_writer w = plk_writer(out, 400);
    plk_message_envelope_encode(&w, e);
    assert_false(w.failed);
    return w.len;
}

static void same_envelope(const struct plk_envelope *a, const struct plk_envelope *b) {
    assert_memory_equal(a->device, b->device, sizeof a->device);
    assert_memory_equal(a->epoch, b->epoch, sizeof a->epoch);
    assert_memory_equal(a->previous, b->previous, sizeof a->previous);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_true(a->seq == b->seq && a->time_ms == b->time_ms && a->kind == b->kind);
    assert_true(a->has_origin == b->has_origin && a->has_target == b->has_target);
    assert_memory_equal(&a->origin, &b->origin, sizeof a->origin);
    assert_memory_equal(&a->target, &b->target, sizeof a->target);
    assert_true(plk_bytes_equal(a->payload, b->payload));
}

static void goes_round(const struct plk_envelope *e, size_t expected_len) {
    uint8_t out[400];
    struct plk_envelope back;
    size_t len = encoded(out, e);
    assert_int_equal(len, expected_len);
    assert_int_equal(plk_message_envelope_decode(plk_bytes(out, len), &back), PLK_ERR_OK);
    same_envelope(e, &back);
    for (size_t cut = 0; cut < len - e->payload.len; cut++) {
        assert_int_equal(plk_message_envelope_decode(plk_bytes(out, cut), &back), PLK_ERR_MALFORMED);
    }
}

static void an_envelope_byte_by_byte(void **state) {
    (void)state;
    static const uint8_t expected[] = {
        1,    0, // version, flags
        0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xe1, 0xe1, 0xe1, 0xe1, 0xe1, 0xe1, 0xe1, 0xe1, // device, epoch
        0x40, 0x40,                                                                                     // seq 64
        0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, // previous
        0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, 0x1d, // id
        1,    2,    3,    4,    5,    6,    7,    8,                                                    // time
        0,    1,    'h',  'i',                                                                          // kind, payload
    };
    uint8_t out[400];
    struct plk_envelope e = an_envelope();
    assert_int_equal(encoded(out, &e), sizeof expected);
    assert_memory_equal(out, expected, sizeof expected);
}

static void envelopes_go_round(void **state) {
    (void)state;
    struct plk_envelope e = an_envelope();
    goes_round(&e, 64);
    e.has_target = true;
    e.target = (struct plk_origin){.device = {1}, .epoch = {2}, .seq = 3};
    goes_round(&e, 64 + 17);
    e.has_origin = true; // in the same stream: only its number
    memcpy(e.origin.device, e.device, 8);
    memcpy(e.origin.epoch, e.epoch, 8);
    e.origin.seq = 65;
    goes_round(&e, 64 + 17 + 2);
    e.origin.epoch[7] ^= 1; // in another: the whole
    e.origin.seq = e.seq;
    goes_round(&e, 64 + 17 + 18);
    e.seq = PLK_MESSAGE_SEQ_MAX;
    goes_round(&e, 64 + 17 + 18 + 6);
    struct plk_envelope loose = {.kind = PLK_BODY_PULSE, .device = {1}, .epoch = {2}};
    goes_round(&loose, 21);
}

static void refused(uint8_t *out, size_t len, enum plk_err err) {
    struct plk_envelope back = {.seq = 77};
    assert_int_equal(plk_message_envelope_decode(plk_bytes(out, len), &back), err);
    assert_int_equal(back.seq, 77);
}

static void envelopes_that_nobody_writes(void **state) {
    (void)state;
    uint8_t out[400];
    struct plk_envelope e = an_envelope();
    size_t len = encoded(out, &e);
    out[0] = 2;
    refused(out, len, PLK_ERR_TOO_NEW);
    out[0] = 0;
    refused(out, len, PLK_ERR_MALFORMED);
    out[0] = 1;
    out[1] = 8; // an unknown flag
    refused(out, len, PLK_ERR_MALFORMED);
    out[1] = 0;
    out[19] = 63; // seq 63 in two bytes
    refused(out, len, PLK_ERR_MALFORMED);
    out[19] = 64;
    out[61] = 0; // kind 0
    refused(out, len, PLK_ERR_MALFORMED);

    e.has_origin = true;
    e.origin = (struct plk_origin){.device = {1}, .epoch = {2}, .seq = 3};
    len = encoded(out, &e);
    memset(out + 60, 0xd1, 8); // a whole origin in the same stream
    memset(out + 68, 0xe1, 8);
    refused(out, len, PLK_ERR_MALFORMED);
    out[60] = 0xd2;
    out[76] = 0; // origin seq 0
    refused(out, len, PLK_ERR_MALFORMED);
    out[76] = 3;
    struct plk_envelope back;
    assert_int_equal(plk_message_envelope_decode(plk_bytes(out, len), &back), PLK_ERR_OK);
    out[1] = 3; // both forms
    refused(out, len, PLK_ERR_MALFORMED);

    memcpy(e.origin.device, e.device, 8);
    memcpy(e.origin.epoch, e.epoch, 8);
    len = encoded(out, &e);
    struct plk_envelope loose = {.kind = PLK_BODY_PULSE};
    len = encoded(out, &loose);
    out[1] = 1; // an origin without a number
    refused(out, len, PLK_ERR_MALFORMED);
    out[1] = 4; // a target that is not there
    refused(out, len, PLK_ERR_MALFORMED);
}

static void the_longest_payload(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX + 1], out[PLK_BODY_MAX + 1 + PLK_ENVELOPE_HEAD_MAX];
    struct plk_envelope e = an_envelope(), back;
    e.payload = plk_bytes(text, PLK_BODY_MAX);
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_message_envelope_encode(&w, &e);
    assert_int_equal(plk_message_envelope_decode(plk_writer_bytes(&w), &back), PLK_ERR_OK);
    assert_int_equal(plk_message_envelope_decode(plk_bytes(out, w.len + 1), &back), PLK_ERR_MALFORMED);
    w = plk_writer(out, PLK_BODY_MAX);
    plk_message_envelope_encode(&w, &e);
    assert_true(w.failed);
}

// ---- acks -----------------------------------------------------------------------------------------------------------

static void acks_go_round(void **state) {
    (void)state;
    uint8_t out[PLK_ACKS_LEN_MAX];
    struct plk_ack acks[PLK_ACKS_MAX] = {{.contiguous = 0}}, back[PLK_ACKS_MAX];
    size_t count = 99;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_message_acks_encode(&w, acks, 0);
    assert_int_equal(w.len, 1);
    assert_int_equal(plk_message_acks_decode(plk_writer_bytes(&w), back, &count), PLK_ERR_OK);
    assert_int_equal(count, 0);
    for (unsigned i = 0; i < PLK_ACKS_MAX; i++) {
        acks[i].device[0] = acks[i].epoch[0] = (uint8_t)i;
        acks[i].contiguous = PLK_MESSAGE_SEQ_MAX / 2;
        acks[i].chain[0] = 1;
        acks[i].range_count = PLK_ACK_RANGES_MAX;
        for (unsigned k = 0; k < PLK_ACK_RANGES_MAX; k++) {
            acks[i].ranges[k].first = acks[i].contiguous + 2 + k * (UINT64_C(1) << 31);
            acks[i].ranges[k].last = acks[i].ranges[k].first + (UINT64_C(1) << 30);
        }
    }
    w = plk_writer(out, sizeof out);
    plk_message_acks_encode(&w, acks, PLK_ACKS_MAX);
    assert_false(w.failed); // the longest list fits
    assert_int_equal(plk_message_acks_decode(plk_writer_bytes(&w), back, &count), PLK_ERR_OK);
    assert_int_equal(count, PLK_ACKS_MAX);
    assert_memory_equal(acks, back, sizeof acks);
    for (size_t cut = 0; cut < w.len; cut++) {
        assert_int_equal(plk_message_acks_decode(plk_bytes(out, cut), back, &count), PLK_ERR_MALFORMED);
    }
}

static void acks_that_nobody_writes(void **state) {
    (void)state;
    uint8_t out[PLK_ACKS_LEN_MAX + 1];
    struct plk_ack ack = {.contiguous = 5, .range_count = 1, .ranges = {{7, 9}}}, back[PLK_ACKS_MAX];
    size_t count;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_message_acks_encode(&w, &ack, 1);
    assert_int_equal(w.len, 1 + 16 + 1 + 16 + 1 + 2);
    assert_int_equal(out[35], 0); // 7 - 5 - 2
    assert_int_equal(out[36], 2);
    out[w.len] = 0;
    assert_int_equal(plk_message_acks_decode(plk_bytes(out, w.len + 1), back, &count), PLK_ERR_MALFORMED);
    out[34] = 33; // too many ranges
    assert_int_equal(plk_message_acks_decode(plk_bytes(out, w.len), back, &count), PLK_ERR_MALFORMED);
    out[34] = 1;
    out[17] = 0; // nothing contiguous, ...
    assert_int_equal(plk_message_acks_decode(plk_bytes(out, w.len), back, &count), PLK_ERR_OK);
    out[20] = 1; // ... and yet a chain hash
    assert_int_equal(plk_message_acks_decode(plk_bytes(out, w.len), back, &count), PLK_ERR_MALFORMED);
    out[20] = 0;
    out[0] = PLK_ACKS_MAX + 1;
    assert_int_equal(plk_message_acks_decode(plk_bytes(out, w.len), back, &count), PLK_ERR_MALFORMED);

    // A range beyond all numbers.
    uint8_t long_one[64] = {1};
    w = plk_writer(long_one, sizeof long_one);
    plk_writer_u8(&w, 1);
    plk_writer_zero(&w, 16);
    plk_writer_varint(&w, PLK_MESSAGE_SEQ_MAX - 2);
    plk_writer_zero(&w, 16);
    plk_writer_u8(&w, 1);
    plk_writer_varint(&w, 0);
    plk_writer_varint(&w, 0);
    assert_int_equal(plk_message_acks_decode(plk_writer_bytes(&w), back, &count), PLK_ERR_OK);
    assert_true(back[0].ranges[0].last == PLK_MESSAGE_SEQ_MAX);
    long_one[w.len - 1] = 1;
    assert_int_equal(plk_message_acks_decode(plk_writer_bytes(&w), back, &count), PLK_ERR_MALFORMED);
}

// ---- control records ------------------------------------------------------------------------------------------------

static void control_records(void **state) {
    (void)state;
    uint8_t out[100], hash[PLK_MESSAGE_HASH_LEN];
    struct plk_control control;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_message_control_encode(&w, PLK_CONTROL_NODE, plk_bytes("abc", 3));
    assert_int_equal(w.len, 5);
    assert_int_equal(out[0], 4);
    assert_int_equal(plk_message_control_decode(plk_bytes(out + 1, 4), &control), PLK_ERR_OK);
    assert_int_equal(control.type, PLK_CONTROL_NODE);
    assert_int_equal(control.body.len, 3);
    assert_int_equal(plk_message_control_decode(plk_bytes(out, 0), &control), PLK_ERR_MALFORMED);
    out[1] = 0;
    assert_int_equal(plk_message_control_decode(plk_bytes(out + 1, 4), &control), PLK_ERR_MALFORMED);
    assert_int_equal(plk_message_unreadable_decode(plk_bytes(out, 16), hash), PLK_ERR_OK);
    assert_int_equal(plk_message_unreadable_decode(plk_bytes(out, 15), hash), PLK_ERR_MALFORMED);
    assert_int_equal(plk_message_unreadable_decode(plk_bytes(out, 17), hash), PLK_ERR_MALFORMED);

    struct plk_resync resync = {.device = {1}, .epoch = {2}, .from = 70}, back;
    w = plk_writer(out, sizeof out);
    plk_message_resync_encode(&w, &resync);
    assert_int_equal(w.len, 18);
    assert_int_equal(plk_message_resync_decode(plk_writer_bytes(&w), &back), PLK_ERR_OK);
    assert_memory_equal(&resync, &back, sizeof back);
    assert_int_equal(plk_message_resync_decode(plk_bytes(out, 17), &back), PLK_ERR_MALFORMED);
    assert_int_equal(plk_message_resync_decode(plk_bytes(out, 19), &back), PLK_ERR_MALFORMED);
}

// ---- records from a byte stream -------------------------------------------------------------------------------------

static void records_in_any_pieces(void **state) {
    (void)state;
    static uint8_t stream[3000];
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_message_feed feed;
    struct plk_bytes record;
    struct plk_writer w = plk_writer(stream, sizeof stream);
    for (unsigned i = 1; i <= 40; i++) {
        static uint8_t text[100];
        memset(text, (int)i, sizeof text);
        plk_writer_sized(&w, plk_bytes(text, i));
    }
    for (size_t piece = 1; piece < 200; piece += 13) {
        unsigned next = 1;
        plk_message_feed_init(&feed, &mem, 100);
        for (size_t at = 0; at < w.len; at += piece) {
            plk_message_feed_push(&feed, plk_bytes(stream + at, w.len - at < piece ? w.len - at : piece));
            enum plk_err err;
            while ((err = plk_message_feed_next(&feed, &record)) == PLK_ERR_OK) {
                assert_int_equal(record.len, next);
                assert_int_equal(record.at[next - 1], next);
                next++;
            }
            assert_int_equal(err, PLK_ERR_EMPTY);
        }
        assert_int_equal(next, 41);
        plk_message_feed_free(&feed);
    }
    assert_int_equal(mem.used, 0);
}

static enum plk_err first_of(size_t max, struct plk_bytes bytes) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_message_feed feed;
    struct plk_bytes record;
    plk_message_feed_init(&feed, &mem, max);
    plk_message_feed_push(&feed, bytes);
    enum plk_err err = plk_message_feed_next(&feed, &record);
    assert_int_equal(plk_message_feed_next(&feed, &record), err == PLK_ERR_OK ? PLK_ERR_EMPTY : err);
    plk_message_feed_free(&feed);
    return err;
}

static void streams_that_break_the_rules(void **state) {
    (void)state;
    assert_int_equal(first_of(10, plk_bytes(NULL, 0)), PLK_ERR_EMPTY);
    assert_int_equal(first_of(10, plk_bytes("\x02"
                                            "ab",
                                            3)),
                     PLK_ERR_OK);
    assert_int_equal(first_of(10, plk_bytes("\x00", 1)), PLK_ERR_MALFORMED);     // no bytes at all
    assert_int_equal(first_of(10, plk_bytes("\x40\x02", 2)), PLK_ERR_MALFORMED); // a longer form of 2
    assert_int_equal(first_of(10, plk_bytes("\x40", 1)), PLK_ERR_EMPTY);         // half a length
    assert_int_equal(first_of(10, plk_bytes("\x0b", 1)), PLK_ERR_TOO_LONG);      // said before the bytes come
    assert_int_equal(first_of(10, plk_bytes("\xff\xff\xff\xff\xff\xff\xff\xff", 8)), PLK_ERR_TOO_LONG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_byte_by_byte),
        cmocka_unit_test(envelopes_go_round),
        cmocka_unit_test(envelopes_that_nobody_writes),
        cmocka_unit_test(the_longest_payload),
        cmocka_unit_test(acks_go_round),
        cmocka_unit_test(acks_that_nobody_writes),
        cmocka_unit_test(control_records),
        cmocka_unit_test(records_in_any_pieces),
        cmocka_unit_test(streams_that_break_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
