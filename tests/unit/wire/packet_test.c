// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/packet.h"

static uint8_t bytes[PLK_PACKET_MAX + 1];

static enum plk_err decode(struct plk_packet *p, uint8_t first, uint8_t second, size_t len) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    bytes[0] = first;
    bytes[1] = second;
    return plk_packet_decode(p, plk_bytes(bytes, len));
}

static void check_range(struct plk_bytes range, size_t at, size_t len) {
    assert_ptr_equal(range.at, bytes + at);
    assert_int_equal(range.len, len);
}

static void message1_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_packet p;
    assert_int_equal(decode(&p, 0xC1, 1, 256), PLK_ERR_OK);
    assert_int_equal(p.kind, PLK_PACKET_MESSAGE1);
    assert_int_equal(p.version, 1);
    check_range(p.hint, 2, 16);
    check_range(p.stamp, 18, 8);
    check_range(p.body, 26, 230);
    check_range(p.ephemeral, 26, 32);
    assert_int_equal(p.cid.len + p.counter.len, 0);
}

static void message2_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_packet p;
    assert_int_equal(decode(&p, 0xC2, 1, 300), PLK_ERR_OK);
    assert_int_equal(p.kind, PLK_PACKET_MESSAGE2);
    check_range(p.cid, 2, 8);
    check_range(p.body, 10, 290);
    check_range(p.ephemeral, 10, 32);
    assert_int_equal(p.hint.len + p.stamp.len + p.counter.len, 0);
}

static void data_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_packet p;
    assert_int_equal(decode(&p, 0xC3, 0, 33), PLK_ERR_OK);
    assert_int_equal(p.kind, PLK_PACKET_DATA);
    check_range(p.cid, 1, 8);
    check_range(p.counter, 9, 8);
    check_range(p.body, 17, 16);
    assert_int_equal(p.hint.len + p.stamp.len + p.ephemeral.len, 0);
}

static void hello_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_packet p;
    assert_int_equal(decode(&p, 0xC6, 1, 300), PLK_ERR_OK);
    assert_int_equal(p.kind, PLK_PACKET_HELLO);
    check_range(p.cid, 2, 8);
    check_range(p.body, 10, 258);
    check_range(p.ephemeral, 10, 32);
    check_range(p.mac1, 268, 16);
    check_range(p.mac2, 284, 16);
    check_range(plk_packet_before_mac1(&p), 0, 268);
    check_range(plk_packet_before_mac2(&p), 0, 284);
    assert_int_equal(p.hint.len + p.stamp.len + p.counter.len + p.nonce.len, 0);
}

static void cookie_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_packet p;
    assert_int_equal(decode(&p, 0xC4, 1, PLK_PACKET_COOKIE_LEN), PLK_ERR_OK);
    assert_int_equal(p.kind, PLK_PACKET_COOKIE);
    check_range(p.cid, 2, 8);
    check_range(p.nonce, 10, 24);
    check_range(p.body, 34, 32);
    assert_int_equal(p.hint.len + p.stamp.len + p.counter.len + p.ephemeral.len + p.mac1.len + p.mac2.len, 0);
    assert_int_equal(decode(&p, 0xC4, 1, PLK_PACKET_COOKIE_LEN - 1), PLK_ERR_MALFORMED);
    assert_int_equal(decode(&p, 0xC4, 1, PLK_PACKET_COOKIE_LEN + 1), PLK_ERR_MALFORMED);
    assert_int_equal(decode(&p, 0xC4, 0, PLK_PACKET_COOKIE_LEN), PLK_ERR_MALFORMED);
    assert_int_equal(decode(&p, 0xC4, 2, PLK_PACKET_COOKIE_LEN), PLK_ERR_TOO_NEW);
}

static const uint8_t handshakes[] = {0xC1, 0xC2, 0xC6};

static void lengths_have_limits(void **state) {
    (void)state;
    struct plk_packet p;
    for (size_t i = 0; i < sizeof handshakes; i++) {
        uint8_t kind = handshakes[i];
        assert_int_equal(decode(&p, kind, 1, 255), PLK_ERR_MALFORMED); // an answer may not be larger than this
        assert_int_equal(decode(&p, kind, 1, 1452), PLK_ERR_OK);
        assert_int_equal(decode(&p, kind, 1, 1453), PLK_ERR_MALFORMED);
        assert_int_equal(decode(&p, kind, 1, 1), PLK_ERR_MALFORMED);
    }
    assert_int_equal(decode(&p, 0xC3, 1, 32), PLK_ERR_MALFORMED);
    assert_int_equal(decode(&p, 0xC3, 1, PLK_PACKET_MAX), PLK_ERR_OK);
    assert_int_equal(decode(&p, 0xC3, 1, PLK_PACKET_MAX + 1), PLK_ERR_MALFORMED);
    assert_int_equal(plk_packet_decode(&p, plk_bytes(NULL, 0)), PLK_ERR_MALFORMED);
}

static void first_bytes_and_versions_are_told_apart(void **state) {
    (void)state;
    for (int first = 0; first < 256; first++) {
        struct plk_packet p = {.version = 99};
        enum plk_err err = decode(&p, (uint8_t)first, 1, 256);
        if (first <= 3) {
            assert_int_equal(err, PLK_ERR_OK);
            assert_int_equal(p.kind, PLK_PACKET_STUN);
            check_range(p.body, 0, 256);
        } else if ((first >= 0xC1 && first <= 0xC3) || first == 0xC6) {
            assert_int_equal(err, PLK_ERR_OK);
        } else {
            assert_int_equal(err, first == 0xC5 ? PLK_ERR_UNSUPPORTED : PLK_ERR_MALFORMED);
            assert_int_equal(p.version, 99); // nothing is touched
        }
    }
    struct plk_packet p;
    for (size_t i = 0; i < sizeof handshakes; i++) {
        uint8_t kind = handshakes[i];
        assert_int_equal(decode(&p, kind, 0, 256), PLK_ERR_MALFORMED);
        assert_int_equal(decode(&p, kind, 2, 256), PLK_ERR_TOO_NEW);
        assert_int_equal(decode(&p, kind, 255, 256), PLK_ERR_TOO_NEW);
    }
}

