// SPDX-License-Identifier: MIT
// Durability as an effect (DESIGN 2): the batch that the current inputs fill, the batches that the host is writing, and up to
// which number everything is on disk. Whatever depends on a mutation carries plk_ledger_mark and waits for plk_ledger_durable.
#ifndef PLK_EFFECT_LEDGER_H
#define PLK_EFFECT_LEDGER_H

#include "wire/batch.h"

struct plk_ledger {
    struct plk_mem *mem;
    struct plk_batch *batches[PLK_BATCHES_OUTSTANDING_MAX + 2]; // by n modulo their number; [open_n] is being filled
    uint64_t open_n;                                            // number of the batch being filled, from 1
    uint64_t emitted_n;                                         // highest number given to the host
    uint64_t stored_n;                                          // highest durable number
    size_t bytes;                                               // in batches that are sealed or with the host
    bool stalled;                                               // the disk is full or locked
};

void plk_ledger_init(struct plk_ledger *ledger, struct plk_mem *mem);
void plk_ledger_free(struct plk_ledger *ledger);

// The batch that takes the operations of this input. Ask anew after plk_ledger_turn.
struct plk_batch *plk_ledger_batch(struct plk_ledger *ledger);

// Begins another batch when this one is full. For loops over many messages: call it before each.
void plk_ledger_turn(struct plk_ledger *ledger);

// The number at which all that was written so far is durable.
uint64_t plk_ledger_mark(const struct plk_ledger *ledger);

static inline bool plk_ledger_durable(const struct plk_ledger *ledger, uint64_t mark) {
    return mark <= ledger->stored_n;
}

// At the limit of what may be outstanding: accept nothing new, open no window, answer busy.
bool plk_ledger_behind(const struct plk_ledger *ledger);

// So many bytes may be written now, over several batches, without coming to that limit.
bool plk_ledger_has_room(const struct plk_ledger *ledger, size_t bytes);

// The next batch for the host, or NULL: nothing to store, or enough is under way. Borrowed until plk_ledger_stored.
const struct plk_batch *plk_ledger_emit(struct plk_ledger *ledger, uint64_t *n);

// All up to n is durable. INVALID: never emitted (a host's mistake).
enum plk_err plk_ledger_stored(struct plk_ledger *ledger, uint64_t n);

#endif
