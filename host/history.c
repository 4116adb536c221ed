// SPDX-License-Identifier: MIT
#include "host/history_read.h"

#include "host/entropy.h"
#include "host/fold.h"
#include "host/keyfile.h"
#include "host/memory.h"

#include <string.h>

// ---- opening ----------------------------------------------------------------------------------------------------------

static enum plk_fault_kind connect_to(sqlite3 **db, const char *home, const uint8_t *key, struct plk_fault *fault) {
    enum plk_fault_kind kind = plk_store_db_open(db, home, key, PLK_STORE_DB_READ, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    kind = plk_store_schema_check(*db, fault);
    if (kind != PLK_FAULT_NONE) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return kind;
}

static void disconnect(struct plk_history *history) {
    for (int i = 0; i < PLK_HISTORY_STATEMENTS; i++) {
        sqlite3_finalize(history->statements[i]);
        history->statements[i] = NULL;
    }
    sqlite3_close(history->db);
    history->db = NULL;
}

enum plk_fault_kind plk_history_open_key(struct plk_history **out, const char *home, const uint8_t *key,
                                         struct plk_fault *fault) {
    *out = NULL;
    sqlite3 *db;
    enum plk_fault_kind kind = connect_to(&db, home, key, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    *out = plk_memory_take(sizeof **out);
    (*out)->db = db;
    return PLK_FAULT_NONE;
}

enum plk_fault_kind plk_history_reopen(struct plk_history **history, const char *home, const uint8_t *key,
                                       struct plk_fault *fault) {
    if (*history == NULL) return home != NULL ? plk_history_open_key(history, home, key, fault) : PLK_FAULT_NONE;
    disconnect(*history);
    enum plk_fault_kind kind = home != NULL ? connect_to(&(*history)->db, home, key, fault) : PLK_FAULT_NONE;
    // An empty database has none of the tables: each call says that it cannot read.
    if ((*history)->db == NULL) plk_assert(sqlite3_open(":memory:", &(*history)->db) == SQLITE_OK);
    return kind;
}

enum plk_fault_kind plk_history_open(struct plk_history **out, const char *home, struct plk_bytes passphrase,
                                     struct plk_fault *fault) {
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    bool sealed;
    *out = NULL;
    plk_entropy_start();
    if (!plk_keyfile_exists(home) && plk_store_db_exists(home)) {
        return plk_fault_set(fault, PLK_FAULT_CORRUPT,
                             "the key file of this profile is missing: its store cannot be read");
    }
    enum plk_fault_kind kind = plk_keyfile_read(home, passphrase, key, &sealed, fault);
    if (kind == PLK_FAULT_NONE) kind = plk_history_open_key(out, home, key, fault);
    plk_mem_wipe(key, sizeof key);
    return kind;
}

void plk_history_close(struct plk_history *history) {
    if (history == NULL) return;
    disconnect(history);
    plk_memory_give(history, sizeof *history);
}

// ---- for all readers --------------------------------------------------------------------------------------------------

int plk_history_prepare(struct plk_history *history, int which, const char *sql, sqlite3_stmt **statement) {
    int code = plk_store_db_prepare(history->db, &history->statements[which], sql);
    *statement = history->statements[which];
    return code;
}

int plk_history_number(sqlite3_stmt *statement, int64_t *value) {
    *value = 0;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) *value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

enum plk_err plk_history_err(const struct plk_history *history, int code) {
    if (code == SQLITE_OK) return PLK_ERR_OK;
    switch (plk_store_db_fault(code, sqlite3_system_errno(history->db), NULL)) {
    case PLK_FAULT_CORRUPT:
        return PLK_ERR_CORRUPT;
    case PLK_FAULT_LOCKED:
        return PLK_ERR_BUSY;
    default:
        return PLK_ERR_STALLED;
    }
}

int plk_history_begin(struct plk_history *history) {
    history->read_contact = 0;
    return plk_store_db_exec(history->db, "BEGIN");
}

enum plk_err plk_history_end(struct plk_history *history, int code) {
    enum plk_err err = plk_history_err(history, code);
    // A read has nothing to lose: whichever way it ends, the snapshot is given back.
    if (!sqlite3_get_autocommit(history->db)) plk_store_db_exec(history->db, "ROLLBACK");
    return err;
}

// ---- kept bytes -------------------------------------------------------------------------------------------------------

struct plk_bytes plk_history_keep(struct plk_history_held **held, struct plk_bytes bytes) {
    struct plk_history_held *block = plk_memory_take(sizeof *block + bytes.len);
    block->len = sizeof *block + bytes.len;
    block->next = *held;
    if (bytes.len > 0) memcpy(block->bytes, bytes.at, bytes.len);
    *held = block;
    return plk_bytes(block->bytes, bytes.len);
}

void plk_history_release(struct plk_history_held *held) {
    for (struct plk_history_held *next; held != NULL; held = next) {
        next = held->next;
        plk_memory_give(held, held->len);
    }
}

// ---- contacts and the rest --------------------------------------------------------------------------------------------

enum plk_err plk_history_undelivered(struct plk_history *history, uint32_t contact, uint64_t *count) {
    sqlite3_stmt *s;
    int64_t value = 0;
    int code =
        plk_history_prepare(history, PLK_HISTORY_OUTBOX, "SELECT count(*) FROM peer WHERE key >= ?1 AND key < ?2", &s);
    if (code == SQLITE_OK) {
        uint8_t from[5], to[5];
        struct plk_writer f = plk_writer(from, sizeof from), t = plk_writer(to, sizeof to);
        plk_writer_u32(&f, contact);
        plk_writer_u8(&f, PLK_STORE_TAG_OUTBOX);
        plk_writer_u32(&t, contact);
        plk_writer_u8(&t, PLK_STORE_TAG_OUTBOX + 1);
        plk_store_db_bind(s, 1, plk_writer_bytes(&f));
        plk_store_db_bind(s, 2, plk_writer_bytes(&t));
        code = plk_history_number(s, &value);
        sqlite3_clear_bindings(s);
    }
    *count = (uint64_t)value;
    return plk_history_err(history, code);
}

static int last_row(struct plk_history *history, uint32_t contact, uint64_t *row) {
    sqlite3_stmt *s;
    int64_t at = 0;
    int code =
        plk_history_prepare(history, PLK_HISTORY_NEWEST, "SELECT max(at) FROM message WHERE at >= ?1 AND at <= ?2", &s);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, plk_store_at(contact, 1));
        sqlite3_bind_int64(s, 2, plk_store_at(contact, PLK_STORE_ROW_MAX));
        code = plk_history_number(s, &at);
    }
    *row = plk_store_at_row(at);
    return code;
}

