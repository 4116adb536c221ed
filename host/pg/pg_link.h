// SPDX-License-Identifier: MIT
// A connection to PostgreSQL for the relay's store: opened, its schema made or checked, its statements prepared, then used in libpq's
// pipeline mode. Used by one thread at a time; every call may block, for some seconds at most where the server is gone.
#ifndef PLK_HOST_PG_LINK_H
#define PLK_HOST_PG_LINK_H

#include <libpq-fe.h>

#include "host/fault.h"
#include "wire/fleet_word.h"
#include "wire/table.h"

#define PLK_PG_LOCK "7161727" // of advisory locks: its own first number, or the only one
#define PLK_PG_CONNECT_S "5"
#define PLK_PG_SILENT_MS "10000" // what was sent and is not acknowledged for so long: the server is gone

// What is prepared for each of a relay's tables. Parameters are binary: keys in their two parts (pg_rows.h).
enum plk_pg_statement {
    PLK_PG_PUT,          // arrays of sid, rest, value
    PLK_PG_ADD,          // the same of keys that nobody has: half the work, and AGAIN if one was there
    PLK_PG_DELETE,       // arrays of sid, rest
    PLK_PG_DELETE_IN,    // of one sid: sid, from rest, to rest (NULL: to the sid's end)
    PLK_PG_DELETE_RANGE, // from sid and rest, to sid (NULL: to the table's end) and rest
    PLK_PG_LOAD_IN,      // of one sid: sid, from, to rest (NULL), limit bigint (NULL: all): key, value
    PLK_PG_LOAD_IN_BACK, // the same from the highest down
    PLK_PG_LOAD,         // a range as above, limit
    PLK_PG_LOAD_BACK,
    PLK_PG_STATEMENTS
};

enum plk_pg_failure {
    PLK_PG_WELL,
    PLK_PG_AGAIN, // two transactions were in each other's way: at once
    PLK_PG_LATER, // the server is gone, full or stopping: it is tried again
    PLK_PG_GONE,  // what is there is not what was made: nothing more will be stored
};

// Why the last thing failed.
struct plk_pg_trouble {
    enum plk_pg_failure failure;
    struct plk_fault fault;
};

// Whose connection it is.
struct plk_pg_who {
    char *url;
    uint8_t relay[32]; // public static: all processes on one database are one relay
    bool has_slot;     // once it has been connected; then the same again
    uint8_t slot;      // of this process among them (wire/fleet_word.h)
};

// A connection and nothing else. NULL, and the trouble. The caller owns it (PQfinish).
PGconn *plk_pg_session(const char *url, struct plk_pg_trouble *trouble);
// The writer's: takes a slot (an advisory lock of the session), with `make` makes its tables, prepares, enters pipeline mode.
PGconn *plk_pg_connect(struct plk_pg_who *who, bool make, struct plk_pg_trouble *trouble);
// A command outside of the pipeline; its first value, if somebody wants it.
bool plk_pg_say(PGconn *db, struct plk_pg_trouble *trouble, char *value, size_t value_len, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

// Queues a statement in the pipeline. Parameters are borrowed for the call; a `data` of NULL is SQL's NULL.
struct plk_pg_param {
    const void *data;
    size_t len;
};
bool plk_pg_send(PGconn *db, enum plk_table table, enum plk_pg_statement statement, const struct plk_pg_param *params,
                 int count);
// What other processes are to look at again: an array of sids, ITEMS or ROW.
bool plk_pg_send_news(PGconn *db, enum plk_fleet_kind kind, const struct plk_pg_param *sids);
bool plk_pg_send_text(PGconn *db, const char *sql); // BEGIN and the like

// What a failed result, or with NULL the connection, means.
void plk_pg_trouble_of(struct plk_pg_trouble *trouble, const PGconn *db, const PGresult *result);

#endif
