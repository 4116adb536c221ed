// SPDX-License-Identifier: MIT
#include "wire/relay_greeting.h"

#include "wire/tlv.h"
#include "wire/version.h"

enum plk_err plk_client_greeting_decode(struct plk_client_greeting *greeting, struct plk_bytes payload) {
    struct plk_client_greeting g = {0};
    struct plk_reader r = plk_reader(payload);
    enum plk_err err = plk_version_read(&r, &g.version_min, &g.version_max);
    if (err != PLK_ERR_OK) return err;
    g.flags = plk_reader_u16(&r);
    if (!r.failed) g.extensions = plk_tlv_padded(&r);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *greeting = g;
    return PLK_ERR_OK;
}

enum plk_err plk_relay_greeting_decode(struct plk_relay_greeting *greeting, struct plk_bytes payload) {
    struct plk_relay_greeting g = {0};
    struct plk_reader r = plk_reader(payload);
    enum plk_err err = plk_version_read(&r, &g.version_min, &g.version_max);
    if (err != PLK_ERR_OK) return err;
    plk_reader_copy(&r, g.cid, sizeof g.cid);
    g.wall_ms = plk_reader_u64(&r);
    g.seen = plk_addr_read(&r);
    uint8_t admission = plk_reader_u8(&r);
    g.bits = plk_reader_u8(&r);
    if (!r.failed) g.extensions = plk_tlv_padded(&r);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    if (admission < PLK_RELAY_ADMIT_TOKEN || admission > PLK_RELAY_ADMIT_CLOSED) return PLK_ERR_MALFORMED;
    g.admission = (enum plk_relay_admission)admission;
    *greeting = g;
    return PLK_ERR_OK;
}

static void pad(struct plk_writer *w, size_t start, size_t total_len) {
    size_t len = w->len - start;
    if (len > total_len) w->failed = true;
    if (!w->failed) plk_writer_zero(w, total_len - len);
}

void plk_client_greeting_write(struct plk_writer *w, const struct plk_client_greeting *greeting, size_t total_len) {
    size_t start = w->len;
    plk_writer_u8(w, greeting->version_min);
    plk_writer_u8(w, greeting->version_max);
    plk_writer_u16(w, greeting->flags);
    plk_writer_put(w, greeting->extensions);
    pad(w, start, total_len);
}

void plk_relay_greeting_write(struct plk_writer *w, const struct plk_relay_greeting *greeting, size_t total_len) {
    size_t start = w->len;
    plk_writer_u8(w, greeting->version_min);
    plk_writer_u8(w, greeting->version_max);
    plk_writer_copy(w, greeting->cid, sizeof greeting->cid);
    plk_writer_u64(w, greeting->wall_ms);
    plk_addr_write(w, &greeting->seen);
    plk_writer_u8(w, (uint8_t)greeting->admission);
    plk_writer_u8(w, greeting->bits);
    plk_writer_put(w, greeting->extensions);
    pad(w, start, total_len);
}

bool plk_relay_greeting_stun(const struct plk_relay_greeting *greeting, struct plk_addr *stun) {
    struct plk_bytes value;
    if (!plk_tlv_find(greeting->extensions, PLK_RELAY_GREETING_STUN, &value)) return false;
    struct plk_reader r = plk_reader(value);
    struct plk_addr addr = plk_addr_read(&r);
    if (!plk_reader_done(&r)) return false;
    *stun = addr;
    return true;
}

bool plk_relay_greeting_sign(const struct plk_relay_greeting *greeting, uint8_t sign[32]) {
    struct plk_bytes value;
    if (!plk_tlv_find(greeting->extensions, PLK_RELAY_GREETING_SIGN, &value) || value.len != 32) return false;
    memcpy(sign, value.at, 32);
    return true;
}

size_t plk_relay_greeting_places(const struct plk_relay_greeting *greeting,
                                 struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX]) {
    struct plk_bytes value;
    size_t count = 0;
    if (!plk_tlv_find(greeting->extensions, PLK_RELAY_GREETING_PLACES, &value)) return 0;
    struct plk_reader r = plk_reader(value);
    while (!plk_reader_done(&r) && !r.failed && count < PLK_RELAY_GREETING_PLACES_MAX)
        places[count++] = plk_addr_read(&r);
    return plk_reader_done(&r) ? count : 0;
}
