// SPDX-License-Identifier: MIT
#include "host/pg/pg_tokens.h"

#include <string.h>

#include "host/pg/pg_rows.h"
#include "relay/token.h"

_Static_assert(PLK_PG_TOKENS_ROW_MAX >= PLK_TOKEN_ROW_LEN && PLK_PG_TOKENS_ROW_MAX >= PLK_GRANT_ROW_LEN, "rows fit");

static bool is_ours(enum plk_table table) { return table == PLK_TABLE_rtoken || table == PLK_TABLE_rgrant; }

static struct plk_pg_base *find(const struct plk_pg_tokens *tokens, enum plk_table table, struct plk_bytes key) {
    for (size_t i = 0; i < PLK_PG_TOKENS_BASES; i++) {
        const struct plk_pg_base *base = &tokens->bases[i];
        if (base->key_len > 0 && base->table == table && plk_bytes_equal(plk_bytes(base->key, base->key_len), key))
            return (struct plk_pg_base *)(uintptr_t)base;
    }
    return NULL;
}

void plk_pg_tokens_read(struct plk_pg_tokens *tokens, enum plk_table table, struct plk_bytes key,
                        struct plk_bytes value) {
    if (!is_ours(table) || key.len > PLK_PG_TOKENS_KEY_MAX || value.len > PLK_PG_TOKENS_ROW_MAX) return;
    struct plk_pg_base *base = find(tokens, table, key);
    if (base == NULL) {
        base = &tokens->bases[tokens->next];
        tokens->next = (tokens->next + 1) % PLK_PG_TOKENS_BASES;
    }
    *base = (struct plk_pg_base){.table = table, .key_len = key.len, .value_len = value.len};
    memcpy(base->key, key.at, key.len);
    memcpy(base->value, value.at, value.len);
}

// ---- merging ----------------------------------------------------------------------------------------------------------

static uint32_t moved(uint32_t there, uint32_t from, uint32_t to, uint32_t most) {
    int64_t sum = (int64_t)there + to - from;
    return sum < 0 ? 0 : sum > most ? most : (uint32_t)sum;
}

static size_t merge_grant(struct plk_bytes base, struct plk_bytes to, struct plk_bytes there, uint8_t *out) {
    struct plk_grant_row from, wanted, now;
    if (plk_grant_row_decode(base, &from) != PLK_ERR_OK || plk_grant_row_decode(to, &wanted) != PLK_ERR_OK ||
        plk_grant_row_decode(there, &now) != PLK_ERR_OK)
        return 0;
    wanted.left = (uint8_t)moved(now.left, from.left, wanted.left, UINT8_MAX);
    plk_grant_row_encode(out, &wanted);
    return PLK_GRANT_ROW_LEN;
}

size_t plk_pg_tokens_merge(enum plk_table table, struct plk_bytes base, struct plk_bytes to, struct plk_bytes there,
                           uint8_t out[PLK_PG_TOKENS_ROW_MAX]) {
    struct plk_token_row from, wanted, now;
    if (plk_bytes_equal(base, there)) return 0;
    if (table == PLK_TABLE_rgrant) return merge_grant(base, to, there, out);
    if (plk_token_row_decode(base, &from) != PLK_ERR_OK || plk_token_row_decode(to, &wanted) != PLK_ERR_OK ||
        plk_token_row_decode(there, &now) != PLK_ERR_OK)
        return 0;
    wanted.made = moved(now.made, from.made, wanted.made, UINT32_MAX);
    wanted.revoked = wanted.revoked || now.revoked;
    plk_token_row_encode(out, &wanted);
    return PLK_TOKEN_ROW_LEN;
}

struct plk_bytes plk_pg_tokens_value(const struct plk_pg_tokens *tokens, enum plk_table table, struct plk_bytes key,
                                     struct plk_bytes value) {
    const struct plk_pg_base *base = is_ours(table) ? find(tokens, table, key) : NULL;
    return base == NULL || base->merged_len == 0 ? value : plk_bytes(base->merged, base->merged_len);
}

