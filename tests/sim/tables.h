// SPDX-License-Identifier: MIT
// The rows of a store, table by table, in the order of plk_bytes_compare on their keys (wire/table.h). Owns copies.
#ifndef SIM_TABLES_H
#define SIM_TABLES_H

#include "wire/row.h"
#include "wire/table.h"

struct tables_row {
    size_t key_len, value_len;
    uint8_t *value;
    uint8_t key[PLK_ROW_KEY_MAX];
};

struct tables {
    struct table {
        struct tables_row **rows;
        size_t count, cap;
    } of[PLK_TABLE_COUNT];
};

void tables_free(struct tables *t);
void tables_copy(struct tables *to, const struct tables *from); // frees what was there

// Whoever wants to see each change as it becomes durable: empty `before`: there was no such row; empty `after`: none any more.
struct tables_watch {
    void *ctx;
    void (*changed)(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                    struct plk_bytes after);
};

// Carries out one operation. watch may be NULL. A value that PATCH cannot decode is left as it is and reported: false.
bool tables_apply(struct tables *t, const struct plk_op *op, const struct tables_watch *watch);

// The row of a key, or NULL.
const struct tables_row *tables_find(const struct tables *t, enum plk_table table, struct plk_bytes key);

// Index of the first row whose key is not below key.
size_t tables_lower(const struct tables *t, enum plk_table table, struct plk_bytes key);

static inline struct plk_bytes tables_key(const struct tables_row *row) { return plk_bytes(row->key, row->key_len); }
static inline struct plk_bytes tables_value(const struct tables_row *row) {
    return plk_bytes(row->value, row->value_len);
}

const char *tables_name(enum plk_table table);

#endif
