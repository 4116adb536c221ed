// SPDX-License-Identifier: MIT
// Ranges of message keys: each is a row of streams, and of each stream a range of sequence numbers.
#include "host/store_message.h"

#include "host/memory.h"

// ---- ranges of keys ---------------------------------------------------------------------------------------------------

// The part of a key range that falls into one stream.
struct part {
    int64_t stream, from, to; // from <= seq < to
    uint8_t prefix[PLK_STORE_PREFIX_LEN];
    bool whole;
};

// The first sequence number of the stream whose key is not below `key`; INT64_MAX if all are.
static int64_t seq_bound(const uint8_t *prefix, struct plk_bytes key) {
    size_t common = key.len < PLK_STORE_PREFIX_LEN ? key.len : PLK_STORE_PREFIX_LEN;
    int order = common == 0 ? 0 : memcmp(prefix, key.at, common);
    if (order != 0) return order < 0 ? INT64_MAX : 0;
    if (key.len <= PLK_STORE_PREFIX_LEN) return 0;
    return plk_store_rows_bound(plk_bytes(key.at + PLK_STORE_PREFIX_LEN, key.len - PLK_STORE_PREFIX_LEN), 8);
}

struct parts {
    struct part *at;
    size_t count, cap;
};

static void add_part(struct parts *parts, const struct part *part) {
    if (part->from >= part->to) return;
    if (parts->count == parts->cap) {
        size_t cap = parts->cap == 0 ? 8 : parts->cap * 2;
        struct part *grown = plk_memory_take(cap * sizeof *grown);
        if (parts->count > 0) memcpy(grown, parts->at, parts->count * sizeof *grown);
        plk_memory_give(parts->at, parts->cap * sizeof *parts->at);
        parts->at = grown;
        parts->cap = cap;
    }
    parts->at[parts->count++] = *part;
}

static void free_parts(struct parts *parts) { plk_memory_give(parts->at, parts->cap * sizeof *parts->at); }

// All streams that have keys in the range, in key order. Few: one for each device, epoch and direction of a contact.
static int find_parts(struct plk_store_messages *m, struct plk_bytes from, struct plk_bytes to, bool down,
                      struct parts *parts) {
    sqlite3_stmt **s = down ? &m->streams_down : &m->streams;
    int code = plk_store_db_prepare(m->db, s,
                                    down ? "SELECT stream, prefix FROM stream WHERE prefix >= ?1 ORDER BY prefix DESC"
                                         : "SELECT stream, prefix FROM stream WHERE prefix >= ?1 ORDER BY prefix");
    if (code != SQLITE_OK) return code;
    size_t head = from.len < PLK_STORE_PREFIX_LEN ? from.len : PLK_STORE_PREFIX_LEN;
    plk_store_db_bind(*s, 1, plk_bytes(from.at, head));
    while ((code = sqlite3_step(*s)) == SQLITE_ROW) {
        struct plk_bytes prefix = plk_store_db_column(*s, 1);
        if (prefix.len != PLK_STORE_PREFIX_LEN) break;
        struct part part = {.stream = sqlite3_column_int64(*s, 0), .from = seq_bound(prefix.at, from), .to = INT64_MAX};
        if (to.len > 0) part.to = seq_bound(prefix.at, to);
        part.whole = part.from == 0 && part.to == INT64_MAX;
        memcpy(part.prefix, prefix.at, PLK_STORE_PREFIX_LEN);
        add_part(parts, &part);
        if (!down && part.to == 0) break; // behind the end of the range
    }
    sqlite3_reset(*s);
    return code == SQLITE_DONE ? SQLITE_OK : code == SQLITE_ROW ? SQLITE_OK : code;
}

static void bind_part(sqlite3_stmt *s, const struct part *part) {
    sqlite3_bind_int64(s, 1, part->stream);
    sqlite3_bind_int64(s, 2, part->from);
    sqlite3_bind_int64(s, 3, part->to);
}

static int count_part(struct plk_store_messages *m, const struct part *part, int64_t *count) {
    int code =
        plk_store_db_prepare(m->db, &m->count,
                             "SELECT count(*) FROM (SELECT 1 FROM message WHERE stream = ?1 AND seq >= ?2 AND seq < ?3"
                             " LIMIT 1000000)");
    if (code != SQLITE_OK) return code;
    bind_part(m->count, part);
    code = sqlite3_step(m->count);
    if (code == SQLITE_ROW) *count += sqlite3_column_int64(m->count, 0);
    int end = sqlite3_reset(m->count);
    return code == SQLITE_ROW ? end : code;
}

static int prepare_range(struct plk_store_messages *m, bool down, sqlite3_stmt **out) {
    sqlite3_stmt **s = down ? &m->range_down : &m->range;
    int code = plk_store_db_prepare(
        m->db, s,
        down ? "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM message m JOIN stream s ON s.stream = m.stream"
               " WHERE m.stream = ?1 AND m.seq >= ?2 AND m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4"
             : "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM message m JOIN stream s ON s.stream = m.stream"
               " WHERE m.stream = ?1 AND m.seq >= ?2 AND m.seq < ?3 ORDER BY m.seq LIMIT ?4");
    *out = *s;
    return code;
}

