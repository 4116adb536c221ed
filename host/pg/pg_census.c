// SPDX-License-Identifier: MIT
#include "host/pg/pg_census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "host/memory.h"

#define MS_NS UINT64_C(1000000)
#define POSITION_MAX 24
#define SWEEP_MS 10000
#define SUBS_SQL_MAX (64 * 1024)

struct sub {
    uint64_t stamp;
    uint8_t sid[PLK_QUEUE_ID_LEN];
};

struct plk_pg_census {
    struct plk_pg_census_config config;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t changed;
    // Guarded by the lock.
    bool quit;
    int64_t own_changed;
    struct sub *subs;
    size_t sub_count, sub_cap;
    struct plk_pg_look *look;
    // The thread's own.
    PGconn *db;
    struct plk_pg_trouble trouble;
    char position[POSITION_MAX], older[POSITION_MAX],
        oldest[POSITION_MAX]; // transactions below it were all seen; "": none
    uint64_t looked_ms, swept_ms;
    struct sub *saying; // taken from subs
    size_t saying_count, saying_cap;
};

static uint64_t now_ms(void) { return uv_hrtime() / MS_NS; }

void plk_pg_look_free(struct plk_pg_look *look) {
    if (look == NULL) return;
    plk_memory_give(look->news, look->news_count * sizeof *look->news);
    plk_memory_give(look, sizeof *look);
}

// ---- saying -----------------------------------------------------------------------------------------------------------

static void hex(char *out, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool run(struct plk_pg_census *c, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!well) plk_pg_trouble_of(&c->trouble, c->db, result);
    PQclear(result);
    return well;
}

static bool say_alive(struct plk_pg_census *c, int64_t changed) {
    const struct plk_pg_process *own = &c->config.own;
    char slot[8], instance[2 + 2 * PLK_FLEET_INSTANCE_LEN + 1] = "\\x", bytes[24];
    snprintf(slot, sizeof slot, "%u", own->slot);
    snprintf(bytes, sizeof bytes, "%lld", (long long)changed);
    hex(instance + 2, own->instance, sizeof own->instance);
    const char *values[] = {slot, instance, own->place, own->words, bytes};
    return run(c, PQexecParams(c->db,
                               "INSERT INTO peerlink.process VALUES ($1::int, $2::bytea, $3, $4, $5::bigint, now()) "
                               "ON CONFLICT (slot) DO UPDATE SET instance = excluded.instance, place = excluded.place, "
                               "words = excluded.words, changed = excluded.changed, beat = excluded.beat",
                               5, NULL, values, NULL, NULL, 0));
}

// As text: so many at a time that a statement stays small.
static bool say_subs(struct plk_pg_census *c) {
    char *sql = plk_memory_take(SUBS_SQL_MAX);
    bool well = true;
    for (size_t i = 0; i < c->saying_count && well;) {
        size_t len = (size_t)snprintf(sql, SUBS_SQL_MAX, "INSERT INTO peerlink.news (kind, slot, stamp, sid) VALUES ");
        for (size_t first = i; i < c->saying_count && len + 128 < SUBS_SQL_MAX; i++) {
            char sid[2 * PLK_QUEUE_ID_LEN + 1];
            hex(sid, c->saying[i].sid, sizeof c->saying[i].sid);
            len += (size_t)snprintf(sql + len, SUBS_SQL_MAX - len, "%s(%d, %u, %llu, '\\x%s')", i > first ? "," : "",
                                    (int)PLK_FLEET_SUBSCRIBED, c->config.own.slot,
                                    (unsigned long long)c->saying[i].stamp, sid);
        }
        well = run(c, PQexec(c->db, sql));
    }
    if (well) c->saying_count = 0;
    plk_memory_give(sql, SUBS_SQL_MAX);
    return well;
}

// ---- reading ----------------------------------------------------------------------------------------------------------

static size_t bytea(uint8_t *out, size_t most, const PGresult *result, int row, int column) {
    size_t len = 0;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)PQgetvalue(result, row, column), &len);
    if (bytes != NULL && len <= most) memcpy(out, bytes, len);
    PQfreemem(bytes);
    return len;
}

static void read_process(const PGresult *result, int row, struct plk_pg_process *process) {
    *process = (struct plk_pg_process){.slot = (uint8_t)atoi(PQgetvalue(result, row, 0)),
                                       .changed = strtoll(PQgetvalue(result, row, 4), NULL, 10)};
    bytea(process->instance, sizeof process->instance, result, row, 1);
    snprintf(process->place, sizeof process->place, "%s", PQgetvalue(result, row, 2));
    snprintf(process->words, sizeof process->words, "%s", PQgetvalue(result, row, 3));
}

