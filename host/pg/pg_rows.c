// SPDX-License-Identifier: MIT
#include "host/pg/pg_rows.h"

#include "host/memory.h"

#define BYTEA_OID 17u
#define HEAD_LEN 20u // dimensions, flags, type, elements, lower bound

struct plk_bytes plk_pg_sid(struct plk_bytes key) {
    return plk_bytes(key.at, key.len < PLK_PG_SID_LEN ? key.len : PLK_PG_SID_LEN);
}

struct plk_bytes plk_pg_rest(struct plk_bytes key) {
    return key.len <= PLK_PG_SID_LEN ? plk_bytes(NULL, 0)
                                     : plk_bytes(key.at + PLK_PG_SID_LEN, key.len - PLK_PG_SID_LEN);
}

// ---- by key -----------------------------------------------------------------------------------------------------------

// FNV-1a: keys are hashes and counters of our own, and the table lives for one transaction.
static uint64_t hash(struct plk_bytes key) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.len; i++) sum = (sum ^ key.at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint32_t *slot_of(const struct plk_pg_rows *rows, struct plk_bytes key) {
    size_t at = hash(key) & (rows->slot_count - 1);
    while (rows->slots[at] != 0 && !plk_bytes_equal(rows->entries[rows->slots[at] - 1].key, key))
        at = (at + 1) & (rows->slot_count - 1);
    return &rows->slots[at];
}

static void grow(struct plk_pg_rows *rows) {
    struct plk_pg_rows next = {.cap = rows->cap == 0 ? 256 : 2 * rows->cap, .count = rows->count};
    next.slot_count = 2 * next.cap;
    next.entries = plk_memory_take(next.cap * sizeof *next.entries);
    next.slots = plk_memory_take(next.slot_count * sizeof *next.slots);
    for (size_t i = 0; i < rows->count; i++) {
        next.entries[i] = rows->entries[i];
        *slot_of(&next, next.entries[i].key) = (uint32_t)i + 1;
    }
    plk_pg_rows_free(rows);
    *rows = next;
}

static struct plk_pg_entry *entry_of(struct plk_pg_rows *rows, struct plk_bytes key) {
    if (rows->count == rows->cap) grow(rows);
    uint32_t *slot = slot_of(rows, key);
    if (*slot == 0) {
        rows->entries[rows->count] = (struct plk_pg_entry){.key = key};
        *slot = (uint32_t)++rows->count;
    }
    return &rows->entries[*slot - 1];
}

void plk_pg_rows_put(struct plk_pg_rows *rows, struct plk_bytes key, struct plk_bytes value) {
    struct plk_pg_entry *entry = entry_of(rows, key);
    entry->value = value;
    entry->deleted = false;
}

void plk_pg_rows_delete(struct plk_pg_rows *rows, struct plk_bytes key) {
    struct plk_pg_entry *entry = entry_of(rows, key);
    entry->value = plk_bytes(NULL, 0);
    entry->deleted = true;
}

void plk_pg_rows_clear(struct plk_pg_rows *rows) {
    rows->count = 0;
    if (rows->slots != NULL) memset(rows->slots, 0, rows->slot_count * sizeof *rows->slots);
}

void plk_pg_rows_free(struct plk_pg_rows *rows) {
    plk_memory_give(rows->entries, rows->cap * sizeof *rows->entries);
    plk_memory_give(rows->slots, rows->slot_count * sizeof *rows->slots);
    *rows = (struct plk_pg_rows){.entries = NULL};
}

// ---- arrays -----------------------------------------------------------------------------------------------------------

static uint8_t *put_u32(uint8_t *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
    return at + 4;
}

static uint8_t *put_head(uint8_t *at, size_t count) {
    at = put_u32(at, 1);
    at = put_u32(at, 0); // no NULL among them
    at = put_u32(at, BYTEA_OID);
    at = put_u32(at, (uint32_t)count);
    return put_u32(at, 1);
}

static uint8_t *put_bytes(uint8_t *at, struct plk_bytes bytes) {
    at = put_u32(at, (uint32_t)bytes.len);
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static struct plk_bytes part_of(const struct plk_pg_entry *entry, unsigned part) {
    return part == 0 ? plk_pg_sid(entry->key) : part == 1 ? plk_pg_rest(entry->key) : entry->value;
}

static void write(struct plk_pg_arrays *arrays, const struct plk_pg_rows *rows, bool deleted, unsigned parts) {
    size_t len = parts * HEAD_LEN;
    arrays->count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct plk_pg_entry *entry = &rows->entries[i];
        if (entry->deleted != deleted) continue;
        arrays->count++;
        len += 4 * parts + entry->key.len + (deleted ? 0 : entry->value.len);
    }
    if (arrays->count == 0) return;
    if (len > arrays->cap) {
        plk_memory_give(arrays->bytes, arrays->cap);
        arrays->bytes = plk_memory_take(arrays->cap = len);
    }
    uint8_t *at = arrays->bytes;
    for (unsigned part = 0; part < parts; part++) {
        uint8_t *begin = at;
        at = put_head(at, arrays->count);
        for (size_t i = 0; i < rows->count; i++) {
            if (rows->entries[i].deleted == deleted) at = put_bytes(at, part_of(&rows->entries[i], part));
        }
        arrays->at[part] = (size_t)(begin - arrays->bytes);
        arrays->len[part] = (size_t)(at - begin);
    }
}

void plk_pg_arrays_put(struct plk_pg_arrays *arrays, const struct plk_pg_rows *rows) { write(arrays, rows, false, 3); }
void plk_pg_arrays_deleted(struct plk_pg_arrays *arrays, const struct plk_pg_rows *rows) {
    write(arrays, rows, true, 2);
}

void plk_pg_arrays_free(struct plk_pg_arrays *arrays) {
    plk_memory_give(arrays->bytes, arrays->cap);
    *arrays = (struct plk_pg_arrays){.bytes = NULL};
}
