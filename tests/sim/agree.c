// SPDX-License-Identifier: MIT
#include "sim/agree.h"

#include <stdlib.h>
#include <string.h>

static struct plk_mark_row mark_at(const struct tables *t, size_t at) {
    const struct tables_row *row = t->of[PLK_TABLE_mark].rows[at];
    struct plk_mark_row mark;
    plk_assert(plk_mark_row_decode(tables_key(row), tables_value(row), &mark) == PLK_ERR_OK);
    return mark;
}

static void note(struct agree_view *view, const struct plk_mark_row *mark) {
    view->deleted = view->deleted || mark->what == PLK_MARK_DELETED;
    view->hidden = view->hidden || mark->what == PLK_MARK_HIDDEN;
    view->expired = view->expired || mark->what == PLK_MARK_EXPIRED;
    view->edited = view->edited || mark->what == PLK_MARK_EDIT;
    if (mark->what != PLK_MARK_REACTION || mark->text.len == 0) return;
    memcpy(view->reactions[mark->author], mark->text.at, mark->text.len);
}

// Marks lie behind each other under their message's key.
static void fill(const struct tables *t, struct agree_view *view) {
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    plk_message_key(key, view->row.contact, view->row.direction, &view->row.origin);
    size_t i = tables_lower(t, PLK_TABLE_mark, plk_bytes(key, sizeof key));
    for (; i < t->of[PLK_TABLE_mark].count; i++) {
        if (memcmp(t->of[PLK_TABLE_mark].rows[i]->key, key, sizeof key) != 0) return;
        struct plk_mark_row mark = mark_at(t, i);
        note(view, &mark);
    }
}

static bool row_at(const struct tables *t, size_t at, struct plk_message_row *row) {
    const struct tables_row *stored = t->of[PLK_TABLE_message].rows[at];
    *row = (struct plk_message_row){0};
    return plk_message_row_decode(tables_value(stored), row) == PLK_ERR_OK &&
           plk_message_key_decode(tables_key(stored), row) == PLK_ERR_OK;
}

bool agree_view(const struct actor *a, enum plk_direction direction, const uint8_t id[PLK_ID_LEN],
                struct agree_view *view) {
    const struct tables *t = &a->disk->durable;
    for (size_t i = t->of[PLK_TABLE_message].count; i-- > 0;) {
        struct plk_message_row row;
        if (!row_at(t, i, &row) || row.direction != direction || memcmp(row.id, id, PLK_ID_LEN) != 0) continue;
        *view = (struct agree_view){.row = row};
        fill(t, view);
        return true;
    }
    return false;
}

// By the origin alone: whose message it is differs from side to side.
bool agree_explains(const struct world *w, const struct plk_message_row *row) {
    for (int i = 0; i < w->actor_count; i++) {
        const struct tables *t = &w->actors[i]->disk->durable;
        for (size_t k = 0; k < t->of[PLK_TABLE_mark].count; k++) {
            struct plk_mark_row mark = mark_at(t, k);
            if (mark.origin.seq != row->origin.seq) continue;
            if (memcmp(mark.origin.epoch, row->origin.epoch, PLK_EPOCH_LEN) != 0) continue;
            if (row->payload.len == 0 ? plk_mark_wipes(mark.what)
                                      : mark.what == PLK_MARK_EDIT && plk_bytes_equal(mark.text, row->payload))
                return true;
        }
    }
    return false;
}

// What one side keeps to itself, or has let go of already, says nothing of the other.
static bool alike(const struct agree_view *out, const struct agree_view *in) {
    if (out->hidden || in->hidden || out->expired || in->expired) return true;
    if (out->deleted != in->deleted) return false;
    if (out->deleted) return out->row.payload.len == 0 && in->row.payload.len == 0;
    if (!plk_bytes_equal(out->row.payload, in->row.payload)) return false;
    return strcmp(out->reactions[PLK_MARK_ME], in->reactions[PLK_MARK_THEM]) == 0 &&
           strcmp(out->reactions[PLK_MARK_THEM], in->reactions[PLK_MARK_ME]) == 0;
}

// What somebody has received, by id.
struct received {
    struct entry {
        uint8_t id[PLK_ID_LEN];
        size_t at;
    } * entries;
    size_t count;
};

static int by_id(const void *a, const void *b) { return memcmp(a, b, PLK_ID_LEN); }

static struct received received_by(const struct tables *t) {
    struct received all = {.entries = calloc(t->of[PLK_TABLE_message].count + 1, sizeof *all.entries)};
    if (!all.entries) abort();
    for (size_t i = 0; i < t->of[PLK_TABLE_message].count; i++) {
        struct plk_message_row row;
        if (!row_at(t, i, &row) || row.direction != PLK_IN) continue;
        memcpy(all.entries[all.count].id, row.id, PLK_ID_LEN);
        all.entries[all.count++].at = i;
    }
    qsort(all.entries, all.count, sizeof *all.entries, by_id);
    return all;
}

// The first message of `from` that `to` shows otherwise; 0: none.
static uint64_t differs(const struct tables *from, const struct tables *to) {
    struct received all = received_by(to);
    uint64_t found = 0;
    for (size_t k = 0; k < from->of[PLK_TABLE_message].count && found == 0; k++) {
        struct agree_view out = {.deleted = false}, in = {.deleted = false};
        if (!row_at(from, k, &out.row) || out.row.direction != PLK_OUT) continue;
        const struct entry *entry = bsearch(out.row.id, all.entries, all.count, sizeof *all.entries, by_id);
        if (!entry || !row_at(to, entry->at, &in.row)) continue;
        fill(from, &out);
        fill(to, &in);
        if (!alike(&out, &in)) found = out.row.row;
    }
    free(all.entries);
    return found;
}

static bool compare(struct world *w, bool fail) {
    for (int i = 0; i < w->actor_count; i++) {
        for (int j = 0; j < w->actor_count; j++) {
            if (j == i) continue;
            uint64_t row = differs(&w->actors[i]->disk->durable, &w->actors[j]->disk->durable);
            if (row == 0) continue;
            if (fail)
                world_fail(w, "%s and %s show row %llu of %s differently", w->actors[i]->name, w->actors[j]->name,
                           (unsigned long long)row, w->actors[i]->name);
            return false;
        }
    }
    return true;
}

bool agree_all(struct world *w, void *none) {
    (void)none;
    return compare(w, false);
}

void agree_check(struct world *w) { compare(w, true); }
