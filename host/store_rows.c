// SPDX-License-Identifier: MIT
#include "host/store_rows.h"

#include "host/store_schema.h"
#include "wire/mark.h"

#include <stdio.h>

enum { UPSERT, DELETE, DELETE_RANGE, LOAD, LOAD_DOWN, LOAD_OPEN, LOAD_OPEN_DOWN };

static const char *const names[] = {"",
#define NAME(name, what) #name,
                                    PLK_TABLE_LIST(NAME)
#undef NAME
};

const char *plk_store_rows_name(enum plk_table table) {
    plk_assert(table > PLK_TABLE_NONE && table < PLK_TABLE_COUNT);
    return names[table];
}

// ---- keys -------------------------------------------------------------------------------------------------------------

int64_t plk_store_rows_bound(struct plk_bytes key, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) value = value << 8 | (i < key.len ? key.at[i] : 0);
    // The number of width bytes that a longer key begins with lies below that key.
    if (key.len > width && value < UINT64_MAX) value++;
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static size_t key_width(enum plk_table table) {
    return table == PLK_TABLE_contact ? 4 : table == PLK_TABLE_event ? 8 : 0;
}

static const char *key_name(enum plk_table table) {
    return table == PLK_TABLE_contact ? "contact" : table == PLK_TABLE_event ? "n" : "key";
}

static const char *columns(enum plk_table table) {
    if (table == PLK_TABLE_contact) return PLK_STORE_CONTACT_COLUMNS;
    return table == PLK_TABLE_event ? PLK_STORE_EVENT_COLUMNS : "key, value";
}

static const char *places(enum plk_table table) {
    if (table == PLK_TABLE_contact) return "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17";
    return table == PLK_TABLE_event ? "?1,?2,?3,?4,?5,?6,?7,?8" : "?1,?2";
}

// ---- what lies together -----------------------------------------------------------------------------------------------

// Rows of a contact that change with each of its messages are neighbours in one tree, so that a message alone rewrites one
// page of them: key' = contact, tag, the rest of the key. The tags are the store's, never changed; the longest list is last.
#define CONTACT_LEN 4

static uint8_t tag_of(enum plk_table table) {
    switch (table) {
    case PLK_TABLE_ratchet:
        return PLK_STORE_TAG_RATCHET;
    case PLK_TABLE_link:
        return PLK_STORE_TAG_LINK;
    case PLK_TABLE_skipped:
        return PLK_STORE_TAG_SKIPPED;
    case PLK_TABLE_outbox:
        return PLK_STORE_TAG_OUTBOX;
    default:
        return 0; // a tree of its own
    }
}

struct stored_key {
    uint8_t bytes[PLK_ROW_KEY_MAX + 1];
};

// Order is kept: of two keys of one table, and of a key and the beginning of one.
static struct plk_bytes stored(struct stored_key *to, enum plk_table table, struct plk_bytes key) {
    uint8_t tag = tag_of(table);
    if (tag == 0 || key.len < CONTACT_LEN) return key;
    struct plk_writer w = plk_writer(to->bytes, sizeof to->bytes);
    plk_writer_copy(&w, key.at, CONTACT_LEN);
    plk_writer_u8(&w, tag);
    plk_writer_copy(&w, key.at + CONTACT_LEN, key.len - CONTACT_LEN);
    plk_assert(!w.failed);
    return plk_writer_bytes(&w);
}

// The end of a range. That of all of one contact's rows of a table stops before its rows of the next one.
static struct plk_bytes stored_end(struct stored_key *to, enum plk_table table, struct plk_bytes from,
                                   struct plk_bytes end) {
    struct plk_bytes bytes = stored(to, table, end);
    if (tag_of(table) == 0 || end.len != CONTACT_LEN || from.len < CONTACT_LEN) return bytes;
    if (plk_store_rows_bound(end, CONTACT_LEN) !=
        plk_store_rows_bound(plk_bytes(from.at, CONTACT_LEN), CONTACT_LEN) + 1)
        return bytes;
    memcpy(to->bytes, from.at, CONTACT_LEN);
    to->bytes[CONTACT_LEN] = (uint8_t)(tag_of(table) + 1);
    return bytes;
}

