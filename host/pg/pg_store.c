// SPDX-License-Identifier: MIT
#include "host/pg/pg_store.h"

#include "host/entropy.h"
#include "host/memory.h"
#include "host/pg/pg_link.h"
#include "host/pg/pg_rows.h"
#include "host/pg/pg_tokens.h"
#include "host/store_inside.h"

#include <string.h>

struct engine {
    struct plk_store_queue *queue; // the store's
    uv_mutex_t told_lock;
    plk_pg_wake *told; // guarded by it; NULL: nobody wants to know
    void *told_ctx;
    // All below is the thread's own.
    struct plk_pg_who who;
    PGconn *db; // NULL: there is no connection
    struct plk_store_items pending;
    struct plk_pg_rows rows[PLK_TABLE_COUNT];   // of the transaction that is being told
    struct plk_pg_rows news[PLK_FLEET_ROW + 1]; // sids that others are to look at again, by kind
    struct plk_pg_arrays arrays;
    struct plk_pg_tokens tokens;
    struct plk_pg_trouble trouble;
    bool stalled, lost, durable, again; // again: what is pending may have been committed already
};

static void tell(struct engine *e, enum plk_store_report_kind kind, uint64_t n, const struct plk_fault *fault) {
    struct plk_store_notes notes = {.first = NULL};
    plk_store_notes_add(&notes, plk_store_note_of(kind, n, fault));
    plk_store_queue_tell(e->queue, &notes);
}

// ---- telling a transaction --------------------------------------------------------------------------------------------

static struct plk_pg_param param(struct plk_bytes bytes) {
    return (struct plk_pg_param){bytes.len == 0 ? "" : (const void *)bytes.at, bytes.len};
}

static struct plk_pg_param array(const struct plk_pg_arrays *arrays, unsigned part) {
    return (struct plk_pg_param){arrays->bytes + arrays->at[part], arrays->len[part]};
}

static bool flush(struct engine *e, enum plk_table table) {
    struct plk_pg_rows *rows = &e->rows[table];
    bool well = true;
    if (rows->count == 0) return true;
    plk_pg_arrays_put(&e->arrays, rows);
    if (e->arrays.count > 0) {
        struct plk_pg_param put[] = {array(&e->arrays, 0), array(&e->arrays, 1), array(&e->arrays, 2)};
        // An item's number is new: only what may have been committed already can be there.
        bool adds = !e->again && (table == PLK_TABLE_ritem || table == PLK_TABLE_rcell);
        well = plk_pg_send(e->db, table, adds ? PLK_PG_ADD : PLK_PG_PUT, put, 3);
    }
    plk_pg_arrays_deleted(&e->arrays, rows);
    if (e->arrays.count > 0) {
        struct plk_pg_param deleted[] = {array(&e->arrays, 0), array(&e->arrays, 1)};
        well = well && plk_pg_send(e->db, table, PLK_PG_DELETE, deleted, 2);
    }
    plk_pg_rows_clear(rows);
    return well;
}

// from <= key < to as parameters: within one sid, which one partition answers, or across them.
struct range {
    bool within;
    struct plk_pg_param params[4];
    int count;
    uint8_t next[PLK_PG_SID_LEN];
};

// The smallest sid above this one; false: there is none.
static bool sid_after(uint8_t next[PLK_PG_SID_LEN], const uint8_t *sid) {
    memcpy(next, sid, PLK_PG_SID_LEN);
    for (size_t i = PLK_PG_SID_LEN; i-- > 0;) {
        if (++next[i] != 0) return true;
    }
    return false;
}

static void range_of(struct range *range, struct plk_bytes from, struct plk_bytes to) {
    struct plk_pg_param none = {NULL, 0};
    bool whole = from.len >= PLK_PG_SID_LEN;
    bool same = whole && to.len > PLK_PG_SID_LEN && memcmp(from.at, to.at, PLK_PG_SID_LEN) == 0;
    bool to_end = whole && to.len == PLK_PG_SID_LEN && sid_after(range->next, from.at) &&
                  memcmp(range->next, to.at, PLK_PG_SID_LEN) == 0;
    range->within = same || to_end;
    range->params[0] = param(plk_pg_sid(from));
    range->params[1] = param(plk_pg_rest(from));
    if (range->within) {
        range->params[2] = same ? param(plk_pg_rest(to)) : none;
        range->count = 3;
    } else {
        range->params[2] = to.len == 0 ? none : param(plk_pg_sid(to));
        range->params[3] = param(plk_pg_rest(to));
        range->count = 4;
    }
}

