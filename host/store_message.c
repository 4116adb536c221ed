// SPDX-License-Identifier: MIT
#include "host/store_message.h"

#define TARGET_LEN (PLK_DEVICE_LEN + PLK_EPOCH_LEN + 8)

void plk_store_message_close(struct plk_store_messages *m) {
    sqlite3_stmt *statements[] = {m->insert,       m->replace,      m->patch,       m->wipe,       m->remove,
                                  m->one,          m->lowest,       m->find_stream, m->add_stream, m->drop_stream,
                                  m->streams,      m->streams_down, m->range,       m->range_down, m->count,
                                  m->remove_range, m->left,         m->rewrite};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) sqlite3_finalize(statements[i]);
    plk_mem_wipe(m, sizeof *m);
}

void plk_store_message_forget(struct plk_store_messages *m) { memset(m->cache, 0, sizeof m->cache); }

// ---- streams ----------------------------------------------------------------------------------------------------------

struct plk_store_stream *plk_store_message_slot(struct plk_store_messages *m, const uint8_t *prefix) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < PLK_STORE_PREFIX_LEN; i++) hash = (hash ^ prefix[i]) * UINT64_C(0x100000001b3);
    return &m->cache[(hash ^ hash >> 32) & (PLK_STORE_STREAMS_CACHED - 1)];
}

