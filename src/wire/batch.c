// SPDX-License-Identifier: MIT
#include "wire/batch.h"

#include "base/buf.h"
#include "wire/mark.h"

// Operations in order, their bytes in one arena, and an open-addressing index from {table, key} to the newest live operation
// of that key. A range deletion starts a new generation of the index: nothing coalesces across it.
struct entry {
    enum plk_op_kind kind;
    enum plk_table table;
    uint32_t key_at, key_len, end_len, value_at, value_len, room;
    uint64_t hash;
};

struct plk_batch {
    struct plk_mem *mem;
    struct entry *entries;
    size_t count, cap;
    struct plk_buf arena;
    uint32_t *slots; // index + 1, or 0
    size_t slot_count, slots_used;
};

struct plk_batch *plk_batch_new(struct plk_mem *mem) {
    struct plk_batch *batch = plk_mem_take(mem, sizeof *batch);
    batch->mem = mem;
    return batch;
}

void plk_batch_free(struct plk_batch *batch) {
    if (batch == NULL) return;
    plk_mem_give(batch->mem, batch->entries);
    plk_mem_give(batch->mem, batch->slots);
    plk_buf_free(batch->mem, &batch->arena);
    plk_mem_give(batch->mem, batch);
}

static void forget_index(struct plk_batch *batch) {
    if (batch->slots_used > 0) memset(batch->slots, 0, batch->slot_count * sizeof *batch->slots);
    batch->slots_used = 0;
}

void plk_batch_clear(struct plk_batch *batch) {
    forget_index(batch);
    batch->count = 0;
    if (batch->arena.len > 0) plk_mem_wipe(batch->arena.at, batch->arena.len);
    batch->arena.len = 0;
}

// FNV-1a: keys are our own, so nobody can aim at collisions.
static uint64_t hash_of(enum plk_table table, struct plk_bytes key) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)table;
    for (size_t i = 0; i < key.len; i++) hash = (hash ^ key.at[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static struct plk_bytes key_of(const struct plk_batch *batch, const struct entry *e) {
    return plk_bytes(batch->arena.at + e->key_at, e->key_len);
}

// The slot that holds the key, or the free one where it belongs.
static size_t slot_of(const struct plk_batch *batch, enum plk_table table, struct plk_bytes key, uint64_t hash) {
    size_t mask = batch->slot_count - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        if (batch->slots[i] == 0) return i;
        const struct entry *e = &batch->entries[batch->slots[i] - 1];
        if (e->hash == hash && e->table == table && plk_bytes_equal(key_of(batch, e), key)) return i;
    }
}

static void grow_index(struct plk_batch *batch) {
    if ((batch->slots_used + 1) * 2 <= batch->slot_count) return;
    uint32_t *old = batch->slots;
    size_t old_count = batch->slot_count;
    batch->slot_count = old_count == 0 ? 256 : old_count * 2;
    batch->slots = plk_mem_take(batch->mem, batch->slot_count * sizeof *batch->slots);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] == 0) continue;
        const struct entry *e = &batch->entries[old[i] - 1];
        batch->slots[slot_of(batch, e->table, key_of(batch, e), e->hash)] = old[i];
    }
    plk_mem_give(batch->mem, old);
}

static uint32_t keep(struct plk_batch *batch, struct plk_bytes bytes) {
    size_t at = batch->arena.len;
    plk_assert(at + bytes.len < UINT32_MAX);
    plk_buf_put(batch->mem, &batch->arena, bytes);
    return (uint32_t)at;
}

static struct entry *append(struct plk_batch *batch, enum plk_op_kind kind, enum plk_table table, struct plk_bytes key,
                            uint64_t hash) {
    plk_assert(key.len > 0 && key.len <= PLK_ROW_KEY_MAX);
    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 64 : batch->cap * 2;
        batch->entries = plk_mem_grow(batch->mem, batch->entries, batch->cap * sizeof *batch->entries);
    }
    struct entry *e = &batch->entries[batch->count++];
    *e = (struct entry){.kind = kind, .table = table, .key_len = (uint32_t)key.len, .hash = hash};
    e->key_at = keep(batch, key);
    return e;
}

// The one operation that stands for the key in this generation of the index: a new one, or the newest one, reused. Other
// keys' operations do not mind the order, and a range deletion has cut the index.
static struct entry *write_key(struct plk_batch *batch, enum plk_op_kind kind, enum plk_table table,
                               struct plk_bytes key) {
    uint64_t hash = hash_of(table, key);
    grow_index(batch);
    size_t slot = slot_of(batch, table, key, hash);
    bool patch_on_other = kind == PLK_OP_PATCH && batch->slots[slot] != 0;
    if (batch->slots[slot] != 0 && !patch_on_other) {
        struct entry *e = &batch->entries[batch->slots[slot] - 1];
        e->kind = kind;
        return e;
    }
    if (batch->slots[slot] == 0) batch->slots_used++;
    struct entry *e = append(batch, kind, table, key, hash);
    batch->slots[slot] = (uint32_t)batch->count;
    return e;
}

