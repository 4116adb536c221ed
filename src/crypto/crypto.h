// SPDX-License-Identifier: MIT
// The primitives of PL1, all from libsodium, in the shapes that the protocol uses (DESIGN 3). Nothing here
// allocates. Secrets that a caller holds are wiped by the caller (plk_mem_wipe).
#ifndef PLK_CRYPTO_CRYPTO_H
#define PLK_CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "base/err.h"

#define PLK_KEY_LEN 32  // symmetric keys, X25519 keys, Ed25519 public keys and seeds
#define PLK_HASH_LEN 64 // SHA-512
#define PLK_TAG_LEN 16  // Poly1305
#define PLK_XNONCE_LEN 24
#define PLK_SIG_LEN 64

// SHA-512 over the concatenation of count parts.
void plk_hash(uint8_t out[PLK_HASH_LEN], const struct plk_bytes *parts, size_t count);

// HMAC-SHA512 (RFC 2104) with a key of any length, over the concatenation of count parts.
void plk_hmac(uint8_t out[PLK_HASH_LEN], struct plk_bytes key, const struct plk_bytes *parts, size_t count);

// HKDF-SHA512 (RFC 5869), extract and expand; info is one of the protocol's labels,
// "PeerLink/1/<layer>/<use>", followed by context where the label's line in docs/protocol says so. out_len <=
// 255 * 64.
void plk_hkdf(uint8_t *out, size_t out_len, struct plk_bytes salt, struct plk_bytes secret, struct plk_bytes info);
void plk_hkdf_label(uint8_t *out, size_t out_len, struct plk_bytes secret, const char *label); // empty salt

// X25519 (RFC 7748). The secret is any 32 random bytes. plk_dh refuses (FORGED) an all-zero result and a
// public key that is not canonical (>= 2^255 - 19, the top bit included); out is then zero.
void plk_dh_public(uint8_t public[32], const uint8_t secret[32]);
enum plk_err plk_dh(uint8_t out[32], const uint8_t secret[32], const uint8_t public[32]);

// Ed25519 (RFC 8032), for one's own bundles only. The secret is the 32-byte seed. verify: FORGED when it does
// not hold.
void plk_sign_public(uint8_t public[32], const uint8_t seed[32]);
void plk_sign(uint8_t sig[PLK_SIG_LEN], const uint8_t seed[32], struct plk_bytes text);
enum plk_err plk_sign_verify(const uint8_t sig[PLK_SIG_LEN], const uint8_t public[32], struct plk_bytes text);

// ChaCha20-Poly1305 (RFC 8439) for channels. The nonce is 4 zero bytes and the counter little-endian, as
// Noise section 12 says. out holds text.len + PLK_TAG_LEN, or sealed.len - PLK_TAG_LEN, bytes, and may be the
// same place as the input. open: FORGED changes nothing in out but may zero it.
void plk_aead_seal(uint8_t *out, const uint8_t key[32], uint64_t counter, struct plk_bytes aad, struct plk_bytes text);
enum plk_err plk_aead_open(uint8_t *out, const uint8_t key[32], uint64_t counter, struct plk_bytes aad,
                           struct plk_bytes sealed);

// XChaCha20-Poly1305 for all that is stored or relayed; the nonce is random (plk_rng_bytes), given by the
// caller.
void plk_xaead_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes aad,
                    struct plk_bytes text);
enum plk_err plk_xaead_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[PLK_XNONCE_LEN],
                            struct plk_bytes aad, struct plk_bytes sealed);

// The header mask of RFC 9001 section 5.4.4: 8 key stream bytes of ChaCha20 for a 16-byte ciphertext sample.
void plk_mask(uint8_t out[8], const uint8_t key[32], const uint8_t sample[16]);

// SipHash-2-4 with 64 and 128 bits of output.
uint64_t plk_siphash(const uint8_t key[16], struct plk_bytes text);
void plk_siphash128(uint8_t out[16], const uint8_t key[16], struct plk_bytes text);

// Constant time.
bool plk_crypto_equal(const void *a, const void *b, size_t len);

#endif
