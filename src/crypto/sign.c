// SPDX-License-Identifier: MIT
// Ed25519 (RFC 8032). The secret is the seed; the expanded key lives on the stack only.
#include "crypto/crypto.h"

#include <sodium/crypto_sign_ed25519.h>

void plk_sign_public(uint8_t public[32], const uint8_t seed[32]) {
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    crypto_sign_ed25519_seed_keypair(public, secret, seed);
    plk_mem_wipe(secret, sizeof secret);
}

void plk_sign(uint8_t sig[PLK_SIG_LEN], const uint8_t seed[32], struct plk_bytes text) {
    uint8_t public[32], secret[crypto_sign_ed25519_SECRETKEYBYTES];
    crypto_sign_ed25519_seed_keypair(public, secret, seed);
    crypto_sign_ed25519_detached(sig, NULL, text.at, text.len, secret);
    plk_mem_wipe(secret, sizeof secret);
}

enum plk_err plk_sign_verify(const uint8_t sig[PLK_SIG_LEN], const uint8_t public[32], struct plk_bytes text) {
    return crypto_sign_ed25519_verify_detached(sig, text.at, text.len, public) == 0 ? PLK_ERR_OK : PLK_ERR_FORGED;
}
