// SPDX-License-Identifier: MIT
#include "host/store_writer.h"

#include "host/memory.h"
#include "host/store_log.h"

#define FIRST_CHECKPOINT ((int)(PLK_STORE_WAL_MAX / 4096))

static int log_grew(void *ctx, sqlite3 *db, const char *name, int pages) {
    struct plk_store_writer *w = ctx;
    (void)db;
    (void)name;
    w->wal_pages = pages;
    return SQLITE_OK;
}

void plk_store_writer_init(struct plk_store_writer *w, struct plk_store_queue *queue, sqlite3 *db) {
    *w = (struct plk_store_writer){.queue = queue, .db = db};
    w->rows.db = w->messages.db = w->index.db = db;
    w->messages.index = &w->index;
    w->messages.marks = &w->marks;
    w->marks.messages = &w->messages;
    w->marks.db = db;
    w->wal_pages = 1; // a crash may have left a log
    w->checkpoint_at = FIRST_CHECKPOINT;
    w->checkpoint_wait_ms = PLK_STORE_CHECKPOINT_MS;
    sqlite3_wal_hook(db, log_grew, w);
}

static bool index_behind(const struct plk_store_writer *w) {
    return w->open || (!w->index.none && (!w->index.scanned || w->index.behind > 0));
}

// ---- telling the loop -------------------------------------------------------------------------------------------------

static void tell(struct plk_store_writer *w, struct plk_store_notes *notes) {
    uv_mutex_lock(&w->queue->lock);
    w->queue->unindexed = w->index.behind;
    uv_mutex_unlock(&w->queue->lock);
    plk_store_queue_tell(w->queue, notes);
}

static void tell_kind(struct plk_store_writer *w, enum plk_store_report_kind kind, uint64_t n,
                      const struct plk_fault *fault) {
    struct plk_store_notes notes = {.first = NULL};
    plk_store_notes_add(&notes, plk_store_note_of(kind, n, fault));
    tell(w, &notes);
}

// How far the index is; a wake-up without a note when it is complete.
static void tell_index(struct plk_store_writer *w) {
    uv_mutex_lock(&w->queue->lock);
    w->queue->unindexed = w->index.behind;
    uv_mutex_unlock(&w->queue->lock);
    if (!index_behind(w)) w->queue->wake(w->queue->ctx);
}

// ---- transactions -----------------------------------------------------------------------------------------------------

