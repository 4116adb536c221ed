// SPDX-License-Identifier: MIT
#include "base/bytes.h"

int plk_bytes_compare(struct plk_bytes a, struct plk_bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len ? 1 : 0;
}

// The length of the well-formed sequence at the front, 0 if there is none (RFC 3629 section 4).
static size_t sequence_len(struct plk_bytes t) {
    uint8_t lead = t.at[0];
    if (lead == 0) return 0;
    if (lead < 0x80) return 1;
    size_t len = lead >= 0xc2 && lead <= 0xdf   ? 2
                 : lead >= 0xe0 && lead <= 0xef ? 3
                 : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                : 0;
    if (len == 0 || len > t.len) return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (t.at[1] < low || t.at[1] > high) return 0;
    for (size_t i = 2; i < len; i++) {
        if ((t.at[i] & 0xc0) != 0x80) return 0;
    }
    return len;
}

bool plk_bytes_is_utf8(struct plk_bytes text) {
    while (text.len > 0) {
        size_t len = sequence_len(text);
        if (len == 0) return false;
        text.at += len;
        text.len -= len;
    }
    return true;
}