// Reuses the place of the value before, so that a row rewritten a thousand times does not grow the batch.
static void set_value(struct plk_batch *batch, struct entry *e, struct plk_bytes value) {
    plk_assert(value.len <= PLK_ROW_VALUE_MAX);
    if (value.len <= e->room) {
        if (value.len > 0) memcpy(batch->arena.at + e->value_at, value.at, value.len);
    } else {
        e->value_at = keep(batch, value);
        e->room = (uint32_t)value.len;
    }
    e->value_len = (uint32_t)value.len;
}

// Of two marks in one register the one that wins is put, whichever came first.
static bool loses(const struct plk_batch *batch, struct plk_bytes key, struct plk_bytes value) {
    if (batch->slot_count == 0) return false;
    uint32_t index = batch->slots[slot_of(batch, PLK_TABLE_mark, key, hash_of(PLK_TABLE_mark, key))];
    const struct entry *before = index == 0 ? NULL : &batch->entries[index - 1];
    if (before == NULL || before->kind != PLK_OP_UPSERT) return false;
    return !plk_mark_wins(plk_bytes(batch->arena.at + before->value_at, before->value_len), value);
}

void plk_batch_upsert(struct plk_batch *batch, enum plk_table table, struct plk_bytes key, struct plk_bytes value) {
    if (table == PLK_TABLE_mark && loses(batch, key, value)) return;
    set_value(batch, write_key(batch, PLK_OP_UPSERT, table, key), value);
}

void plk_batch_delete(struct plk_batch *batch, enum plk_table table, struct plk_bytes key) {
    set_value(batch, write_key(batch, PLK_OP_DELETE, table, key), plk_bytes(NULL, 0));
}

void plk_batch_patch(struct plk_batch *batch, struct plk_bytes key, const struct plk_message_patch *patch) {
    uint8_t value[PLK_MESSAGE_PATCH_LEN];
    uint64_t hash = hash_of(PLK_TABLE_message, key);
    grow_index(batch);
    uint32_t index = batch->slots[slot_of(batch, PLK_TABLE_message, key, hash)];
    struct entry *before = index == 0 ? NULL : &batch->entries[index - 1];
    if (before != NULL && before->kind == PLK_OP_PATCH) {
        struct plk_message_patch merged;
        enum plk_err err =
            plk_message_patch_decode(plk_bytes(batch->arena.at + before->value_at, before->value_len), &merged);
        plk_assert(err == PLK_ERR_OK);
        plk_message_patch_merge(&merged, patch);
        plk_message_patch_encode(batch->arena.at + before->value_at, &merged);
        return;
    }
    plk_message_patch_encode(value, patch);
    set_value(batch, write_key(batch, PLK_OP_PATCH, PLK_TABLE_message, key), plk_bytes(value, sizeof value));
}

void plk_batch_delete_range(struct plk_batch *batch, enum plk_table table, struct plk_bytes from, struct plk_bytes to) {
    plk_assert(to.len > 0 && to.len <= PLK_ROW_KEY_MAX);
    struct entry *e = append(batch, PLK_OP_DELETE_RANGE, table, from, 0); // in no index
    e->end_len = (uint32_t)to.len;
    e->value_at = keep(batch, to);
    forget_index(batch);
}

bool plk_batch_full(const struct plk_batch *batch) {
    return batch->count >= PLK_BATCH_OPS_MAX / 2 || batch->arena.len >= PLK_BATCH_BYTES_MAX / 2;
}

size_t plk_batch_count(const struct plk_batch *batch) { return batch->count; }
size_t plk_batch_bytes(const struct plk_batch *batch) { return batch->arena.len; }

struct plk_op plk_batch_at(const struct plk_batch *batch, size_t index) {
    plk_assert(index < batch->count);
    const struct entry *e = &batch->entries[index];
    struct plk_op op = {.kind = e->kind, .table = e->table, .key = key_of(batch, e)};
    if (e->kind == PLK_OP_DELETE_RANGE) {
        op.key_end = plk_bytes(batch->arena.at + e->value_at, e->end_len);
    } else {
        op.value = plk_bytes(batch->arena.at + e->value_at, e->value_len);
    }
    return op;
}
