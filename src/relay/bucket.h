// SPDX-License-Identifier: MIT
// Leaky buckets: one, and a table of them by the prefix of an address.
#ifndef PLK_RELAY_BUCKET_H
#define PLK_RELAY_BUCKET_H

#include "base/addr.h"
#include "base/time.h"

// Zero-initialised it is empty, that is: everything is free.
struct plk_bucket {
    uint32_t level; // what has been taken and has not leaked yet
    uint32_t at_ms; // when it was looked at, modulo 2^32
};

// Takes amount if it fits under burst, at so much a second. false: it does not, and nothing is taken.
bool plk_bucket_take(struct plk_bucket *bucket, uint64_t now_us, uint32_t rate, uint32_t burst, uint32_t amount);

// IPv4 /24, IPv6 /48 as a number.
uint64_t plk_bucket_prefix(const struct plk_addr *addr);

// Buckets of the prefixes seen last: a fixed number, the oldest of its set gives way. Who has more prefixes than there are
// places gains nothing that having more prefixes does not give anyway.
#define PLK_BUCKETS_SETS 512
#define PLK_BUCKETS_WAYS 4

struct plk_buckets {
    struct {
        uint64_t prefix[PLK_BUCKETS_WAYS];
        struct plk_bucket bucket[PLK_BUCKETS_WAYS];
    } sets[PLK_BUCKETS_SETS];
};

// The bucket of a prefix, an empty one if it is new. key: 16 secret bytes, so that nobody chooses who gives way.
struct plk_bucket *plk_buckets_of(struct plk_buckets *buckets, const uint8_t key[16], uint64_t prefix, uint64_t now_us);

#endif
