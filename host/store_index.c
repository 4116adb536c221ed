// SPDX-License-Identifier: MIT
#include "host/store_index.h"

#include "host/fold.h"
#include "host/memory.h"
#include "host/store_schema.h"
#include "wire/picture.h"

#define SHOWN_KINDS 64 // wire/row.h: kinds below are shown in history, and found

// ---- how far behind each conversation is ------------------------------------------------------------------------------

static size_t slot_of(const struct plk_store_index *index, uint32_t contact) {
    size_t mask = index->cap - 1;
    size_t i = (size_t)(contact * UINT32_C(0x9e3779b1)) & mask;
    while (index->lags[i].contact != 0 && index->lags[i].contact != contact) i = (i + 1) & mask;
    return i;
}

static void grow(struct plk_store_index *index) {
    if ((index->used + 1) * 2 <= index->cap) return;
    struct plk_store_lag *old = index->lags;
    size_t old_cap = index->cap;
    index->cap = old_cap == 0 ? 64 : old_cap * 2;
    index->lags = plk_memory_take(index->cap * sizeof *index->lags);
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].contact != 0) index->lags[slot_of(index, old[i].contact)] = old[i];
    }
    plk_memory_give(old, old_cap * sizeof *old);
    index->cursor = 0;
}

static int first_number(sqlite3_stmt *s, int64_t *value) {
    *value = 0;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) *value = sqlite3_column_int64(s, 0);
    int end = sqlite3_reset(s);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

// The highest rowid in low <= at <= high, or 0.
static int newest_at(struct plk_store_index *index, int64_t low, int64_t high, int64_t *at) {
    int code =
        plk_store_db_prepare(index->db, &index->newest, "SELECT max(at) FROM message WHERE at >= ?1 AND at <= ?2");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(index->newest, 1, low);
    sqlite3_bind_int64(index->newest, 2, high);
    return first_number(index->newest, at);
}

static int watermark(struct plk_store_index *index, uint32_t contact, int64_t *row) {
    int code = plk_store_db_prepare(index->db, &index->marked, "SELECT row FROM indexed WHERE contact = ?1");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(index->marked, 1, contact);
    return first_number(index->marked, row);
}

static int set_watermark(struct plk_store_index *index, uint32_t contact, uint64_t row) {
    int code =
        plk_store_db_prepare(index->db, &index->mark, "INSERT OR REPLACE INTO indexed(contact, row) VALUES(?1, ?2)");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(index->mark, 1, contact);
    sqlite3_bind_int64(index->mark, 2, (int64_t)row);
    return plk_store_db_run(index->mark);
}

static void set_lag(struct plk_store_index *index, struct plk_store_lag *lag, uint64_t top, uint64_t done) {
    index->behind -= lag->top - lag->done;
    lag->top = top > done ? top : done;
    lag->done = done;
    index->behind += lag->top - lag->done;
}

static int find_lag(struct plk_store_index *index, uint32_t contact, struct plk_store_lag **lag) {
    grow(index);
    struct plk_store_lag *slot = &index->lags[slot_of(index, contact)];
    *lag = slot;
    if (slot->contact == contact) return SQLITE_OK;
    int64_t top = 0, done = 0;
    int code = newest_at(index, plk_store_at(contact, 1), plk_store_at(contact, PLK_STORE_ROW_MAX), &top);
    if (code == SQLITE_OK) code = watermark(index, contact, &done);
    if (code != SQLITE_OK) return code;
    *slot = (struct plk_store_lag){.contact = contact};
    index->used++;
    set_lag(index, slot, plk_store_at_row(top), (uint64_t)done);
    return SQLITE_OK;
}

// Finds the conversations, hopping from one to the next.
static int scan(struct plk_store_index *index) {
    int code = plk_store_db_prepare(index->db, &index->next, "SELECT min(at) FROM message WHERE at >= ?1");
    for (uint64_t contact = 0; code == SQLITE_OK && contact < UINT32_MAX; contact++) {
        int64_t at = 0;
        sqlite3_bind_int64(index->next, 1, plk_store_at((uint32_t)contact, 1));
        code = first_number(index->next, &at);
        if (code != SQLITE_OK || at == 0) break;
        contact = plk_store_at_contact(at);
        struct plk_store_lag *lag;
        code = find_lag(index, (uint32_t)contact, &lag);
    }
    index->scanned = code == SQLITE_OK;
    return code;
}

void plk_store_index_forget(struct plk_store_index *index) {
    plk_memory_give(index->lags, index->cap * sizeof *index->lags);
    index->lags = NULL;
    index->cap = index->used = index->cursor = 0;
    index->behind = 0;
    index->scanned = false;
}

void plk_store_index_close(struct plk_store_index *index) {
    sqlite3_stmt *statements[] = {index->add,    index->drop, index->mark, index->marked,
                                  index->newest, index->next, index->rows, index->unmark};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) sqlite3_finalize(statements[i]);
    plk_store_index_forget(index);
    *index = (struct plk_store_index){.db = NULL};
}

// ---- texts ------------------------------------------------------------------------------------------------------------

