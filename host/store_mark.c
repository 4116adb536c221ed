// SPDX-License-Identifier: MIT
#include "host/store_mark.h"

#include "host/memory.h"
#include "host/store_message.h"

// All marks of a message are neighbours: {message key, author, what}.
struct span {
    uint8_t from[PLK_MARK_KEY_LEN], to[PLK_MARK_KEY_LEN];
};

static void span_of(struct span *span, struct plk_bytes message_key) {
    memcpy(span->from, message_key.at, PLK_MESSAGE_KEY_LEN);
    memcpy(span->to, message_key.at, PLK_MESSAGE_KEY_LEN);
    memset(span->from + PLK_MESSAGE_KEY_LEN, 0, PLK_MARK_KEY_LEN - PLK_MESSAGE_KEY_LEN);
    memset(span->to + PLK_MESSAGE_KEY_LEN, 0xff, PLK_MARK_KEY_LEN - PLK_MESSAGE_KEY_LEN);
}

static int bind_span(struct plk_store_marks *marks, sqlite3_stmt **s, const char *sql, const struct span *span) {
    int code = plk_store_db_prepare(marks->db, s, sql);
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(*s, 1, plk_bytes(span->from, sizeof span->from));
    plk_store_db_bind(*s, 2, plk_bytes(span->to, sizeof span->to));
    return SQLITE_OK;
}

static int first_number(sqlite3_stmt *s, int64_t *value) {
    int code = sqlite3_step(s);
    *value = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    int end = sqlite3_reset(s);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

void plk_store_mark_close(struct plk_store_marks *marks) {
    sqlite3_stmt *statements[] = {marks->one,   marks->wiped, marks->early,  marks->put,
                                  marks->clear, marks->of,    marks->arrived};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) sqlite3_finalize(statements[i]);
    if (marks->text_cap > 0) plk_mem_wipe(marks->text, marks->text_cap);
    plk_memory_give(marks->text, marks->text_cap);
    *marks = (struct plk_store_marks){.db = NULL};
}

// ---- the rules --------------------------------------------------------------------------------------------------------

