// SPDX-License-Identifier: MIT
#include "host/store_schema.h"

#include <stdio.h>

#define APPLICATION_ID 0x504c4e4b       // "PLNK"
#define RELAY_APPLICATION_ID 0x504c4e52 // "PLNR"

#define OPAQUE(name) "CREATE TABLE " name "(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"

#define MOVED(name, tag)                                                                                            \
    "INSERT INTO peer SELECT CAST(substr(key, 1, 4) || x'" tag "' || substr(key, 5) AS BLOB), value FROM " name ";" \
    "DROP TABLE " name ";"

// steps[v] leads from version v to v + 1. A step that was released is never changed.
static const char *const steps[] = {
    // The tables of the contract (wire/table.h). Streams are interned: a message's origin is then two numbers, and its
    // index half as long.
    OPAQUE("profile") OPAQUE("ratchet") OPAQUE("skipped") OPAQUE("link") OPAQUE("invite") OPAQUE("queue")
        OPAQUE("outbox") OPAQUE("caller_id") OPAQUE("blob") OPAQUE(
            "relay") "CREATE TABLE contact(contact INTEGER PRIMARY KEY, peer_id BLOB NOT NULL, name TEXT NOT NULL,"
                     " profile_name TEXT NOT NULL, state INTEGER NOT NULL, verified INTEGER NOT NULL, blocked INTEGER NOT NULL,"
                     " has_outbox INTEGER NOT NULL, renamed INTEGER NOT NULL, created_ms INTEGER NOT NULL, hints BLOB NOT NULL);"
                     "CREATE TABLE stream(stream INTEGER PRIMARY KEY, prefix BLOB NOT NULL UNIQUE);"
                     "CREATE TABLE message(at INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL,"
                     " kind INTEGER NOT NULL, state INTEGER NOT NULL, stored INTEGER NOT NULL, stored_of INTEGER NOT NULL,"
                     " reason INTEGER NOT NULL, time_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, target BLOB,"
                     " payload BLOB NOT NULL);"
                     "CREATE UNIQUE INDEX message_origin ON message(stream, seq);"
                     "CREATE TABLE event(n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, contact INTEGER NOT NULL, row INTEGER NOT NULL,"
                     " state INTEGER NOT NULL, reason INTEGER NOT NULL);",

    // The search index over folded text, and how far it has come in each conversation. It holds no text, and of a trigram
    // only the rows: a hit is checked against the message itself.
    "CREATE VIRTUAL TABLE search USING fts5(text, content='', columnsize=0, detail=none,"
    " tokenize='trigram case_sensitive 1');"
    "CREATE TABLE indexed(contact INTEGER PRIMARY KEY, row INTEGER NOT NULL);",

    // The tables of which each message of a contact changes a row become one. What a patch changes of a message keeps its
    // length (store_message.c).
    OPAQUE("peer") MOVED("ratchet", "01") MOVED("link", "02") MOVED("skipped", "03")
        MOVED("outbox", "04") "UPDATE message SET state = state + 1,"
                              " received_ms = CASE received_ms WHEN 0 THEN -time_ms ELSE received_ms END;",

    // One row holds the events of many messages (struct plk_event_row).
    "ALTER TABLE event ADD COLUMN more INTEGER NOT NULL DEFAULT 0;",

    // Contacts that are reached through one's own relays only.
    "ALTER TABLE contact ADD COLUMN relay_only INTEGER NOT NULL DEFAULT 0;",

    // How far each conversation was read, and where it is shown. What came before anybody kept that is not new. (2147483648: a
    // conversation's share of `at`, PLK_STORE_ROW_BITS.)
    "ALTER TABLE contact ADD COLUMN read_row INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;"
    "UPDATE contact SET read_row = coalesce((SELECT max(at) - contact * 2147483648 FROM message"
    " WHERE at > contact * 2147483648 AND at < (contact + 1) * 2147483648), 0);",

    // Marks (wire/mark.h); early: their message is not there yet. Messages that vanish, a setting of theirs, receipts of what was
    // read; events that name their message.
    "CREATE TABLE mark(key BLOB PRIMARY KEY, value BLOB NOT NULL, early INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX mark_early ON mark(key) WHERE early = 1;" OPAQUE(
        "expiry") "ALTER TABLE message ADD COLUMN lifetime_s INTEGER NOT NULL DEFAULT 0;"
                  "ALTER TABLE contact ADD COLUMN timer_s INTEGER NOT NULL DEFAULT 0;"
                  "ALTER TABLE contact ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;"
                  "ALTER TABLE event ADD COLUMN target BLOB;",
    // Pictures: rows of 48 KiB lie beside the tree of their keys, not in it.
    "CREATE TABLE picture(key BLOB PRIMARY KEY, value BLOB NOT NULL);",
};

