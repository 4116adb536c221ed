// SPDX-License-Identifier: MIT
#include "contact/prekey.h"

#define ROW_VERSION 2 // of a prekey; 1: without a device
#define MET_VERSION 1
enum { KIND_PREKEY = 1, KIND_MET = 2 };

static uint64_t after(uint64_t ms, uint64_t span_ms) { return ms < UINT64_MAX - span_ms ? ms + span_ms : UINT64_MAX; }

void plk_prekey_make(struct plk_prekey *prekey, const struct plk_invite *invite, const struct plk_persona *me,
                     uint64_t last, uint64_t now_ms, struct plk_rng *rng) {
    uint8_t bundle[PLK_BUNDLE_LEN];
    *prekey = (struct plk_prekey){.invite = invite->number, .published_ms = now_ms};
    prekey->sequence = now_ms > last ? now_ms : last + 1;
    plk_rng_bytes(rng, prekey->secret, sizeof prekey->secret);
    memcpy(prekey->device, invite->device, sizeof prekey->device);
    plk_prekey_bundle(prekey, me, bundle);
    plk_persona_bundle_hash(prekey->bundle_hash, plk_bytes(bundle, sizeof bundle));
}

void plk_prekey_bundle(const struct plk_prekey *prekey, const struct plk_persona *me, uint8_t out[PLK_BUNDLE_LEN]) {
    struct plk_bundle bundle = {
        .suite = PLK_SUITE,
        .min = PLK_VERSION_MIN,
        .max = PLK_VERSION_MAX,
        .sequence = prekey->sequence,
        .expires_ms = after(prekey->published_ms, PLK_PREKEY_LIFE_MS),
    };
    plk_dh_public(bundle.prekey, prekey->secret);
    memcpy(bundle.device, prekey->device, PLK_DEVICE_LEN);
    plk_persona_sign_bundle(me, &bundle);
    struct plk_writer w = plk_writer(out, PLK_BUNDLE_LEN);
    plk_bundle_encode(&w, &bundle);
    plk_assert(!w.failed && w.len == PLK_BUNDLE_LEN);
}

bool plk_prekey_is_due(const struct plk_prekey *newest, uint64_t now_ms) {
    return now_ms >= after(newest->published_ms, PLK_PREKEY_TURN_MS);
}

bool plk_prekey_is_over(const struct plk_prekey *prekey, uint64_t now_ms) {
    return now_ms >= after(prekey->published_ms, PLK_PREKEY_LIFE_MS);
}

// ---- rows

void plk_prekey_encode(struct plk_writer *key, struct plk_writer *value, const struct plk_prekey *prekey) {
    plk_writer_u32(key, prekey->invite);
    plk_writer_u8(key, KIND_PREKEY);
    plk_writer_u64(key, prekey->sequence);
    plk_writer_u8(value, ROW_VERSION);
    plk_writer_u64(value, prekey->published_ms);
    plk_writer_copy(value, prekey->secret, sizeof prekey->secret);
    plk_writer_copy(value, prekey->bundle_hash, sizeof prekey->bundle_hash);
    plk_writer_copy(value, prekey->device, sizeof prekey->device);
}

enum plk_err plk_prekey_decode(struct plk_bytes key, struct plk_bytes value, struct plk_prekey *prekey) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_prekey read = {.invite = plk_reader_u32(&k)};
    bool valid = plk_reader_u8(&k) == KIND_PREKEY;
    read.sequence = plk_reader_u64(&k);
    uint8_t version = plk_reader_u8(&r);
    read.published_ms = plk_reader_u64(&r);
    plk_reader_copy(&r, read.secret, sizeof read.secret);
    plk_reader_copy(&r, read.bundle_hash, sizeof read.bundle_hash);
    if (version > 1) plk_reader_copy(&r, read.device, sizeof read.device);
    valid = valid && version >= 1 && version <= ROW_VERSION && plk_reader_done(&k) && plk_reader_done(&r);
    if (valid) *prekey = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

void plk_met_encode(struct plk_writer *key, struct plk_writer *value, const struct plk_met *met) {
    plk_writer_u32(key, met->invite);
    plk_writer_u8(key, KIND_MET);
    plk_writer_copy(key, met->blob_hash, sizeof met->blob_hash);
    plk_writer_u8(value, MET_VERSION);
    plk_writer_u32(value, met->contact);
    plk_writer_u64(value, met->until_ms);
}

enum plk_err plk_met_decode(struct plk_bytes key, struct plk_bytes value, struct plk_met *met) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_met read = {.invite = plk_reader_u32(&k)};
    bool valid = plk_reader_u8(&k) == KIND_MET;
    plk_reader_copy(&k, read.blob_hash, sizeof read.blob_hash);
    valid = valid && plk_reader_u8(&r) == MET_VERSION;
    read.contact = plk_reader_u32(&r);
    read.until_ms = plk_reader_u64(&r);
    if (!valid || !plk_reader_done(&k) || !plk_reader_done(&r)) return PLK_ERR_CORRUPT;
    *met = read;
    return PLK_ERR_OK;
}
