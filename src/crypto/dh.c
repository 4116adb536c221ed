// SPDX-License-Identifier: MIT
// X25519 (RFC 7748), strict where the RFC is lenient: a public key has one encoding, and a result of zero is
// refused.
#include "crypto/crypto.h"

#include <sodium/crypto_scalarmult_curve25519.h>

// Below p = 2^255 - 19, which is ed ff .. ff 7f in little-endian. Public keys are no secret: no constant
// time.
static bool is_canonical(const uint8_t public[32]) {
    if (public[31] != 0x7f) return public[31] < 0x7f;
    for (size_t i = 30; i > 0; i--) {
        if (public[i] != 0xff) return true;
    }
    return public[0] < 0xed;
}

void plk_dh_public(uint8_t public[32], const uint8_t secret[32]) { crypto_scalarmult_curve25519_base(public, secret); }

enum plk_err plk_dh(uint8_t out[32], const uint8_t secret[32], const uint8_t public[32]) {
    static const uint8_t zero[32];
    if (!is_canonical(public) || crypto_scalarmult_curve25519(out, secret, public) != 0 ||
        plk_crypto_equal(out, zero, sizeof zero)) {
        plk_mem_wipe(out, 32);
        return PLK_ERR_FORGED;
    }
    return PLK_ERR_OK;
}
