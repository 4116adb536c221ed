// SPDX-License-Identifier: MIT
#include "effect/ledger.h"

#define PLACES (sizeof((struct plk_ledger *)0)->batches / sizeof(struct plk_batch *))

static struct plk_batch **place(struct plk_ledger *ledger, uint64_t n) { return &ledger->batches[n % PLACES]; }

void plk_ledger_init(struct plk_ledger *ledger, struct plk_mem *mem) {
    *ledger = (struct plk_ledger){.mem = mem, .open_n = 1};
    for (size_t i = 0; i < PLACES; i++) ledger->batches[i] = plk_batch_new(mem);
}

void plk_ledger_free(struct plk_ledger *ledger) {
    for (size_t i = 0; i < PLACES; i++) plk_batch_free(ledger->batches[i]);
}

struct plk_batch *plk_ledger_batch(struct plk_ledger *ledger) {
    return *place(ledger, ledger->open_n);
}

static size_t under_way(const struct plk_ledger *ledger) { return (size_t)(ledger->open_n - 1 - ledger->stored_n); }

static void seal(struct plk_ledger *ledger) {
    ledger->bytes += plk_batch_bytes(plk_ledger_batch(ledger));
    ledger->open_n++;
}

void plk_ledger_turn(struct plk_ledger *ledger) {
    if (!plk_batch_full(plk_ledger_batch(ledger)) || under_way(ledger) >= PLK_BATCHES_OUTSTANDING_MAX) return;
    seal(ledger);
}

uint64_t plk_ledger_mark(const struct plk_ledger *ledger) {
    const struct plk_batch *open = ledger->batches[ledger->open_n % PLACES];
    return plk_batch_count(open) > 0 ? ledger->open_n : ledger->open_n - 1;
}

bool plk_ledger_behind(const struct plk_ledger *ledger) {
    if (ledger->stalled) return true;
    bool at_limit = under_way(ledger) >= PLK_BATCHES_OUTSTANDING_MAX ||
                    ledger->bytes >= PLK_BYTES_OUTSTANDING_MAX - PLK_BATCH_BYTES_MAX;
    return at_limit && plk_batch_full(ledger->batches[ledger->open_n % PLACES]);
}

bool plk_ledger_has_room(const struct plk_ledger *ledger, size_t bytes) {
    size_t open = plk_batch_bytes(ledger->batches[ledger->open_n % PLACES]);
    size_t batches = under_way(ledger) + 2 + bytes / (PLK_BATCH_BYTES_MAX / 2);
    return !ledger->stalled && batches <= PLK_BATCHES_OUTSTANDING_MAX &&
           ledger->bytes + open + bytes <= PLK_BYTES_OUTSTANDING_MAX - PLK_BATCH_BYTES_MAX;
}

const struct plk_batch *plk_ledger_emit(struct plk_ledger *ledger, uint64_t *n) {
    if (ledger->emitted_n + 1 == ledger->open_n) {
        if (plk_batch_count(plk_ledger_batch(ledger)) == 0) return NULL;
        if (under_way(ledger) >= PLK_BATCHES_OUTSTANDING_MAX) return NULL;
        if (ledger->bytes >= PLK_BYTES_OUTSTANDING_MAX - PLK_BATCH_BYTES_MAX) return NULL;
        seal(ledger);
    }
    *n = ++ledger->emitted_n;
    return *place(ledger, *n);
}

enum plk_err plk_ledger_stored(struct plk_ledger *ledger, uint64_t n) {
    if (n > ledger->emitted_n) return PLK_ERR_INVALID;
    while (ledger->stored_n < n) {
        struct plk_batch *batch = *place(ledger, ++ledger->stored_n);
        ledger->bytes -= plk_batch_bytes(batch);
        plk_batch_clear(batch);
    }
    return PLK_ERR_OK;
}
