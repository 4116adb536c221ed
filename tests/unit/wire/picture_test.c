// SPDX-License-Identifier: MIT
// Pictures: cut into parts, announced, and known by the heads of their files.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/picture.h"

static void parts_are_a_whole(void **state) {
    (void)state;
    static uint8_t data[PLK_PICTURE_MAX];
    static const uint32_t sizes[] = {1, PLK_PICTURE_PART_MAX - 1, PLK_PICTURE_PART_MAX, PLK_PICTURE_PART_MAX + 1,
                                     PLK_PICTURE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t sum = 0;
        unsigned count = plk_picture_parts(sizes[i]);
        assert_true(count <= PLK_PICTURE_PARTS_MAX);
        for (unsigned part = 0; part < count; part++) {
            struct plk_bytes bytes = plk_picture_part(plk_bytes(data, sizes[i]), part);
            assert_true(bytes.at == data + sum && plk_picture_part_fits(sizes[i], part, bytes.len));
            assert_false(plk_picture_part_fits(sizes[i], part, bytes.len + 1));
            sum += bytes.len;
        }
        assert_int_equal(sum, sizes[i]);
        assert_false(plk_picture_part_fits(sizes[i], count, 1));
    }
    assert_int_equal(plk_picture_parts(PLK_PICTURE_MAX), PLK_PICTURE_PARTS_MAX);
}

static void a_message_comes_back_or_is_refused(void **state) {
    (void)state;
    uint8_t bytes[PLK_PICTURE_LEN_MAX + 1];
    struct plk_picture picture = {.type = PLK_PICTURE_WEBP, .width = 640, .height = 480}, got;
    picture.size = PLK_PICTURE_PART_MAX + 1;
    picture.preview = plk_bytes_text("small");
    picture.caption = plk_bytes_text("at the sea");
    memset(picture.hashes, 5, sizeof picture.hashes);
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_picture_encode(&w, &picture);
    assert_int_equal(w.len, 9 + 2 * PLK_PICTURE_HASH_LEN + 1 + 5 + 10);
    assert_int_equal(plk_picture_decode(plk_writer_bytes(&w), &got), PLK_ERR_OK);
    assert_true(got.type == PLK_PICTURE_WEBP && got.width == 640 && got.height == 480 && got.size == picture.size);
    assert_true(plk_bytes_equal(got.preview, picture.preview) && plk_bytes_equal(got.caption, picture.caption));
    assert_memory_equal(got.hashes, picture.hashes, 2 * PLK_PICTURE_HASH_LEN);
    for (size_t len = 0; len < w.len - 10; len++) // without its caption it is one, too
        assert_int_equal(plk_picture_decode(plk_bytes(bytes, len), &got), PLK_ERR_MALFORMED);
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 0}, {0, PLK_PICTURE_TYPES}, {1, 0}, {5, 1}, {9 + 64, 0x7f}, {9 + 64 + 6, 0xff}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t copy[sizeof bytes];
        memcpy(copy, bytes, sizeof bytes);
        copy[wrong[i].at] = wrong[i].value;
        if (wrong[i].at == 1) copy[2] = 0; // no width
        assert_int_equal(plk_picture_decode(plk_bytes(copy, w.len), &got), PLK_ERR_MALFORMED);
    }
}

static void what_may_not_be_sent(void **state) {
    (void)state;
    static uint8_t much[PLK_PICTURE_PREVIEW_MAX + 1];
    struct plk_picture good = {.type = PLK_PICTURE_PNG, .width = 1, .height = 1, .size = 1}, p = good;
    assert_int_equal(plk_picture_check(&p), PLK_ERR_OK);
    p.size = 0;
    assert_int_equal(plk_picture_check(&p), PLK_ERR_EMPTY);
    p.size = PLK_PICTURE_MAX + 1;
    assert_int_equal(plk_picture_check(&p), PLK_ERR_TOO_LONG);
    p = good;
    p.preview = plk_bytes(much, sizeof much);
    assert_int_equal(plk_picture_check(&p), PLK_ERR_TOO_LONG);
    p = good;
    p.caption = plk_bytes(much, PLK_PICTURE_CAPTION_MAX + 1);
    assert_int_equal(plk_picture_check(&p), PLK_ERR_TOO_LONG);
    p.caption = plk_bytes_text("\xff");
    assert_int_equal(plk_picture_check(&p), PLK_ERR_NOT_UTF8);
}

static void a_part_comes_back_or_is_refused(void **state) {
    (void)state;
    static uint8_t bytes[PLK_PICTURE_PART_LEN_MAX + 1];
    unsigned number;
    struct plk_bytes rest;
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_picture_part_encode(&w, 21, plk_bytes_text("the last"));
    assert_int_equal(plk_picture_part_decode(plk_writer_bytes(&w), &number, &rest), PLK_ERR_OK);
    assert_true(number == 21 && plk_bytes_equal(rest, plk_bytes_text("the last")));
    assert_int_equal(plk_picture_part_decode(plk_bytes(bytes, 1), &number, &rest), PLK_ERR_MALFORMED);
    assert_int_equal(plk_picture_part_decode(plk_bytes(bytes, 0), &number, &rest), PLK_ERR_MALFORMED);
    assert_int_equal(plk_picture_part_decode(plk_bytes(bytes, sizeof bytes), &number, &rest), PLK_ERR_MALFORMED);
    bytes[0] = PLK_PICTURE_PARTS_MAX;
    assert_int_equal(plk_picture_part_decode(plk_bytes(bytes, 9), &number, &rest), PLK_ERR_MALFORMED);
}

static void heads_of_files(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum plk_picture_type type;
    } files[] = {
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0", 24, PLK_PICTURE_PNG},
        {"GIF89a\x80\x02\xe0\x01", 10, PLK_PICTURE_GIF},
        {"\xff\xd8\xff\xe0\0\x04\0\0\xff\xff\xc2\0\x0b\x08\x01\xe0\x02\x80", 18, PLK_PICTURE_JPEG},
        {"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0", 30, PLK_PICTURE_WEBP},
        {"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x7f\xc2\x77\0\0\0\0\0\0", 30, PLK_PICTURE_WEBP},
        {"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01", 30, PLK_PICTURE_WEBP},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct plk_picture_head head = {.width = 0};
        assert_int_equal(plk_picture_head(plk_bytes(files[i].bytes, files[i].len), &head), PLK_ERR_OK);
        assert_true(head.type == files[i].type && head.width == 640 && head.height == 480);
        for (size_t len = 0; len < files[i].len; len++)
            assert_int_not_equal(plk_picture_head(plk_bytes(files[i].bytes, len), &head), PLK_ERR_OK);
    }
    struct plk_picture_head head;
    assert_int_equal(plk_picture_head(plk_bytes_text("<svg/>"), &head), PLK_ERR_UNSUPPORTED);
    assert_int_equal(plk_picture_head(plk_bytes("\xff\xd8\xff\xda\0\x02", 6), &head), PLK_ERR_MALFORMED);
    assert_int_equal(plk_picture_head(plk_bytes("GIF89a\0\0\1\0", 10), &head), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_a_whole),    cmocka_unit_test(a_message_comes_back_or_is_refused),
        cmocka_unit_test(what_may_not_be_sent), cmocka_unit_test(a_part_comes_back_or_is_refused),
        cmocka_unit_test(heads_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
