// SPDX-License-Identifier: MIT
#include "stream/datagrams.h"

bool plk_datagrams_put(struct plk_mem *mem, struct plk_datagrams *d, struct plk_bytes bytes) {
    plk_assert(bytes.len <= PLK_STREAMS_DATAGRAM_MAX);
    if (d->count == PLK_STREAMS_DATAGRAMS) return false;
    if (d->at == NULL) d->at = plk_mem_take(mem, PLK_STREAMS_DATAGRAMS * PLK_STREAMS_DATAGRAM_MAX);
    unsigned place = (d->first + d->count) % PLK_STREAMS_DATAGRAMS;
    if (bytes.len > 0) memcpy(d->at + place * PLK_STREAMS_DATAGRAM_MAX, bytes.at, bytes.len);
    d->len[place] = (uint16_t)bytes.len;
    d->count++;
    return true;
}

struct plk_bytes plk_datagrams_peek(const struct plk_datagrams *d) {
    plk_assert(d->count > 0);
    return plk_bytes(d->at + d->first * PLK_STREAMS_DATAGRAM_MAX, d->len[d->first]);
}

struct plk_bytes plk_datagrams_take(struct plk_datagrams *d) {
    struct plk_bytes bytes = plk_datagrams_peek(d);
    d->first = (d->first + 1) % PLK_STREAMS_DATAGRAMS;
    d->count--;
    return bytes;
}

void plk_datagrams_free(struct plk_mem *mem, struct plk_datagrams *d) {
    plk_mem_give(mem, d->at);
    *d = (struct plk_datagrams){0};
}
