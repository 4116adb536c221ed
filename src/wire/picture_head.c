// SPDX-License-Identifier: MIT
// Type and sides of a picture from the head of its file: PNG (W3C PNG, 11.2.1), GIF89a, JPEG (ITU T.81, annex B), WebP (RFC 9649).
// Nothing is decoded; no loop looks at a byte twice.
#include "wire/picture.h"

static bool begins(struct plk_bytes file, size_t at, const char *text) {
    size_t len = strlen(text);
    return file.len >= at + len && memcmp(file.at + at, text, len) == 0;
}

static uint32_t little(const uint8_t *at, unsigned width) {
    uint32_t value = 0;
    for (unsigned i = width; i > 0; i--) value = value << 8 | at[i - 1];
    return value;
}

static enum plk_err sides(struct plk_picture_head *head, enum plk_picture_type type, uint32_t width, uint32_t height) {
    if (width == 0 || height == 0 || width > UINT16_MAX || height > UINT16_MAX) return PLK_ERR_MALFORMED;
    *head = (struct plk_picture_head){.type = type, .width = (uint16_t)width, .height = (uint16_t)height};
    return PLK_ERR_OK;
}

static enum plk_err png(struct plk_bytes file, struct plk_picture_head *head) {
    struct plk_reader r = plk_reader(file);
    plk_reader_take(&r, 16); // signature, length and name of the first chunk
    uint32_t width = plk_reader_u32(&r), height = plk_reader_u32(&r);
    if (r.failed) return PLK_ERR_CUT_OFF;
    return begins(file, 12, "IHDR") ? sides(head, PLK_PICTURE_PNG, width, height) : PLK_ERR_MALFORMED;
}

static enum plk_err gif(struct plk_bytes file, struct plk_picture_head *head) {
    if (file.len < 10) return PLK_ERR_CUT_OFF;
    return sides(head, PLK_PICTURE_GIF, little(file.at + 6, 2), little(file.at + 8, 2));
}

static enum plk_err webp(struct plk_bytes file, struct plk_picture_head *head) {
    if (file.len < 30) return PLK_ERR_CUT_OFF;
    const uint8_t *at = file.at + 20; // the first chunk's content
    if (begins(file, 12, "VP8X")) return sides(head, PLK_PICTURE_WEBP, little(at + 4, 3) + 1, little(at + 7, 3) + 1);
    if (begins(file, 12, "VP8L")) {
        uint32_t bits = little(at + 1, 4);
        if (at[0] != 0x2f) return PLK_ERR_MALFORMED;
        return sides(head, PLK_PICTURE_WEBP, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    }
    bool lossy = begins(file, 12, "VP8 ") && at[3] == 0x9d && at[4] == 0x01 && at[5] == 0x2a;
    if (!lossy) return PLK_ERR_MALFORMED;
    return sides(head, PLK_PICTURE_WEBP, little(at + 6, 2) & 0x3fff, little(at + 8, 2) & 0x3fff);
}

// SOF0 to SOF15, which tell the size; C4, C8 and CC are other things.
static bool is_frame(uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static enum plk_err jpeg(struct plk_bytes file, struct plk_picture_head *head) {
    struct plk_reader r = plk_reader(file);
    plk_reader_take(&r, 2);
    while (!r.failed) {
        if (plk_reader_u8(&r) != 0xff) break;
        uint8_t marker = plk_reader_u8(&r);
        while (marker == 0xff) marker = plk_reader_u8(&r); // fill bytes
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
        uint16_t len = plk_reader_u16(&r);
        if (len < 2 || marker == 0xd9 || marker == 0xda) break; // its end, or a scan without a frame
        if (!is_frame(marker)) {
            plk_reader_take(&r, len - 2u);
            continue;
        }
        plk_reader_u8(&r); // bits a sample
        uint16_t height = plk_reader_u16(&r), width = plk_reader_u16(&r);
        return r.failed ? PLK_ERR_CUT_OFF : sides(head, PLK_PICTURE_JPEG, width, height);
    }
    return r.failed ? PLK_ERR_CUT_OFF : PLK_ERR_MALFORMED;
}

enum plk_err plk_picture_head(struct plk_bytes file, struct plk_picture_head *head) {
    if (begins(file, 0, "\x89PNG\r\n\x1a\n")) return png(file, head);
    if (begins(file, 0, "GIF87a") || begins(file, 0, "GIF89a")) return gif(file, head);
    if (begins(file, 0, "\xff\xd8\xff")) return jpeg(file, head);
    if (begins(file, 0, "RIFF") && begins(file, 8, "WEBP")) return webp(file, head);
    return PLK_ERR_UNSUPPORTED;
}
