// SPDX-License-Identifier: MIT
#include "base/writer.h"

uint8_t *plk_writer_skip(struct plk_writer *w, size_t len) {
    if (w->failed || len > w->cap - w->len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *room = w->len == 0 ? w->at : w->at + w->len; // NULL of no room stays NULL
    w->len += len;
    return room;
}

static void big_endian(struct plk_writer *w, uint64_t value, size_t len) {
    uint8_t *room = plk_writer_skip(w, len);
    if (room == NULL) return;
    for (size_t i = 0; i < len; i++) room[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

void plk_writer_u8(struct plk_writer *w, uint8_t value) { big_endian(w, value, 1); }
void plk_writer_u16(struct plk_writer *w, uint16_t value) { big_endian(w, value, 2); }
void plk_writer_u32(struct plk_writer *w, uint32_t value) { big_endian(w, value, 4); }
void plk_writer_u64(struct plk_writer *w, uint64_t value) { big_endian(w, value, 8); }

size_t plk_writer_varint_len(uint64_t value) {
    return value < 1u << 6 ? 1 : value < 1u << 14 ? 2 : value < 1u << 30 ? 4 : 8;
}

void plk_writer_varint(struct plk_writer *w, uint64_t value) {
    if (value >> 62 != 0) {
        w->failed = true;
        return;
    }
    size_t len = plk_writer_varint_len(value);
    uint64_t mark = len == 1 ? 0 : len == 2 ? 1 : len == 4 ? 2 : 3;
    big_endian(w, mark << (8 * len - 2) | value, len);
}

void plk_writer_copy(struct plk_writer *w, const void *from, size_t len) {
    uint8_t *room = plk_writer_skip(w, len);
    if (room != NULL && len > 0) memcpy(room, from, len);
}

void plk_writer_put(struct plk_writer *w, struct plk_bytes bytes) { plk_writer_copy(w, bytes.at, bytes.len); }

void plk_writer_sized(struct plk_writer *w, struct plk_bytes bytes) {
    plk_writer_varint(w, bytes.len);
    plk_writer_put(w, bytes);
}

void plk_writer_zero(struct plk_writer *w, size_t len) {
    uint8_t *room = plk_writer_skip(w, len);
    if (room != NULL) memset(room, 0, len);
}
