// SPDX-License-Identifier: MIT
#include "sim/tables.h"

#include <stdlib.h>

const char *tables_name(enum plk_table table) {
    static const char *const names[] = {"none",
#define NAME(name, what) #name,
                                        PLK_TABLE_LIST(NAME)
#undef NAME
    };
    return table < PLK_TABLE_COUNT ? names[table] : "unknown";
}

static struct tables_row *row_new(struct plk_bytes key, struct plk_bytes value) {
    struct tables_row *row = calloc(1, sizeof *row);
    uint8_t *at = malloc(value.len ? value.len : 1);
    if (!row || !at) abort();
    memcpy(row->key, key.at, key.len);
    if (value.len) memcpy(at, value.at, value.len);
    row->key_len = key.len;
    row->value = at;
    row->value_len = value.len;
    return row;
}

static void row_free(struct tables_row *row) {
    free(row->value);
    free(row);
}

void tables_free(struct tables *t) {
    for (size_t i = 0; i < PLK_TABLE_COUNT; i++) {
        for (size_t j = 0; j < t->of[i].count; j++) row_free(t->of[i].rows[j]);
        free(t->of[i].rows);
        t->of[i] = (struct table){0};
    }
}

void tables_copy(struct tables *to, const struct tables *from) {
    tables_free(to);
    for (size_t i = 0; i < PLK_TABLE_COUNT; i++) {
        size_t count = from->of[i].count;
        if (count == 0) continue;
        to->of[i].rows = calloc(count, sizeof *to->of[i].rows);
        if (!to->of[i].rows) abort();
        to->of[i].count = to->of[i].cap = count;
        for (size_t j = 0; j < count; j++) {
            to->of[i].rows[j] = row_new(tables_key(from->of[i].rows[j]), tables_value(from->of[i].rows[j]));
        }
    }
}

size_t tables_lower(const struct tables *t, enum plk_table table, struct plk_bytes key) {
    const struct table *of = &t->of[table];
    size_t low = 0, high = of->count;
    if (high && plk_bytes_compare(tables_key(of->rows[high - 1]), key) < 0) return high; // most rows are appended
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plk_bytes_compare(tables_key(of->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct table *of, size_t at, struct plk_bytes key) {
    return at < of->count && plk_bytes_equal(tables_key(of->rows[at]), key);
}

const struct tables_row *tables_find(const struct tables *t, enum plk_table table, struct plk_bytes key) {
    size_t at = tables_lower(t, table, key);
    return is_at(&t->of[table], at, key) ? t->of[table].rows[at] : NULL;
}

static void put(struct table *of, size_t at, struct tables_row *row) {
    if (of->count == of->cap) {
        of->cap = of->cap ? 2 * of->cap : 16;
        of->rows = realloc(of->rows, of->cap * sizeof *of->rows);
        if (!of->rows) abort();
    }
    memmove(of->rows + at + 1, of->rows + at, (of->count++ - at) * sizeof *of->rows);
    of->rows[at] = row;
}

static void changed(const struct tables_watch *watch, enum plk_table table, struct plk_bytes key,
                    const struct tables_row *before, const struct tables_row *after) {
    struct plk_bytes none = plk_bytes(NULL, 0);
    if (watch)
        watch->changed(watch->ctx, table, key, before ? tables_value(before) : none,
                       after ? tables_value(after) : none);
}

static void upsert(struct tables *t, enum plk_table table, struct plk_bytes key, struct plk_bytes value,
                   const struct tables_watch *watch) {
    struct table *of = &t->of[table];
    size_t at = tables_lower(t, table, key);
    struct tables_row *row = row_new(key, value), *old = NULL;
    if (is_at(of, at, key)) {
        old = of->rows[at];
        of->rows[at] = row;
    } else {
        put(of, at, row);
    }
    changed(watch, table, key, old, row);
    if (old) row_free(old);
}

static bool patch(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    struct plk_message_patch patch;
    struct plk_message_row row;
    const struct tables_row *old = tables_find(t, op->table, op->key);
    if (op->table != PLK_TABLE_message || plk_message_patch_decode(op->value, &patch)) return false;
    if (!old) return true;
    if (plk_message_row_decode(tables_value(old), &row)) return false;
    if (patch.columns & PLK_PATCH_STATE) {
        row.state = patch.state;
        row.reason = patch.reason;
    }
    if (patch.columns & PLK_PATCH_STORED) {
        row.stored = patch.stored;
        row.stored_of = patch.stored_of;
    }
    if (patch.columns & PLK_PATCH_RECEIVED) row.received_ms = patch.received_ms;
    if (patch.columns & PLK_PATCH_PAYLOAD_WIPED) row.payload = plk_bytes(NULL, 0);
    size_t cap = PLK_MESSAGE_HEAD_MAX + row.payload.len;
    uint8_t *value = malloc(cap);
    if (!value) abort();
    struct plk_writer w = plk_writer(value, cap);
    plk_message_row_encode(&w, &row);
    if (!w.failed) upsert(t, op->table, op->key, plk_writer_bytes(&w), watch);
    free(value);
    return !w.failed;
}

static void erase(struct tables *t, enum plk_table table, size_t from, size_t to, const struct tables_watch *watch) {
    struct table *of = &t->of[table];
    for (size_t i = from; i < to; i++) {
        changed(watch, table, tables_key(of->rows[i]), of->rows[i], NULL);
        row_free(of->rows[i]);
    }
    if (to > from) memmove(of->rows + from, of->rows + to, (of->count - to) * sizeof *of->rows);
    of->count -= to - from;
}

bool tables_apply(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    size_t at = tables_lower(t, op->table, op->key);
    switch (op->kind) {
    case PLK_OP_UPSERT:
        upsert(t, op->table, op->key, op->value, watch);
        return true;
    case PLK_OP_PATCH:
        return patch(t, op, watch);
    case PLK_OP_DELETE:
        if (is_at(&t->of[op->table], at, op->key)) erase(t, op->table, at, at + 1, watch);
        return true;
    case PLK_OP_DELETE_RANGE: {
        size_t end = tables_lower(t, op->table, op->key_end);
        if (end > at) erase(t, op->table, at, end, watch);
        return true;
    }
    }
    return false;
}
