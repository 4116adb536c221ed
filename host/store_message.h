// SPDX-License-Identifier: MIT
// The history's table: messages as columns, found by origin (the key of the contract) and lying in the order of their
// conversation. Only the writer uses this, inside its transaction.
#ifndef PLK_HOST_STORE_MESSAGE_H
#define PLK_HOST_STORE_MESSAGE_H

#include "host/store_index.h"
#include "host/store_mark.h"
#include "host/store_rows.h"
#include "host/store_schema.h"

#define PLK_STORE_STREAMS_CACHED 256 // power of two

struct plk_store_stream {
    int64_t stream; // 0: free
    uint8_t prefix[PLK_STORE_PREFIX_LEN];
};

struct plk_store_messages {
    sqlite3 *db;                   // not owned
    struct plk_store_index *index; // not owned
    struct plk_store_marks *marks; // not owned
    sqlite3_stmt *insert, *replace, *patch, *wipe, *remove, *one, *lowest, *find_stream, *add_stream, *drop_stream,
        *streams, *streams_down, *range, *range_down, *count, *remove_range, *left, *rewrite;
    struct plk_store_stream cache[PLK_STORE_STREAMS_CACHED];
};

// As plk_store_rows_apply and plk_store_rows_load, for table message.
int plk_store_message_apply(struct plk_store_messages *messages, const struct plk_op *op);
int plk_store_message_load(struct plk_store_messages *messages, const struct plk_store_load *load, plk_store_sink *sink,
                           void *ctx);

// For marks. The row's text becomes this one, if it is of kind TEXT, or none; *there: there is such a row.
int plk_store_message_rewrite(struct plk_store_messages *messages, struct plk_bytes key, struct plk_bytes text,
                              bool *there);
int plk_store_message_is_there(struct plk_store_messages *messages, struct plk_bytes key, bool *there);

// Of its parts: the place of a stream in the cache; DELETE_RANGE (store_message_range.c).
struct plk_store_stream *plk_store_message_slot(struct plk_store_messages *messages, const uint8_t *prefix);
int plk_store_message_remove_range(struct plk_store_messages *messages, const struct plk_op *op);

void plk_store_message_forget(struct plk_store_messages *messages); // after a rollback
void plk_store_message_close(struct plk_store_messages *messages);

// Columns to a row, for every reader: SELECT PLK_STORE_MESSAGE_COLUMNS FROM message m JOIN stream s USING (stream).
// The payload is borrowed until the next step. SQLITE_OK or SQLITE_CORRUPT.
#define PLK_STORE_MESSAGE_COLUMNS                                                                              \
    "m.at, s.prefix, m.seq, m.id, m.kind, m.state, m.stored, m.stored_of, m.reason, m.time_ms, m.received_ms," \
    " m.target, m.payload, m.lifetime_s"
int plk_store_message_row(sqlite3_stmt *statement, struct plk_message_row *row);

#endif
