// SPDX-License-Identifier: MIT
#include "host/pg/pg_link.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK "7161727" // of pg_try_advisory_lock: one relay a database
#define SQL_MAX 512
#define PARAMS_MAX 5

#define IS_RELAYS(name, what) [PLK_TABLE_##name] = #name,
static const char *const names[PLK_TABLE_COUNT] = {PLK_RELAY_TABLE_LIST(IS_RELAYS)};
#undef IS_RELAYS

// %s: the table. A range's upper end that is NULL is the end of everything.
static const char *const statements[PLK_PG_STATEMENTS] = {
    [PLK_PG_PUT] =
        "INSERT INTO peerlink.%s (sid, rest, value) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) "
        "ON CONFLICT (sid, rest) DO UPDATE SET value = excluded.value",
    [PLK_PG_DELETE] = "DELETE FROM peerlink.%s t USING unnest($1::bytea[], $2::bytea[]) d (sid, rest) "
                      "WHERE t.sid = d.sid AND t.rest = d.rest",
    [PLK_PG_DELETE_IN] = "DELETE FROM peerlink.%s WHERE sid = $1::bytea AND rest >= $2::bytea AND "
                         "($3::bytea IS NULL OR rest < $3::bytea)",
    [PLK_PG_DELETE_RANGE] = "DELETE FROM peerlink.%s WHERE (sid, rest) >= ($1::bytea, $2::bytea) AND "
                            "($3::bytea IS NULL OR (sid, rest) < ($3::bytea, $4::bytea))",
    [PLK_PG_LOAD_IN] = "SELECT sid || rest, value FROM peerlink.%s WHERE sid = $1::bytea AND rest >= $2::bytea AND "
                       "($3::bytea IS NULL OR rest < $3::bytea) ORDER BY rest LIMIT $4::bigint",
    [PLK_PG_LOAD_IN_BACK] =
        "SELECT sid || rest, value FROM peerlink.%s WHERE sid = $1::bytea AND rest >= $2::bytea AND "
        "($3::bytea IS NULL OR rest < $3::bytea) ORDER BY rest DESC LIMIT $4::bigint",
    [PLK_PG_LOAD] = "SELECT sid || rest, value FROM peerlink.%s WHERE (sid, rest) >= ($1::bytea, $2::bytea) AND "
                    "($3::bytea IS NULL OR (sid, rest) < ($3::bytea, $4::bytea)) ORDER BY sid, rest LIMIT $5::bigint",
    [PLK_PG_LOAD_BACK] = "SELECT sid || rest, value FROM peerlink.%s WHERE (sid, rest) >= ($1::bytea, $2::bytea) AND "
                         "($3::bytea IS NULL OR (sid, rest) < ($3::bytea, $4::bytea)) ORDER BY sid DESC, rest DESC "
                         "LIMIT $5::bigint"};
static const int param_counts[PLK_PG_STATEMENTS] = {3, 2, 3, 4, 4, 4, 5, 5};

// ---- what went wrong --------------------------------------------------------------------------------------------------

static bool is_of(const char *state, const char *const *classes) {
    for (; *classes != NULL; classes++) {
        if (strncmp(state, *classes, strlen(*classes)) == 0) return true;
    }
    return false;
}

// PostgreSQL's appendix A. What is not known is tried again: nothing is lost by that but time.
static enum plk_pg_failure failure_of(const char *state) {
    static const char *const again[] = {"40", NULL};
    static const char *const gone[] = {"22", "23", "3D", "3F", "42", "XX", NULL};
    return state == NULL         ? PLK_PG_LATER
           : is_of(state, again) ? PLK_PG_AGAIN
           : is_of(state, gone)  ? PLK_PG_GONE
                                 : PLK_PG_LATER;
}

void plk_pg_trouble_of(struct plk_pg_trouble *trouble, const PGconn *db, const PGresult *result) {
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *said = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (said == NULL) said = PQerrorMessage(db);
    size_t len = strcspn(said, "\n");
    trouble->failure = failure_of(state);
    enum plk_fault_kind kind = trouble->failure == PLK_PG_GONE                 ? PLK_FAULT_CORRUPT
                               : state != NULL && strncmp(state, "53", 2) == 0 ? PLK_FAULT_FULL
                                                                               : PLK_FAULT_SYSTEM;
    plk_fault_set(&trouble->fault, kind, "PostgreSQL: %.*s", (int)(len < 200 ? len : 200), said);
}

static bool refuse(struct plk_pg_trouble *trouble, enum plk_pg_failure failure, enum plk_fault_kind kind,
                   const char *line) {
    trouble->failure = failure;
    plk_fault_set(&trouble->fault, kind, "%s", line);
    return false;
}

// ---- opening ----------------------------------------------------------------------------------------------------------

