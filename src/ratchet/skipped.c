// SPDX-License-Identifier: MIT
#include "ratchet/skipped.h"

#include "base/reader.h"
#include "base/writer.h"

void plk_skipped_init(struct plk_skipped *skipped, struct plk_mem *mem) { *skipped = (struct plk_skipped){.mem = mem}; }

void plk_skipped_free(struct plk_skipped *skipped) {
    plk_mem_give(skipped->mem, skipped->at);
    *skipped = (struct plk_skipped){.mem = skipped->mem};
}

// The index of the first entry that is not below {chain, n}.
static size_t lower_bound(const struct plk_skipped *skipped, uint32_t chain, uint32_t n) {
    size_t low = 0;
    size_t high = skipped->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct plk_skipped_entry *entry = &skipped->at[middle];
        if (entry->chain < chain || (entry->chain == chain && entry->n < n)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct plk_skipped_entry *plk_skipped_find(const struct plk_skipped *skipped, uint32_t chain, uint32_t n) {
    size_t index = lower_bound(skipped, chain, n);
    if (index == skipped->count) return NULL;
    const struct plk_skipped_entry *entry = &skipped->at[index];
    return entry->chain == chain && entry->n == n ? entry : NULL;
}

static bool in_row(const struct plk_skipped_entry *entry, uint32_t chain, uint32_t block) {
    return entry->chain == chain && entry->n / PLK_SKIPPED_BLOCK == block;
}

static void append(struct plk_skipped *skipped, const struct plk_skipped_entry *entry) {
    plk_assert(skipped->count < PLK_SKIPPED_MAX);
    if (skipped->count == skipped->cap) {
        size_t cap = skipped->cap == 0 ? PLK_SKIPPED_BLOCK : skipped->cap * 2;
        if (cap > PLK_SKIPPED_MAX) cap = PLK_SKIPPED_MAX;
        skipped->at = plk_mem_grow(skipped->mem, skipped->at, cap * sizeof *skipped->at);
        skipped->cap = cap;
    }
    skipped->at[skipped->count++] = *entry;
}

void plk_skipped_add(struct plk_skipped *skipped, uint32_t chain, uint32_t n, uint64_t wall_ms, const uint8_t key[32]) {
    plk_assert(lower_bound(skipped, chain, n) == skipped->count);
    struct plk_skipped_entry entry = {.chain = chain, .n = n, .since_ms = wall_ms};
    memcpy(entry.key, key, sizeof entry.key);
    append(skipped, &entry);
    plk_mem_wipe(&entry, sizeof entry);
    for (size_t i = skipped->count; i > 0 && in_row(&skipped->at[i - 1], chain, n / PLK_SKIPPED_BLOCK); i--) {
        skipped->at[i - 1].since_ms = wall_ms;
    }
}

// Closes the hole [from, from + count): what is left behind the last entry is wiped, an empty array given
// back.
static void cut(struct plk_skipped *skipped, size_t from, size_t count) {
    if (count == 0) return;
    struct plk_skipped_entry *at = skipped->at;
    memmove(at + from, at + from + count, (skipped->count - from - count) * sizeof *at);
    skipped->count -= count;
    plk_mem_wipe(at + skipped->count, count * sizeof *at);
    if (skipped->count == 0) plk_skipped_free(skipped);
}

void plk_skipped_remove(struct plk_skipped *skipped, uint32_t chain, uint32_t n) {
    plk_assert(plk_skipped_find(skipped, chain, n) != NULL);
    cut(skipped, lower_bound(skipped, chain, n), 1);
}

size_t plk_skipped_row_end(const struct plk_skipped *skipped, size_t count) {
    plk_assert(count <= skipped->count);
    if (count == 0) return 0;
    struct plk_skipped_entry *last = &skipped->at[count - 1];
    while (count < skipped->count && in_row(&skipped->at[count], last->chain, last->n / PLK_SKIPPED_BLOCK)) {
        count++;
    }
    return count;
}

void plk_skipped_drop_front(struct plk_skipped *skipped, size_t count) {
    plk_assert(count <= skipped->count);
    cut(skipped, 0, count);
}

void plk_skipped_row_key(uint8_t out[PLK_SKIPPED_KEY_LEN], struct plk_skipped_row row) {
    struct plk_writer w = plk_writer(out, PLK_SKIPPED_KEY_LEN);
    plk_writer_u32(&w, row.chain);
    plk_writer_u32(&w, row.block);
}

size_t plk_skipped_encode(const struct plk_skipped *skipped, struct plk_skipped_row row,
                          uint8_t out[PLK_SKIPPED_ROW_MAX]) {
    if (row.block > UINT32_MAX / PLK_SKIPPED_BLOCK) return 0;
    size_t first = lower_bound(skipped, row.chain, row.block * PLK_SKIPPED_BLOCK);
    if (first == skipped->count || !in_row(&skipped->at[first], row.chain, row.block)) return 0;
    struct plk_writer w = plk_writer(out, PLK_SKIPPED_ROW_MAX);
    plk_writer_u64(&w, skipped->at[first].since_ms);
    uint32_t which = 0;
    size_t end = first;
    for (; end < skipped->count && in_row(&skipped->at[end], row.chain, row.block); end++) {
        which |= UINT32_C(1) << skipped->at[end].n % PLK_SKIPPED_BLOCK;
    }
    plk_writer_u32(&w, which);
    for (size_t i = first; i < end; i++) plk_writer_copy(&w, skipped->at[i].key, 32);
    return w.len;
}

static size_t bits_in(uint32_t which) {
    size_t bits = 0;
    for (; which != 0; which &= which - 1) bits++;
    return bits;
}

enum plk_err plk_skipped_load(struct plk_skipped *skipped, struct plk_bytes row_key, struct plk_bytes row) {
    struct plk_reader k = plk_reader(row_key);
    uint32_t chain = plk_reader_u32(&k);
    uint32_t block = plk_reader_u32(&k);
    struct plk_reader r = plk_reader(row);
    uint64_t since_ms = plk_reader_u64(&r);
    uint32_t which = plk_reader_u32(&r);
    size_t count = bits_in(which);
    if (!plk_reader_done(&k) || block > UINT32_MAX / PLK_SKIPPED_BLOCK || r.failed || count == 0 ||
        r.left != count * 32 || count > PLK_SKIPPED_MAX - skipped->count ||
        lower_bound(skipped, chain, block * PLK_SKIPPED_BLOCK) != skipped->count) {
        return PLK_ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < PLK_SKIPPED_BLOCK; i++) {
        if ((which >> i & 1) == 0) continue;
        plk_skipped_add(skipped, chain, block * PLK_SKIPPED_BLOCK + i, since_ms, plk_reader_take(&r, 32).at);
    }
    return PLK_ERR_OK;
}
