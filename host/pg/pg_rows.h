// SPDX-License-Identifier: MIT
// The writes of one transaction to one table, as the arrays of a statement: of several writes of one key only the last counts, as
// in the batches themselves (DESIGN 2), so that one INSERT and one DELETE say it all. A key is told in two parts, `sid`, its
// first 16 bytes, by which the table is divided, and `rest`.
#ifndef PLK_HOST_PG_ROWS_H
#define PLK_HOST_PG_ROWS_H

#include "base/bytes.h"

#define PLK_PG_SID_LEN 16u

struct plk_pg_entry {
    struct plk_bytes key, value; // borrowed
    bool deleted;
};

struct plk_pg_rows {
    struct plk_pg_entry *entries;
    uint32_t *slots; // numbers of entries, from 1; 0: free
    size_t count, cap, slot_count;
};

// Borrows key and value until the rows are cleared.
void plk_pg_rows_put(struct plk_pg_rows *rows, struct plk_bytes key, struct plk_bytes value);
void plk_pg_rows_delete(struct plk_pg_rows *rows, struct plk_bytes key);
void plk_pg_rows_clear(struct plk_pg_rows *rows); // empty again, its memory kept
void plk_pg_rows_free(struct plk_pg_rows *rows);

// Arrays of bytea in PostgreSQL's binary form, one after the other: what is put (sid, rest, value) or deleted (sid, rest).
struct plk_pg_arrays {
    uint8_t *bytes;
    size_t cap;
    size_t count; // of rows; 0: no statement is needed
    size_t at[3], len[3];
};

void plk_pg_arrays_put(struct plk_pg_arrays *arrays, const struct plk_pg_rows *rows);
void plk_pg_arrays_deleted(struct plk_pg_arrays *arrays, const struct plk_pg_rows *rows);
void plk_pg_arrays_free(struct plk_pg_arrays *arrays);

// The two parts of a key or of the end of a range, borrowed.
struct plk_bytes plk_pg_sid(struct plk_bytes key);
struct plk_bytes plk_pg_rest(struct plk_bytes key);

#endif
