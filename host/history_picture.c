// SPDX-License-Identifier: MIT
// Pictures: whether one is whole, and its bytes.
#include "host/history_read.h"

#include <string.h>

// The statement stands on the row of that part, if there is one: SQLITE_ROW or SQLITE_DONE. The caller resets it.
static int find_part(struct plk_history *history, const struct plk_message_row *row, uint8_t part, sqlite3_stmt **s) {
    uint8_t key[PLK_PICTURE_KEY_LEN];
    int code = plk_history_prepare(history, PLK_HISTORY_PICTURE, "SELECT value FROM picture WHERE key = ?1", s);
    if (code != SQLITE_OK) return code;
    plk_picture_key(key, row->contact, row->direction, &row->origin, part);
    sqlite3_bind_blob(*s, 1, key, sizeof key, SQLITE_TRANSIENT);
    return sqlite3_step(*s);
}

int plk_history_whole(struct plk_history *history, const struct plk_message_row *row, bool *whole) {
    sqlite3_stmt *s = NULL;
    int code = find_part(history, row, PLK_PICTURE_WHOLE, &s);
    *whole = code == SQLITE_ROW;
    sqlite3_reset(s);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum plk_err read_parts(struct plk_history *history, const struct plk_message_row *row, uint32_t size,
                               uint8_t *out, size_t *len) {
    for (unsigned part = 0; part < plk_picture_parts(size); part++) {
        sqlite3_stmt *s = NULL;
        int code = find_part(history, row, (uint8_t)part, &s);
        struct plk_bytes bytes = code == SQLITE_ROW ? plk_store_db_column(s, 0) : plk_bytes(NULL, 0);
        bool fits = code == SQLITE_ROW && plk_picture_part_fits(size, part, bytes.len);
        if (fits) memcpy(out + *len, bytes.at, bytes.len);
        *len += bytes.len;
        sqlite3_reset(s);
        if (code != SQLITE_ROW && code != SQLITE_DONE) return plk_history_err(history, code);
        if (!fits) return PLK_ERR_EMPTY;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_history_picture(struct plk_history *history, uint32_t contact, uint64_t number, uint8_t *out,
                                 size_t *len, enum plk_picture_type *type) {
    struct plk_history_page page = {0};
    struct plk_picture picture;
    *len = 0;
    enum plk_err err = plk_history_message(history, contact, number, &page);
    if (err == PLK_ERR_OK) {
        const struct plk_message_row *row = &page.rows[0];
        bool there = row->kind == PLK_BODY_PICTURE && plk_picture_decode(row->payload, &picture) == PLK_ERR_OK;
        if (!there)
            err = PLK_ERR_NOT_FOUND;
        else if (!page.marks[0].whole)
            err = PLK_ERR_EMPTY;
        else
            err = read_parts(history, row, picture.size, out, len);
        if (err == PLK_ERR_OK) *type = picture.type;
    }
    plk_history_page_free(&page);
    return err;
}
