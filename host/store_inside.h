// SPDX-License-Identifier: MIT
// A store is a queue between the loop's thread and a writer's, and an engine that the writer's thread runs: SQLite (store_writer.h)
// or PostgreSQL (pg/pg_writer.h).
#ifndef PLK_HOST_STORE_INSIDE_H
#define PLK_HOST_STORE_INSIDE_H

#include "host/store_queue.h"

struct plk_store_engine {
    void (*run)(void *engine);  // the thread: takes items of the queue until it is to quit
    bool (*free)(void *engine); // after that; whether all that was put is durable
};

struct plk_store {
    struct plk_store_queue queue;
    const struct plk_store_engine *kind;
    void *engine; // owned
    uv_thread_t thread;
    struct plk_store_note *current; // whose rows the last report lent
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    bool encrypted, stalled;
    uint64_t last_n;
};

// A store whose queue is open; plk_store_begin starts its thread, plk_store_close ends and frees it.
struct plk_store *plk_store_new(const struct plk_store_config *config);
void plk_store_begin(struct plk_store *store, const struct plk_store_engine *kind, void *engine); // takes engine
void plk_store_discard(struct plk_store *store); // one that was not begun

#endif
