// SPDX-License-Identifier: MIT
#include "sim/tables.h"

#include "wire/mark.h"

#include <stdlib.h>

const char *tables_name(enum plk_table table) {
    static const char *const names[] = {"none",
#define NAME(name, what) #name,
                                        PLK_TABLE_LIST(NAME)
#undef NAME
    };
    return table < PLK_TABLE_COUNT ? names[table] : "unknown";
}

static struct tables_row *row_new(struct plk_bytes key, struct plk_bytes value) {
    struct tables_row *row = calloc(1, sizeof *row);
    uint8_t *at = malloc(value.len ? value.len : 1);
    if (!row || !at) abort();
    memcpy(row->key, key.at, key.len);
    if (value.len) memcpy(at, value.at, value.len);
    row->key_len = key.len;
    row->value = at;
    row->value_len = value.len;
    return row;
}

static void row_free(struct tables_row *row) {
    free(row->value);
    free(row);
}

void tables_free(struct tables *t) {
    for (size_t i = 0; i < PLK_TABLE_COUNT; i++) {
        for (size_t j = 0; j < t->of[i].count; j++) row_free(t->of[i].rows[j]);
        free(t->of[i].rows);
        t->of[i] = (struct table){0};
    }
}

void tables_copy(struct tables *to, const struct tables *from) {
    tables_free(to);
    for (size_t i = 0; i < PLK_TABLE_COUNT; i++) {
        size_t count = from->of[i].count;
        if (count == 0) continue;
        to->of[i].rows = calloc(count, sizeof *to->of[i].rows);
        if (!to->of[i].rows) abort();
        to->of[i].count = to->of[i].cap = count;
        for (size_t j = 0; j < count; j++) {
            to->of[i].rows[j] = row_new(tables_key(from->of[i].rows[j]), tables_value(from->of[i].rows[j]));
        }
    }
}

