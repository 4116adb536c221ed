// SPDX-License-Identifier: MIT
// SHA-512, HMAC (RFC 2104), HKDF (RFC 5869), SipHash, and the comparison of secrets.
#include "crypto/crypto.h"

#include <sodium/crypto_auth_hmacsha512.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_shorthash_siphash24.h>

void plk_hash(uint8_t out[PLK_HASH_LEN], const struct plk_bytes *parts, size_t count) {
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    for (size_t i = 0; i < count; i++) crypto_hash_sha512_update(&state, parts[i].at, parts[i].len);
    crypto_hash_sha512_final(&state, out);
    plk_mem_wipe(&state, sizeof state);
}

void plk_hmac(uint8_t out[PLK_HASH_LEN], struct plk_bytes key, const struct plk_bytes *parts, size_t count) {
    crypto_auth_hmacsha512_state state;
    const uint8_t none = 0; // libsodium takes no NULL for an empty key
    crypto_auth_hmacsha512_init(&state, key.len > 0 ? key.at : &none, key.len);
    for (size_t i = 0; i < count; i++) crypto_auth_hmacsha512_update(&state, parts[i].at, parts[i].len);
    crypto_auth_hmacsha512_final(&state, out);
    plk_mem_wipe(&state, sizeof state);
}

void plk_hkdf(uint8_t *out, size_t out_len, struct plk_bytes salt, struct plk_bytes secret, struct plk_bytes info) {
    plk_assert(out_len <= 255 * PLK_HASH_LEN);
    uint8_t prk[PLK_HASH_LEN], block[PLK_HASH_LEN], number = 0;
    plk_hmac(prk, salt, &secret, 1); // an empty salt is a key of zeroes: RFC 2104 pads it so
    for (size_t done = 0; done < out_len; done += PLK_HASH_LEN) {
        number++;
        struct plk_bytes parts[3] = {plk_bytes(block, done == 0 ? 0 : sizeof block), info, plk_bytes(&number, 1)};
        plk_hmac(block, plk_bytes(prk, sizeof prk), parts, 3);
        size_t part = out_len - done < PLK_HASH_LEN ? out_len - done : PLK_HASH_LEN;
        memcpy(out + done, block, part);
    }
    plk_mem_wipe(prk, sizeof prk);
    plk_mem_wipe(block, sizeof block);
}

void plk_hkdf_label(uint8_t *out, size_t out_len, struct plk_bytes secret, const char *label) {
    plk_hkdf(out, out_len, plk_bytes(NULL, 0), secret, plk_bytes_text(label));
}

uint64_t plk_siphash(const uint8_t key[16], struct plk_bytes text) {
    uint8_t out[8];
    crypto_shorthash_siphash24(out, text.at, text.len, key);
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | out[i]; // the algorithm's own order
    return value;
}

void plk_siphash128(uint8_t out[16], const uint8_t key[16], struct plk_bytes text) {
    crypto_shorthash_siphashx24(out, text.at, text.len, key);
}

bool plk_crypto_equal(const void *a, const void *b, size_t len) {
    const uint8_t *left = a, *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= left[i] ^ right[i];
        __asm__ __volatile__("" : "+r"(difference)); // the loop may not end early
    }
    return difference == 0;
}