static int look_up(struct plk_store_messages *m, const uint8_t *prefix, int64_t *stream) {
    int code = plk_store_db_prepare(m->db, &m->find_stream, "SELECT stream FROM stream WHERE prefix = ?1");
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(m->find_stream, 1, plk_bytes(prefix, PLK_STORE_PREFIX_LEN));
    code = sqlite3_step(m->find_stream);
    if (code == SQLITE_ROW) *stream = sqlite3_column_int64(m->find_stream, 0);
    int end = sqlite3_reset(m->find_stream);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

static int add_stream(struct plk_store_messages *m, const uint8_t *prefix, int64_t *stream) {
    int code = plk_store_db_prepare(m->db, &m->add_stream, "INSERT INTO stream(prefix) VALUES(?1)");
    if (code != SQLITE_OK) return code;
    plk_store_db_bind(m->add_stream, 1, plk_bytes(prefix, PLK_STORE_PREFIX_LEN));
    code = plk_store_db_run(m->add_stream);
    *stream = sqlite3_last_insert_rowid(m->db);
    return code;
}

// The stream of a message key; *stream is 0 when there is none and none is to be made.
static int find_stream(struct plk_store_messages *m, const uint8_t *key, bool make, int64_t *stream) {
    struct plk_store_stream *slot = plk_store_message_slot(m, key);
    *stream = 0;
    if (slot->stream != 0 && memcmp(slot->prefix, key, PLK_STORE_PREFIX_LEN) == 0) {
        *stream = slot->stream;
        return SQLITE_OK;
    }
    int code = look_up(m, key, stream);
    if (code == SQLITE_OK && *stream == 0 && make) code = add_stream(m, key, stream);
    if (code == SQLITE_OK && *stream != 0) {
        slot->stream = *stream;
        memcpy(slot->prefix, key, PLK_STORE_PREFIX_LEN);
    }
    return code;
}

static int64_t seq_of(struct plk_bytes key) {
    return plk_store_rows_bound(plk_bytes(key.at + PLK_STORE_PREFIX_LEN, 8), 8);
}

// ---- what a patch changes ---------------------------------------------------------------------------------------------

// A row keeps its length when it is patched, and so its page: SQLite writes 0 and 1 in no bytes and a time in six. So a state
// is stored one higher, and the time of what is not delivered yet as that of its making, below zero.

static int state_column(enum plk_state state) { return (int)state + 1; }
static enum plk_state state_of(int column) { return (enum plk_state)(column - 1); }

static int64_t received_column(uint64_t received_ms, uint64_t time_ms) {
    if (received_ms != 0) return (int64_t)received_ms;
    return time_ms <= INT64_MAX ? -(int64_t)time_ms : 0; // some clocks are wrong
}
static uint64_t received_of(int64_t column) { return column > 0 ? (uint64_t)column : 0; }

// ---- one message ------------------------------------------------------------------------------------------------------

int plk_store_message_row(sqlite3_stmt *s, struct plk_message_row *row) {
    struct plk_message_row got = {.row = plk_store_at_row(sqlite3_column_int64(s, 0))};
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    struct plk_bytes prefix = plk_store_db_column(s, 1), id = plk_store_db_column(s, 3),
                     target = plk_store_db_column(s, 11);
    if (prefix.len != PLK_STORE_PREFIX_LEN || id.len != PLK_ID_LEN) return SQLITE_CORRUPT;
    struct plk_writer w = plk_writer(key, sizeof key);
    plk_writer_put(&w, prefix);
    plk_writer_u64(&w, (uint64_t)sqlite3_column_int64(s, 2));
    if (plk_message_key_decode(plk_writer_bytes(&w), &got) != PLK_ERR_OK) return SQLITE_CORRUPT;
    memcpy(got.id, id.at, PLK_ID_LEN);
    got.kind = (uint16_t)sqlite3_column_int(s, 4);
    got.state = state_of(sqlite3_column_int(s, 5));
    got.stored = (uint8_t)sqlite3_column_int(s, 6);
    got.stored_of = (uint8_t)sqlite3_column_int(s, 7);
    got.reason = (uint8_t)sqlite3_column_int(s, 8);
    got.time_ms = (uint64_t)sqlite3_column_int64(s, 9);
    got.received_ms = received_of(sqlite3_column_int64(s, 10));
    got.has_target = target.len > 0;
    if (got.has_target) {
        struct plk_reader r = plk_reader(target);
        plk_reader_copy(&r, got.target.device, PLK_DEVICE_LEN);
        plk_reader_copy(&r, got.target.epoch, PLK_EPOCH_LEN);
        got.target.seq = plk_reader_u64(&r);
        if (!plk_reader_done(&r)) return SQLITE_CORRUPT;
    }
    got.payload = plk_store_db_column(s, 12);
    got.lifetime_s = (uint32_t)sqlite3_column_int64(s, 13);
    *row = got;
    return SQLITE_OK;
}

static int run_with_row(sqlite3_stmt *s, int64_t at, int64_t stream, int64_t seq, const struct plk_message_row *row) {
    uint8_t target[TARGET_LEN];
    struct plk_writer w = plk_writer(target, sizeof target);
    plk_writer_copy(&w, row->target.device, PLK_DEVICE_LEN);
    plk_writer_copy(&w, row->target.epoch, PLK_EPOCH_LEN);
    plk_writer_u64(&w, row->target.seq);
    sqlite3_bind_int64(s, 1, at);
    sqlite3_bind_int64(s, 2, stream);
    sqlite3_bind_int64(s, 3, seq);
    plk_store_db_bind(s, 4, plk_bytes(row->id, PLK_ID_LEN));
    sqlite3_bind_int(s, 5, row->kind);
    sqlite3_bind_int(s, 6, state_column(row->state));
    sqlite3_bind_int(s, 7, row->stored);
    sqlite3_bind_int(s, 8, row->stored_of);
    sqlite3_bind_int(s, 9, row->reason);
    sqlite3_bind_int64(s, 10, (int64_t)row->time_ms);
    sqlite3_bind_int64(s, 11, received_column(row->received_ms, row->time_ms));
    if (row->has_target) {
        plk_store_db_bind(s, 12, plk_writer_bytes(&w));
    } else {
        sqlite3_bind_null(s, 12);
    }
    plk_store_db_bind(s, 13, row->payload);
    sqlite3_bind_int64(s, 14, row->lifetime_s);
    int code = plk_store_db_run(s);
    sqlite3_clear_bindings(s); // they point into this frame and the batch
    return code;
}

// What the index must forget before a message changes. *at is 0 when there is no such message.
struct before {
    int64_t at;
    uint16_t kind;
};

static int drop_from_index(struct plk_store_messages *m, int64_t stream, int64_t seq, struct before *before) {
    *before = (struct before){.at = 0};
    int code =
        plk_store_db_prepare(m->db, &m->one, "SELECT at, kind, payload FROM message WHERE stream = ?1 AND seq = ?2");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->one, 1, stream);
    sqlite3_bind_int64(m->one, 2, seq);
    code = sqlite3_step(m->one);
    if (code == SQLITE_ROW) {
        *before = (struct before){sqlite3_column_int64(m->one, 0), (uint16_t)sqlite3_column_int(m->one, 1)};
        code = plk_store_index_drop(m->index, before->at, before->kind, plk_store_db_column(m->one, 2));
    } else if (code == SQLITE_DONE) {
        code = SQLITE_OK;
    }
    int end = sqlite3_reset(m->one);
    return code != SQLITE_OK ? code : end;
}