size_t tables_lower(const struct tables *t, enum plk_table table, struct plk_bytes key) {
    const struct table *of = &t->of[table];
    size_t low = 0, high = of->count;
    if (high && plk_bytes_compare(tables_key(of->rows[high - 1]), key) < 0) return high; // most rows are appended
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plk_bytes_compare(tables_key(of->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct table *of, size_t at, struct plk_bytes key) {
    return at < of->count && plk_bytes_equal(tables_key(of->rows[at]), key);
}

const struct tables_row *tables_find(const struct tables *t, enum plk_table table, struct plk_bytes key) {
    size_t at = tables_lower(t, table, key);
    return is_at(&t->of[table], at, key) ? t->of[table].rows[at] : NULL;
}

static void put(struct table *of, size_t at, struct tables_row *row) {
    if (of->count == of->cap) {
        of->cap = of->cap ? 2 * of->cap : 16;
        of->rows = realloc(of->rows, of->cap * sizeof *of->rows);
        if (!of->rows) abort();
    }
    memmove(of->rows + at + 1, of->rows + at, (of->count++ - at) * sizeof *of->rows);
    of->rows[at] = row;
}

static void changed(const struct tables_watch *watch, enum plk_table table, struct plk_bytes key,
                    const struct tables_row *before, const struct tables_row *after) {
    struct plk_bytes none = plk_bytes(NULL, 0);
    if (watch)
        watch->changed(watch->ctx, table, key, before ? tables_value(before) : none,
                       after ? tables_value(after) : none);
}

static void upsert(struct tables *t, enum plk_table table, struct plk_bytes key, struct plk_bytes value,
                   const struct tables_watch *watch) {
    struct table *of = &t->of[table];
    size_t at = tables_lower(t, table, key);
    struct tables_row *row = row_new(key, value), *old = NULL;
    if (is_at(of, at, key)) {
        old = of->rows[at];
        of->rows[at] = row;
    } else {
        put(of, at, row);
    }
    changed(watch, table, key, old, row);
    if (old) row_free(old);
}

static void erase(struct tables *t, enum plk_table table, size_t from, size_t to, const struct tables_watch *watch) {
    struct table *of = &t->of[table];
    for (size_t i = from; i < to; i++) {
        changed(watch, table, tables_key(of->rows[i]), of->rows[i], NULL);
        row_free(of->rows[i]);
    }
    if (to > from) memmove(of->rows + from, of->rows + to, (of->count - to) * sizeof *of->rows);
    of->count -= to - from;
}

// ---- marks: the rules of wire/mark.h, one after the other ----------------------------------------------------------------

struct span {
    size_t at, end; // in table mark
};

static struct span marks_of(const struct tables *t, struct plk_bytes message) {
    uint8_t from[PLK_MARK_KEY_LEN] = {0}, to[PLK_MARK_KEY_LEN];
    memset(to, 0xff, sizeof to);
    memcpy(from, message.at, PLK_MESSAGE_KEY_LEN);
    memcpy(to, message.at, PLK_MESSAGE_KEY_LEN);
    return (struct span){tables_lower(t, PLK_TABLE_mark, plk_bytes(from, sizeof from)),
                         tables_lower(t, PLK_TABLE_mark, plk_bytes(to, sizeof to))};
}

static struct plk_mark_row mark_at(const struct tables *t, size_t at) {
    const struct tables_row *row = t->of[PLK_TABLE_mark].rows[at];
    struct plk_mark_row mark;
    if (plk_mark_row_decode(tables_key(row), tables_value(row), &mark)) abort();
    return mark;
}

static bool is_wiped(const struct tables *t, struct plk_bytes message) {
    struct span span = marks_of(t, message);
    for (size_t i = span.at; i < span.end; i++) {
        if (plk_mark_wipes(mark_at(t, i).what)) return true;
    }
    return false;
}

static bool has_room(const struct tables *t, uint32_t contact) {
    size_t early = 0;
    for (size_t i = 0; i < t->of[PLK_TABLE_mark].count; i++) {
        struct plk_mark_row mark = mark_at(t, i);
        struct plk_bytes key = tables_key(t->of[PLK_TABLE_mark].rows[i]);
        if (mark.contact != contact || !plk_mark_is_of_message(mark.what)) continue;
        early += tables_find(t, PLK_TABLE_message, plk_bytes(key.at, PLK_MESSAGE_KEY_LEN)) == NULL;
    }
    return early < PLK_MARK_EARLY_MAX;
}

// The message's row with another text; of another kind than TEXT only without one.
static void rewrite(struct tables *t, const struct tables_row *old, struct plk_bytes text,
                    const struct tables_watch *watch) {
    struct plk_message_row row;
    if (plk_message_row_decode(tables_value(old), &row)) abort();
    if (text.len > 0 && row.kind != PLK_BODY_TEXT) return;
    size_t cap = PLK_MESSAGE_HEAD_MAX + text.len;
    uint8_t *value = malloc(cap), key[PLK_MESSAGE_KEY_LEN];
    if (!value) abort();
    struct plk_writer w = plk_writer(value, cap);
    memcpy(key, old->key, sizeof key);
    row.payload = text;
    plk_message_row_encode(&w, &row);
    upsert(t, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_writer_bytes(&w), watch);
    free(value);
}

static void clear_marks(struct tables *t, struct plk_bytes message, const struct tables_watch *watch) {
    struct span span = marks_of(t, message);
    for (size_t i = span.end; i-- > span.at;) {
        if (!plk_mark_wipes(mark_at(t, i).what)) erase(t, PLK_TABLE_mark, i, i + 1, watch);
    }
}

static void put_mark(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    struct plk_mark_row mark;
    const struct tables_row *before = tables_find(t, PLK_TABLE_mark, op->key);
    if (plk_mark_row_decode(op->key, op->value, &mark)) abort();
    if (before && !plk_mark_wins(tables_value(before), op->value)) return;
    if (plk_mark_is_of_message(mark.what)) {
        struct plk_bytes key = plk_bytes(op->key.at, PLK_MESSAGE_KEY_LEN);
        bool wipes = plk_mark_wipes(mark.what);
        if (!wipes && is_wiped(t, key)) return;
        const struct tables_row *message = tables_find(t, PLK_TABLE_message, key);
        if (!message && !has_room(t, mark.contact)) return;
        upsert(t, PLK_TABLE_mark, op->key, op->value, watch);
        if (message && wipes) rewrite(t, message, plk_bytes(NULL, 0), watch);
        if (message && mark.what == PLK_MARK_EDIT) rewrite(t, message, mark.text, watch);
        if (wipes) clear_marks(t, key, watch);
        return;
    }
    upsert(t, PLK_TABLE_mark, op->key, op->value, watch);
}

// Rule 6: what is seen of it is what its marks have made of it.
static void put_message(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    struct span span = op->key.len == PLK_MESSAGE_KEY_LEN ? marks_of(t, op->key) : (struct span){0, 0};
    if (span.at == span.end) {
        upsert(t, PLK_TABLE_message, op->key, op->value, watch);
        return;
    }
    struct plk_message_row row = {0};
    if (plk_message_row_decode(op->value, &row)) abort();
    bool wiped = false;
    for (size_t i = span.at; i < span.end; i++) {
        struct plk_mark_row mark = mark_at(t, i);
        bool its = mark.author == (mark.direction == PLK_OUT ? PLK_MARK_ME : PLK_MARK_THEM);
        if (mark.what == PLK_MARK_EDIT && its && row.kind == PLK_BODY_TEXT) row.payload = mark.text;
        wiped = wiped || plk_mark_wipes(mark.what);
    }
    if (wiped) row.payload = plk_bytes(NULL, 0);
    size_t cap = PLK_MESSAGE_HEAD_MAX + row.payload.len;
    uint8_t *value = malloc(cap);
    if (!value) abort();
    struct plk_writer w = plk_writer(value, cap);
    plk_message_row_encode(&w, &row);
    upsert(t, PLK_TABLE_message, op->key, plk_writer_bytes(&w), watch);
    free(value);
}

static bool patch(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    struct plk_message_patch patch;
    struct plk_message_row row;
    const struct tables_row *old = tables_find(t, op->table, op->key);
    if (op->table != PLK_TABLE_message || plk_message_patch_decode(op->value, &patch)) return false;
    if (!old) return true;
    if (plk_message_row_decode(tables_value(old), &row)) return false;
    if (patch.columns & PLK_PATCH_STATE) {
        row.state = patch.state;
        row.reason = patch.reason;
    }
    if (patch.columns & PLK_PATCH_STORED) {
        row.stored = patch.stored;
        row.stored_of = patch.stored_of;
    }
    if (patch.columns & PLK_PATCH_RECEIVED) row.received_ms = patch.received_ms;
    if (patch.columns & PLK_PATCH_PAYLOAD_WIPED) row.payload = plk_bytes(NULL, 0);
    size_t cap = PLK_MESSAGE_HEAD_MAX + row.payload.len;
    uint8_t *value = malloc(cap);
    if (!value) abort();
    struct plk_writer w = plk_writer(value, cap);
    plk_message_row_encode(&w, &row);
    if (!w.failed) upsert(t, op->table, op->key, plk_writer_bytes(&w), watch);
    free(value);
    return !w.failed;
}

bool tables_apply(struct tables *t, const struct plk_op *op, const struct tables_watch *watch) {
    size_t at = tables_lower(t, op->table, op->key);
    switch (op->kind) {
    case PLK_OP_UPSERT:
        if (op->table == PLK_TABLE_mark)
            put_mark(t, op, watch);
        else if (op->table == PLK_TABLE_message)
            put_message(t, op, watch);
        else
            upsert(t, op->table, op->key, op->value, watch);
        return true;
    case PLK_OP_PATCH:
        return patch(t, op, watch);
    case PLK_OP_DELETE:
        if (is_at(&t->of[op->table], at, op->key)) erase(t, op->table, at, at + 1, watch);
        return true;
    case PLK_OP_DELETE_RANGE: {
        size_t end = tables_lower(t, op->table, op->key_end);
        if (end > at) erase(t, op->table, at, end, watch);
        return true;
    }
    }
    return false;
}