static void writing_is_the_mirror_of_reading(void **state) {
    (void)state;
    static const struct {
        uint8_t first;
        size_t len;
    } cases[] = {{0xC1, 256}, {0xC1, 1452}, {0xC2, 256}, {0xC3, 33},  {0xC3, 1152},
                 {0x00, 20},  {0xC4, 66},   {0xC6, 256}, {0xC6, 1452}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plk_packet p;
        uint8_t out[2048];
        assert_int_equal(decode(&p, cases[i].first, 1, cases[i].len), PLK_ERR_OK);
        struct plk_writer w = plk_writer(out, sizeof out);
        plk_packet_write(&w, &p);
        assert_int_equal(plk_writer_bytes(&w).len, cases[i].len);
        assert_memory_equal(out, bytes, cases[i].len);
    }
}

static void frames_are_cut_out_of_a_stream(void **state) {
    (void)state;
    uint8_t stream[] = {0, 3, 'a', 'b', 'c', 0, 1, 'd', 0};
    struct plk_bytes packet = {0};
    bool broken;
    for (size_t have = 0; have < 5; have++) {
        assert_int_equal(plk_packet_unframe(plk_bytes(stream, have), &packet, &broken), 0);
        assert_false(broken);
    }
    assert_int_equal(plk_packet_unframe(plk_bytes(stream, sizeof stream), &packet, &broken), 5);
    assert_int_equal(packet.len, 3);
    assert_memory_equal(packet.at, "abc", 3);
    assert_int_equal(plk_packet_unframe(plk_bytes(stream + 5, 4), &packet, &broken), 3);
    assert_memory_equal(packet.at, "d", 1);
    assert_int_equal(plk_packet_unframe(plk_bytes(stream + 8, 1), &packet, &broken), 0);
    assert_false(broken);
}

static void impossible_frames_break_a_stream(void **state) {
    (void)state;
    uint8_t stream[2 + PLK_PACKET_MAX] = {0};
    struct plk_bytes packet;
    bool broken;
    assert_int_equal(plk_packet_unframe(plk_bytes(stream, 2), &packet, &broken), 0);
    assert_true(broken);
    stream[0] = PLK_PACKET_MAX >> 8;
    assert_int_equal(plk_packet_unframe(plk_bytes(stream, sizeof stream), &packet, &broken), sizeof stream);
    assert_false(broken);
    stream[1] = 1;
    assert_int_equal(plk_packet_unframe(plk_bytes(stream, 2), &packet, &broken), 0); // known from the length alone
    assert_true(broken);
}

static void crumbs_before_a_packet_are_passed_over(void **state) {
    (void)state;
    uint8_t stream[300 + 2 + 60 + 5] = {0};
    struct plk_bytes found, all = plk_bytes(stream, sizeof stream);
    struct plk_packet packet;
    bool broken;
    for (size_t i = 0; i < 300; i += 3) memcpy(stream + i, "\x00\x01\xff", 3);
    stream[301] = 60;
    stream[302] = 0xC3;
    memcpy(stream + 362, "\x00\x08the", 5);
    assert_int_equal(plk_packet_decode(&packet, plk_bytes(stream + 302, 60)), PLK_ERR_OK);
    assert_int_equal(plk_packet_next_framed(all, 60, &found, &broken), 362);
    assert_true(found.at == stream + 302 && found.len == 60 && !broken);
    assert_int_equal(plk_packet_next_framed(plk_bytes(stream, 361), 60, &found, &broken), 300); // it is not whole yet
    assert_true(found.len == 0 && !broken);
    assert_int_equal(plk_packet_next_framed(plk_bytes(stream + 362, 5), 60, &found, &broken), 0);
    assert_true(found.len == 0 && !broken);
    plk_packet_next_framed(all, 59, &found, &broken);
    assert_true(broken);
    stream[1] = 0;
    plk_packet_next_framed(all, 60, &found, &broken);
    assert_true(broken);
}

static void padding_has_five_steps(void **state) {
    (void)state;
    static const size_t cases[][3] = {{0, 1152, 256},     {256, 1152, 256},   {257, 1152, 512},   {512, 1152, 512},
                                      {513, 1152, 768},   {769, 1152, 1024},  {1024, 1152, 1024}, {1025, 1152, 1152},
                                      {1152, 1152, 1152}, {1153, 1152, 1153}, {700, 600, 700},    {550, 600, 600},
                                      {1025, 1452, 1452}, {1000, 1024, 1024}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(plk_packet_padded_len(cases[i][0], cases[i][1]), cases[i][2]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message1_is_laid_out_as_documented),      cmocka_unit_test(message2_is_laid_out_as_documented),
        cmocka_unit_test(data_is_laid_out_as_documented),          cmocka_unit_test(hello_is_laid_out_as_documented),
        cmocka_unit_test(cookie_is_laid_out_as_documented),        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(first_bytes_and_versions_are_told_apart), cmocka_unit_test(writing_is_the_mirror_of_reading),
        cmocka_unit_test(frames_are_cut_out_of_a_stream),          cmocka_unit_test(impossible_frames_break_a_stream),
        cmocka_unit_test(crumbs_before_a_packet_are_passed_over),  cmocka_unit_test(padding_has_five_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
