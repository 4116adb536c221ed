// SPDX-License-Identifier: MIT
// The tables whose key is one column: those that are opaque to the host, contact, and event. Runs operations and reads
// ranges with statements that are kept. All inside the writer's transaction, on its thread.
#ifndef PLK_HOST_STORE_ROWS_H
#define PLK_HOST_STORE_ROWS_H

#include "host/store_db.h"
#include "wire/row.h"
#include "wire/table.h"

enum { PLK_STORE_ROWS_STATEMENTS = 8 };

struct plk_store_rows {
    sqlite3 *db; // not owned
    sqlite3_stmt *statements[PLK_TABLE_COUNT][PLK_STORE_ROWS_STATEMENTS];
};

struct plk_store_load {
    enum plk_table table;
    struct plk_bytes from, to; // from <= key < to; an empty to: until the table's end
    uint32_t limit;            // 0: all
    bool reverse;
};

// Takes one row, borrowed for the call.
typedef void plk_store_sink(void *ctx, struct plk_bytes key, struct plk_bytes value);

// Both answer SQLITE_OK or an error; then the transaction is to be rolled back. A row that its decoder refuses, on the
// way in, is a programmer's error; on the way out SQLITE_CORRUPT.
int plk_store_rows_apply(struct plk_store_rows *rows, const struct plk_op *op);
int plk_store_rows_load(struct plk_store_rows *rows, const struct plk_store_load *load, plk_store_sink *sink,
                        void *ctx);
void plk_store_rows_close(struct plk_store_rows *rows);

const char *plk_store_rows_name(enum plk_table table); // the table's name, static

// Columns of contact and event to rows, for every reader. SQLITE_OK or SQLITE_CORRUPT.
#define PLK_STORE_CONTACT_COLUMNS                                                                                          \
    "contact, peer_id, name, profile_name, state, verified, blocked, has_outbox, renamed, created_ms, hints, relay_only, " \
    "read_row, pinned, muted, timer_s, silent"
#define PLK_STORE_EVENT_COLUMNS "n, kind, contact, row, state, reason, more, target"
int plk_store_rows_contact(sqlite3_stmt *statement, struct plk_contact_row *row);
int plk_store_rows_event(sqlite3_stmt *statement, struct plk_event_row *row);

// The smallest number whose big-endian form of width bytes is not below key: turns key ranges into number ranges.
// Above INT64_MAX: INT64_MAX.
int64_t plk_store_rows_bound(struct plk_bytes key, size_t width);

#endif
