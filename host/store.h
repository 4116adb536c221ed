// SPDX-License-Identifier: MIT
// The client's store (DESIGN 5): SQLite3 Multiple Ciphers behind the STORE / LOAD contract of DESIGN 2. A writer thread
// owns the database: it commits whatever has gathered as one transaction as soon as it is idle, answers LOADs in order,
// and when there is nothing else to do fills the search index and checkpoints.
//
// All functions are called from one thread (the loop's). What the writer has to say is fetched with plk_store_next after
// `wake` was called; nothing else crosses the threads.
#ifndef PLK_HOST_STORE_H
#define PLK_HOST_STORE_H

#include "host/fault.h"
#include "host/keyfile.h"
#include "wire/batch.h"
#include "wire/table.h"

#define PLK_STORE_WAL_MAX (16u << 20) // bytes of write-ahead log after which it is checkpointed even when busy
#define PLK_STORE_IDLE_MS 50          // without work for so long, the search index is brought up
#define PLK_STORE_CHECKPOINT_MS 1000  // and after so long the write-ahead log is emptied, old content with it
// A relay's log is emptied so often whatever there is to do: 60 s after the last ACK of a cell no byte of it is left
// (queue.md, section 3).
#define PLK_STORE_RELAY_EMPTY_MS 30000
#define PLK_STORE_RETRY_MIN_MS 50 // after a failed commit; doubled up to
#define PLK_STORE_RETRY_MAX_MS 5000
#define PLK_STORE_CLOSE_MS 5000           // how long closing waits for a stalled disk
#define PLK_STORE_LOADED_ROWS_MAX 1024    // rows in one report
#define PLK_STORE_LOADED_BYTES_MAX 262144 // bytes in one report, unless a single row is longer

struct plk_store;

struct plk_store_config {
    const char *home;            // an existing directory, see host/home.h; the caller holds its lock
    struct plk_bytes passphrase; // borrowed for the call; empty: the data key is kept plain, 0600
    bool create;                 // make key file and store when there are none
    const uint8_t *key; // the data key itself, to open a store again without its passphrase; NULL: the key file
    struct plk_keyfile_cost cost; // of a new key file; zero: the default
    const char *url;              // of a relay's in PostgreSQL, host/pg/pg_store.h; else NULL
    const uint8_t *relay_key;     // and that relay's public static, 32 bytes
    bool relay; // a relay's: its tables, no key and no key file (what lies in it is sealed), no index, no passphrase
    void (*wake)(void *ctx); // called on the writer thread: there is a report, or the index is complete (uv_async_send)
    void *ctx;
};

enum plk_store_report_kind {
    PLK_STORE_STORED,  // every batch <= n is durable
    PLK_STORE_STALLED, // the disk is full or locked: batches are kept in order and retried
    PLK_STORE_RESUMED, // it is well again
    PLK_STORE_LOADED,  // rows; more: another report of this ticket follows
    PLK_STORE_LOST,    // the database is damaged: nothing more will be stored. Close, and open again
};

struct plk_store_report {
    enum plk_store_report_kind kind;
    uint64_t n;
    uint64_t ticket;
    const struct plk_row *rows; // borrowed until the next call of plk_store_next
    size_t count;
    bool more;
    struct plk_fault fault; // STALLED, LOST
};

// Opens or makes the store of config->home, migrates an older schema and starts the writer. On a fault *out is NULL:
// NO_STORE, WRONG_PASSPHRASE, CORRUPT, TOO_NEW, FULL, LOCKED, UNSUPPORTED, SYSTEM. The caller owns *out.
enum plk_fault_kind plk_store_open(struct plk_store **out, const struct plk_store_config *config,
                                   struct plk_fault *fault);

// Queues a copy of a batch under its number; numbers count up. Never fails and never blocks on the disk.
void plk_store_put(struct plk_store *store, uint64_t n, const struct plk_batch *ops);

// Queues a read of keys from <= k < to (an empty to: until the table's end), at most limit rows (0: all), in key order
// or, with reverse, from the highest down. It sees every batch that was put before it and none that comes after.
// At least one LOADED answers it, with no rows if there are none.
void plk_store_load(struct plk_store *store, uint64_t ticket, enum plk_table table, struct plk_bytes from,
                    struct plk_bytes to, uint32_t limit, bool reverse);

// The next report, in order; false when there is none.
bool plk_store_next(struct plk_store *store, struct plk_store_report *report);

bool plk_store_encrypted(const struct plk_store *store); // a passphrase protects the data key and this build encrypts
bool plk_store_stalled(const struct plk_store *store);   // as of the last report
uint64_t plk_store_unindexed(struct plk_store *store);   // messages that the search index does not know yet

// The data key, for a reader on another connection (host/history.h); borrowed until the store is closed.
const uint8_t *plk_store_key(const struct plk_store *store);

// Commits what is queued (waiting PLK_STORE_CLOSE_MS at most for a stalled disk), checkpoints, stops the writer, frees.
// Returns whether everything that was put is durable. NULL is fine.
bool plk_store_close(struct plk_store *store);

#endif