// Runs add or drop with the folded text. What is not indexed is decided here alone: FTS5 must be given the same to drop
// as to add.
static int with_text(sqlite3_stmt *s, int64_t at, uint16_t kind, struct plk_bytes payload) {
    if (kind == PLK_BODY_PICTURE) payload = plk_picture_text(kind, payload);
    if (kind >= SHOWN_KINDS || payload.len == 0) return SQLITE_OK;
    size_t room = PLK_FOLD_ROOM(payload.len), chars;
    uint8_t *folded = plk_memory_take(room);
    size_t len = plk_fold(folded, payload, &chars);
    int code = SQLITE_OK;
    if (chars >= PLK_STORE_INDEX_CHARS) {
        sqlite3_bind_int64(s, 1, at);
        sqlite3_bind_text(s, 2, (const char *)folded, (int)len, SQLITE_STATIC);
        code = plk_store_db_run(s);
        sqlite3_bind_null(s, 2);
    }
    plk_memory_give(folded, room);
    return code;
}

static int add_text(struct plk_store_index *index, int64_t at, uint16_t kind, struct plk_bytes payload) {
    int code = plk_store_db_prepare(index->db, &index->add, "INSERT INTO search(rowid, text) VALUES(?1, ?2)");
    return code != SQLITE_OK ? code : with_text(index->add, at, kind, payload);
}

int plk_store_index_added(struct plk_store_index *index, int64_t at, uint16_t kind, struct plk_bytes payload) {
    if (at <= 0) return SQLITE_OK;
    struct plk_store_lag *lag;
    int code = find_lag(index, plk_store_at_contact(at), &lag);
    if (code != SQLITE_OK) return code;
    uint64_t row = plk_store_at_row(at);
    if (row <= lag->done) return add_text(index, at, kind, payload);
    if (row > lag->top) set_lag(index, lag, row, lag->done);
    return SQLITE_OK;
}

int plk_store_index_drop(struct plk_store_index *index, int64_t at, uint16_t kind, struct plk_bytes payload) {
    if (at <= 0) return SQLITE_OK;
    struct plk_store_lag *lag;
    int code = find_lag(index, plk_store_at_contact(at), &lag);
    if (code != SQLITE_OK || plk_store_at_row(at) > lag->done) return code;
    code = plk_store_db_prepare(index->db, &index->drop,
                                "INSERT INTO search(search, rowid, text) VALUES('delete', ?1, ?2)");
    return code != SQLITE_OK ? code : with_text(index->drop, at, kind, payload);
}

int plk_store_index_clear(struct plk_store_index *index) {
    int code = plk_store_db_exec(index->db, "INSERT INTO search(search) VALUES('delete-all'); DELETE FROM indexed");
    plk_store_index_forget(index);
    return code;
}

int plk_store_index_empty(struct plk_store_index *index, uint32_t contact) {
    int code = plk_store_db_prepare(index->db, &index->unmark, "DELETE FROM indexed WHERE contact = ?1");
    if (code != SQLITE_OK) return code;
    struct plk_store_lag *lag;
    code = find_lag(index, contact, &lag);
    if (code != SQLITE_OK) return code;
    set_lag(index, lag, 0, 0);
    sqlite3_bind_int64(index->unmark, 1, contact);
    return plk_store_db_run(index->unmark);
}

// ---- filling ----------------------------------------------------------------------------------------------------------

static int take_rows(struct plk_store_index *index, struct plk_store_lag *lag, unsigned limit, unsigned *took) {
    int code =
        plk_store_db_prepare(index->db, &index->rows,
                             "SELECT at, kind, payload FROM message WHERE at > ?1 AND at <= ?2 ORDER BY at LIMIT ?3");
    if (code != SQLITE_OK) return code;
    uint64_t done = lag->done;
    sqlite3_bind_int64(index->rows, 1, plk_store_at(lag->contact, lag->done));
    sqlite3_bind_int64(index->rows, 2, plk_store_at(lag->contact, lag->top));
    sqlite3_bind_int(index->rows, 3, (int)limit);
    while ((code = sqlite3_step(index->rows)) == SQLITE_ROW) {
        int64_t at = sqlite3_column_int64(index->rows, 0);
        code = add_text(index, at, (uint16_t)sqlite3_column_int(index->rows, 1), plk_store_db_column(index->rows, 2));
        if (code != SQLITE_OK) break;
        done = plk_store_at_row(at);
        ++*took;
    }
    sqlite3_reset(index->rows);
    if (code != SQLITE_DONE) return code;
    // Fewer than asked for: there is nothing up to the top any more, whatever the row numbers left out.
    if (*took < limit) done = lag->top;
    code = set_watermark(index, lag->contact, done);
    if (code == SQLITE_OK) set_lag(index, lag, lag->top, done);
    return code;
}

int plk_store_index_step(struct plk_store_index *index, unsigned limit, bool *more) {
    int code = index->scanned ? SQLITE_OK : scan(index);
    unsigned took = 0;
    for (size_t i = 0; code == SQLITE_OK && i < index->cap && index->behind > 0 && took < limit; i++) {
        struct plk_store_lag *lag = &index->lags[index->cursor];
        unsigned now = 0;
        if (lag->contact != 0 && lag->top > lag->done) code = take_rows(index, lag, limit - took, &now);
        took += now;
        if (lag->top == lag->done) index->cursor = (index->cursor + 1) & (index->cap - 1);
    }
    *more = code == SQLITE_OK && index->behind > 0;
    return code;
}