static struct plk_bytes given_key(struct stored_key *to, enum plk_table table, struct plk_bytes key) {
    if (tag_of(table) == 0 || key.len <= CONTACT_LEN || key.len > sizeof to->bytes) return key;
    struct plk_writer w = plk_writer(to->bytes, sizeof to->bytes);
    plk_writer_copy(&w, key.at, CONTACT_LEN);
    plk_writer_copy(&w, key.at + CONTACT_LEN + 1, key.len - CONTACT_LEN - 1);
    return plk_writer_bytes(&w);
}

// ---- statements -------------------------------------------------------------------------------------------------------

static int prepare(struct plk_store_rows *rows, enum plk_table table, int which) {
    sqlite3_stmt **statement = &rows->statements[table][which];
    if (*statement != NULL) return SQLITE_OK;
    const char *name = tag_of(table) != 0 ? "peer" : plk_store_rows_name(table), *key = key_name(table);
    bool open = which == LOAD_OPEN || which == LOAD_OPEN_DOWN, down = which == LOAD_DOWN || which == LOAD_OPEN_DOWN;
    char sql[512], only[48] = "";
    if (tag_of(table) != 0) snprintf(only, sizeof only, " AND substr(key, 5, 1) = x'%02x'", tag_of(table));
    switch (which) {
    case UPSERT:
        snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO %s(%s) VALUES(%s)", name, columns(table), places(table));
        break;
    case DELETE:
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE %s = ?1", name, key);
        break;
    case DELETE_RANGE:
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE %s >= ?1 AND %s < ?2%s", name, key, key, only);
        break;
    default:
        snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s >= ?1%s%s%s%s ORDER BY %s%s LIMIT ?3", columns(table),
                 name, key, open ? "" : " AND ", open ? "" : key, open ? "" : " < ?2", only, key, down ? " DESC" : "");
    }
    return plk_store_db_prepare(rows->db, statement, sql);
}

void plk_store_rows_close(struct plk_store_rows *rows) {
    for (int table = 0; table < PLK_TABLE_COUNT; table++) {
        for (int i = 0; i < PLK_STORE_ROWS_STATEMENTS; i++) sqlite3_finalize(rows->statements[table][i]);
    }
    *rows = (struct plk_store_rows){.db = NULL};
}

// ---- contact and event as columns -------------------------------------------------------------------------------------

#define HINT_LEN 20 // key 16, tag u32

static int upsert_contact(sqlite3_stmt *s, const struct plk_op *op) {
    struct plk_contact_row row;
    plk_assert(plk_contact_row_decode(op->key, op->value, &row) == PLK_ERR_OK);
    uint8_t hints[sizeof row.hints / sizeof row.hints[0] * HINT_LEN];
    struct plk_writer w = plk_writer(hints, sizeof hints);
    for (unsigned i = 0; i < row.hint_count; i++) {
        plk_writer_copy(&w, row.hints[i].key, sizeof row.hints[i].key);
        plk_writer_u32(&w, row.hints[i].tag);
    }
    sqlite3_bind_int64(s, 1, row.contact);
    plk_store_db_bind(s, 2, plk_bytes(row.peer_id, sizeof row.peer_id));
    sqlite3_bind_text(s, 3, row.name, row.name_len, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, row.profile_name, row.profile_name_len, SQLITE_STATIC);
    sqlite3_bind_int(s, 5, (int)row.state);
    sqlite3_bind_int(s, 6, row.verified);
    sqlite3_bind_int(s, 7, row.blocked);
    sqlite3_bind_int(s, 8, row.has_outbox);
    sqlite3_bind_int(s, 9, row.renamed);
    sqlite3_bind_int64(s, 10, (int64_t)row.created_ms);
    plk_store_db_bind(s, 11, plk_writer_bytes(&w));
    sqlite3_bind_int(s, 12, row.relay_only);
    sqlite3_bind_int64(s, 13, (int64_t)row.read_row);
    sqlite3_bind_int(s, 14, row.pinned);
    sqlite3_bind_int(s, 15, row.muted);
    sqlite3_bind_int64(s, 16, row.timer_s);
    sqlite3_bind_int(s, 17, row.silent);
    int code = plk_store_db_run(s);
    sqlite3_clear_bindings(s); // they point into this frame
    return code;
}

static bool column_name(sqlite3_stmt *s, int index, char out[PLK_NAME_MAX], uint8_t *len) {
    struct plk_bytes name = plk_store_db_column(s, index);
    if (name.len > PLK_NAME_MAX) return false;
    if (name.len > 0) memcpy(out, name.at, name.len);
    *len = (uint8_t)name.len;
    return true;
}