_Static_assert(sizeof steps / sizeof steps[0] == PLK_STORE_SCHEMA_VERSION, "a step for each version");

// A cell may have 64 KiB: such rows lie beside the tree of their keys, not in it.
static const char *const relay_steps[] = {
    OPAQUE("rqueue") OPAQUE("ritem") OPAQUE("rtoken")
        OPAQUE("rgrant") "CREATE TABLE rcell(key BLOB PRIMARY KEY, value BLOB NOT NULL);"
                         "CREATE TABLE rbundle(key BLOB PRIMARY KEY, value BLOB NOT NULL);",
};

_Static_assert(sizeof relay_steps / sizeof relay_steps[0] == PLK_STORE_RELAY_SCHEMA_VERSION, "a step for each version");

struct shape {
    int application_id, version;
    const char *const *steps;
};

static const struct shape node_shape = {APPLICATION_ID, PLK_STORE_SCHEMA_VERSION, steps};
static const struct shape relay_shape = {RELAY_APPLICATION_ID, PLK_STORE_RELAY_SCHEMA_VERSION, relay_steps};

static enum plk_fault_kind fault_of(sqlite3 *db, int code, struct plk_fault *fault) {
    return plk_store_db_fault(code, sqlite3_system_errno(db), fault);
}

static int step_to(sqlite3 *db, const struct shape *shape, int version) {
    char tail[96];
    snprintf(tail, sizeof tail, "PRAGMA user_version=%d; PRAGMA application_id=%d; COMMIT", version,
             shape->application_id);
    int code = plk_store_db_exec(db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = plk_store_db_exec(db, shape->steps[version - 1]);
#ifndef PLK_SYSTEM_SQLITE
    // Old systems' FTS5 does not know it: one more thing that their store does not protect.
    if (code == SQLITE_OK && shape == &node_shape && version == 2) {
        code = plk_store_db_exec(db, "INSERT INTO search(search, rank) VALUES('secure-delete', 1)");
    }
#endif
    if (code == SQLITE_OK) code = plk_store_db_exec(db, tail);
    if (code != SQLITE_OK && !sqlite3_get_autocommit(db)) plk_store_db_exec(db, "ROLLBACK");
    return code;
}

// The version, or a fault: what lies here was made by something else or by a newer version.
static enum plk_fault_kind read_version(sqlite3 *db, const struct shape *shape, int64_t *version,
                                        struct plk_fault *fault) {
    int64_t application = 0, tables = 0;
    int code = plk_store_db_number(db, "PRAGMA user_version", version);
    if (code == SQLITE_OK) code = plk_store_db_number(db, "PRAGMA application_id", &application);
    if (code == SQLITE_OK) code = plk_store_db_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (code != SQLITE_OK) return fault_of(db, code, fault);
    if (tables > 0 && application != shape->application_id) {
        return plk_fault_set(fault, PLK_FAULT_CORRUPT, "the store is damaged: it is some other database");
    }
    if (*version > shape->version) {
        return plk_fault_set(fault, PLK_FAULT_TOO_NEW, "this store was written by a newer version of PeerLink");
    }
    return PLK_FAULT_NONE;
}

static enum plk_fault_kind migrate(sqlite3 *db, const struct shape *shape, int to, struct plk_fault *fault) {
    int64_t version;
    enum plk_fault_kind kind = read_version(db, shape, &version, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    for (int next = (int)version + 1; next <= to; next++) {
        int code = step_to(db, shape, next);
        if (code != SQLITE_OK) return fault_of(db, code, fault);
    }
    return PLK_FAULT_NONE;
}

enum plk_fault_kind plk_store_schema_migrate(sqlite3 *db, int to, struct plk_fault *fault) {
    return migrate(db, &node_shape, to, fault);
}

enum plk_fault_kind plk_store_schema_migrate_relay(sqlite3 *db, struct plk_fault *fault) {
    return migrate(db, &relay_shape, PLK_STORE_RELAY_SCHEMA_VERSION, fault);
}

enum plk_fault_kind plk_store_schema_check(sqlite3 *db, struct plk_fault *fault) {
    int64_t version;
    enum plk_fault_kind kind = read_version(db, &node_shape, &version, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    if (version == 0) return plk_fault_set(fault, PLK_FAULT_NO_STORE, "there is no profile here yet");
    if (version < PLK_STORE_SCHEMA_VERSION) {
        return plk_fault_set(fault, PLK_FAULT_TOO_NEW,
                             "this profile is of an older version: start its node once, to convert it");
    }
    return PLK_FAULT_NONE;
}