// What other processes may keep in memory: new items, changed rows. That an item is gone they find when they want it.
static void note_news(struct engine *e, const struct plk_op *op) {
    if (op->table == PLK_TABLE_ritem && op->kind == PLK_OP_UPSERT)
        plk_pg_rows_put(&e->news[PLK_FLEET_ITEMS], plk_pg_sid(op->key), plk_bytes(NULL, 0));
    if (op->table == PLK_TABLE_rqueue)
        plk_pg_rows_put(&e->news[PLK_FLEET_ROW], plk_pg_sid(op->key), plk_bytes(NULL, 0));
}

static bool send_news(struct engine *e) {
    bool well = true;
    for (int kind = PLK_FLEET_ITEMS; kind <= PLK_FLEET_ROW && well; kind++) {
        plk_pg_arrays_put(&e->arrays, &e->news[kind]);
        if (e->arrays.count == 0) continue;
        struct plk_pg_param sids = array(&e->arrays, 0);
        well = plk_pg_send_news(e->db, (enum plk_fleet_kind)kind, &sids);
    }
    return well;
}

// After the commit, and before what is pending is freed.
static void tell_news(struct engine *e) {
    uv_mutex_lock(&e->told_lock);
    for (int kind = PLK_FLEET_ITEMS; kind <= PLK_FLEET_ROW; kind++) {
        struct plk_pg_rows *news = &e->news[kind];
        for (size_t i = 0; i < news->count && e->told != NULL; i++)
            e->told(e->told_ctx, (enum plk_fleet_kind)kind, news->entries[i].key.at, i + 1 == news->count);
        plk_pg_rows_clear(news);
    }
    uv_mutex_unlock(&e->told_lock);
}

// Writes gather by table; a range takes its place among them.
static bool apply(struct engine *e, const struct plk_store_item *item) {
    struct plk_op op;
    bool well = true;
    for (size_t offset = 0; well && plk_store_item_op(item, &offset, &op);) {
        struct range range;
        switch (op.kind) {
        case PLK_OP_UPSERT:
            note_news(e, &op);
            plk_pg_rows_put(&e->rows[op.table], op.key, plk_pg_tokens_value(&e->tokens, op.table, op.key, op.value));
            break;
        case PLK_OP_DELETE:
            note_news(e, &op);
            plk_pg_rows_delete(&e->rows[op.table], op.key);
            break;
        case PLK_OP_DELETE_RANGE:
            range_of(&range, op.key, op.key_end);
            well = flush(e, op.table) &&
                   plk_pg_send(e->db, op.table, range.within ? PLK_PG_DELETE_IN : PLK_PG_DELETE_RANGE, range.params,
                               range.count);
            break;
        case PLK_OP_PATCH:
            plk_assert(false); // of messages only: a relay has none
        }
    }
    return well;
}

static bool ask(struct engine *e, const struct plk_store_item *item) {
    struct plk_store_load load = plk_store_item_range(item);
    struct range range;
    struct plk_pg_param params[5];
    uint8_t limit[8] = {0};
    range_of(&range, load.from, load.to);
    memcpy(params, range.params, sizeof range.params);
    for (unsigned i = 0; i < 4; i++) limit[4 + i] = (uint8_t)(load.limit >> (24 - 8 * i));
    params[range.count] = (struct plk_pg_param){load.limit == 0 ? NULL : limit, sizeof limit};
    enum plk_pg_statement statement = range.within   ? load.reverse ? PLK_PG_LOAD_IN_BACK : PLK_PG_LOAD_IN
                                      : load.reverse ? PLK_PG_LOAD_BACK
                                                     : PLK_PG_LOAD;
    return flush(e, load.table) && plk_pg_send(e->db, load.table, statement, params, range.count + 1);
}