int plk_store_rows_contact(sqlite3_stmt *s, struct plk_contact_row *row) {
    struct plk_contact_row got = {.contact = (uint32_t)sqlite3_column_int64(s, 0)};
    struct plk_bytes peer_id = plk_store_db_column(s, 1), hints = plk_store_db_column(s, 10);
    if (peer_id.len != PLK_PEER_ID_LEN || hints.len > sizeof got.hints / sizeof got.hints[0] * HINT_LEN)
        return SQLITE_CORRUPT;
    memcpy(got.peer_id, peer_id.at, PLK_PEER_ID_LEN);
    if (!column_name(s, 2, got.name, &got.name_len)) return SQLITE_CORRUPT;
    if (!column_name(s, 3, got.profile_name, &got.profile_name_len)) return SQLITE_CORRUPT;
    got.state = (enum plk_contact_state)sqlite3_column_int(s, 4);
    got.verified = sqlite3_column_int(s, 5) != 0;
    got.blocked = sqlite3_column_int(s, 6) != 0;
    got.has_outbox = sqlite3_column_int(s, 7) != 0;
    got.renamed = sqlite3_column_int(s, 8) != 0;
    got.created_ms = (uint64_t)sqlite3_column_int64(s, 9);
    got.relay_only = sqlite3_column_int(s, 11) != 0;
    got.read_row = (uint64_t)sqlite3_column_int64(s, 12);
    got.pinned = sqlite3_column_int(s, 13) != 0;
    got.muted = sqlite3_column_int(s, 14) != 0;
    got.timer_s = (uint32_t)sqlite3_column_int64(s, 15);
    got.silent = sqlite3_column_int(s, 16) != 0;
    struct plk_reader r = plk_reader(hints);
    for (got.hint_count = 0; r.left > 0 && !r.failed; got.hint_count++) {
        plk_reader_copy(&r, got.hints[got.hint_count].key, sizeof got.hints[0].key);
        got.hints[got.hint_count].tag = plk_reader_u32(&r);
    }
    if (r.failed) return SQLITE_CORRUPT;
    *row = got;
    return SQLITE_OK;
}

static int upsert_event(sqlite3_stmt *s, const struct plk_op *op) {
    struct plk_event_row row;
    plk_assert(plk_event_row_decode(op->key, op->value, &row) == PLK_ERR_OK);
    sqlite3_bind_int64(s, 1, (int64_t)row.n);
    sqlite3_bind_int(s, 2, (int)row.kind);
    sqlite3_bind_int64(s, 3, row.contact);
    sqlite3_bind_int64(s, 4, (int64_t)row.row);
    sqlite3_bind_int(s, 5, (int)row.state);
    sqlite3_bind_int(s, 6, row.reason);
    sqlite3_bind_int(s, 7, row.more);
    // As in its row.
    bool named = op->value.len > PLK_EVENT_ROW_LEN;
    plk_store_db_bind(s, 8, plk_bytes(op->value.at + PLK_EVENT_ROW_LEN, named ? PLK_EVENT_TARGET_LEN : 0));
    return plk_store_db_run(s);
}

int plk_store_rows_event(sqlite3_stmt *s, struct plk_event_row *row) {
    *row = (struct plk_event_row){.n = (uint64_t)sqlite3_column_int64(s, 0),
                                  .kind = (enum plk_event_kind)sqlite3_column_int(s, 1),
                                  .contact = (uint32_t)sqlite3_column_int64(s, 2),
                                  .row = (uint64_t)sqlite3_column_int64(s, 3),
                                  .state = (enum plk_state)sqlite3_column_int(s, 4),
                                  .reason = (uint8_t)sqlite3_column_int(s, 5),
                                  .more = (uint16_t)sqlite3_column_int(s, 6)};
    struct plk_bytes target = plk_store_db_column(s, 7);
    row->has_target = target.len > 0;
    if (target.len == 0) return SQLITE_OK;
    if (target.len != PLK_EVENT_TARGET_LEN || target.at[0] > PLK_OUT) return SQLITE_CORRUPT;
    row->target_direction = (enum plk_direction)target.at[0];
    return plk_mark_origin_decode(plk_bytes(target.at + 1, target.len - 1), &row->target) == PLK_ERR_OK
               ? SQLITE_OK
               : SQLITE_CORRUPT;
}

