// SPDX-License-Identifier: MIT
#include "host/fold.h"

#include "host/fold_table.h"

uint32_t plk_fold_char(uint32_t point) {
    if (point < 0x80) return point >= 'A' && point <= 'Z' ? point + 32 : point;
    size_t low = 0, high = sizeof plk_fold_ranges / sizeof plk_fold_ranges[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct plk_fold_range *range = &plk_fold_ranges[middle];
        if (point > range->last) {
            low = middle + 1;
        } else if (point < range->first) {
            high = middle;
        } else {
            bool hit = (point - range->first) % range->step == 0;
            return hit ? (uint32_t)((int64_t)point + range->delta) : point;
        }
    }
    return point;
}

// The character at text[i] of valid UTF-8; moves i behind it.
static uint32_t decode(struct plk_bytes text, size_t *i) {
    uint8_t lead = text.at[(*i)++];
    if (lead < 0x80) return lead;
    unsigned more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    uint32_t point = lead & (0x3fu >> more);
    while (more-- > 0) point = point << 6 | (text.at[(*i)++] & 0x3fu);
    return point;
}

static size_t encode(uint8_t *out, uint32_t point) {
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    for (unsigned i = more; i > 0; i--, point >>= 6) out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(lead[more] | point);
    return more + 1;
}

size_t plk_fold(uint8_t *out, struct plk_bytes text, size_t *chars) {
    size_t len = 0, count = 0;
    if (plk_bytes_is_utf8(text)) {
        for (size_t i = 0; i < text.len; count++) len += encode(out + len, plk_fold_char(decode(text, &i)));
    }
    if (chars != NULL) *chars = count;
    return len;
}

bool plk_fold_contains(struct plk_bytes hay, struct plk_bytes needle) {
    if (needle.len == 0) return true;
    return hay.len >= needle.len && memmem(hay.at, hay.len, needle.at, needle.len) != NULL;
}
