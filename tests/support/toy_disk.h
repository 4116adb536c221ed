// SPDX-License-Identifier: MIT
// A store as the core sees it: typed tables, keys in order, batches applied whole. A copy of it is a backup, a clone,
// or what a rolled-back disk comes up with.
#ifndef PLK_TESTS_SUPPORT_TOY_DISK_H
#define PLK_TESTS_SUPPORT_TOY_DISK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/batch.h"

#define TOY_CHECK(condition) \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), abort()))

struct toy_row {
    struct plk_bytes key, value; // owned
};

struct toy_disk {
    struct toy_table {
        struct toy_row *rows; // by key
        size_t count, cap;
    } tables[PLK_TABLE_COUNT];
    size_t writes; // operations applied
};

static inline struct plk_bytes toy_copy(struct plk_bytes bytes) {
    uint8_t *copy = malloc(bytes.len + 1);
    TOY_CHECK(copy != NULL);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    return plk_bytes(copy, bytes.len);
}

// The first row whose key is not below key.
static inline size_t toy_find(const struct toy_table *table, struct plk_bytes key) {
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plk_bytes_compare(table->rows[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static inline bool toy_has(const struct toy_table *table, size_t index, struct plk_bytes key) {
    return index < table->count && plk_bytes_equal(table->rows[index].key, key);
}

static inline void toy_put(struct toy_table *table, struct plk_bytes key, struct plk_bytes value) {
    size_t index = toy_find(table, key);
    if (toy_has(table, index, key)) {
        free((void *)(uintptr_t)table->rows[index].value.at);
        table->rows[index].value = toy_copy(value);
        return;
    }
    if (table->count == table->cap) {
        table->cap = table->cap == 0 ? 16 : table->cap * 2;
        table->rows = realloc(table->rows, table->cap * sizeof *table->rows);
        TOY_CHECK(table->rows != NULL);
    }
    memmove(&table->rows[index + 1], &table->rows[index], (table->count - index) * sizeof *table->rows);
    table->count++;
    table->rows[index] = (struct toy_row){toy_copy(key), toy_copy(value)};
}

static inline void toy_cut(struct toy_table *table, size_t from, size_t to) {
    if (to <= from) return;
    for (size_t i = from; i < to; i++) {
        free((void *)(uintptr_t)table->rows[i].key.at);
        free((void *)(uintptr_t)table->rows[i].value.at);
    }
    memmove(&table->rows[from], &table->rows[to], (table->count - to) * sizeof *table->rows);
    table->count -= to - from;
}

static inline void toy_patch(struct toy_table *table, struct plk_bytes key, struct plk_bytes value) {
    struct plk_message_row row = {.contact = 0};
    struct plk_message_patch patch;
    size_t index = toy_find(table, key);
    if (!toy_has(table, index, key)) return;
    TOY_CHECK(plk_message_patch_decode(value, &patch) == PLK_ERR_OK);
    TOY_CHECK(plk_message_key_decode(key, &row) == PLK_ERR_OK);
    TOY_CHECK(plk_message_row_decode(table->rows[index].value, &row) == PLK_ERR_OK);
    if ((patch.columns & PLK_PATCH_STATE) != 0) {
        row.state = patch.state;
        row.reason = patch.reason;
    }
    if ((patch.columns & PLK_PATCH_STORED) != 0) {
        row.stored = patch.stored;
        row.stored_of = patch.stored_of;
    }
    if ((patch.columns & PLK_PATCH_RECEIVED) != 0) row.received_ms = patch.received_ms;
    uint8_t *out = malloc(PLK_MESSAGE_HEAD_MAX + row.payload.len);
    struct plk_writer w = plk_writer(out, PLK_MESSAGE_HEAD_MAX + row.payload.len);
    plk_message_row_encode(&w, &row);
    TOY_CHECK(!w.failed);
    toy_put(table, key, plk_writer_bytes(&w));
    free(out);
}

static inline void toy_apply(struct toy_disk *disk, const struct plk_batch *batch) {
    for (size_t i = 0; i < plk_batch_count(batch); i++) {
        struct plk_op op = plk_batch_at(batch, i);
        struct toy_table *table = &disk->tables[op.table];
        size_t at = toy_find(table, op.key);
        disk->writes++;
        if (op.kind == PLK_OP_UPSERT) toy_put(table, op.key, op.value);
        if (op.kind == PLK_OP_PATCH) toy_patch(table, op.key, op.value);
        if (op.kind == PLK_OP_DELETE) toy_cut(table, at, at + (toy_has(table, at, op.key) ? 1 : 0));
        if (op.kind == PLK_OP_DELETE_RANGE) toy_cut(table, at, toy_find(table, op.key_end));
    }
}

static inline void toy_clear(struct toy_disk *disk) {
    for (size_t t = 0; t < PLK_TABLE_COUNT; t++) {
        toy_cut(&disk->tables[t], 0, disk->tables[t].count);
        free(disk->tables[t].rows);
    }
    *disk = (struct toy_disk){.writes = 0};
}

static inline void toy_clone(struct toy_disk *to, const struct toy_disk *from) {
    toy_clear(to);
    for (size_t t = 0; t < PLK_TABLE_COUNT; t++) {
        for (size_t i = 0; i < from->tables[t].count; i++) {
            toy_put(&to->tables[t], from->tables[t].rows[i].key, from->tables[t].rows[i].value);
        }
    }
}

#endif
