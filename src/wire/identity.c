// SPDX-License-Identifier: MIT
#include "wire/identity.h"

#include "wire/tlv.h"

enum { TYPE_SIGN = 1, TYPE_DH = 2 };

void plk_identity_encode(uint8_t out[PLK_IDENTITY_LEN], const struct plk_identity *identity) {
    struct plk_writer w = plk_writer(out, PLK_IDENTITY_LEN);
    plk_tlv_put(&w, TYPE_SIGN, plk_bytes(identity->sign, 32));
    plk_tlv_put(&w, TYPE_DH, plk_bytes(identity->dh, 32));
    plk_assert(!w.failed && w.len == PLK_IDENTITY_LEN);
}

enum plk_err plk_identity_decode(struct plk_bytes bytes, struct plk_identity *identity) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_identity read;
    struct plk_tlv entry = {0};
    uint64_t last = 0;
    if (!plk_tlv_next(&r, &last, &entry) || entry.type != TYPE_SIGN || entry.value.len != 32) {
        return PLK_ERR_MALFORMED;
    }
    memcpy(read.sign, entry.value.at, 32);
    if (!plk_tlv_next(&r, &last, &entry) || entry.type != TYPE_DH || entry.value.len != 32) {
        return PLK_ERR_MALFORMED;
    }
    memcpy(read.dh, entry.value.at, 32);
    if (plk_tlv_next(&r, &last, &entry)) return PLK_ERR_UNSUPPORTED;
    // One encoding only: a longer varint of the same number would give the same keys another PeerID.
    if (!plk_reader_done(&r) || bytes.len != PLK_IDENTITY_LEN) return PLK_ERR_MALFORMED;
    *identity = read;
    return PLK_ERR_OK;
}