// Rule 1.
static int wins(struct plk_store_marks *marks, const struct plk_op *op, bool *yes) {
    int code = plk_store_db_prepare(marks->db, &marks->one, "SELECT value FROM mark WHERE key = ?1");
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(marks->one, 1, op->key);
    code = sqlite3_step(marks->one);
    *yes = true;
    if (code == SQLITE_ROW) {
        struct plk_bytes before = plk_store_db_column(marks->one, 0);
        code = before.len < PLK_MARK_STAMP_LEN ? SQLITE_CORRUPT : SQLITE_ROW;
        if (code == SQLITE_ROW) *yes = plk_mark_wins(before, op->value);
    }
    int end = sqlite3_reset(marks->one);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

// The last byte of a key is what the mark is.
static int is_wiped(struct plk_store_marks *marks, const struct span *span, bool *yes) {
    int64_t found = 0;
    int code = bind_span(marks, &marks->wiped,
                         "SELECT 1 FROM mark WHERE key >= ?1 AND key <= ?2 AND substr(key, -1) >= ?3 LIMIT 1", span);
    if (code != SQLITE_OK) return code;
    static const uint8_t wipes = PLK_MARK_WIPES;
    plk_store_db_bind(marks->wiped, 3, plk_bytes(&wipes, 1));
    code = first_number(marks->wiped, &found);
    *yes = found != 0;
    return code;
}

// Rule 3.
static int has_room(struct plk_store_marks *marks, const struct plk_op *op, bool *yes) {
    int64_t count = 0;
    uint8_t from[4], to[5] = {0};
    memcpy(from, op->key.at, sizeof from);
    memcpy(to, op->key.at, sizeof from);
    memset(to + 4, 0xff, 1); // behind every direction
    int code = plk_store_db_prepare(marks->db, &marks->early,
                                    "SELECT count(*) FROM mark INDEXED BY mark_early WHERE early = 1 AND key >= ?1"
                                    " AND key < ?2");
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(marks->early, 1, plk_bytes(from, sizeof from));
    plk_store_db_bind(marks->early, 2, plk_bytes(to, sizeof to));
    code = first_number(marks->early, &count);
    *yes = count < PLK_MARK_EARLY_MAX;
    return code;
}

static int put(struct plk_store_marks *marks, const struct plk_op *op, bool early) {
    int code = plk_store_db_prepare(marks->db, &marks->put,
                                    "INSERT OR REPLACE INTO mark(key, value, early) VALUES(?1, ?2, ?3)");
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(marks->put, 1, op->key);
    plk_store_db_bind(marks->put, 2, op->value);
    sqlite3_bind_int(marks->put, 3, early);
    return plk_store_db_run(marks->put);
}

// Rule 4, of marks.
static int clear(struct plk_store_marks *marks, const struct span *span) {
    static const uint8_t wipes = PLK_MARK_WIPES;
    int code = bind_span(marks, &marks->clear,
                         "DELETE FROM mark WHERE key >= ?1 AND key <= ?2 AND substr(key, -1) < ?3", span);
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(marks->clear, 3, plk_bytes(&wipes, 1));
    return plk_store_db_run(marks->clear);
}

static int put_of_message(struct plk_store_marks *marks, const struct plk_op *op, const struct plk_mark_row *row) {
    struct plk_bytes message = plk_bytes(op->key.at, PLK_MESSAGE_KEY_LEN);
    bool wipes = plk_mark_wipes(row->what), wiped = false, there = false, room = true;
    struct span span;
    span_of(&span, message);
    int code = wipes ? SQLITE_OK : is_wiped(marks, &span, &wiped);
    if (code != SQLITE_OK || wiped) return code;
    struct plk_bytes text = wipes ? plk_bytes(NULL, 0) : row->text;
    if (wipes || row->what == PLK_MARK_EDIT)
        code = plk_store_message_rewrite(marks->messages, message, text, &there);
    else
        code = plk_store_message_is_there(marks->messages, message, &there);
    if (code == SQLITE_OK && !there) code = has_room(marks, op, &room);
    if (code == SQLITE_OK && wipes && room) code = clear(marks, &span);
    return code == SQLITE_OK && room ? put(marks, op, !there) : code;
}

int plk_store_mark_upsert(struct plk_store_marks *marks, const struct plk_op *op) {
    struct plk_mark_row row;
    bool yes;
    plk_assert(plk_mark_row_decode(op->key, op->value, &row) == PLK_ERR_OK);
    int code = wins(marks, op, &yes);
    if (code != SQLITE_OK || !yes) return code;
    return plk_mark_is_of_message(row.what) ? put_of_message(marks, op, &row) : put(marks, op, false);
}

// ---- messages that come after their marks -----------------------------------------------------------------------------

static struct plk_bytes keep(struct plk_store_marks *marks, struct plk_bytes text) {
    if (text.len > marks->text_cap) {
        plk_memory_give(marks->text, marks->text_cap);
        marks->text_cap = text.len;
        marks->text = plk_memory_take(marks->text_cap);
    }
    memcpy(marks->text, text.at, text.len);
    return plk_bytes(marks->text, text.len);
}

static int apply_marks(struct plk_store_marks *marks, sqlite3_stmt *s, uint16_t kind, struct plk_bytes *text,
                       bool *any) {
    int code;
    bool wiped = false;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        struct plk_mark_row row;
        if (plk_mark_row_decode(plk_store_db_column(s, 0), plk_store_db_column(s, 1), &row) != PLK_ERR_OK)
            return SQLITE_CORRUPT;
        *any = true;
        wiped = wiped || plk_mark_wipes(row.what);
        enum plk_mark_author author = row.direction == PLK_OUT ? PLK_MARK_ME : PLK_MARK_THEM;
        if (row.what == PLK_MARK_EDIT && row.author == author && kind == PLK_BODY_TEXT) *text = keep(marks, row.text);
    }
    if (wiped) *text = plk_bytes(NULL, 0);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

// Rule 6.
int plk_store_mark_text(struct plk_store_marks *marks, struct plk_bytes message_key, uint16_t kind,
                        struct plk_bytes *text) {
    struct span span;
    bool any = false;
    span_of(&span, message_key);
    int code =
        bind_span(marks, &marks->of, "SELECT key, value FROM mark WHERE key >= ?1 AND key <= ?2 ORDER BY key", &span);
    if (code != SQLITE_OK) return code;
    code = apply_marks(marks, marks->of, kind, text, &any);
    sqlite3_reset(marks->of);
    if (code != SQLITE_OK || !any) return code;
    code = bind_span(marks, &marks->arrived, "UPDATE mark SET early = 0 WHERE key >= ?1 AND key <= ?2 AND early = 1",
                     &span);
    return code == SQLITE_OK ? plk_store_db_run(marks->arrived) : code;
}
