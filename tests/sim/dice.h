// SPDX-License-Identifier: MIT
// The simulator's randomness: xoshiro256**, one stream per use, so that a draw more in one place moves nothing in another.
// The core never sees it but as the entropy that a host would give.
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t s[4];
};

// The stream of a seed for one use, named; number tells streams of one name apart.
struct dice dice(uint64_t seed, const char *use, uint64_t number);

uint64_t dice_u64(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t bound);                // uniform in [0, bound); 0 for bound 0
uint64_t dice_between(struct dice *d, uint64_t low, uint64_t high); // both included
bool dice_chance(struct dice *d, uint32_t ppm);                     // true in ppm of a million cases
void dice_bytes(struct dice *d, void *out, size_t len);

// Mostly near low, rarely near high: the shape of times between accidents. At least low, at most high.
uint64_t dice_skewed(struct dice *d, uint64_t low, uint64_t high);

#endif
