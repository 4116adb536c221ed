// SPDX-License-Identifier: MIT
#include "wire/bundle.h"

void plk_bundle_encode_body(struct plk_writer *w, const struct plk_bundle *bundle) {
    plk_assert(bundle->kem.len <= PLK_BUNDLE_KEM_MAX);
    uint8_t identity[PLK_IDENTITY_LEN];
    plk_identity_encode(identity, &bundle->identity);
    plk_writer_u8(w, bundle->suite);
    plk_writer_u8(w, bundle->min);
    plk_writer_u8(w, bundle->max);
    plk_writer_copy(w, identity, sizeof identity);
    plk_writer_copy(w, bundle->prekey, 32);
    plk_writer_sized(w, bundle->kem);
    plk_writer_u64(w, bundle->sequence);
    plk_writer_u64(w, bundle->expires_ms);
    plk_writer_copy(w, bundle->device, PLK_DEVICE_LEN);
}

void plk_bundle_encode(struct plk_writer *w, const struct plk_bundle *bundle) {
    plk_bundle_encode_body(w, bundle);
    plk_writer_copy(w, bundle->sig, PLK_BUNDLE_SIG_LEN);
}

// The KEM slot: empty, a hash or a key, its length in the shortest varint (there is one encoding of a bundle).
static bool is_kem_slot(struct plk_bytes bytes, size_t kem_len) {
    size_t fixed = 3 + PLK_IDENTITY_LEN + 32 + 8 + 8 + PLK_DEVICE_LEN + PLK_BUNDLE_SIG_LEN;
    if (kem_len != 0 && kem_len != 32 && kem_len != PLK_BUNDLE_KEM_MAX) return false;
    return bytes.len == fixed + plk_writer_varint_len(kem_len) + kem_len;
}

enum plk_err plk_bundle_decode(struct plk_bytes bytes, struct plk_bundle *bundle, struct plk_bytes *body) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_bundle read = {0};
    read.suite = plk_reader_u8(&r);
    if (!r.failed && read.suite > PLK_SUITE) return PLK_ERR_TOO_NEW;
    read.min = plk_reader_u8(&r);
    read.max = plk_reader_u8(&r);
    struct plk_bytes identity = plk_reader_take(&r, PLK_IDENTITY_LEN);
    plk_reader_copy(&r, read.prekey, 32);
    read.kem = plk_reader_sized(&r, PLK_BUNDLE_KEM_MAX);
    read.sequence = plk_reader_u64(&r);
    read.expires_ms = plk_reader_u64(&r);
    plk_reader_copy(&r, read.device, PLK_DEVICE_LEN);
    plk_reader_copy(&r, read.sig, PLK_BUNDLE_SIG_LEN);
    if (!plk_reader_done(&r) || read.suite != PLK_SUITE || read.min == 0 || read.min > read.max ||
        !is_kem_slot(bytes, read.kem.len) || plk_identity_decode(identity, &read.identity) != PLK_ERR_OK) {
        return PLK_ERR_MALFORMED;
    }
    if (body != NULL) *body = plk_bytes(bytes.at, bytes.len - PLK_BUNDLE_SIG_LEN);
    *bundle = read;
    return PLK_ERR_OK;
}
