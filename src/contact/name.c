// SPDX-License-Identifier: MIT
#include "contact/name.h"

// The code point at the front of valid UTF-8.
static uint32_t next_point(struct plk_bytes *t) {
    uint8_t lead = t->at[0];
    size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    uint32_t value = len == 1 ? lead : lead & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) value = value << 6 | (t->at[i] & 0x3fu);
    t->at += len;
    t->len -= len;
    return value;
}

// C0, DEL and C1; line and paragraph separator; marks and embeddings that turn the writing direction, with which a name
// could pretend to be another; noncharacters and the byte order mark.
static bool is_control(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x61c || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

static bool is_space(uint32_t c) {
    return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

// Takes no room: soft hyphen, zero-width characters and joiners, invisible operators, fillers, variation selectors.
static bool is_invisible(uint32_t c) {
    return c == 0xad || (c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) || c == 0x115f || c == 0x1160 ||
           c == 0x3164 || c == 0xffa0 || c == 0x34f || (c >= 0xfe00 && c <= 0xfe0f);
}

enum plk_err plk_name_check(struct plk_bytes name) {
    if (name.len == 0) return PLK_ERR_EMPTY;
    if (name.len > PLK_NAME_MAX) return PLK_ERR_TOO_LONG;
    if (!plk_bytes_is_utf8(name)) return PLK_ERR_NOT_UTF8;
    bool visible = false, space = true; // space: at the start, or behind white space
    while (name.len > 0) {
        uint32_t point = next_point(&name);
        if (is_control(point) || (space && !visible && is_space(point))) return PLK_ERR_INVALID;
        space = is_space(point);
        if (!space && !is_invisible(point)) visible = true;
    }
    return visible && !space ? PLK_ERR_OK : PLK_ERR_INVALID;
}

enum plk_err plk_name_check_about(struct plk_bytes about) {
    if (about.len > PLK_ABOUT_MAX) return PLK_ERR_TOO_LONG;
    if (!plk_bytes_is_utf8(about)) return PLK_ERR_NOT_UTF8;
    while (about.len > 0) {
        uint32_t point = next_point(&about);
        if (point != '\n' && is_control(point)) return PLK_ERR_INVALID;
    }
    return PLK_ERR_OK;
}
