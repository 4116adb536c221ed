// SPDX-License-Identifier: MIT
// ChaCha20 with fast key erasure: each refill makes its own next key first, so what was handed out cannot be
// found again.
#include "crypto/rng.h"

#include "crypto/crypto.h"

#include <sodium/crypto_stream_chacha20.h>

static void refill(struct plk_rng *rng) {
    static const uint8_t nonce[12];
    uint8_t stream[sizeof rng->key + sizeof rng->pool];
    crypto_stream_chacha20_ietf(stream, sizeof stream, nonce, rng->key);
    memcpy(rng->key, stream, sizeof rng->key);
    memcpy(rng->pool, stream + sizeof rng->key, sizeof rng->pool);
    rng->left = sizeof rng->pool;
    plk_mem_wipe(stream, sizeof stream);
}

void plk_rng_seed(struct plk_rng *rng, const uint8_t seed[32]) {
    plk_mem_wipe(rng, sizeof *rng);
    memcpy(rng->key, seed, sizeof rng->key);
}

void plk_rng_stir(struct plk_rng *rng, struct plk_bytes entropy) {
    uint8_t key[32];
    plk_hkdf(key, sizeof key, plk_bytes(rng->key, sizeof rng->key), entropy, plk_bytes_text("PeerLink/1/rng/stir"));
    plk_rng_seed(rng, key); // the old pool goes: a copy of this machine has it too
    plk_mem_wipe(key, sizeof key);
}

void plk_rng_bytes(struct plk_rng *rng, void *out, size_t len) {
    uint8_t *to = out;
    while (len > 0) {
        if (rng->left == 0) refill(rng);
        size_t part = len < rng->left ? len : rng->left;
        uint8_t *from = rng->pool + sizeof rng->pool - rng->left;
        memcpy(to, from, part);
        plk_mem_wipe(from, part);
        rng->left -= part;
        to += part;
        len -= part;
    }
}

uint64_t plk_rng_u64(struct plk_rng *rng) {
    uint8_t bytes[8];
    uint64_t value = 0;
    plk_rng_bytes(rng, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) value = value << 8 | bytes[i];
    return value;
}

uint64_t plk_rng_below(struct plk_rng *rng, uint64_t bound) {
    plk_assert(bound > 0);
    uint64_t skew = (UINT64_MAX - bound + 1) % bound; // 2^64 mod bound: values below it would be one too many
    uint64_t value;
    do {
        value = plk_rng_u64(rng);
    } while (value < skew);
    return value % bound;
}