// ---- locking ----------------------------------------------------------------------------------------------------------

// A write of a row that was read.
struct written {
    struct plk_pg_base *base;
    struct plk_bytes value;
};

static size_t written_by(struct plk_pg_tokens *tokens, const struct plk_store_items *items, struct written *writes) {
    size_t count = 0;
    for (const struct plk_store_item *item = items->first; item != NULL; item = item->next) {
        struct plk_op op;
        for (size_t at = 0; item->kind == PLK_STORE_ITEM_BATCH && plk_store_item_op(item, &at, &op);) {
            struct plk_pg_base *base =
                is_ours(op.table) && op.kind == PLK_OP_UPSERT ? find(tokens, op.table, op.key) : NULL;
            size_t i = 0;
            while (i < count && writes[i].base != base) i++;
            if (base == NULL) continue;
            writes[i] = (struct written){base, op.value}; // the last one counts
            count += i == count;
        }
    }
    return count;
}

static bool ask(PGconn *db, const struct plk_pg_base *base) {
    struct plk_bytes key = plk_bytes(base->key, base->key_len);
    struct plk_bytes rest = plk_pg_rest(key);
    const char *values[] = {(const char *)base->key, rest.len == 0 ? "" : (const char *)rest.at};
    int lens[] = {(int)plk_pg_sid(key).len, (int)rest.len};
    static const int binary[] = {1, 1};
    const char *sql = base->table == PLK_TABLE_rtoken
                          ? "SELECT value FROM peerlink.rtoken WHERE sid = $1::bytea AND rest = $2::bytea FOR UPDATE"
                          : "SELECT value FROM peerlink.rgrant WHERE sid = $1::bytea AND rest = $2::bytea FOR UPDATE";
    return PQsendQueryParams(db, sql, 2, NULL, values, lens, binary, 1) == 1;
}

static void learn(const struct written *written, const PGresult *result, bool again) {
    struct plk_pg_base *base = written->base;
    if (PQntuples(result) == 0) return; // it went meanwhile: what is written makes it again
    struct plk_bytes there = plk_bytes((const uint8_t *)PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0));
    if (again && plk_bytes_equal(there, written->value)) return; // it was committed
    base->merged_len =
        plk_pg_tokens_merge(base->table, plk_bytes(base->value, base->value_len), written->value, there, base->merged);
}

// Results up to the one that carries rows: BEGIN's come before the first.
static bool hear(PGconn *db, const struct written *written, bool again, struct plk_pg_trouble *trouble) {
    for (unsigned ends = 0; ends < 2;) {
        PGresult *result = PQgetResult(db);
        ExecStatusType status = PQresultStatus(result);
        ends = result == NULL ? ends + 1 : 0;
        if (status == PGRES_TUPLES_OK) learn(written, result, again);
        bool failed = result != NULL && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
        if (failed) plk_pg_trouble_of(trouble, db, result);
        PQclear(result);
        if (failed) return false;
        if (status == PGRES_TUPLES_OK) return true;
    }
    plk_pg_trouble_of(trouble, db, NULL);
    return false;
}

bool plk_pg_tokens_lock(struct plk_pg_tokens *tokens, PGconn *db, const struct plk_store_items *items, bool again,
                        struct plk_pg_trouble *trouble) {
    struct written writes[PLK_PG_TOKENS_BASES + 1];
    for (size_t i = 0; i < PLK_PG_TOKENS_BASES; i++) tokens->bases[i].merged_len = 0;
    size_t count = written_by(tokens, items, writes);
    bool well = true;
    for (size_t i = 0; i < count && well; i++) well = ask(db, writes[i].base);
    if (count > 0) well = well && PQsendFlushRequest(db) == 1 && PQflush(db) == 0;
    if (!well) plk_pg_trouble_of(trouble, db, NULL);
    for (size_t i = 0; i < count && well; i++) well = hear(db, &writes[i], again, trouble);
    return well;
}
