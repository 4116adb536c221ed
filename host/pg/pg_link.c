// SPDX-License-Identifier: MIT
#include "host/entropy.h"
#include "host/pg/pg_schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 512
#define PARAMS_MAX 5

// %s: the table. A range's upper end that is NULL is the end of everything.
static const char *const statements[PLK_PG_STATEMENTS] = {
    [PLK_PG_PUT] =
        "INSERT INTO peerlink.%s (sid, rest, value) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) "
        "ON CONFLICT (sid, rest) DO UPDATE SET value = excluded.value",
    [PLK_PG_ADD] =
        "INSERT INTO peerlink.%s (sid, rest, value) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])",
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
static const int param_counts[PLK_PG_STATEMENTS] = {3, 3, 2, 3, 4, 4, 4, 5, 5};

// ---- what went wrong --------------------------------------------------------------------------------------------------

static bool is_of(const char *state, const char *const *classes) {
    for (; *classes != NULL; classes++) {
        if (strncmp(state, *classes, strlen(*classes)) == 0) return true;
    }
    return false;
}

// PostgreSQL's appendix A. What is not known is tried again: nothing is lost by that but time.
static enum plk_pg_failure failure_of(const char *state) {
    static const char *const again[] = {"40", "23505", NULL};
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

bool plk_pg_say(PGconn *db, struct plk_pg_trouble *trouble, char *value, size_t value_len, const char *format, ...) {
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

static bool try_slot(PGconn *db, struct plk_pg_trouble *trouble, unsigned slot, bool *got) {
    char answer[8];
    if (!plk_pg_say(db, trouble, answer, sizeof answer, "SELECT pg_try_advisory_lock(" PLK_PG_LOCK ", %u)", slot))
        return false;
    *got = answer[0] == 't';
    return true;
}

// A slot is held by the session that commits under it: nobody else gives numbers of that slot while it may still commit. Which one is
// left to chance, so that who has lost its session for a moment finds its own again.
static bool lock(PGconn *db, struct plk_pg_trouble *trouble, struct plk_pg_who *who) {
    char alone[8];
    bool got = false;
    uint8_t first;
    // Whoever knows of no slots takes this one for itself alone.
    if (!plk_pg_say(db, trouble, alone, sizeof alone, "SELECT pg_try_advisory_lock_shared(" PLK_PG_LOCK ")"))
        return false;
    plk_entropy_bytes(&first, 1);
    for (unsigned i = 0; i < PLK_FLEET_SLOTS && !got && alone[0] == 't'; i++) {
        unsigned slot = who->has_slot ? who->slot : (first + i) % PLK_FLEET_SLOTS;
        if (!try_slot(db, trouble, slot, &got)) return false;
        if (got) who->slot = (uint8_t)slot;
        if (who->has_slot) break;
    }
    if (got) who->has_slot = true;
    return got || refuse(trouble, PLK_PG_LATER, PLK_FAULT_IN_USE,
                         "another relay uses this database, or its place is taken, or was until a moment ago");
}

static bool prepare_one(PGconn *db, struct plk_pg_trouble *trouble, const char *name, const char *sql) {
    PGresult *result = PQprepare(db, name, sql, 0, NULL);
    bool well = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!well) plk_pg_trouble_of(trouble, db, result);
    PQclear(result);
    return well;
}

static bool prepare_news(PGconn *db, struct plk_pg_trouble *trouble, unsigned slot) {
    char name[32], sql[SQL_MAX];
    for (int kind = PLK_FLEET_ITEMS; kind <= PLK_FLEET_ROW; kind++) {
        snprintf(name, sizeof name, "news_%d", kind);
        snprintf(sql, sizeof sql,
                 "INSERT INTO peerlink.news (kind, slot, sid) SELECT %d, %u, s FROM unnest($1::bytea[]) s", kind, slot);
        if (!prepare_one(db, trouble, name, sql)) return false;
    }
    return true;
}

static bool prepare(PGconn *db, struct plk_pg_trouble *trouble, unsigned slot) {
    // Every key is found by its index, whatever the planner has (not) heard of the tables; and nothing waits for ever.
    static const char *const settings[] = {"enable_seqscan = off",    "enable_hashjoin = off",
                                           "enable_mergejoin = off",  "statement_timeout = '30s'",
                                           "synchronous_commit = on", "plan_cache_mode = force_generic_plan"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (!plk_pg_say(db, trouble, NULL, 0, "SET %s", settings[i])) return false;
    }
    for (int table = 0; table < PLK_TABLE_COUNT; table++) {
        const char *of = plk_pg_schema_table((enum plk_table)table);
        for (int i = 0; i < PLK_PG_STATEMENTS && of != NULL; i++) {
            char name[32], sql[SQL_MAX];
            snprintf(name, sizeof name, "%d_%d", table, i);
            snprintf(sql, sizeof sql, statements[i], of);
            if (!prepare_one(db, trouble, name, sql)) return false;
        }
    }
    return prepare_news(db, trouble, slot);
}

PGconn *plk_pg_session(const char *url, struct plk_pg_trouble *trouble) {
    static const char *const keys[] = {"dbname",          "connect_timeout",  "tcp_user_timeout",
                                       "keepalives_idle", "application_name", NULL};
    const char *values[] = {url, PLK_PG_CONNECT_S, PLK_PG_SILENT_MS, "10", "peerlink-relay", NULL};
    PGconn *db = PQconnectdbParams(keys, values, 1);
    *trouble = (struct plk_pg_trouble){.failure = PLK_PG_WELL};
    bool well = PQstatus(db) == CONNECTION_OK;
    if (!well) plk_pg_trouble_of(trouble, db, NULL);
    if (well && plk_pg_say(db, trouble, NULL, 0, "SET client_min_messages = error")) return db;
    PQfinish(db);
    return NULL;
}

PGconn *plk_pg_connect(struct plk_pg_who *who, bool make, struct plk_pg_trouble *trouble) {
    PGconn *db = plk_pg_session(who->url, trouble);
    if (db == NULL) return NULL;
    bool well = lock(db, trouble, who) && (!make || plk_pg_schema_bring(db, trouble)) &&
                plk_pg_schema_owner(db, trouble, who->relay) && prepare(db, trouble, who->slot);
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
    plk_assert(plk_pg_schema_table(table) != NULL && count == param_counts[statement]);
    for (int i = 0; i < count; i++) {
        values[i] = params[i].data;
        lens[i] = (int)params[i].len;
    }
    snprintf(name, sizeof name, "%d_%d", (int)table, (int)statement);
    return PQsendQueryPrepared(db, name, count, values, lens, binary, 1) == 1;
}

bool plk_pg_send_news(PGconn *db, enum plk_fleet_kind kind, const struct plk_pg_param *sids) {
    static const int binary[] = {1};
    const char *values[] = {sids->data};
    int lens[] = {(int)sids->len};
    char name[32];
    snprintf(name, sizeof name, "news_%d", (int)kind);
    return PQsendQueryPrepared(db, name, 1, values, lens, binary, 1) == 1;
}

bool plk_pg_send_text(PGconn *db, const char *sql) {
    return PQsendQueryParams(db, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}
