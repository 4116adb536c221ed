// SPDX-License-Identifier: MIT
#include "contact/joining.h"

#define ROW_VERSION 2 // 1: without order

void plk_joining_encode(struct plk_writer *w, const struct plk_joining *joining) {
    uint8_t identity[PLK_IDENTITY_LEN];
    plk_identity_encode(identity, &joining->identity);
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_copy(w, joining->psk, sizeof joining->psk);
    plk_writer_copy(w, identity, sizeof identity);
    plk_writer_copy(w, joining->recovery, 32);
    plk_writer_copy(w, joining->link_psk, 32);
    plk_writer_copy(w, joining->line, sizeof joining->line);
    plk_writer_copy(w, joining->link_secret, 32);
    plk_writer_u32(w, joining->reset.number);
    plk_writer_copy(w, joining->reset.secret, 32);
    plk_writer_copy(w, joining->epoch, PLK_EPOCH_LEN);
    plk_writer_copy(w, joining->blob_hash, PLK_FIRST_HASH_LEN);
    plk_writer_u64(w, joining->order);
    plk_writer_u64(w, joining->expires_ms);
    struct plk_places places = plk_places_usable(&joining->places, PLK_PLACES_MAX);
    plk_places_write(w, &places);
    if (!joining->apart) return;
    uint8_t row[PLK_RATCHET_ROW_MAX];
    plk_writer_copy(w, row, plk_ratchet_encode(&joining->ratchet, row));
    plk_mem_wipe(row, sizeof row);
}

enum plk_err plk_joining_decode(struct plk_bytes value, struct plk_joining *joining) {
    struct plk_reader r = plk_reader(value);
    struct plk_joining read = {0};
    uint8_t version = plk_reader_u8(&r);
    if (version == 0 || version > ROW_VERSION) r.failed = true;
    plk_reader_copy(&r, read.psk, sizeof read.psk);
    struct plk_bytes identity = plk_reader_take(&r, PLK_IDENTITY_LEN);
    plk_reader_copy(&r, read.recovery, 32);
    plk_reader_copy(&r, read.link_psk, 32);
    plk_reader_copy(&r, read.line, sizeof read.line);
    plk_reader_copy(&r, read.link_secret, 32);
    read.reset.number = plk_reader_u32(&r);
    plk_reader_copy(&r, read.reset.secret, 32);
    plk_reader_copy(&r, read.epoch, PLK_EPOCH_LEN);
    plk_reader_copy(&r, read.blob_hash, PLK_FIRST_HASH_LEN);
    if (version > 1) read.order = plk_reader_u64(&r);
    read.expires_ms = plk_reader_u64(&r);
    plk_places_read(&r, &read.places, PLK_PLACES_MAX);
    read.apart = r.left > 0;
    if (read.apart && plk_ratchet_decode(&read.ratchet, plk_reader_rest(&r)) != PLK_ERR_OK) r.failed = true;
    bool valid = plk_reader_done(&r) && plk_identity_decode(identity, &read.identity) == PLK_ERR_OK;
    if (valid) *joining = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
