// SPDX-License-Identifier: MIT
#include "host/store_db.h"

#include "host/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 250
#define CACHE_KIB 2048
#define READER_CACHE_KIB 1024

#ifdef PLK_SYSTEM_SQLITE
bool plk_store_db_can_encrypt(void) { return false; }

static int set_key(sqlite3 *db, const uint8_t *key) {
    (void)db;
    (void)key;
    return SQLITE_OK;
}
#else
bool plk_store_db_can_encrypt(void) { return true; }

// ChaCha20-Poly1305 of each page, under the key as it is: it is random already, a second key derivation adds nothing.
static int set_key(sqlite3 *db, const uint8_t *key) {
    char text[4 + 2 * PLK_STORE_DB_KEY_LEN + 1] = "raw:";
    for (size_t i = 0; i < PLK_STORE_DB_KEY_LEN; i++) snprintf(text + 4 + 2 * i, 3, "%02x", key[i]);
    int code = sqlite3mc_config(db, "cipher", sqlite3mc_cipher_index("chacha20")) > 0 ? SQLITE_OK : SQLITE_MISUSE;
    if (code == SQLITE_OK) code = sqlite3_key_v2(db, "main", text, (int)strlen(text));
    plk_mem_wipe(text, sizeof text);
    return code;
}
#endif

static bool path_of(char out[PLK_HOME_PATH_MAX], const char *home, const char *suffix) {
    int len = snprintf(out, PLK_HOME_PATH_MAX, "%s/%s%s", home, PLK_STORE_DB_NAME, suffix);
    return len > 0 && len < PLK_HOME_PATH_MAX;
}

bool plk_store_db_exists(const char *home) {
    char path[PLK_HOME_PATH_MAX];
    return path_of(path, home, "") && access(path, F_OK) == 0;
}

void plk_store_db_remove(const char *home) {
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
    char path[PLK_HOME_PATH_MAX];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (path_of(path, home, suffixes[i])) unlink(path);
    }
}

// ---- errors -----------------------------------------------------------------------------------------------------------

enum plk_fault_kind plk_store_db_fault(int code, int system_errno, struct plk_fault *fault) {
    switch (code & 0xff) {
    case SQLITE_FULL:
        return plk_fault_set(fault, PLK_FAULT_FULL, "the disk is full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return plk_fault_set(fault, PLK_FAULT_LOCKED, "the store is locked by another program");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return plk_fault_set(fault, PLK_FAULT_CORRUPT, "the store of this profile is damaged (%s)",
                             sqlite3_errstr(code));
    default:
        break;
    }
    if (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG) {
        return plk_fault_set(fault, PLK_FAULT_FULL, "the disk is full");
    }
    return plk_fault_set(fault, PLK_FAULT_SYSTEM, "the store cannot be used: %s%s%s", sqlite3_errstr(code),
                         system_errno != 0 ? ", " : "", system_errno != 0 ? strerror(system_errno) : "");
}

static enum plk_fault_kind fault_of(sqlite3 *db, int code, struct plk_fault *fault) {
    return plk_store_db_fault(code, db != NULL ? sqlite3_system_errno(db) : 0, fault);
}

// ---- opening ----------------------------------------------------------------------------------------------------------

static int set_up(sqlite3 *db, enum plk_store_db_mode mode) {
    char sql[512];
    snprintf(sql, sizeof sql,
             "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
             "PRAGMA cache_size=-%d;",
             mode == PLK_STORE_DB_READ ? READER_CACHE_KIB : CACHE_KIB);
    int code = plk_store_db_exec(db, sql);
    // A statement's plan does not depend on what is bound to it: else each reading of a range plans anew.
    if (code == SQLITE_OK) code = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    int64_t tables;
    if (code == SQLITE_OK) code = plk_store_db_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (code != SQLITE_OK) return code;
    if (mode == PLK_STORE_DB_READ) return plk_store_db_exec(db, "PRAGMA query_only=ON");
    // The write-ahead log is checkpointed by the writer, when it suits it.
    return plk_store_db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
                                 "PRAGMA wal_autocheckpoint=0;");
}

enum plk_fault_kind plk_store_db_open(sqlite3 **out, const char *home, const uint8_t *key, enum plk_store_db_mode mode,
                                      struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX];
    *out = NULL;
    if (!path_of(path, home, ""))
        return plk_fault_set(fault, PLK_FAULT_HOME, "the path of the home directory is too long");
    if (mode == PLK_STORE_DB_CREATE) {
        // SQLite makes files with the umask's rights; its other files take the rights of this one.
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) close(fd);
    } else if (!plk_store_db_exists(home)) {
        return plk_fault_set(fault, PLK_FAULT_NO_STORE, "there is no profile in %s", home);
    }
    // A reader opens for writing too, where it may: without a writer it is the one who has to recover the log.
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    if (code == SQLITE_OK && key != NULL) code = set_key(db, key);
    if (code == SQLITE_OK) code = set_up(db, mode);
    if (code == SQLITE_OK) {
        *out = db;
        return PLK_FAULT_NONE;
    }
    enum plk_fault_kind kind = fault_of(db, code, fault);
    sqlite3_close(db);
    return kind;
}

// ---- statements -------------------------------------------------------------------------------------------------------

int plk_store_db_prepare(sqlite3 *db, sqlite3_stmt **statement, const char *sql) {
    if (*statement != NULL) return SQLITE_OK;
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

int plk_store_db_run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    int again = sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? again : code;
}

int plk_store_db_exec(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL); }

int plk_store_db_number(sqlite3 *db, const char *sql, int64_t *value) {
    sqlite3_stmt *statement = NULL;
    *value = 0;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) return code;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) *value = sqlite3_column_int64(statement, 0);
    int end = sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

void plk_store_db_bind(sqlite3_stmt *statement, int index, struct plk_bytes bytes) {
    sqlite3_bind_blob64(statement, index, bytes.len > 0 ? (const void *)bytes.at : "", bytes.len, SQLITE_STATIC);
}

struct plk_bytes plk_store_db_column(sqlite3_stmt *statement, int index) {
    const void *at = sqlite3_column_blob(statement, index);
    return plk_bytes(at, at != NULL ? (size_t)sqlite3_column_bytes(statement, index) : 0);
}