static int drop_part_from_index(struct plk_store_messages *m, const struct part *part) {
    sqlite3_stmt *s;
    int code = prepare_range(m, false, &s);
    if (code != SQLITE_OK) return code;
    bind_part(s, part);
    sqlite3_bind_int64(s, 4, -1);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        code = plk_store_index_drop(m->index, sqlite3_column_int64(s, 0), (uint16_t)sqlite3_column_int(s, 4),
                                    plk_store_db_column(s, 12));
        if (code != SQLITE_OK) break;
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

// A stream that is empty names a contact's device for nothing.
static int remove_part(struct plk_store_messages *m, const struct part *part) {
    int code = plk_store_db_prepare(m->db, &m->remove_range,
                                    "DELETE FROM message WHERE stream = ?1 AND seq >= ?2 AND seq < ?3");
    if (code != SQLITE_OK) return code;
    bind_part(m->remove_range, part);
    code = plk_store_db_run(m->remove_range);
    if (code != SQLITE_OK || !part->whole) return code;
    code = plk_store_db_prepare(m->db, &m->drop_stream, "DELETE FROM stream WHERE stream = ?1");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->drop_stream, 1, part->stream);
    plk_store_message_slot(m, part->prefix)->stream = 0;
    return plk_store_db_run(m->drop_stream);
}

static int forget_empty(struct plk_store_messages *m, const struct part *part) {
    uint32_t contact = (uint32_t)plk_store_rows_bound(plk_bytes(part->prefix, 4), 4);
    int code = plk_store_db_prepare(m->db, &m->left, "SELECT 1 FROM message WHERE at >= ?1 AND at <= ?2 LIMIT 1");
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(m->left, 1, plk_store_at(contact, 1));
    sqlite3_bind_int64(m->left, 2, plk_store_at(contact, PLK_STORE_ROW_MAX));
    code = sqlite3_step(m->left);
    sqlite3_reset(m->left);
    if (code == SQLITE_DONE) return plk_store_index_empty(m->index, contact);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

int plk_store_message_remove_range(struct plk_store_messages *m, const struct plk_op *op) {
    struct parts parts = {.at = NULL};
    int64_t count = 0;
    int code = find_parts(m, op->key, op->key_end, false, &parts);
    for (size_t i = 0; code == SQLITE_OK && i < parts.count; i++) code = count_part(m, &parts.at[i], &count);
    bool many = count > PLK_STORE_INDEX_DROP_MAX;
    if (code == SQLITE_OK && many) code = plk_store_index_clear(m->index);
    for (size_t i = 0; code == SQLITE_OK && i < parts.count; i++) {
        if (!many) code = drop_part_from_index(m, &parts.at[i]);
        if (code == SQLITE_OK) code = remove_part(m, &parts.at[i]);
        if (code == SQLITE_OK) code = forget_empty(m, &parts.at[i]);
    }
    free_parts(&parts);
    return code;
}

// ---- loading ----------------------------------------------------------------------------------------------------------

static int give_part(struct plk_store_messages *m, const struct part *part, int64_t limit, bool down,
                     plk_store_sink *sink, void *ctx, int64_t *gave) {
    sqlite3_stmt *s;
    int code = prepare_range(m, down, &s);
    if (code != SQLITE_OK) return code;
    bind_part(s, part);
    sqlite3_bind_int64(s, 4, limit);
    uint8_t *value = plk_memory_take(PLK_ROW_VALUE_MAX);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        struct plk_message_row row;
        uint8_t key[PLK_MESSAGE_KEY_LEN];
        struct plk_writer w = plk_writer(value, PLK_ROW_VALUE_MAX);
        code = plk_store_message_row(s, &row);
        if (code != SQLITE_OK) break;
        plk_message_key(key, row.contact, row.direction, &row.origin);
        plk_message_row_encode(&w, &row);
        sink(ctx, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
        ++*gave;
    }
    plk_memory_give(value, PLK_ROW_VALUE_MAX);
    sqlite3_reset(s);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int plk_store_message_load(struct plk_store_messages *m, const struct plk_store_load *load, plk_store_sink *sink,
                           void *ctx) {
    struct parts parts = {.at = NULL};
    int64_t gave = 0;
    int code = find_parts(m, load->from, load->to, load->reverse, &parts);
    for (size_t i = 0; code == SQLITE_OK && i < parts.count; i++) {
        int64_t limit = load->limit == 0 ? -1 : (int64_t)load->limit - gave;
        if (limit == 0) break;
        code = give_part(m, &parts.at[i], limit, load->reverse, sink, ctx, &gave);
    }
    free_parts(&parts);
    return code;
}