// A command outside of the pipeline; its first value, if somebody wants it.
static bool say(PGconn *db, struct plk_pg_trouble *trouble, char *value, size_t value_len, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static bool say(PGconn *db, struct plk_pg_trouble *trouble, char *value, size_t value_len, const char *format, ...) {
    char sql[SQL_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    PGresult *result = PQexec(db, sql);
    ExecStatusType status = PQresultStatus(result);
    bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!well) plk_pg_trouble_of(trouble, db, result);
    if (well && value != NULL) snprintf(value, value_len, "%s", PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return well;
}

static bool make_table(PGconn *db, struct plk_pg_trouble *trouble, const char *name) {
    bool well = say(db, trouble, NULL, 0,
                    "CREATE TABLE peerlink.%s (sid bytea NOT NULL, rest bytea NOT NULL, value bytea NOT NULL, "
                    "PRIMARY KEY (sid, rest)) PARTITION BY HASH (sid)",
                    name);
    // Cells are sealed: nothing in them can be compressed.
    if (well) well = say(db, trouble, NULL, 0, "ALTER TABLE peerlink.%s ALTER value SET STORAGE EXTERNAL", name);
    for (int i = 0; i < PLK_PG_PARTITIONS && well; i++) {
        well = say(db, trouble, NULL, 0,
                   "CREATE TABLE peerlink.%s_%d PARTITION OF peerlink.%s FOR VALUES WITH (MODULUS %d, REMAINDER %d) "
                   "WITH (autovacuum_vacuum_scale_factor = 0.05)",
                   name, i, name, PLK_PG_PARTITIONS, i);
    }
    return well;
}

static bool make_all(PGconn *db, struct plk_pg_trouble *trouble) {
    bool well = say(db, trouble, NULL, 0, "CREATE SCHEMA IF NOT EXISTS peerlink") &&
                say(db, trouble, NULL, 0, "CREATE TABLE peerlink.meta (version int NOT NULL)") &&
                say(db, trouble, NULL, 0, "INSERT INTO peerlink.meta VALUES (%d)", PLK_PG_SCHEMA_VERSION);
    for (int table = 0; table < PLK_TABLE_COUNT && well; table++) {
        if (names[table] != NULL) well = make_table(db, trouble, names[table]);
    }
    return well;
}

// One transaction: either all of it is there, or nothing.
static bool migrate(PGconn *db, struct plk_pg_trouble *trouble) {
    char there[32];
    if (!say(db, trouble, NULL, 0, "BEGIN")) return false;
    if (!say(db, trouble, there, sizeof there, "SELECT to_regclass('peerlink.meta')")) return false;
    if (there[0] == 0 && !make_all(db, trouble)) return false;
    if (!say(db, trouble, there, sizeof there, "SELECT version FROM peerlink.meta")) return false;
    if (strtol(there, NULL, 10) > PLK_PG_SCHEMA_VERSION)
        return refuse(trouble, PLK_PG_GONE, PLK_FAULT_TOO_NEW, "the database was written by a newer version");
    return say(db, trouble, NULL, 0, "COMMIT");
}

// Of one relay alone: the numbers of its items are counted in its memory.
static bool lock(PGconn *db, struct plk_pg_trouble *trouble) {
    char got[8];
    if (!say(db, trouble, got, sizeof got, "SELECT pg_try_advisory_lock(" LOCK ")")) return false;
    if (got[0] == 't') return true;
    return refuse(trouble, PLK_PG_LATER, PLK_FAULT_IN_USE,
                  "another relay uses this database, or did until a moment ago");
}

static bool prepare(PGconn *db, struct plk_pg_trouble *trouble) {
    // Every key is found by its index, whatever the planner has (not) heard of the tables; and nothing waits for ever.
    static const char *const settings[] = {"enable_seqscan = off",    "enable_hashjoin = off",
                                           "enable_mergejoin = off",  "statement_timeout = '30s'",
                                           "synchronous_commit = on", "plan_cache_mode = force_generic_plan"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (!say(db, trouble, NULL, 0, "SET %s", settings[i])) return false;
    }
    for (int table = 0; table < PLK_TABLE_COUNT; table++) {
        for (int i = 0; i < PLK_PG_STATEMENTS && names[table] != NULL; i++) {
            char name[32], sql[SQL_MAX];
            snprintf(name, sizeof name, "%d_%d", table, i);
            snprintf(sql, sizeof sql, statements[i], names[table]);
            PGresult *result = PQprepare(db, name, sql, 0, NULL);
            bool well = PQresultStatus(result) == PGRES_COMMAND_OK;
            if (!well) plk_pg_trouble_of(trouble, db, result);
            PQclear(result);
            if (!well) return false;
        }
    }
    return true;
}

PGconn *plk_pg_connect(const char *url, bool make, struct plk_pg_trouble *trouble) {
    static const char *const keys[] = {"dbname",          "connect_timeout",  "tcp_user_timeout",
                                       "keepalives_idle", "application_name", NULL};
    const char *values[] = {url, PLK_PG_CONNECT_S, PLK_PG_SILENT_MS, "10", "peerlink-relay", NULL};
    PGconn *db = PQconnectdbParams(keys, values, 1);
    *trouble = (struct plk_pg_trouble){.failure = PLK_PG_WELL};
    bool well = PQstatus(db) == CONNECTION_OK;
    if (!well) plk_pg_trouble_of(trouble, db, NULL);
    well = well && say(db, trouble, NULL, 0, "SET client_min_messages = error") && lock(db, trouble) &&
           (!make || migrate(db, trouble)) && prepare(db, trouble);
    if (well && PQenterPipelineMode(db) == 1) return db;
    if (well) plk_pg_trouble_of(trouble, db, NULL);
    PQfinish(db);
    return NULL;
}

// ---- in the pipeline --------------------------------------------------------------------------------------------------

bool plk_pg_send(PGconn *db, enum plk_table table, enum plk_pg_statement statement, const struct plk_pg_param *params,
                 int count) {
    static const int binary[PARAMS_MAX] = {1, 1, 1, 1, 1};
    const char *values[PARAMS_MAX];
    int lens[PARAMS_MAX];
    char name[32];
    plk_assert(names[table] != NULL && count == param_counts[statement]);
    for (int i = 0; i < count; i++) {
        values[i] = params[i].data;
        lens[i] = (int)params[i].len;
    }
    snprintf(name, sizeof name, "%d_%d", (int)table, (int)statement);
    return PQsendQueryPrepared(db, name, count, values, lens, binary, 1) == 1;
}

bool plk_pg_send_text(PGconn *db, const char *sql) {
    return PQsendQueryParams(db, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}
