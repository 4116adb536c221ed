// SPDX-License-Identifier: MIT
// The core's only source of randomness: a ChaCha20 generator with fast key erasure, seeded by the host. The
// same seed gives the same bytes, which is what makes a simulated world repeatable. A host seeds with 32
// fresh bytes from the system at each start, and stirs in fresh ones on resume, so that a copied process or a
// restored machine does not repeat itself.
#ifndef PLK_CRYPTO_RNG_H
#define PLK_CRYPTO_RNG_H

#include "base/bytes.h"

struct plk_rng {
    uint8_t key[32];
    uint8_t pool[480]; // what is left of it is at the end
    size_t left;
};

void plk_rng_seed(struct plk_rng *rng, const uint8_t seed[32]);
void plk_rng_stir(struct plk_rng *rng, struct plk_bytes entropy); // mixes in; never weakens
void plk_rng_bytes(struct plk_rng *rng, void *out,
                   size_t len); // bytes handed out are erased from the generator
uint64_t plk_rng_u64(struct plk_rng *rng);
uint64_t plk_rng_below(struct plk_rng *rng, uint64_t bound); // uniform in [0, bound), bound > 0

#endif
