// SPDX-License-Identifier: MIT
// A small queue of datagrams that may be lost. Zero-initialised it is empty and valid; it takes its memory at
// first use.
#ifndef PLK_STREAM_DATAGRAMS_H
#define PLK_STREAM_DATAGRAMS_H

#include "stream/streams.h"

struct plk_datagrams {
    uint8_t *at; // PLK_STREAMS_DATAGRAMS places of PLK_STREAMS_DATAGRAM_MAX bytes, a ring
    uint16_t len[PLK_STREAMS_DATAGRAMS];
    unsigned first, count;
};

bool plk_datagrams_put(struct plk_mem *mem, struct plk_datagrams *d, struct plk_bytes bytes); // false: full
struct plk_bytes plk_datagrams_peek(const struct plk_datagrams *d);                           // count > 0
struct plk_bytes plk_datagrams_take(struct plk_datagrams *d); // count > 0; borrowed until the next put or free
void plk_datagrams_free(struct plk_mem *mem, struct plk_datagrams *d);

#endif