static bool send_all(struct engine *e, uint64_t *stored) {
    bool well = plk_pg_send_text(e->db, "BEGIN");
    if (well && !plk_pg_tokens_lock(&e->tokens, e->db, &e->pending, e->again, &e->trouble)) return false;
    for (struct plk_store_item *item = e->pending.first; item != NULL && well; item = item->next) {
        if (item->kind == PLK_STORE_ITEM_BATCH) {
            well = apply(e, item);
            *stored = item->number;
        } else if (!item->answered) {
            well = ask(e, item);
        }
    }
    for (int table = 0; table < PLK_TABLE_COUNT && well; table++) well = flush(e, (enum plk_table)table);
    well = well && send_news(e) && plk_pg_send_text(e->db, "COMMIT") && PQpipelineSync(e->db) == 1;
    if (!well) plk_pg_trouble_of(&e->trouble, e->db, NULL);
    return well;
}

// ---- hearing of it ----------------------------------------------------------------------------------------------------

static struct plk_bytes field(const PGresult *result, int row, int column) {
    return plk_bytes((const uint8_t *)PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

static void answer(struct engine *e, struct plk_store_item *item, const PGresult *result) {
    struct plk_store_gather *gather = plk_memory_take(sizeof *gather);
    gather->ticket = item->number;
    for (int row = 0; row < PQntuples(result); row++) {
        if (item->limit == 1) plk_pg_tokens_read(&e->tokens, item->table, field(result, row, 0), field(result, row, 1));
        plk_store_gather_row(gather, field(result, row, 0), field(result, row, 1));
    }
    plk_store_gather_end(gather, false);
    plk_store_queue_tell(e->queue, &gather->notes);
    plk_store_gather_free(gather);
    item->answered = true;
}

static struct plk_store_item *next_load(struct plk_store_item *item) {
    while (item != NULL && (item->kind != PLK_STORE_ITEM_LOAD || item->answered)) item = item->next;
    return item;
}

// Every result up to the pipeline's end. Rows belong to the loads, in their order. True: it is committed.
static bool hear_all(struct engine *e) {
    struct plk_store_item *load = next_load(e->pending.first);
    bool committed = false;
    e->trouble.failure = PLK_PG_WELL;
    for (unsigned ends = 0; ends < 2;) { // a statement's results end with NULL; two of these: the connection is gone
        PGresult *result = PQgetResult(e->db);
        ExecStatusType status = PQresultStatus(result);
        ends = result == NULL ? ends + 1 : 0;
        if (status == PGRES_TUPLES_OK && load != NULL) {
            answer(e, load, result);
            load = next_load(load);
        } else if (status == PGRES_COMMAND_OK) {
            committed = strcmp(PQcmdStatus((PGresult *)result), "COMMIT") == 0;
        } else if (status == PGRES_FATAL_ERROR && result != NULL && e->trouble.failure == PLK_PG_WELL) {
            plk_pg_trouble_of(&e->trouble, e->db, result);
        }
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC) return committed;
    }
    if (e->trouble.failure == PLK_PG_WELL) plk_pg_trouble_of(&e->trouble, e->db, NULL);
    return false;
}

static void roll_back(struct engine *e) {
    for (int table = 0; table < PLK_TABLE_COUNT; table++) plk_pg_rows_clear(&e->rows[table]);
    for (int kind = PLK_FLEET_ITEMS; kind <= PLK_FLEET_ROW; kind++) plk_pg_rows_clear(&e->news[kind]);
    if (e->db == NULL) return;
    // A transaction that failed is known to be over only with its connection.
    PQfinish(e->db);
    e->db = NULL;
}

static bool run_pending(struct engine *e, uint64_t *stored) {
    if (e->db == NULL) e->db = plk_pg_connect(&e->who, false, &e->trouble);
    return e->db != NULL && send_all(e, stored) && hear_all(e);
}

// ---- the thread -------------------------------------------------------------------------------------------------------

static void lose(struct engine *e) {
    e->lost = true;
    plk_store_items_free(&e->pending);
    tell(e, PLK_STORE_LOST, 0, &e->trouble.fault);
}

// Makes everything pending durable, however long it takes. False: closed while stalled.
static bool store_pending(struct engine *e) {
    uint64_t wait_ms = PLK_STORE_RETRY_MIN_MS, give_up_ms = 0;
    for (;;) {
        uint64_t stored = 0;
        if (run_pending(e, &stored)) {
            e->again = false;
            tell_news(e);
            plk_store_items_free(&e->pending);
            if (e->stalled) tell(e, PLK_STORE_RESUMED, 0, NULL);
            e->stalled = false;
            if (stored != 0) tell(e, PLK_STORE_STORED, stored, NULL);
            return true;
        }
        roll_back(e);
        e->again = true;
        if (e->trouble.failure == PLK_PG_GONE) {
            lose(e);
            return true;
        }
        if (!e->stalled && e->trouble.failure == PLK_PG_LATER) {
            tell(e, PLK_STORE_STALLED, 0, &e->trouble.fault);
            e->stalled = true;
        }
        if (!plk_store_queue_retry(e->queue, &e->pending, wait_ms, &give_up_ms)) return false;
        wait_ms = wait_ms * 2 < PLK_STORE_RETRY_MAX_MS ? wait_ms * 2 : PLK_STORE_RETRY_MAX_MS;
    }
}

static void run(void *ctx) {
    struct engine *e = ctx;
    bool stored = true;
    while (stored && plk_store_queue_take(e->queue, &e->pending, 0)) {
        if (e->lost) {
            plk_store_items_free(&e->pending);
        } else {
            stored = store_pending(e);
        }
    }
    e->durable = stored && !e->lost;
    plk_store_items_free(&e->pending);
}

static bool free_engine(void *ctx) {
    struct engine *e = ctx;
    bool durable = e->durable;
    for (int table = 0; table < PLK_TABLE_COUNT; table++) plk_pg_rows_free(&e->rows[table]);
    for (int kind = PLK_FLEET_ITEMS; kind <= PLK_FLEET_ROW; kind++) plk_pg_rows_free(&e->news[kind]);
    plk_pg_arrays_free(&e->arrays);
    PQfinish(e->db);
    uv_mutex_destroy(&e->told_lock);
    plk_memory_give(e->who.url, strlen(e->who.url) + 1); // it may hold a password
    plk_memory_give(e, sizeof *e);
    return durable;
}

static const struct plk_store_engine postgres = {.run = run, .free = free_engine};

// A server that is being restarted, or a session of our own that it has not yet seen end, is no reason to give up.
static PGconn *open_first(struct plk_pg_who *who, struct plk_pg_trouble *trouble) {
    uint64_t until_ms = plk_store_queue_ms() + PLK_PG_OPEN_MS;
    PGconn *db;
    while ((db = plk_pg_connect(who, true, trouble)) == NULL && trouble->failure != PLK_PG_GONE &&
           plk_store_queue_ms() < until_ms) {
        uv_sleep(PLK_PG_OPEN_PAUSE_MS);
    }
    return db;
}

enum plk_fault_kind plk_pg_store_open(struct plk_store **out, const struct plk_store_config *config,
                                      struct plk_fault *fault) {
    *out = NULL;
    plk_entropy_start();
    struct plk_pg_trouble trouble;
    struct plk_pg_who who = {.url = plk_memory_take(strlen(config->url) + 1)};
    memcpy(who.url, config->url, strlen(config->url));
    plk_assert(config->relay_key != NULL);
    memcpy(who.relay, config->relay_key, sizeof who.relay);
    PGconn *db = open_first(&who, &trouble);
    if (db == NULL) {
        if (fault != NULL) *fault = trouble.fault;
        plk_memory_give(who.url, strlen(who.url) + 1);
        return trouble.fault.kind;
    }
    struct plk_store *store = plk_store_new(config);
    struct engine *engine = plk_memory_take(sizeof *engine);
    engine->queue = &store->queue;
    plk_assert(uv_mutex_init(&engine->told_lock) == 0);
    engine->db = db;
    engine->who = who;
    plk_store_begin(store, &postgres, engine);
    *out = store;
    return PLK_FAULT_NONE;
}

uint8_t plk_pg_store_slot(const struct plk_store *store) { return ((const struct engine *)store->engine)->who.slot; }

void plk_pg_store_watch(struct plk_store *store, plk_pg_wake *told, void *ctx) {
    struct engine *e = store->engine;
    uv_mutex_lock(&e->told_lock);
    e->told_ctx = ctx;
    e->told = told;
    uv_mutex_unlock(&e->told_lock);
}
