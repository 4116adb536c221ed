// SPDX-License-Identifier: MIT
// Collects the store operations of one or several inputs into one batch, in order. Several writes of one key coalesce, so a
// ratchet that stepped a thousand times is written once. Owns copies of all that is put in.
#ifndef PLK_WIRE_BATCH_H
#define PLK_WIRE_BATCH_H

#include "wire/row.h"
#include "wire/table.h"

struct plk_batch;

struct plk_batch *plk_batch_new(struct plk_mem *mem);
void plk_batch_free(struct plk_batch *batch);
void plk_batch_clear(struct plk_batch *batch); // empty again, its memory kept

// Keys over PLK_ROW_KEY_MAX and values over PLK_ROW_VALUE_MAX trap. A batch may grow past its limits by the effects of the
// one input that filled it; plk_batch_full says when no further input may add to it.
void plk_batch_upsert(struct plk_batch *batch, enum plk_table table, struct plk_bytes key, struct plk_bytes value);
void plk_batch_patch(struct plk_batch *batch, struct plk_bytes message_key, const struct plk_message_patch *patch);
void plk_batch_delete(struct plk_batch *batch, enum plk_table table, struct plk_bytes key);
void plk_batch_delete_range(struct plk_batch *batch, enum plk_table table, struct plk_bytes from, struct plk_bytes to);

bool plk_batch_full(const struct plk_batch *batch); // half of either limit is used
size_t plk_batch_count(const struct plk_batch *batch);
size_t plk_batch_bytes(const struct plk_batch *batch);

// The operations, borrowed until the batch changes. Indices 0 .. count-1, in order.
struct plk_op plk_batch_at(const struct plk_batch *batch, size_t index);

#endif