// The session with a slot's lock is the process: it is gone in the moment in which that ends.
static bool read_processes(struct plk_pg_census *c, struct plk_pg_look *look) {
    char slot[8];
    const char *values[] = {slot};
    snprintf(slot, sizeof slot, "%u", c->config.own.slot);
    PGresult *result = PQexecParams(
        c->db,
        "SELECT p.slot, p.instance, p.place, p.words, p.changed FROM peerlink.process p JOIN pg_locks l "
        "ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = " PLK_PG_LOCK
        " AND l.objid = p.slot::oid WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND p.beat > now() - interval '" PLK_PG_CENSUS_DEAD "' AND p.slot BETWEEN 0 AND 63 AND p.slot <> $1::int",
        1, NULL, values, NULL, NULL, 0);
    for (int row = 0; row < PQntuples(result) && look->other_count < PLK_FLEET_SLOTS; row++)
        read_process(result, row, &look->others[look->other_count++]);
    return run(c, result);
}

static bool read_news_rows(struct plk_pg_look *look, const PGresult *result) {
    size_t count = (size_t)PQntuples(result);
    look->news = plk_memory_take(count * sizeof *look->news);
    look->news_count = count;
    for (size_t i = 0; i < count; i++) {
        struct plk_pg_news *news = &look->news[i];
        int row = (int)i;
        news->kind = (enum plk_fleet_kind)atoi(PQgetvalue(result, row, 0));
        news->slot = (uint8_t)atoi(PQgetvalue(result, row, 1));
        news->stamp = strtoull(PQgetvalue(result, row, 2), NULL, 10);
        if (bytea(news->sid, sizeof news->sid, result, row, 3) != sizeof news->sid) return false;
    }
    return true;
}

// One snapshot says which transactions are over and what they have told: the next look begins where this one's certainty ends, so
// what commits late is seen late, and not never.
static bool read_news(struct plk_pg_census *c, struct plk_pg_look *look) {
    char slot[8], most[16], next[POSITION_MAX];
    const char *values[] = {c->position, slot, most};
    snprintf(slot, sizeof slot, "%u", c->config.own.slot);
    snprintf(most, sizeof most, "%d", PLK_PG_CENSUS_NEWS_MAX + 1);
    bool known = c->position[0] != 0 && now_ms() - c->looked_ms < PLK_PG_CENSUS_KEEP_MS / 2;
    if (!plk_pg_say(c->db, &c->trouble, NULL, 0, "BEGIN ISOLATION LEVEL REPEATABLE READ") ||
        !plk_pg_say(c->db, &c->trouble, next, sizeof next, "SELECT pg_snapshot_xmin(pg_current_snapshot())"))
        return false;
    look->everything = !known;
    if (known) {
        PGresult *result =
            PQexecParams(c->db,
                         "SELECT DISTINCT kind, slot, stamp, sid FROM peerlink.news WHERE tx >= $1::xid8 "
                         "AND slot <> $2::int LIMIT $3::int",
                         3, NULL, values, NULL, NULL, 0);
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            look->everything = PQntuples(result) > PLK_PG_CENSUS_NEWS_MAX || !read_news_rows(look, result);
        }
        if (!run(c, result)) return false;
    }
    if (!plk_pg_say(c->db, &c->trouble, NULL, 0, "COMMIT")) return false;
    memcpy(c->position, next, sizeof next);
    c->looked_ms = now_ms();
    return true;
}

// Of news that everybody has seen who looks in time, and of processes that are long gone, nothing is left.
static bool sweep(struct plk_pg_census *c) {
    if (now_ms() - c->swept_ms < PLK_PG_CENSUS_KEEP_MS && c->swept_ms != 0) return true;
    c->swept_ms = now_ms();
    bool well = c->oldest[0] == 0 ||
                plk_pg_say(c->db, &c->trouble, NULL, 0, "DELETE FROM peerlink.news WHERE tx < '%s'::xid8", c->oldest);
    memcpy(c->oldest, c->older, sizeof c->oldest);
    memcpy(c->older, c->position, sizeof c->older);
    return well && plk_pg_say(c->db, &c->trouble, NULL, 0,
                              "DELETE FROM peerlink.process WHERE beat < now() - interval '1 hour'");
}

// ---- the thread -------------------------------------------------------------------------------------------------------

static bool begin_session(struct plk_pg_census *c) {
    c->db = plk_pg_session(c->config.url, &c->trouble);
    c->position[0] = 0; // the server may have lost news, which are not in its log
    return c->db != NULL && plk_pg_say(c->db, &c->trouble, NULL, 0, "SET synchronous_commit = off") &&
           plk_pg_say(c->db, &c->trouble, NULL, 0, "SET statement_timeout = '5s'");
}

static void merge(struct plk_pg_look *into, struct plk_pg_look *later) {
    size_t sum = into->news_count + later->news_count;
    struct plk_pg_news *news = plk_memory_take(sum * sizeof *news);
    if (into->news_count > 0) memcpy(news, into->news, into->news_count * sizeof *news);
    if (later->news_count > 0) memcpy(news + into->news_count, later->news, later->news_count * sizeof *news);
    plk_memory_give(into->news, into->news_count * sizeof *news);
    memcpy(into->others, later->others, sizeof into->others);
    into->other_count = later->other_count;
    into->everything = into->everything || later->everything;
    into->news = news;
    into->news_count = sum;
    plk_pg_look_free(later);
}