static int begin(struct plk_store_writer *w) {
    if (w->open) return SQLITE_OK;
    int code = plk_store_db_prepare(w->db, &w->begin, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = plk_store_db_run(w->begin);
    w->open = code == SQLITE_OK;
    return code;
}

static int commit(struct plk_store_writer *w) {
    if (!w->open) return SQLITE_OK;
    int code = plk_store_db_prepare(w->db, &w->commit, "COMMIT");
    if (code == SQLITE_OK) code = plk_store_db_run(w->commit);
    if (code == SQLITE_OK) w->open = false;
    return code;
}

static void roll_back(struct plk_store_writer *w) {
    // SQLite has rolled back by itself after some errors.
    if (!sqlite3_get_autocommit(w->db)) plk_store_db_exec(w->db, "ROLLBACK");
    w->open = false;
    plk_store_index_forget(&w->index);
    plk_store_message_forget(&w->messages);
}

static int apply(struct plk_store_writer *w, const struct plk_store_item *item) {
    int code = begin(w);
    struct plk_op op;
    for (size_t offset = 0; code == SQLITE_OK && plk_store_item_op(item, &offset, &op);) {
        if (op.table == PLK_TABLE_message)
            code = plk_store_message_apply(&w->messages, &op);
        else if (op.table == PLK_TABLE_mark && op.kind == PLK_OP_UPSERT)
            code = plk_store_mark_upsert(&w->marks, &op);
        else
            code = plk_store_rows_apply(&w->rows, &op);
    }
    return code;
}

// Reads what the batches before it have written, committed or not: either they will be, or nobody hears of it.
static int answer(struct plk_store_writer *w, struct plk_store_item *item) {
    if (item->answered) return SQLITE_OK;
    struct plk_store_load load = plk_store_item_range(item);
    struct plk_store_gather *gather = plk_memory_take(sizeof *gather);
    gather->ticket = item->number;
    int code = load.table == PLK_TABLE_message
                   ? plk_store_message_load(&w->messages, &load, plk_store_gather_row, gather)
                   : plk_store_rows_load(&w->rows, &load, plk_store_gather_row, gather);
    if (code == SQLITE_OK) {
        plk_store_gather_end(gather, false);
        tell(w, &gather->notes);
        item->answered = true;
    }
    plk_store_gather_free(gather);
    return code;
}

static int run_pending(struct plk_store_writer *w, uint64_t *stored) {
    // Reads that come together share a transaction: the locks of each cost as much as its row.
    bool several = w->pending.first != NULL && w->pending.first->next != NULL;
    int code = several ? begin(w) : SQLITE_OK;
    for (struct plk_store_item *item = w->pending.first; item != NULL && code == SQLITE_OK; item = item->next) {
        if (item->kind == PLK_STORE_ITEM_LOAD) {
            code = answer(w, item);
        } else {
            code = apply(w, item);
            *stored = item->number;
        }
    }
    return code == SQLITE_OK ? commit(w) : code;
}

// ---- failures ---------------------------------------------------------------------------------------------------------

static void lose(struct plk_store_writer *w, const struct plk_fault *fault) {
    w->lost = true;
    plk_store_items_free(&w->pending);
    tell_kind(w, PLK_STORE_LOST, 0, fault);
}

// Makes everything pending durable, however long it takes. False: the store is lost, or closed while stalled.
static bool store_pending(struct plk_store_writer *w) {
    uint64_t wait_ms = PLK_STORE_RETRY_MIN_MS, give_up_ms = 0;
    for (;;) {
        uint64_t stored = 0;
        int code = run_pending(w, &stored);
        if (code == SQLITE_OK) {
            plk_store_items_free(&w->pending);
            if (w->stalled) tell_kind(w, PLK_STORE_RESUMED, 0, NULL);
            w->stalled = false;
            if (stored != 0) tell_kind(w, PLK_STORE_STORED, stored, NULL);
            return true;
        }
        struct plk_fault fault;
        enum plk_fault_kind kind = plk_store_db_fault(code, sqlite3_system_errno(w->db), &fault);
        roll_back(w);
        if (kind == PLK_FAULT_CORRUPT) {
            lose(w, &fault);
            return false;
        }
        if (!w->stalled) tell_kind(w, PLK_STORE_STALLED, 0, &fault);
        w->stalled = true;
        if (!plk_store_queue_retry(w->queue, &w->pending, wait_ms, &give_up_ms)) return false;
        wait_ms = wait_ms * 2 < PLK_STORE_RETRY_MAX_MS ? wait_ms * 2 : PLK_STORE_RETRY_MAX_MS;
    }
}

// ---- nothing to do ----------------------------------------------------------------------------------------------------

// One look at the queue every few milliseconds. What is interrupted stays in the open transaction and is committed with
// the batch that interrupted it.
static int fill_index(struct plk_store_writer *w, unsigned most) {
    bool more = true;
    int code = begin(w);
    for (unsigned took = 0; code == SQLITE_OK && more && took < most; took += PLK_STORE_INDEX_SLICE) {
        code = plk_store_index_step(&w->index, PLK_STORE_INDEX_SLICE, &more);
        if (code == SQLITE_OK && plk_store_queue_has_work(w->queue)) return SQLITE_OK;
    }
    return code == SQLITE_OK ? commit(w) : code;
}

static void index_failed(struct plk_store_writer *w, int code) {
    struct plk_fault fault;
    enum plk_fault_kind kind = plk_store_db_fault(code, sqlite3_system_errno(w->db), &fault);
    roll_back(w);
    if (kind == PLK_FAULT_CORRUPT) lose(w, &fault);
}

// Empties the log, so that nothing that was deleted lives on in it.
static void checkpoint(struct plk_store_writer *w) {
    int pages, moved;
    int code = sqlite3_wal_checkpoint_v2(w->db, "main", SQLITE_CHECKPOINT_TRUNCATE, &pages, &moved);
    if (code == SQLITE_OK) {
        w->wal_pages = 0;
        w->log_len = 0;
        w->emptied_ms = plk_store_queue_ms();
        w->checkpoint_at = FIRST_CHECKPOINT;
        w->checkpoint_wait_ms = PLK_STORE_CHECKPOINT_MS;
        sqlite3_db_release_memory(w->db);
    } else if (w->checkpoint_wait_ms < PLK_STORE_CHECKPOINT_MAX_MS) {
        w->checkpoint_wait_ms *= 2;
    }
}

// Under load, without waiting for readers; the log then begins anew by itself.
static void checkpoint_under_load(struct plk_store_writer *w) {
    if (w->empty_every_ms != 0 && plk_store_queue_ms() - w->emptied_ms >= w->empty_every_ms) checkpoint(w);
    if (w->wal_pages < w->checkpoint_at) return;
    int pages = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(w->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    bool whole = code == SQLITE_OK && pages == moved;
    w->checkpoint_at = whole ? FIRST_CHECKPOINT : w->wal_pages + FIRST_CHECKPOINT / 4;
}

// For the next message that comes alone. Under load it would be written twice for nothing.
static void make_room(struct plk_store_writer *w) {
    if (!w->open && !plk_store_queue_has_work(w->queue)) plk_store_log_make_room(w->db, w->wal_pages, &w->log_len);
}

// How long to wait for work before something else is done; 0: until there is some.
static uint64_t idle_wait_ms(const struct plk_store_writer *w, bool failed) {
    if (w->lost) return 0;
    if (failed) return PLK_STORE_RETRY_MAX_MS;
    if (index_behind(w)) return PLK_STORE_IDLE_MS;
    return w->wal_pages > 0 ? w->checkpoint_wait_ms : 0;
}

static void close_all(struct plk_store_writer *w) {
    if (w->open && commit(w) != SQLITE_OK) roll_back(w);
    if (w->durable && w->wal_pages > 0) checkpoint(w);
    plk_store_items_free(&w->pending);
    plk_store_rows_close(&w->rows);
    plk_store_message_close(&w->messages);
    plk_store_mark_close(&w->marks);
    plk_store_index_close(&w->index);
    sqlite3_finalize(w->begin);
    sqlite3_finalize(w->commit);
    sqlite3_close(w->db);
}

void plk_store_writer_run(void *ctx) {
    struct plk_store_writer *w = ctx;
    bool failed = false, stored = true;
    while (stored && plk_store_queue_take(w->queue, &w->pending, idle_wait_ms(w, failed))) {
        failed = false;
        if (w->lost) {
            plk_store_items_free(&w->pending);
        } else if (w->pending.first != NULL) {
            stored = store_pending(w) || w->lost;
            if (stored && !w->lost) checkpoint_under_load(w);
            if (stored && !w->lost) make_room(w);
            if (stored && w->index.behind > PLK_STORE_BEHIND_MAX) {
                int code = fill_index(w, PLK_STORE_INDEX_FORCED);
                if (code != SQLITE_OK) index_failed(w, code);
            }
        } else if (index_behind(w)) {
            int code = fill_index(w, PLK_STORE_INDEX_COMMIT);
            failed = code != SQLITE_OK;
            if (failed) index_failed(w, code);
            tell_index(w);
        } else {
            checkpoint(w);
            make_room(w);
        }
    }
    w->durable = stored && !w->lost;
    close_all(w);
}
