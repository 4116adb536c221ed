// SPDX-License-Identifier: MIT
#include "wire/greeting.h"

#include "wire/tlv.h"
#include "wire/version.h"

static bool cids_differ(const struct plk_greeting *g) {
    for (size_t i = 0; i < PLK_GREETING_CIDS; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(g->cids[i], g->cids[j], PLK_PACKET_CID_LEN) == 0) return false;
        }
    }
    return true;
}

enum plk_err plk_greeting_decode(struct plk_greeting *greeting, struct plk_bytes payload) {
    struct plk_greeting g = {0};
    struct plk_reader r = plk_reader(payload);
    enum plk_err err = plk_version_read(&r, &g.version_min, &g.version_max);
    if (err != PLK_ERR_OK) return err;
    plk_reader_copy(&r, g.device, sizeof g.device);
    plk_reader_copy(&r, g.incarnation, sizeof g.incarnation);
    plk_reader_copy(&r, g.cids, sizeof g.cids);
    g.generation = plk_reader_u32(&r);
    g.echo = plk_reader_u64(&r);
    g.kem = plk_reader_take(&r, plk_reader_u16(&r));
    if (!r.failed) g.extensions = plk_tlv_padded(&r);
    if (!plk_reader_done(&r) || !cids_differ(&g)) return PLK_ERR_MALFORMED;
    struct plk_bytes empty;
    g.moved = plk_greeting_extension(&g, PLK_GREETING_MOVED, &empty);
    *greeting = g;
    return PLK_ERR_OK;
}

void plk_greeting_write(struct plk_writer *w, const struct plk_greeting *greeting, size_t total_len) {
    size_t start = w->len;
    plk_writer_u8(w, greeting->version_min);
    plk_writer_u8(w, greeting->version_max);
    plk_writer_copy(w, greeting->device, sizeof greeting->device);
    plk_writer_copy(w, greeting->incarnation, sizeof greeting->incarnation);
    plk_writer_copy(w, greeting->cids, sizeof greeting->cids);
    plk_writer_u32(w, greeting->generation);
    plk_writer_u64(w, greeting->echo);
    plk_writer_u16(w, (uint16_t)greeting->kem.len);
    plk_writer_put(w, greeting->kem);
    plk_writer_put(w, greeting->extensions);
    size_t len = w->len - start;
    if (greeting->kem.len > UINT16_MAX || len > total_len) w->failed = true;
    if (!w->failed) plk_writer_zero(w, total_len - len);
}

bool plk_greeting_extension(const struct plk_greeting *greeting, uint64_t type, struct plk_bytes *value) {
    return plk_tlv_find(greeting->extensions, type, value);
}
