// SPDX-License-Identifier: MIT
// What a picture message says, its parts, and heads of picture files: what is read has one encoding.
#include <stdint.h>

#include "wire/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message(struct plk_bytes bytes) {
    static uint8_t again[PLK_PICTURE_LEN_MAX];
    struct plk_picture picture = {.size = 77};
    if (plk_picture_decode(bytes, &picture) != PLK_ERR_OK) {
        plk_assert(picture.size == 77);
        return;
    }
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_picture_encode(&w, &picture);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), bytes));
    plk_assert(plk_picture_parts(picture.size) <= PLK_PICTURE_PARTS_MAX);
    plk_assert(plk_bytes_equal(plk_picture_text(PLK_BODY_PICTURE, bytes), picture.caption));
}

static void part(struct plk_bytes bytes) {
    static uint8_t again[PLK_PICTURE_PART_LEN_MAX];
    unsigned number;
    struct plk_bytes rest;
    if (plk_picture_part_decode(bytes, &number, &rest) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_picture_part_encode(&w, number, rest);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_picture_head head = {.width = 0};
    struct plk_bytes bytes = plk_bytes(data, size);
    message(bytes);
    part(bytes);
    if (plk_picture_head(bytes, &head) == PLK_ERR_OK)
        plk_assert(head.width > 0 && head.height > 0 && head.type >= PLK_PICTURE_JPEG && head.type < PLK_PICTURE_TYPES);
    else
        plk_assert(head.width == 0);
    return 0;
}
