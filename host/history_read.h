// SPDX-License-Identifier: MIT
// What the parts of host/history.h share: the connection, its statements, and the bytes that a page keeps.
#ifndef PLK_HOST_HISTORY_READ_H
#define PLK_HOST_HISTORY_READ_H

#include <stdio.h>

#include "host/history.h"
#include "host/store_message.h"
#include "host/store_rows.h"
#include "host/store_schema.h"

enum {
    PLK_HISTORY_OUTBOX,
    PLK_HISTORY_NEWEST,
    PLK_HISTORY_CONTACTS,
    PLK_HISTORY_PAGE,
    PLK_HISTORY_PAGE_AFTER,
    PLK_HISTORY_UNREAD,
    PLK_HISTORY_ONE,
    PLK_HISTORY_EVENTS,
    PLK_HISTORY_LAST_EVENT,
    PLK_HISTORY_FIRST_EVENT,
    PLK_HISTORY_FOUND,
    PLK_HISTORY_MARKED,
    PLK_HISTORY_NEXT,
    PLK_HISTORY_MARKS,
    PLK_HISTORY_MARK,
    PLK_HISTORY_ORIGIN,
    PLK_HISTORY_PICTURE,
    PLK_HISTORY_NEWEST_IN,
    PLK_HISTORY_STATEMENTS
};

struct plk_history {
    sqlite3 *db;
    sqlite3_stmt *statements[PLK_HISTORY_STATEMENTS];
    uint32_t read_contact; // in this snapshot: whose read_row is known, 0: none
    uint64_t read_row;     // up to here it has read what we wrote
};

struct plk_history_held {
    struct plk_history_held *next;
    size_t len;
    uint8_t bytes[];
};

// Opens, or opens again under the same pointer, so that whoever holds it need not be told. home NULL, or a fault: it reads
// nothing (every call fails) until it is opened again.
enum plk_fault_kind plk_history_reopen(struct plk_history **history, const char *home, const uint8_t *key,
                                       struct plk_fault *fault);

int plk_history_prepare(struct plk_history *history, int which, const char *sql, sqlite3_stmt **statement);
int plk_history_number(sqlite3_stmt *statement, int64_t *value); // the first column of the first row, 0 if none; resets

int plk_history_begin(struct plk_history *history);                  // one snapshot for all until
enum plk_err plk_history_end(struct plk_history *history, int code); // code: of SQLite, what went wrong in it
enum plk_err plk_history_err(const struct plk_history *history, int code);

// A copy that lives as long as held.
struct plk_bytes plk_history_keep(struct plk_history_held **held, struct plk_bytes bytes);
void plk_history_release(struct plk_history_held *held);

// Newest first into page (room for limit rows); the search of history_search.c does the same with a filter.
int plk_history_search(struct plk_history *history, const struct plk_history_query *query,
                       struct plk_history_page *page);

// Appends a copy of the row and its marks, unless it has vanished; there is room.
int plk_history_page_add(struct plk_history *history, struct plk_history_page *page, const struct plk_message_row *row);

// history_mark.c: of a row whose payload lives as long as held.
int plk_history_marks(struct plk_history *history, const struct plk_message_row *row, struct plk_history_held **held,
                      struct plk_history_marks *marks);
// The message of an origin. SQLITE_ROW: *s stands on it; reset it. SQLITE_DONE: there is none.
int plk_history_origin(struct plk_history *history, uint32_t contact, enum plk_direction direction,
                       const struct plk_origin *origin, struct plk_message_row *row, sqlite3_stmt **s);

int plk_history_whole(struct plk_history *history, const struct plk_message_row *row, bool *whole); // of a picture

#define PLK_HISTORY_SHOWN_KINDS 64 // wire/row.h

#endif
