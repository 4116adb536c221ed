// SPDX-License-Identifier: MIT
// The search index: trigrams of folded text, filled when there is nothing else to do. In each conversation it knows every
// message up to a row number (the watermark, in table `indexed`, written in the same transaction) and none above; a search
// scans what lies above. Only the writer uses this, inside its transaction.
#ifndef PLK_HOST_STORE_INDEX_H
#define PLK_HOST_STORE_INDEX_H

#include "host/store_db.h"

#define PLK_STORE_INDEX_DROP_MAX \
    2000                        // deleting more messages than this at once drops the index; it is made anew when idle
#define PLK_STORE_INDEX_CHARS 3 // shorter texts and terms are not in the index

struct plk_store_lag {
    uint32_t contact;   // 0: free slot
    uint64_t top, done; // row numbers: the newest there is, the newest in the index
};

struct plk_store_index {
    sqlite3 *db; // not owned
    sqlite3_stmt *add, *drop, *mark, *marked, *newest, *next, *rows, *unmark;
    struct plk_store_lag *lags; // by contact, open addressing
    size_t cap, used, cursor;
    uint64_t behind; // sum of top - done
    bool none;       // there is nothing to index: a relay's store
    bool scanned;    // every conversation with messages has its lag
};

// SQLITE_OK or an error; then the transaction is to be rolled back and plk_store_index_forget called.

// A message was inserted, or changed after plk_store_index_drop.
int plk_store_index_added(struct plk_store_index *index, int64_t at, uint16_t kind, struct plk_bytes payload);

// A message is about to be deleted or changed: as it is now.
int plk_store_index_drop(struct plk_store_index *index, int64_t at, uint16_t kind, struct plk_bytes payload);

// The whole index, because too much of it is about to go.
int plk_store_index_clear(struct plk_store_index *index);

// A conversation has no message left.
int plk_store_index_empty(struct plk_store_index *index, uint32_t contact);

// Takes in up to limit messages; more: not all are in yet.
int plk_store_index_step(struct plk_store_index *index, unsigned limit, bool *more);

void plk_store_index_forget(struct plk_store_index *index); // what is in memory is not true any more
void plk_store_index_close(struct plk_store_index *index);

#endif
