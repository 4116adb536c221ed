// SPDX-License-Identifier: MIT
#include "_marks.h"

static bool row_of(const struct marked *m, const struct actor *who, struct agree_view *view) {
    return agree_view(who, who == m->writer ? PLK_OUT : PLK_IN, m->id, view);
}

struct marked marks_find(struct actor *writer, struct actor *reader, const char *text) {
    struct world *w = writer->world;
    struct marked m = {.writer = writer, .reader = reader};
    struct plk_bytes wanted = world_text(w, text);
    const struct table *of = &writer->disk->durable.of[PLK_TABLE_message];
    bool found = false;
    for (size_t i = 0; i < of->count; i++) {
        struct plk_message_row row = {0};
        if (plk_message_row_decode(tables_value(of->rows[i]), &row)) continue;
        if (plk_message_key_decode(tables_key(of->rows[i]), &row) || row.direction != PLK_OUT) continue;
        if (!plk_bytes_equal(row.payload, wanted)) continue;
        memcpy(m.id, row.id, sizeof m.id);
        found = true;
    }
    story_expect(w, found);
    return m;
}

static enum plk_err run(struct actor *who, struct plk_command *command) {
    const struct actor_result *result = world_command(who, command);
    story_holds(who->world);
    return result->err;
}

enum plk_err marks_do(const struct marked *m, struct actor *who, enum plk_command_kind kind, const char *text) {
    struct agree_view view;
    struct world *w = who->world;
    story_expect(w, row_of(m, who, &view));
    struct plk_command command = {.kind = kind, .contact = view.row.contact, .row = view.row.row, .has_target = true};
    command.target_direction = view.row.direction;
    command.target = view.row.origin;
    command.flag = true; // of a deletion: for both
    if (text) command.text = kind == PLK_CMD_EDIT ? world_text(w, text) : plk_bytes_text(text);
    return run(who, &command);
}

enum plk_err marks_set(struct actor *who, struct actor *peer, enum plk_command_kind kind, uint32_t seconds, bool flag) {
    struct plk_command command = {.kind = kind, .seconds = seconds, .flag = flag};
    command.contact = world_contact(who, peer);
    return run(who, &command);
}

struct wanted {
    const struct marked *m;
    const struct actor *who;
    enum plk_mark_author by;
    const char *text;
};

static bool shows_text(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    struct agree_view view;
    if (!row_of(wanted->m, wanted->who, &view)) return false;
    if (!wanted->text) return view.row.payload.len == 0 && (view.deleted || view.hidden || view.expired);
    return plk_bytes_equal(view.row.payload, world_text(w, wanted->text));
}

static bool shows_reaction(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    struct agree_view view;
    (void)w;
    return row_of(wanted->m, wanted->who, &view) && strcmp(view.reactions[wanted->by], wanted->text) == 0;
}

void marks_until_text(const struct marked *m, struct actor *who, const char *text) {
    struct wanted wanted = {.m = m, .who = who, .text = text};
    story_until(who->world, shows_text, &wanted, MARKS_LIMIT, text ? text : "its text is gone");
}

void marks_until_reaction(const struct marked *m, struct actor *who, enum plk_mark_author by, const char *emoji) {
    struct wanted wanted = {.m = m, .who = who, .by = by, .text = emoji};
    story_until(who->world, shows_reaction, &wanted, MARKS_LIMIT, "the reaction is shown");
}

bool marks_is_read(const struct marked *m) {
    struct agree_view view;
    const struct tables *t = &m->writer->disk->durable;
    if (!row_of(m, m->writer, &view)) return false;
    struct plk_mark_row key = {.contact = view.row.contact, .direction = PLK_OUT}, mark;
    uint8_t bytes[PLK_MARK_KEY_LEN], origin[PLK_MARK_ORIGIN_LEN];
    key.author = PLK_MARK_THEM;
    key.what = PLK_MARK_READ;
    plk_mark_key(bytes, &key);
    const struct tables_row *row = tables_find(t, PLK_TABLE_mark, plk_bytes(bytes, sizeof bytes));
    if (!row || plk_mark_row_decode(tables_key(row), tables_value(row), &mark)) return false;
    plk_mark_origin_encode(origin, &view.row.origin);
    return plk_bytes_equal(mark.text, plk_bytes(origin, sizeof origin));
}

void marks_agree(struct world *w) { story_until(w, agree_all, NULL, MARKS_LIMIT, "both show the same"); }

bool marks_leaves_nothing(const struct actor *a, const char *text) {
    size_t len = strlen(text);
    for (int table = 0; table < PLK_TABLE_COUNT; table++) {
        const struct table *of = &a->disk->durable.of[table];
        for (size_t i = 0; i < of->count; i++) {
            struct plk_bytes value = tables_value(of->rows[i]);
            for (size_t at = 0; at + len <= value.len; at++) {
                if (memcmp(value.at + at, text, len) == 0) return false;
            }
        }
    }
    return true;
}
