// SPDX-License-Identifier: MIT
#include "contact/beacon_tag.h"

void plk_beacon_key(uint8_t key[PLK_BEACON_KEY_LEN], const uint8_t hint_key[16]) {
    plk_siphash128(key, hint_key, plk_bytes(PLK_BEACON_LABEL, sizeof PLK_BEACON_LABEL - 1));
}

uint32_t plk_beacon_tag(const uint8_t key[PLK_BEACON_KEY_LEN], const uint8_t nonce[PLK_BEACON_NONCE_LEN],
                        const struct plk_addr *from) {
    uint8_t text[PLK_BEACON_NONCE_LEN + 19];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_writer_copy(&w, nonce, PLK_BEACON_NONCE_LEN);
    plk_addr_write(&w, from);
    return (uint32_t)plk_siphash(key, plk_writer_bytes(&w));
}
