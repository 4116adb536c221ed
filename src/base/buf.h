// SPDX-License-Identifier: MIT
// A growing byte buffer that owns its memory. Zero-initialised it is empty and valid.
#ifndef PLK_BASE_BUF_H
#define PLK_BASE_BUF_H

#include "base/bytes.h"

struct plk_buf {
    uint8_t *at;
    size_t len, cap;
};

void plk_buf_put(struct plk_mem *mem, struct plk_buf *buf, struct plk_bytes bytes); // appends a copy
uint8_t *plk_buf_room(struct plk_mem *mem, struct plk_buf *buf, size_t len); // appends len zeroed bytes, to be filled
void plk_buf_drop_front(struct plk_buf *buf, size_t len);                    // removes the first len bytes
void plk_buf_free(struct plk_mem *mem, struct plk_buf *buf); // wipes; the buffer is empty and valid again

static inline struct plk_bytes plk_buf_bytes(const struct plk_buf *buf) { return plk_bytes(buf->at, buf->len); }

#endif
