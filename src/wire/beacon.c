// SPDX-License-Identifier: MIT
#include "wire/beacon.h"

struct plk_addr plk_beacon_group(uint8_t family, uint32_t scope) {
    struct plk_addr v4 = {.family = 4, .ip = {239, 255, 76, 66}, .port = PLK_BEACON_PORT};
    struct plk_addr v6 = {.family = 6, .ip = {0xff, 0x12}, .port = PLK_BEACON_PORT, .scope = scope};
    v6.ip[14] = 0x50;
    v6.ip[15] = 0x4c;
    return family == 4 ? v4 : v6;
}

enum plk_err plk_beacon_decode(struct plk_bytes bytes, struct plk_beacon *beacon) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_beacon b;
    plk_reader_copy(&r, b.nonce, sizeof b.nonce);
    for (unsigned i = 0; i < PLK_BEACON_TAGS; i++) b.tags[i] = plk_reader_u32(&r);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *beacon = b;
    return PLK_ERR_OK;
}

void plk_beacon_encode(struct plk_writer *w, const struct plk_beacon *beacon) {
    plk_writer_copy(w, beacon->nonce, sizeof beacon->nonce);
    for (unsigned i = 0; i < PLK_BEACON_TAGS; i++) plk_writer_u32(w, beacon->tags[i]);
}
