// SPDX-License-Identifier: MIT
#include "base/buf.h"

static uint8_t *grow(struct plk_mem *mem, struct plk_buf *buf, size_t len) {
    if (len > buf->cap - buf->len) {
        size_t cap = buf->cap < 32 ? 64 : buf->cap * 2;
        while (cap < buf->len + len) cap *= 2;
        buf->at = plk_mem_grow(mem, buf->at, cap);
        buf->cap = cap;
    }
    uint8_t *room = buf->len == 0 ? buf->at : buf->at + buf->len; // NULL of an empty buffer stays NULL
    buf->len += len;
    return room;
}

uint8_t *plk_buf_room(struct plk_mem *mem, struct plk_buf *buf, size_t len) {
    uint8_t *room = grow(mem, buf, len);
    if (len > 0) memset(room, 0, len);
    return room;
}

void plk_buf_put(struct plk_mem *mem, struct plk_buf *buf, struct plk_bytes bytes) {
    uint8_t *room = grow(mem, buf, bytes.len);
    if (bytes.len > 0) memcpy(room, bytes.at, bytes.len);
}

void plk_buf_drop_front(struct plk_buf *buf, size_t len) {
    plk_assert(len <= buf->len);
    if (len == 0) return;
    memmove(buf->at, buf->at + len, buf->len - len);
    buf->len -= len;
}

void plk_buf_free(struct plk_mem *mem, struct plk_buf *buf) {
    plk_mem_give(mem, buf->at);
    *buf = (struct plk_buf){0};
}
