// SPDX-License-Identifier: MIT
#include "relay/bucket.h"

#include "crypto/crypto.h"

bool plk_bucket_take(struct plk_bucket *bucket, uint64_t now_us, uint32_t rate, uint32_t burst, uint32_t amount) {
    uint32_t now_ms = (uint32_t)(now_us / PLK_MS);
    uint64_t leaked = (uint64_t)(now_ms - bucket->at_ms) * rate / 1000;
    if (leaked >= bucket->level) {
        *bucket = (struct plk_bucket){.at_ms = now_ms};
    } else {
        bucket->level -= (uint32_t)leaked;
        bucket->at_ms += (uint32_t)(leaked * 1000 / rate); // what is left of a unit is not lost
    }
    if (amount > burst || bucket->level > burst - amount) return false;
    bucket->level += amount;
    return true;
}

uint64_t plk_bucket_prefix(const struct plk_addr *addr) {
    uint64_t prefix = addr->family;
    size_t len = addr->family == 4 ? 3 : 6;
    for (size_t i = 0; i < len; i++) prefix = prefix << 8 | addr->ip[i];
    return prefix;
}

struct plk_bucket *plk_buckets_of(struct plk_buckets *buckets, const uint8_t key[16], uint64_t prefix,
                                  uint64_t now_us) {
    size_t set = (size_t)(plk_siphash(key, plk_bytes(&prefix, sizeof prefix)) % PLK_BUCKETS_SETS);
    uint64_t *prefixes = buckets->sets[set].prefix;
    struct plk_bucket *of = buckets->sets[set].bucket;
    uint32_t now_ms = (uint32_t)(now_us / PLK_MS);
    size_t oldest = 0;
    for (size_t i = 0; i < PLK_BUCKETS_WAYS; i++) {
        if (prefixes[i] == prefix) return &of[i];
        if (prefixes[i] == 0 || (prefixes[oldest] != 0 && now_ms - of[i].at_ms > now_ms - of[oldest].at_ms)) oldest = i;
    }
    prefixes[oldest] = prefix;
    of[oldest] = (struct plk_bucket){.at_ms = now_ms};
    return &of[oldest];
}