static int read_contacts(struct plk_history *history, struct plk_history_contacts *contacts, size_t cap) {
    sqlite3_stmt *s;
    int code = plk_history_prepare(history, PLK_HISTORY_CONTACTS,
                                   "SELECT " PLK_STORE_CONTACT_COLUMNS " FROM contact ORDER BY contact", &s);
    if (code != SQLITE_OK) return code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW && contacts->count < cap) {
        struct plk_history_contact *contact = &contacts->contacts[contacts->count];
        code = plk_store_rows_contact(s, &contact->row);
        if (code == SQLITE_OK) code = last_row(history, contact->row.contact, &contact->last_row);
        if (code != SQLITE_OK) break;
        if (plk_history_undelivered(history, contact->row.contact, &contact->undelivered) != PLK_ERR_OK) {
            code = SQLITE_CORRUPT;
            break;
        }
        contacts->count++;
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

enum plk_err plk_history_contacts(struct plk_history *history, struct plk_history_contacts *contacts) {
    *contacts = (struct plk_history_contacts){.contacts = NULL};
    int64_t count = 0;
    int code = plk_history_begin(history);
    if (code == SQLITE_OK) code = plk_store_db_number(history->db, "SELECT count(*) FROM contact", &count);
    if (code == SQLITE_OK && count > 0) {
        contacts->cap = (size_t)count;
        contacts->contacts = plk_memory_take(contacts->cap * sizeof *contacts->contacts);
        code = read_contacts(history, contacts, contacts->cap);
    }
    enum plk_err err = plk_history_end(history, code);
    if (err != PLK_ERR_OK) plk_history_contacts_free(contacts);
    return err;
}

void plk_history_contacts_free(struct plk_history_contacts *contacts) {
    plk_memory_give(contacts->contacts, contacts->cap * sizeof *contacts->contacts);
    *contacts = (struct plk_history_contacts){.contacts = NULL};
}

static bool same_without_case(struct plk_bytes a, struct plk_bytes b) {
    uint8_t left[PLK_FOLD_ROOM(PLK_NAME_MAX)], right[PLK_FOLD_ROOM(PLK_NAME_MAX)];
    if (a.len > PLK_NAME_MAX || b.len > PLK_NAME_MAX) return false;
    size_t left_len = plk_fold(left, a, NULL), right_len = plk_fold(right, b, NULL);
    return left_len > 0 && plk_bytes_equal(plk_bytes(left, left_len), plk_bytes(right, right_len));
}

enum plk_err plk_history_find_contact(struct plk_history *history, struct plk_bytes name, struct plk_contact_row *row) {
    struct plk_history_contacts contacts;
    enum plk_err err = plk_history_contacts(history, &contacts);
    if (err != PLK_ERR_OK) return err;
    size_t loose = 0;
    err = PLK_ERR_NOT_FOUND;
    for (size_t i = 0; i < contacts.count && err != PLK_ERR_OK; i++) {
        const struct plk_contact_row *this = &contacts.contacts[i].row;
        struct plk_bytes its = plk_bytes(this->name, this->name_len);
        bool exact = plk_bytes_equal(its, name);
        if (!exact && !same_without_case(its, name)) continue;
        if (exact) err = PLK_ERR_OK;
        loose++;
        *row = *this;
    }
    plk_history_contacts_free(&contacts);
    return err == PLK_ERR_OK || loose == 1 ? PLK_ERR_OK : PLK_ERR_NOT_FOUND;
}

enum plk_err plk_history_row(struct plk_history *history, enum plk_table table, struct plk_bytes key, uint8_t *out,
                             size_t cap, size_t *len) {
    if (table == PLK_TABLE_contact || table == PLK_TABLE_message || table == PLK_TABLE_event) return PLK_ERR_INVALID;
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT value FROM %s WHERE key = ?1", plk_store_rows_name(table));
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(history->db, sql, -1, &s, NULL);
    if (code != SQLITE_OK) return plk_history_err(history, code);
    plk_store_db_bind(s, 1, key);
    code = sqlite3_step(s);
    enum plk_err err = code == SQLITE_DONE ? PLK_ERR_NOT_FOUND : PLK_ERR_OK;
    if (code == SQLITE_ROW) {
        struct plk_bytes value = plk_store_db_column(s, 0);
        *len = value.len;
        if (value.len > cap) {
            err = PLK_ERR_TOO_LONG;
        } else if (value.len > 0) {
            memcpy(out, value.at, value.len);
        }
    } else if (code != SQLITE_DONE) {
        err = plk_history_err(history, code);
    }
    sqlite3_finalize(s);
    return err;
}
