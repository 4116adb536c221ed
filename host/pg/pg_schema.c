// SPDX-License-Identifier: MIT
#include "host/pg/pg_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IS_RELAYS(name, what) [PLK_TABLE_##name] = #name,
static const char *const names[PLK_TABLE_COUNT] = {PLK_RELAY_TABLE_LIST(IS_RELAYS)};
#undef IS_RELAYS

const char *plk_pg_schema_table(enum plk_table table) { return names[table]; }

static bool make_table(PGconn *db, struct plk_pg_trouble *trouble, const char *name) {
    bool well = plk_pg_say(db, trouble, NULL, 0,
                           "CREATE TABLE peerlink.%s (sid bytea NOT NULL, rest bytea NOT NULL, value bytea NOT NULL, "
                           "PRIMARY KEY (sid, rest)) PARTITION BY HASH (sid)",
                           name);
    // Cells are sealed: nothing in them can be compressed.
    if (well) well = plk_pg_say(db, trouble, NULL, 0, "ALTER TABLE peerlink.%s ALTER value SET STORAGE EXTERNAL", name);
    for (int i = 0; i < PLK_PG_PARTITIONS && well; i++) {
        well = plk_pg_say(
            db, trouble, NULL, 0,
            "CREATE TABLE peerlink.%s_%d PARTITION OF peerlink.%s FOR VALUES WITH (MODULUS %d, REMAINDER %d) "
            "WITH (autovacuum_vacuum_scale_factor = 0.05)",
            name, i, name, PLK_PG_PARTITIONS, i);
    }
    return well;
}

static bool make_all(PGconn *db, struct plk_pg_trouble *trouble) {
    bool well = plk_pg_say(db, trouble, NULL, 0, "CREATE SCHEMA IF NOT EXISTS peerlink") &&
                plk_pg_say(db, trouble, NULL, 0, "CREATE TABLE peerlink.meta (version int NOT NULL)") &&
                plk_pg_say(db, trouble, NULL, 0, "INSERT INTO peerlink.meta VALUES (1)");
    for (int table = 0; table < PLK_TABLE_COUNT && well; table++) {
        if (names[table] != NULL) well = make_table(db, trouble, names[table]);
    }
    return well;
}

// A small cell lies in its row and not in three pieces of another table, each with an index entry: that is half of what it costs.
static bool cells_in_line(PGconn *db, struct plk_pg_trouble *trouble) {
    bool well = true;
    for (int i = 0; i < PLK_PG_PARTITIONS && well; i++)
        well = plk_pg_say(db, trouble, NULL, 0, "ALTER TABLE peerlink.rcell_%d SET (toast_tuple_target = 8160)", i);
    return well;
}

// What is not logged is empty after a crash of the server, which all processes notice (pg_fleet.h).
static bool several_processes(PGconn *db, struct plk_pg_trouble *trouble) {
    return plk_pg_say(db, trouble, NULL, 0, "ALTER TABLE peerlink.meta ADD relay bytea") &&
           plk_pg_say(db, trouble, NULL, 0,
                      "CREATE UNLOGGED TABLE peerlink.process (slot int PRIMARY KEY, instance bytea NOT NULL, "
                      "place text NOT NULL, words text NOT NULL, changed bigint NOT NULL, beat timestamptz NOT NULL) "
                      "WITH (fillfactor = 10)") &&
           plk_pg_say(db, trouble, NULL, 0,
                      "CREATE UNLOGGED TABLE peerlink.news (tx xid8 NOT NULL DEFAULT pg_current_xact_id(), "
                      "kind int NOT NULL, slot int NOT NULL, stamp bigint NOT NULL DEFAULT 0, sid bytea NOT NULL)") &&
           plk_pg_say(db, trouble, NULL, 0, "CREATE INDEX news_tx ON peerlink.news (tx)") &&
           cells_in_line(db, trouble) && plk_pg_say(db, trouble, NULL, 0, "UPDATE peerlink.meta SET version = 2");
}

static bool refuse(struct plk_pg_trouble *trouble, enum plk_fault_kind kind, const char *line) {
    trouble->failure = PLK_PG_GONE;
    plk_fault_set(&trouble->fault, kind, "%s", line);
    return false;
}

static bool bring(PGconn *db, struct plk_pg_trouble *trouble) {
    char there[32];
    if (!plk_pg_say(db, trouble, NULL, 0, "SELECT pg_advisory_xact_lock(" PLK_PG_LOCK ", %d)", PLK_FLEET_SLOTS) ||
        !plk_pg_say(db, trouble, there, sizeof there, "SELECT to_regclass('peerlink.meta')"))
        return false;
    if (there[0] == 0 && !make_all(db, trouble)) return false;
    if (!plk_pg_say(db, trouble, there, sizeof there, "SELECT version FROM peerlink.meta")) return false;
    long version = strtol(there, NULL, 10);
    if (version > PLK_PG_SCHEMA_VERSION)
        return refuse(trouble, PLK_FAULT_TOO_NEW, "the database was written by a newer version");
    return version == PLK_PG_SCHEMA_VERSION || several_processes(db, trouble);
}

bool plk_pg_schema_bring(PGconn *db, struct plk_pg_trouble *trouble) {
    return plk_pg_say(db, trouble, NULL, 0, "BEGIN") && bring(db, trouble) &&
           plk_pg_say(db, trouble, NULL, 0, "COMMIT");
}

bool plk_pg_schema_owner(PGconn *db, struct plk_pg_trouble *trouble, const uint8_t *relay) {
    char key[2 * 32 + 1], whose[80];
    for (size_t i = 0; i < 32; i++) snprintf(key + 2 * i, 3, "%02x", relay[i]);
    if (!plk_pg_say(db, trouble, NULL, 0, "UPDATE peerlink.meta SET relay = decode('%s', 'hex') WHERE relay IS NULL",
                    key) ||
        !plk_pg_say(db, trouble, whose, sizeof whose, "SELECT encode(relay, 'hex') FROM peerlink.meta"))
        return false;
    if (strcmp(key, whose) == 0) return true;
    return refuse(
        trouble, PLK_FAULT_IN_USE,
        "another relay uses this database: processes of one relay have one key (copy the file key of its DIR)");
}
