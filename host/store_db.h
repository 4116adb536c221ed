// SPDX-License-Identifier: MIT
// A connection to the store's file, keyed and set up as DESIGN 5 says, and what its error codes mean.
#ifndef PLK_HOST_STORE_DB_H
#define PLK_HOST_STORE_DB_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "host/fault.h"

#define PLK_STORE_DB_NAME "store.db"
#define PLK_STORE_DB_KEY_LEN 32

enum plk_store_db_mode {
    PLK_STORE_DB_CREATE, // read and write, made when there is none
    PLK_STORE_DB_WRITE,
    PLK_STORE_DB_READ, // for a reader beside the writer
};

bool plk_store_db_can_encrypt(void); // false with a system SQLite
bool plk_store_db_exists(const char *home);

// Opens home's store with the data key (copied; NULL: it is not encrypted). The schema is not looked at. NO_STORE, CORRUPT, LOCKED, FULL, SYSTEM.
// The caller owns *db (sqlite3_close).
enum plk_fault_kind plk_store_db_open(sqlite3 **db, const char *home, const uint8_t *key, enum plk_store_db_mode mode,
                                      struct plk_fault *fault);

// Removes the store's files. For a store without a profile only.
void plk_store_db_remove(const char *home);

// What a result code of SQLite means, with one line. code: extended; system_errno: sqlite3_system_errno or 0.
enum plk_fault_kind plk_store_db_fault(int code, int system_errno, struct plk_fault *fault);

// A statement that is kept for long. *statement stays as it is when it was prepared before. Returns SQLITE_OK or an error.
int plk_store_db_prepare(sqlite3 *db, sqlite3_stmt **statement, const char *sql);

// Steps a statement that gives no rows to its end and resets it. SQLITE_OK or an error.
int plk_store_db_run(sqlite3_stmt *statement);

int plk_store_db_exec(sqlite3 *db, const char *sql);                   // several statements, no rows
int plk_store_db_number(sqlite3 *db, const char *sql, int64_t *value); // the first column of the first row, 0 if none

// Bytes borrowed until the statement is stepped; NULL and empty become a blob of length 0.
void plk_store_db_bind(sqlite3_stmt *statement, int index, struct plk_bytes bytes);
struct plk_bytes plk_store_db_column(sqlite3_stmt *statement, int index); // borrowed until the next step

#endif
