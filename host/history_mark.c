// SPDX-License-Identifier: MIT
// What became of a message: its marks, how far the contact has read, and the message that it answers.
#include "host/history_read.h"

// ---- other messages ---------------------------------------------------------------------------------------------------

int plk_history_origin(struct plk_history *history, uint32_t contact, enum plk_direction direction,
                       const struct plk_origin *origin, struct plk_message_row *row, sqlite3_stmt **s) {
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    int code = plk_history_prepare(history, PLK_HISTORY_ORIGIN,
                                   "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM stream s JOIN message m"
                                   " ON m.stream = s.stream WHERE s.prefix = ?1 AND m.seq = ?2",
                                   s);
    if (code != SQLITE_OK) return code;
    plk_message_key(key, contact, direction, origin);
    sqlite3_bind_blob(*s, 1, key, PLK_STORE_PREFIX_LEN, SQLITE_TRANSIENT);
    sqlite3_bind_int64(*s, 2, plk_store_rows_bound(plk_bytes(key + PLK_STORE_PREFIX_LEN, 8), 8));
    code = sqlite3_step(*s);
    return code == SQLITE_ROW && plk_store_message_row(*s, row) != SQLITE_OK ? SQLITE_CORRUPT : code;
}

// The beginning of a text: so many characters, none of them cut.
static struct plk_bytes quote_of(struct plk_bytes text) {
    size_t chars = 0, len = 0;
    for (; len < text.len; len++) {
        bool begins = (text.at[len] & 0xc0) != 0x80;
        if (begins && chars++ == PLK_HISTORY_QUOTE_MAX) break;
    }
    return plk_bytes(text.at, len);
}

// An answer names an origin: whose it is, the device in it tells.
static int find_reply(struct plk_history *history, const struct plk_message_row *row, struct plk_history_held **held,
                      struct plk_history_marks *marks) {
    int code = SQLITE_DONE;
    marks->has_reply = true;
    for (int direction = PLK_IN; direction <= PLK_OUT && code == SQLITE_DONE; direction++) {
        struct plk_message_row found;
        sqlite3_stmt *s = NULL;
        code = plk_history_origin(history, row->contact, (enum plk_direction)direction, &row->target, &found, &s);
        if (code == SQLITE_ROW) {
            marks->reply.row = found.row;
            marks->reply.direction = found.direction;
            marks->reply.kind = found.kind;
            memcpy(marks->reply.id, found.id, PLK_ID_LEN);
            marks->reply.text = plk_history_keep(held, quote_of(plk_picture_text(found.kind, found.payload)));
        }
        sqlite3_reset(s);
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

// ---- how far the contact has read -------------------------------------------------------------------------------------

static int read_register(struct plk_history *history, uint32_t contact, struct plk_origin *origin, bool *there) {
    uint8_t key[PLK_MARK_KEY_LEN];
    struct plk_mark_row row = {
        .contact = contact, .direction = PLK_OUT, .author = PLK_MARK_THEM, .what = PLK_MARK_READ};
    sqlite3_stmt *s;
    int code = plk_history_prepare(history, PLK_HISTORY_MARK, "SELECT value FROM mark WHERE key = ?1", &s);
    if (code != SQLITE_OK) return code;
    plk_mark_key(key, &row);
    sqlite3_bind_blob(s, 1, key, sizeof key, SQLITE_TRANSIENT);
    code = sqlite3_step(s);
    *there = code == SQLITE_ROW;
    if (*there) {
        struct plk_bytes value = plk_store_db_column(s, 0);
        bool fits = plk_mark_row_decode(plk_bytes(key, sizeof key), value, &row) == PLK_ERR_OK &&
                    plk_mark_origin_decode(row.text, origin) == PLK_ERR_OK;
        if (!fits) code = SQLITE_CORRUPT;
    }
    sqlite3_reset(s);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int find_read_row(struct plk_history *history, uint32_t contact) {
    struct plk_origin origin;
    struct plk_message_row found;
    bool there;
    int code = read_register(history, contact, &origin, &there);
    history->read_row = 0;
    if (code == SQLITE_OK && there) {
        sqlite3_stmt *s = NULL;
        code = plk_history_origin(history, contact, PLK_OUT, &origin, &found, &s);
        if (code == SQLITE_ROW) history->read_row = found.row;
        sqlite3_reset(s);
        if (code == SQLITE_ROW || code == SQLITE_DONE) code = SQLITE_OK;
    }
    if (code == SQLITE_OK) history->read_contact = contact;
    return code;
}

// ---- marks ------------------------------------------------------------------------------------------------------------

static void note(const struct plk_mark_row *mark, struct plk_history_marks *marks) {
    struct plk_reader r = plk_reader(mark->text);
    switch (mark->what) {
    case PLK_MARK_REACTION:
        marks->reactions[mark->author].len = (uint8_t)mark->text.len;
        if (mark->text.len > 0) memcpy(marks->reactions[mark->author].emoji, mark->text.at, mark->text.len);
        break;
    case PLK_MARK_EDIT:
        marks->edited_ms = mark->stamp.time_ms;
        break;
    case PLK_MARK_DUE:
        marks->expires_ms = plk_reader_u64(&r);
        break;
    case PLK_MARK_EXPIRED:
        marks->expired = true;
        break;
    default:
        marks->deleted = marks->deleted || plk_mark_wipes(mark->what);
    }
}

static int read_marks(struct plk_history *history, const struct plk_message_row *row, struct plk_history_marks *marks) {
    uint8_t from[PLK_MARK_KEY_LEN] = {0}, to[PLK_MARK_KEY_LEN];
    sqlite3_stmt *s;
    int code = plk_history_prepare(history, PLK_HISTORY_MARKS,
                                   "SELECT key, value FROM mark WHERE key >= ?1 AND key <= ?2", &s);
    if (code != SQLITE_OK) return code;
    plk_message_key(from, row->contact, row->direction, &row->origin);
    memset(to, 0xff, sizeof to);
    memcpy(to, from, PLK_MESSAGE_KEY_LEN);
    sqlite3_bind_blob(s, 1, from, sizeof from, SQLITE_TRANSIENT);
    sqlite3_bind_blob(s, 2, to, sizeof to, SQLITE_TRANSIENT);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        struct plk_mark_row mark;
        if (plk_mark_row_decode(plk_store_db_column(s, 0), plk_store_db_column(s, 1), &mark) != PLK_ERR_OK) {
            code = SQLITE_CORRUPT;
            break;
        }
        note(&mark, marks);
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int plk_history_marks(struct plk_history *history, const struct plk_message_row *row, struct plk_history_held **held,
                      struct plk_history_marks *marks) {
    *marks = (struct plk_history_marks){.deleted = false};
    int code = read_marks(history, row, marks);
    if (code == SQLITE_OK && row->has_target && !marks->deleted) code = find_reply(history, row, held, marks);
    if (code == SQLITE_OK && row->kind == PLK_BODY_PICTURE) code = plk_history_whole(history, row, &marks->whole);
    bool sent = row->direction == PLK_OUT && row->state == PLK_STATE_DELIVERED;
    if (code == SQLITE_OK && sent && history->read_contact != row->contact) code = find_read_row(history, row->contact);
    marks->read = sent && row->row <= history->read_row;
    return code;
}
