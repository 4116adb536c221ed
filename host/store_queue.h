// SPDX-License-Identifier: MIT
// All that the loop's thread and the writer's share: what is to be done, and what is to be told, under one lock.
#ifndef PLK_HOST_STORE_QUEUE_H
#define PLK_HOST_STORE_QUEUE_H

#include <uv.h>

#include "host/store.h"
#include "host/store_rows.h"

enum plk_store_item_kind { PLK_STORE_ITEM_BATCH, PLK_STORE_ITEM_LOAD };

// A batch or a load with its own copy of all bytes: batches as a row of {struct plk_store_op_head, key, end, value}.
struct plk_store_item {
    struct plk_store_item *next;
    size_t len; // of this block
    enum plk_store_item_kind kind;
    uint64_t number; // n, or the ticket
    bool answered;   // load: it has been answered, though the transaction it ran in was rolled back since
    bool reverse;
    enum plk_table table;
    uint32_t limit;
    uint8_t from_len, to_len;
    size_t bytes_len;
    uint8_t bytes[];
};

struct plk_store_op_head {
    uint8_t kind, table, key_len, end_len;
    uint32_t value_len;
};

// A report with its own copy of the rows.
struct plk_store_note {
    struct plk_store_note *next;
    size_t len; // of this block
    struct plk_store_report report;
};

struct plk_store_items {
    struct plk_store_item *first, *last;
};

struct plk_store_notes {
    struct plk_store_note *first, *last;
};

struct plk_store_queue {
    uv_mutex_t lock;
    uv_cond_t changed;
    // All below is guarded by the lock.
    struct plk_store_items items;
    struct plk_store_notes notes;
    bool quit;
    uint64_t unindexed;
    // Fixed before the writer starts.
    void (*wake)(void *ctx);
    void *ctx;
};

void plk_store_queue_open(struct plk_store_queue *queue, void (*wake)(void *ctx), void *ctx);
void plk_store_queue_close(struct plk_store_queue *queue); // the writer's thread has ended; frees what is left

// ---- for the writer's thread ------------------------------------------------------------------------------------------------

uint64_t plk_store_queue_ms(void);                            // its clock
bool plk_store_queue_has_work(struct plk_store_queue *queue); // or is to quit
// Waits for so long, 0: until there is some, and appends all items. False: to quit, and nothing is left to do.
bool plk_store_queue_take(struct plk_store_queue *queue, struct plk_store_items *pending, uint64_t wait_ms);
// After a failure: waits, which quitting shortens, and appends what has come meanwhile. False: to quit, and it has been tried for
// PLK_STORE_CLOSE_MS. *give_up_ms: 0 at the first failure.
bool plk_store_queue_retry(struct plk_store_queue *queue, struct plk_store_items *pending, uint64_t wait_ms,
                           uint64_t *give_up_ms);
void plk_store_queue_tell(struct plk_store_queue *queue, struct plk_store_notes *notes); // takes them, and wakes

// ---- items and notes ----------------------------------------------------------------------------------------------------------

struct plk_store_item *plk_store_item_batch(uint64_t n, const struct plk_batch *ops);
struct plk_store_item *plk_store_item_load(uint64_t ticket, const struct plk_store_load *load);
void plk_store_item_free(struct plk_store_item *item);

// The operation at *offset of a batch item, borrowed; moves *offset behind it. False at the end.
bool plk_store_item_op(const struct plk_store_item *item, size_t *offset, struct plk_op *op);
struct plk_store_load plk_store_item_range(const struct plk_store_item *item); // of a load item, borrowed

void plk_store_items_add(struct plk_store_items *items, struct plk_store_item *item);
void plk_store_items_move(struct plk_store_items *to, struct plk_store_items *from); // appends all, empties from
void plk_store_items_free(struct plk_store_items *items);

struct plk_store_note *plk_store_note_of(enum plk_store_report_kind kind, uint64_t n,
                                         const struct plk_fault *fault); // fault: NULL is none
void plk_store_notes_add(struct plk_store_notes *notes, struct plk_store_note *note);
void plk_store_notes_free(struct plk_store_notes *notes);

// Collects the rows of a load into notes of bounded size.
struct plk_store_gather {
    uint64_t ticket;
    struct plk_store_notes notes;
    struct plk_row rows[PLK_STORE_LOADED_ROWS_MAX]; // offsets into bytes until the note is made
    size_t count, len, cap;
    uint8_t *bytes;
};
void plk_store_gather_row(void *gather, struct plk_bytes key, struct plk_bytes value); // a plk_store_sink
void plk_store_gather_end(struct plk_store_gather *gather, bool more);                 // makes a note of what there is
void plk_store_gather_free(struct plk_store_gather *gather);

#endif