static void tell(struct plk_pg_census *c, struct plk_pg_look *look) {
    uv_mutex_lock(&c->lock);
    if (c->look == NULL) {
        c->look = look;
    } else {
        merge(c->look, look);
    }
    uv_mutex_unlock(&c->lock);
    c->config.wake(c->config.ctx);
}

static void look_once(struct plk_pg_census *c, int64_t changed) {
    struct plk_pg_look *look = plk_memory_take(sizeof *look);
    bool well = (c->db != NULL || begin_session(c)) && say_alive(c, changed) && say_subs(c) &&
                read_processes(c, look) && read_news(c, look) && sweep(c);
    if (well) {
        tell(c, look);
        return;
    }
    plk_pg_look_free(look);
    PQfinish(c->db);
    c->db = NULL;
}

// Takes what is to be said, after PLK_PG_CENSUS_MS. False: it is time to end.
static bool take(struct plk_pg_census *c, int64_t *changed) {
    uint64_t until_ms = now_ms() + PLK_PG_CENSUS_MS;
    uv_mutex_lock(&c->lock);
    for (uint64_t now; !c->quit && (now = now_ms()) < until_ms;)
        uv_cond_timedwait(&c->changed, &c->lock, (until_ms - now) * MS_NS);
    bool quit = c->quit;
    *changed = c->own_changed;
    if (c->saying_count == 0) { // else it is said again first
        struct sub *empty = c->saying;
        size_t cap = c->saying_cap;
        c->saying = c->subs;
        c->saying_count = c->sub_count;
        c->saying_cap = c->sub_cap;
        c->subs = empty;
        c->sub_count = 0;
        c->sub_cap = cap;
    }
    uv_mutex_unlock(&c->lock);
    return !quit;
}

static void thread(void *ctx) {
    struct plk_pg_census *c = ctx;
    int64_t changed = 0;
    do {
        look_once(c, changed);
    } while (take(c, &changed));
    PQfinish(c->db);
    c->db = NULL;
}

// ---- the loop's side --------------------------------------------------------------------------------------------------

struct plk_pg_census *plk_pg_census_open(const struct plk_pg_census_config *config) {
    struct plk_pg_census *c = plk_memory_take(sizeof *c);
    c->config = *config;
    plk_assert(uv_mutex_init(&c->lock) == 0 && uv_cond_init(&c->changed) == 0);
    plk_assert(uv_thread_create(&c->thread, thread, c) == 0);
    return c;
}

void plk_pg_census_close(struct plk_pg_census *c) {
    if (c == NULL) return;
    uv_mutex_lock(&c->lock);
    c->quit = true;
    uv_cond_signal(&c->changed);
    uv_mutex_unlock(&c->lock);
    uv_thread_join(&c->thread);
    uv_cond_destroy(&c->changed);
    uv_mutex_destroy(&c->lock);
    plk_memory_give(c->subs, c->sub_cap * sizeof *c->subs);
    plk_memory_give(c->saying, c->saying_cap * sizeof *c->saying);
    plk_pg_look_free(c->look);
    plk_memory_give(c, sizeof *c);
}

static void room_for(struct plk_pg_census *c, size_t count) {
    if (c->sub_count + count <= c->sub_cap) return;
    size_t cap = 2 * (c->sub_count + count);
    struct sub *grown = plk_memory_take(cap * sizeof *grown);
    if (c->sub_count > 0) memcpy(grown, c->subs, c->sub_count * sizeof *grown);
    plk_memory_give(c->subs, c->sub_cap * sizeof *grown);
    c->subs = grown;
    c->sub_cap = cap;
}

void plk_pg_census_subscribed(struct plk_pg_census *c, uint64_t stamp, const uint8_t *sids, size_t count) {
    uv_mutex_lock(&c->lock);
    room_for(c, count);
    for (size_t i = 0; i < count; i++) {
        struct sub *sub = &c->subs[c->sub_count++];
        sub->stamp = stamp;
        memcpy(sub->sid, sids + i * PLK_QUEUE_ID_LEN, sizeof sub->sid);
    }
    uv_mutex_unlock(&c->lock);
}

void plk_pg_census_changed(struct plk_pg_census *c, int64_t changed) {
    uv_mutex_lock(&c->lock);
    c->own_changed = changed;
    uv_mutex_unlock(&c->lock);
}

struct plk_pg_look *plk_pg_census_next(struct plk_pg_census *c) {
    uv_mutex_lock(&c->lock);
    struct plk_pg_look *look = c->look;
    c->look = NULL;
    uv_mutex_unlock(&c->lock);
    return look;
}
