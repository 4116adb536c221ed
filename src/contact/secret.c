// SPDX-License-Identifier: MIT
#include "contact/secret.h"

void plk_secret_spread(const uint8_t secret[PLK_SECRET_LEN], struct plk_first *first, uint8_t ratchet[PLK_SECRET_LEN]) {
    struct plk_bytes from = plk_bytes(secret, PLK_SECRET_LEN);
    plk_hkdf_label(first->recovery, 32, from, "PeerLink/1/contact/recovery");
    plk_hkdf_label(first->link_psk, 32, from, "PeerLink/1/contact/link-psk");
    plk_hkdf_label(first->line, sizeof first->line, from, "PeerLink/1/contact/line");
    plk_hkdf_label(ratchet, PLK_SECRET_LEN, from, "PeerLink/1/contact/ratchet");
}

void plk_secret_derive(uint8_t out[PLK_SECRET_LEN], struct plk_bytes salt, struct plk_bytes input, const char *label,
                       const uint8_t transcript[PLK_HASH_LEN]) {
    uint8_t info[128];
    struct plk_writer w = plk_writer(info, sizeof info);
    plk_writer_put(&w, plk_bytes_text(label));
    plk_writer_copy(&w, transcript, PLK_HASH_LEN);
    plk_assert(!w.failed);
    plk_hkdf(out, PLK_SECRET_LEN, salt, input, plk_writer_bytes(&w));
}
