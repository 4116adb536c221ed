// SPDX-License-Identifier: MIT
// The writer's thread: commits what has gathered, answers loads, retries a disk that is full or locked, and when idle fills
// the search index and empties the write-ahead log.
#ifndef PLK_HOST_STORE_WRITER_H
#define PLK_HOST_STORE_WRITER_H

#include "host/store_message.h"
#include "host/store_queue.h"

#define PLK_STORE_INDEX_SLICE 64          // messages indexed between two looks at the queue
#define PLK_STORE_INDEX_COMMIT 2048       // and in one transaction
#define PLK_STORE_BEHIND_MAX 200000       // so far behind, some are taken even when there is work
#define PLK_STORE_INDEX_FORCED 256        // namely so many after a commit
#define PLK_STORE_CHECKPOINT_MAX_MS 60000 // a checkpoint that fails is tried again, doubling, at least so often

struct plk_store_writer {
    struct plk_store_queue *queue; // shared
    // All below is the thread's own.
    sqlite3 *db; // owned
    struct plk_store_rows rows;
    struct plk_store_messages messages;
    struct plk_store_marks marks;
    struct plk_store_index index;
    sqlite3_stmt *begin, *commit;
    struct plk_store_items pending; // taken from the queue, not yet durable
    bool open;                      // a transaction is
    bool stalled, lost;
    int wal_pages, checkpoint_at;        // pages in the log; at how many the next checkpoint is tried under load
    int64_t log_len;                     // of the log's file, as far as known
    uint64_t checkpoint_wait_ms;         // idle time before the next one
    uint64_t empty_every_ms, emptied_ms; // the log is emptied so often even under load; 0: only when idle
    bool durable;                        // after the end: everything was stored
};

void plk_store_writer_init(struct plk_store_writer *writer, struct plk_store_queue *queue, sqlite3 *db); // takes db
void plk_store_writer_run(void *writer); // the thread: returns after queue->quit; closes the database

#endif