// A place below all others for a message that is not shown.
static int hidden_at(struct plk_store_messages *m, int64_t *at) {
    int code = plk_store_db_prepare(m->db, &m->lowest, "SELECT min(at) FROM message");
    if (code != SQLITE_OK) return code;
    code = sqlite3_step(m->lowest);
    int64_t lowest = code == SQLITE_ROW ? sqlite3_column_int64(m->lowest, 0) : 0;
    *at = (lowest < 0 ? lowest : 0) - 1;
    int end = sqlite3_reset(m->lowest);
    return code == SQLITE_ROW ? end : code;
}

static int change(struct plk_store_messages *m, int64_t at, int64_t stream, int64_t seq,
                  const struct plk_message_row *row) {
    struct before before;
    int code = drop_from_index(m, stream, seq, &before);
    if (code != SQLITE_OK) return code;
    // Two messages that claim one row number: no caller can mean that.
    if (before.at == 0) return SQLITE_CONSTRAINT;
    code =
        plk_store_db_prepare(m->db, &m->replace,
                             "UPDATE message SET at = ?1, id = ?4, kind = ?5, state = ?6, stored = ?7, stored_of = ?8,"
                             " reason = ?9, time_ms = ?10, received_ms = ?11, target = ?12, payload = ?13,"
                             " lifetime_s = ?14"
                             " WHERE stream = ?2 AND seq = ?3");
    if (code != SQLITE_OK) return code;
    bool stays_hidden = before.at < 0 && row->row == 0;
    return run_with_row(m->replace, stays_hidden ? before.at : at, stream, seq, row);
}

static int upsert(struct plk_store_messages *m, const struct plk_op *op) {
    struct plk_message_row row = {.contact = 0};
    plk_assert(plk_message_key_decode(op->key, &row) == PLK_ERR_OK);
    plk_assert(plk_message_row_decode(op->value, &row) == PLK_ERR_OK && row.row <= PLK_STORE_ROW_MAX);
    int64_t stream, seq = seq_of(op->key), at = plk_store_at(row.contact, row.row);
    int code = plk_store_mark_text(m->marks, op->key, row.kind, &row.payload);
    if (code == SQLITE_OK) code = find_stream(m, op->key.at, true, &stream);
    if (code == SQLITE_OK && row.row == 0) code = hidden_at(m, &at);
    if (code == SQLITE_OK) {
        code = plk_store_db_prepare(m->db, &m->insert,
                                    "INSERT INTO message(at, stream, seq, id, kind, state, stored, stored_of, reason,"
                                    " time_ms, received_ms, target, payload, lifetime_s)"
                                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    }
    if (code != SQLITE_OK) return code;
    code = run_with_row(m->insert, at, stream, seq, &row);
    if ((code & 0xff) == SQLITE_CONSTRAINT) code = change(m, at, stream, seq, &row);
    return code == SQLITE_OK ? plk_store_index_added(m->index, at, row.kind, row.payload) : code;
}

static int patch(struct plk_store_messages *m, const struct plk_op *op) {
    struct plk_message_patch p;
    plk_assert(op->key.len == PLK_MESSAGE_KEY_LEN && plk_message_patch_decode(op->value, &p) == PLK_ERR_OK);
    int64_t stream, seq = seq_of(op->key);
    int code = find_stream(m, op->key.at, false, &stream);
    if (code != SQLITE_OK || stream == 0) return code; // no row, no effect
    bool wipe = (p.columns & PLK_PATCH_PAYLOAD_WIPED) != 0;
    struct before before;
    if (wipe) code = drop_from_index(m, stream, seq, &before);
    sqlite3_stmt **s = wipe ? &m->wipe : &m->patch;
    if (code == SQLITE_OK) {
        code = plk_store_db_prepare(
            m->db, s,
            wipe
                ? "UPDATE message SET state = ifnull(?3, state), reason = ifnull(?4, reason), stored = ifnull(?5, stored),"
                  " stored_of = ifnull(?6, stored_of), received_ms = ifnull(?7, received_ms), payload = x''"
                  " WHERE stream = ?1 AND seq = ?2"
                : "UPDATE message SET state = ifnull(?3, state), reason = ifnull(?4, reason), stored = ifnull(?5, stored),"
                  " stored_of = ifnull(?6, stored_of), received_ms = ifnull(?7, received_ms)"
                  " WHERE stream = ?1 AND seq = ?2");
    }
    if (code != SQLITE_OK) return code;
    sqlite3_clear_bindings(*s);
    sqlite3_bind_int64(*s, 1, stream);
    sqlite3_bind_int64(*s, 2, seq);
    if ((p.columns & PLK_PATCH_STATE) != 0) {
        sqlite3_bind_int(*s, 3, state_column(p.state));
        sqlite3_bind_int(*s, 4, p.reason);
    }
    if ((p.columns & PLK_PATCH_STORED) != 0) {
        sqlite3_bind_int(*s, 5, p.stored);
        sqlite3_bind_int(*s, 6, p.stored_of);
    }
    if ((p.columns & PLK_PATCH_RECEIVED) != 0) sqlite3_bind_int64(*s, 7, (int64_t)p.received_ms);
    return plk_store_db_run(*s);
}

static int remove_one(struct plk_store_messages *m, const struct plk_op *op) {
    plk_assert(op->key.len == PLK_MESSAGE_KEY_LEN);
    int64_t stream, seq = seq_of(op->key);
    struct before before = {.at = 0};
    int code = find_stream(m, op->key.at, false, &stream);
    if (code == SQLITE_OK && stream != 0) code = drop_from_index(m, stream, seq, &before);
    if (code != SQLITE_OK || before.at == 0) return code;
    code = plk_store_db_prepare(m->db, &m->remove, "DELETE FROM message WHERE stream = ?1 AND seq = ?2");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->remove, 1, stream);
    sqlite3_bind_int64(m->remove, 2, seq);
    return plk_store_db_run(m->remove);
}