// ---- operations -------------------------------------------------------------------------------------------------------

static int upsert(sqlite3_stmt *s, const struct plk_op *op) {
    if (op->table == PLK_TABLE_contact) return upsert_contact(s, op);
    if (op->table == PLK_TABLE_event) return upsert_event(s, op);
    struct stored_key key;
    plk_assert(tag_of(op->table) == 0 || op->key.len >= CONTACT_LEN);
    plk_store_db_bind(s, 1, stored(&key, op->table, op->key));
    plk_store_db_bind(s, 2, op->value);
    return plk_store_db_run(s);
}

struct bounds {
    struct stored_key from, to;
};

// Binds from, and to unless that is NULL, as keys or as the numbers that they are; bounds must live until the statement has
// run.
static void bind_bounds(sqlite3_stmt *s, enum plk_table table, struct bounds *bounds, struct plk_bytes from,
                        const struct plk_bytes *to) {
    size_t width = key_width(table);
    if (width != 0) {
        sqlite3_bind_int64(s, 1, plk_store_rows_bound(from, width));
        if (to != NULL) sqlite3_bind_int64(s, 2, plk_store_rows_bound(*to, width));
    } else {
        plk_store_db_bind(s, 1, stored(&bounds->from, table, from));
        if (to != NULL) plk_store_db_bind(s, 2, stored_end(&bounds->to, table, from, *to));
    }
}

int plk_store_rows_apply(struct plk_store_rows *rows, const struct plk_op *op) {
    int which = op->kind == PLK_OP_UPSERT ? UPSERT : op->kind == PLK_OP_DELETE ? DELETE : DELETE_RANGE;
    int code = prepare(rows, op->table, which);
    if (code != SQLITE_OK) return code;
    sqlite3_stmt *s = rows->statements[op->table][which];
    if (which == UPSERT) return upsert(s, op);
    if (which == DELETE && key_width(op->table) != 0) {
        plk_assert(op->key.len == key_width(op->table));
    }
    struct bounds bounds;
    bind_bounds(s, op->table, &bounds, op->key, which == DELETE_RANGE ? &op->key_end : NULL);
    return plk_store_db_run(s);
}

// Hands the row that the statement stands on to the sink, in the form in which it was put.
static int give_row(sqlite3_stmt *s, enum plk_table table, plk_store_sink *sink, void *ctx) {
    if (key_width(table) == 0) {
        struct stored_key given;
        sink(ctx, given_key(&given, table, plk_store_db_column(s, 0)), plk_store_db_column(s, 1));
        return SQLITE_OK;
    }
    uint8_t key[8], value[PLK_CONTACT_ROW_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), v = plk_writer(value, sizeof value);
    if (table == PLK_TABLE_contact) {
        struct plk_contact_row row;
        if (plk_store_rows_contact(s, &row) != SQLITE_OK) return SQLITE_CORRUPT;
        plk_writer_u32(&k, row.contact);
        plk_contact_row_encode(&v, &row);
    } else {
        struct plk_event_row row;
        if (plk_store_rows_event(s, &row) != SQLITE_OK) return SQLITE_CORRUPT;
        plk_writer_u64(&k, row.n);
        uint8_t event[PLK_EVENT_ROW_MAX];
        plk_writer_copy(&v, event, plk_event_row_encode(event, &row));
    }
    sink(ctx, plk_writer_bytes(&k), plk_writer_bytes(&v));
    plk_mem_wipe(value, sizeof value);
    return SQLITE_OK;
}

int plk_store_rows_load(struct plk_store_rows *rows, const struct plk_store_load *load, plk_store_sink *sink,
                        void *ctx) {
    bool open = load->to.len == 0;
    int which = open ? (load->reverse ? LOAD_OPEN_DOWN : LOAD_OPEN) : (load->reverse ? LOAD_DOWN : LOAD);
    int code = prepare(rows, load->table, which);
    if (code != SQLITE_OK) return code;
    sqlite3_stmt *s = rows->statements[load->table][which];
    struct bounds bounds;
    bind_bounds(s, load->table, &bounds, load->from, open ? NULL : &load->to);
    sqlite3_bind_int64(s, 3, load->limit > 0 ? (int64_t)load->limit : -1);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        code = give_row(s, load->table, sink, ctx);
        if (code != SQLITE_OK) break;
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}
