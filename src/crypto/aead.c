// SPDX-License-Identifier: MIT
// ChaCha20-Poly1305 and XChaCha20-Poly1305, and the mask of packet headers.
#include "crypto/crypto.h"

#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_stream_chacha20.h>

// Noise section 12.3: 32 bits of zeroes, then the counter in little-endian.
static void counter_nonce(uint8_t nonce[12], uint64_t counter) {
    memset(nonce, 0, 4);
    for (size_t i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(counter >> 8 * i);
}

void plk_aead_seal(uint8_t *out, const uint8_t key[32], uint64_t counter, struct plk_bytes aad, struct plk_bytes text) {
    uint8_t nonce[12];
    counter_nonce(nonce, counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, text.at, text.len, aad.at, aad.len, NULL, nonce, key);
}

enum plk_err plk_aead_open(uint8_t *out, const uint8_t key[32], uint64_t counter, struct plk_bytes aad,
                           struct plk_bytes sealed) {
    uint8_t nonce[12];
    if (sealed.len < PLK_TAG_LEN) return PLK_ERR_FORGED;
    counter_nonce(nonce, counter);
    int result =
        crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len, aad.at, aad.len, nonce, key);
    return result == 0 ? PLK_ERR_OK : PLK_ERR_FORGED;
}

void plk_xaead_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes aad,
                    struct plk_bytes text) {
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, text.at, text.len, aad.at, aad.len, NULL, nonce, key);
}

enum plk_err plk_xaead_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[PLK_XNONCE_LEN],
                            struct plk_bytes aad, struct plk_bytes sealed) {
    if (sealed.len < PLK_TAG_LEN) return PLK_ERR_FORGED;
    int result =
        crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len, aad.at, aad.len, nonce, key);
    return result == 0 ? PLK_ERR_OK : PLK_ERR_FORGED;
}

void plk_mask(uint8_t out[8], const uint8_t key[32], const uint8_t sample[16]) {
    static const uint8_t zero[8];
    uint32_t block =
        (uint32_t)sample[0] | (uint32_t)sample[1] << 8 | (uint32_t)sample[2] << 16 | (uint32_t)sample[3] << 24;
    crypto_stream_chacha20_ietf_xor_ic(out, zero, sizeof zero, sample + 4, block, key);
}
