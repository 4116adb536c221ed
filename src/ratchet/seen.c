// SPDX-License-Identifier: MIT
#include "ratchet/seen.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/crypto.h"

void plk_seen_hash(uint8_t out[PLK_SEEN_HASH_LEN], struct plk_bytes ciphertext) {
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/ratchet/seen"), ciphertext};
    plk_hash(hash, parts, 2);
    memcpy(out, hash, PLK_SEEN_HASH_LEN);
}

static uint16_t *bucket_of(struct plk_seen *seen, const uint8_t *hash) {
    uint32_t start = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    return &seen->heads[start % PLK_SEEN_SLOTS];
}

// Slot + 1, or 0. A peer that grinds hashes into one bucket pays far more for it than a walk of 1,056 costs
// here.
static uint16_t find(const struct plk_seen *seen, const uint8_t *hash) {
    uint16_t at = *bucket_of((struct plk_seen *)seen, hash);
    while (at != 0 && memcmp(seen->hashes[at - 1], hash, PLK_SEEN_HASH_LEN) != 0) at = seen->next[at - 1];
    return at;
}

bool plk_seen_has(const struct plk_seen *seen, const uint8_t hash[PLK_SEEN_HASH_LEN]) { return find(seen, hash) != 0; }

static void link_slot(struct plk_seen *seen, size_t slot) {
    uint16_t *head = bucket_of(seen, seen->hashes[slot]);
    seen->next[slot] = *head;
    *head = (uint16_t)(slot + 1);
}

static void unlink_slot(struct plk_seen *seen, size_t slot) {
    uint16_t *at = bucket_of(seen, seen->hashes[slot]);
    while (*at != slot + 1) at = &seen->next[*at - 1];
    *at = seen->next[slot];
    seen->next[slot] = 0;
}

static void empty_row(struct plk_seen *seen, size_t row) {
    for (size_t i = 0; i < seen->filled[row]; i++) unlink_slot(seen, row * PLK_SEEN_BLOCK + i);
    seen->filled[row] = 0;
}

uint8_t plk_seen_add(struct plk_seen *seen, const uint8_t hash[PLK_SEEN_HASH_LEN]) {
    uint16_t known = find(seen, hash);
    if (known != 0) return (uint8_t)((known - 1) / PLK_SEEN_BLOCK);
    size_t slot = (size_t)(seen->count % PLK_SEEN_SLOTS);
    size_t row = slot / PLK_SEEN_BLOCK;
    if (slot % PLK_SEEN_BLOCK == 0) {
        empty_row(seen, row);
        seen->first[row] = seen->count;
    }
    memcpy(seen->hashes[slot], hash, PLK_SEEN_HASH_LEN);
    link_slot(seen, slot);
    seen->filled[row]++;
    seen->count++;
    return (uint8_t)row;
}

size_t plk_seen_encode(const struct plk_seen *seen, uint8_t row, uint8_t out[PLK_SEEN_ROW_MAX]) {
    plk_assert(row < PLK_SEEN_ROWS);
    if (seen->filled[row] == 0) return 0;
    struct plk_writer w = plk_writer(out, PLK_SEEN_ROW_MAX);
    plk_writer_u64(&w, seen->first[row]);
    plk_writer_copy(&w, seen->hashes[row * PLK_SEEN_BLOCK], (size_t)seen->filled[row] * PLK_SEEN_HASH_LEN);
    return w.len;
}

enum plk_err plk_seen_load(struct plk_seen *seen, uint8_t row, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    uint64_t first = plk_reader_u64(&r);
    struct plk_bytes hashes = plk_reader_rest(&r);
    size_t count = hashes.len / PLK_SEEN_HASH_LEN;
    if (r.failed || hashes.len % PLK_SEEN_HASH_LEN != 0 || count == 0 || count > PLK_SEEN_BLOCK) {
        return PLK_ERR_CORRUPT;
    }
    if (row >= PLK_SEEN_ROWS || seen->filled[row] != 0 || first >> 62 != 0 ||
        first % PLK_SEEN_SLOTS != (uint64_t)row * PLK_SEEN_BLOCK) {
        return PLK_ERR_CORRUPT;
    }
    memcpy(seen->hashes[row * PLK_SEEN_BLOCK], hashes.at, hashes.len);
    for (size_t i = 0; i < count; i++) link_slot(seen, row * PLK_SEEN_BLOCK + i);
    seen->filled[row] = (uint8_t)count;
    seen->first[row] = first;
    if (first + count > seen->count) seen->count = first + count;
    return PLK_ERR_OK;
}
