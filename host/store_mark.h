// SPDX-License-Identifier: MIT
// The table of marks, by the rules of wire/mark.h: which of two writes counts, and what it does to its message. Only the writer uses
// this, inside its transaction. What is no UPSERT goes the way of all opaque tables (store_rows.h).
#ifndef PLK_HOST_STORE_MARK_H
#define PLK_HOST_STORE_MARK_H

#include "host/store_db.h"
#include "wire/mark.h"
#include "wire/table.h"

struct plk_store_messages;

struct plk_store_marks {
    sqlite3 *db;                         // not owned
    struct plk_store_messages *messages; // not owned
    sqlite3_stmt *one, *wiped, *early, *put, *clear, *of, *arrived;
    uint8_t *text; // what plk_store_mark_text gave
    size_t text_cap;
};

// SQLITE_OK or an error; then the transaction is to be rolled back.
int plk_store_mark_upsert(struct plk_store_marks *marks, const struct plk_op *op);

// A message is about to be put: its text becomes what marks that came before it make of it, borrowed until the next call.
int plk_store_mark_text(struct plk_store_marks *marks, struct plk_bytes message_key, uint16_t kind,
                        struct plk_bytes *text);

void plk_store_mark_close(struct plk_store_marks *marks);

#endif