// ---- for marks --------------------------------------------------------------------------------------------------------

static int find_kind(struct plk_store_messages *m, struct plk_bytes key, int64_t *stream, int *kind) {
    int code = find_stream(m, key.at, false, stream);
    *kind = 0;
    if (code != SQLITE_OK || *stream == 0) return code;
    code = plk_store_db_prepare(m->db, &m->one, "SELECT at, kind, payload FROM message WHERE stream = ?1 AND seq = ?2");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->one, 1, *stream);
    sqlite3_bind_int64(m->one, 2, seq_of(key));
    code = sqlite3_step(m->one);
    if (code == SQLITE_ROW) *kind = sqlite3_column_int(m->one, 1);
    int end = sqlite3_reset(m->one);
    return code == SQLITE_ROW || code == SQLITE_DONE ? end : code;
}

int plk_store_message_is_there(struct plk_store_messages *m, struct plk_bytes key, bool *there) {
    int64_t stream;
    int kind, code = find_kind(m, key, &stream, &kind);
    *there = kind != 0;
    return code;
}

int plk_store_message_rewrite(struct plk_store_messages *m, struct plk_bytes key, struct plk_bytes text, bool *there) {
    int64_t stream;
    struct before before = {.at = 0};
    int kind, code = find_kind(m, key, &stream, &kind);
    *there = kind != 0;
    if (code != SQLITE_OK || kind == 0 || (text.len > 0 && kind != PLK_BODY_TEXT)) return code;
    code = drop_from_index(m, stream, seq_of(key), &before);
    if (code == SQLITE_OK)
        code =
            plk_store_db_prepare(m->db, &m->rewrite, "UPDATE message SET payload = ?3 WHERE stream = ?1 AND seq = ?2");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->rewrite, 1, stream);
    sqlite3_bind_int64(m->rewrite, 2, seq_of(key));
    plk_store_db_bind(m->rewrite, 3, text);
    code = plk_store_db_run(m->rewrite);
    return code == SQLITE_OK ? plk_store_index_added(m->index, before.at, before.kind, text) : code;
}

// ---- all of them ------------------------------------------------------------------------------------------------------

int plk_store_message_apply(struct plk_store_messages *m, const struct plk_op *op) {
    switch (op->kind) {
    case PLK_OP_UPSERT:
        return upsert(m, op);
    case PLK_OP_PATCH:
        return patch(m, op);
    case PLK_OP_DELETE:
        return remove_one(m, op);
    case PLK_OP_DELETE_RANGE:
        return plk_store_message_remove_range(m, op);
    }
    return SQLITE_MISUSE;
}
