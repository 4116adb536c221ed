// SPDX-License-Identifier: MIT
#include "base/reader.h"

struct plk_bytes plk_reader_take(struct plk_reader *r, size_t len) {
    if (r->failed || len > r->left) {
        r->failed = true;
        r->left = 0;
        return plk_bytes(NULL, 0);
    }
    struct plk_bytes taken = plk_bytes(r->at, len);
    if (len > 0) r->at += len;
    r->left -= len;
    return taken;
}

static uint64_t big_endian(struct plk_reader *r, size_t len) {
    struct plk_bytes taken = plk_reader_take(r, len);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.len; i++) value = value << 8 | taken.at[i];
    return value;
}

uint8_t plk_reader_u8(struct plk_reader *r) { return (uint8_t)big_endian(r, 1); }
uint16_t plk_reader_u16(struct plk_reader *r) { return (uint16_t)big_endian(r, 2); }
uint32_t plk_reader_u32(struct plk_reader *r) { return (uint32_t)big_endian(r, 4); }
uint64_t plk_reader_u64(struct plk_reader *r) { return big_endian(r, 8); }

uint64_t plk_reader_varint(struct plk_reader *r) {
    if (r->failed || r->left == 0) {
        r->failed = true;
        return 0;
    }
    size_t len = (size_t)1 << (r->at[0] >> 6);
    uint64_t value = big_endian(r, len);
    return value & (UINT64_MAX >> (64 - 8 * len + 2));
}

struct plk_bytes plk_reader_sized(struct plk_reader *r, size_t max) {
    uint64_t len = plk_reader_varint(r);
    if (len > max || len > r->left) {
        r->failed = true;
        r->left = 0;
        return plk_bytes(NULL, 0);
    }
    return plk_reader_take(r, (size_t)len);
}

void plk_reader_copy(struct plk_reader *r, void *to, size_t len) {
    struct plk_bytes taken = plk_reader_take(r, len);
    if (len == 0) return; // to may be NULL
    if (taken.len == len) {
        memcpy(to, taken.at, len);
    } else {
        memset(to, 0, len);
    }
}

struct plk_bytes plk_reader_rest(struct plk_reader *r) {
    return plk_reader_take(r, r->left);
}
