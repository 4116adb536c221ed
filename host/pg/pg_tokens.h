// SPDX-License-Identifier: MIT
// Counts of tokens and grants, which several processes change: a row that was read and is then written is written as what changed,
// onto what the row has become meanwhile, locked for the transaction. So no count is lost, whichever processes made queues with a
// token at once; in the same instant each process beyond the first may let through one more than is allowed.
#ifndef PLK_HOST_PG_TOKENS_H
#define PLK_HOST_PG_TOKENS_H

#include "host/pg/pg_link.h"
#include "host/store_queue.h"

#define PLK_PG_TOKENS_BASES 64 // rows that were read and may still be written: one command at a time does so
#define PLK_PG_TOKENS_KEY_MAX 32
#define PLK_PG_TOKENS_ROW_MAX 64

struct plk_pg_base {
    enum plk_table table;
    uint8_t key[PLK_PG_TOKENS_KEY_MAX], value[PLK_PG_TOKENS_ROW_MAX], merged[PLK_PG_TOKENS_ROW_MAX];
    size_t key_len, value_len, merged_len; // merged_len 0: what is written is written as it is
};

struct plk_pg_tokens {
    struct plk_pg_base bases[PLK_PG_TOKENS_BASES]; // the oldest gives way
    size_t next;
};

// A row was read.
void plk_pg_tokens_read(struct plk_pg_tokens *tokens, enum plk_table table, struct plk_bytes key,
                        struct plk_bytes value);
// A transaction with these items has begun, and nothing else was said in it: locks the rows that they write and that were read.
// again: it may have been committed before, unheard. False: PQ's error, in trouble.
bool plk_pg_tokens_lock(struct plk_pg_tokens *tokens, PGconn *db, const struct plk_store_items *items, bool again,
                        struct plk_pg_trouble *trouble);
// What to write for this value; borrowed.
struct plk_bytes plk_pg_tokens_value(const struct plk_pg_tokens *tokens, enum plk_table table, struct plk_bytes key,
                                     struct plk_bytes value);

// What `to`, made of `base`, becomes when the row is `there` by now: its length in out. 0: `to` as it is.
size_t plk_pg_tokens_merge(enum plk_table table, struct plk_bytes base, struct plk_bytes to, struct plk_bytes there,
                           uint8_t out[PLK_PG_TOKENS_ROW_MAX]);

#endif
