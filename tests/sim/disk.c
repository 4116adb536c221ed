// SPDX-License-Identifier: MIT
#include "sim/disk.h"

#include <stdlib.h>

struct disk_job {
    struct disk_job *next;
    bool load;
    uint64_t n;
    size_t bytes, count; // of a store
    struct plk_op *ops;  // their bytes are in arena
    uint8_t *arena;
    struct disk_range range; // of a load; its keys are in arena
};

struct due { // an entry of the agenda
    uint32_t life;
    uint32_t transaction; // stores in it
};

struct disk_answer {
    uint64_t ticket;
    struct plk_row *rows;
    struct tables copy; // what rows point into
    size_t count, at;
};

static void work(struct disk *d);
static void drop_answer(struct disk *d);

struct disk *disk_new(struct agenda *agenda, struct dice dice, const struct disk_sink *sink,
                      const struct disk_speed *speed) {
    struct disk *d = calloc(1, sizeof *d);
    if (!d) abort();
    d->agenda = agenda;
    d->dice = dice;
    d->sink = *sink;
    d->speed = *speed;
    return d;
}

static void pop(struct disk *d) {
    struct disk_job *job = d->head;
    d->head = job->next;
    if (!d->head) d->tail = NULL;
    if (!job->load) {
        d->batches--;
        d->bytes -= job->bytes;
    }
    free(job->ops);
    free(job->arena);
    free(job);
}

void disk_free(struct disk *d) {
    if (!d) return;
    while (d->head) pop(d);
    drop_answer(d);
    tables_free(&d->durable);
    free(d);
}

bool disk_idle(const struct disk *d) { return d->head == NULL; }

static void broke_if(struct disk *d, bool wrong, const char *what) {
    if (wrong) d->sink.broke(d->sink.ctx, what);
}

static struct disk_job *job_new(struct disk *d, size_t ops, size_t bytes) {
    struct disk_job *job = calloc(1, sizeof *job);
    if (!job) abort();
    job->ops = calloc(ops ? ops : 1, sizeof *job->ops);
    job->arena = malloc(bytes ? bytes : 1);
    if (!job->ops || !job->arena) abort();
    if (d->tail)
        d->tail->next = job;
    else
        d->head = job;
    d->tail = job;
    return job;
}

static struct plk_bytes keep(struct disk_job *job, size_t *used, struct plk_bytes bytes) {
    uint8_t *at = job->arena + *used;
    if (bytes.len) memcpy(at, bytes.at, bytes.len);
    *used += bytes.len;
    return plk_bytes(at, bytes.len);
}

static size_t op_len(const struct plk_op *op) { return op->key.len + op->key_end.len + op->value.len; }

static void check_op(struct disk *d, const struct plk_op *op) {
    broke_if(d, op->table <= PLK_TABLE_NONE || op->table >= PLK_TABLE_COUNT, "STORE: no such table");
    broke_if(d, op->key.len > PLK_ROW_KEY_MAX || op->key_end.len > PLK_ROW_KEY_MAX, "STORE: a key above its limit");
    broke_if(d, op->value.len > PLK_ROW_VALUE_MAX, "STORE: a value above its limit");
    broke_if(d, op->kind == PLK_OP_PATCH && op->table != PLK_TABLE_message, "STORE: PATCH outside the message table");
}

void disk_store(struct disk *d, uint64_t n, const struct plk_batch *ops) {
    size_t count = plk_batch_count(ops), bytes = 0, used = 0;
    broke_if(d, d->last_n && n != d->last_n + 1, "STORE: n does not count up by one");
    broke_if(d, count == 0, "STORE: an empty batch");
    broke_if(d, count > PLK_BATCH_OPS_MAX, "STORE: too many operations in a batch");
    for (size_t i = 0; i < count; i++) {
        struct plk_op op = plk_batch_at(ops, i);
        check_op(d, &op);
        bytes += op_len(&op);
    }
    broke_if(d, bytes > PLK_BATCH_BYTES_MAX, "STORE: a batch above 1 MiB");
    struct disk_job *job = job_new(d, count, bytes);
    job->n = d->last_n = n;
    job->bytes = bytes;
    job->count = count;
    for (size_t i = 0; i < count; i++) {
        struct plk_op op = plk_batch_at(ops, i);
        op.key = keep(job, &used, op.key);
        op.key_end = keep(job, &used, op.key_end);
        op.value = keep(job, &used, op.value);
        job->ops[i] = op;
    }
    d->stores++;
    d->batches++;
    d->bytes += bytes;
    broke_if(d, d->batches > PLK_BATCHES_OUTSTANDING_MAX, "STORE: more than 8 batches outstanding");
    broke_if(d, d->bytes > PLK_BYTES_OUTSTANDING_MAX, "STORE: more than 4 MiB outstanding");
    work(d);
}

void disk_load(struct disk *d, const struct disk_range *range) {
    broke_if(d, range->table <= PLK_TABLE_NONE || range->table >= PLK_TABLE_COUNT, "LOAD: no such table");
    broke_if(d, range->from.len > PLK_ROW_KEY_MAX || range->to.len > PLK_ROW_KEY_MAX, "LOAD: a key above its limit");
    size_t used = 0;
    struct disk_job *job = job_new(d, 0, range->from.len + range->to.len);
    job->load = true;
    job->range = *range;
    job->range.from = keep(job, &used, range->from);
    job->range.to = keep(job, &used, range->to);
    d->loads++;
    work(d);
}

// ---- the writer -----------------------------------------------------------------------------------------------------

static void apply(struct disk *d, const struct disk_job *job) {
    struct tables_watch watch = {d->sink.ctx, d->sink.changed};
    for (size_t i = 0; i < job->count; i++) {
        broke_if(d, !tables_apply(&d->durable, &job->ops[i], &watch), "STORE: an operation that cannot be carried out");
    }
}

// True if the writer is to look again later: its machine sleeps.
static bool put_off(struct disk *d, agenda_fn *run, void *item, size_t len) {
    if (!d->asleep) return false;
    void *again = malloc(len);
    if (!again) abort();
    memcpy(again, item, len);
    agenda_at(d->agenda, agenda_now(d->agenda) + PLK_SECOND, run, d, again);
    return true;
}

static void tell_stall(struct disk *d, bool stalled) {
    struct plk_input in = {.kind = PLK_IN_STORE_STATE, .store_state.stalled = stalled};
    d->stall_told = stalled;
    d->sink.input(d->sink.ctx, &in);
}

static void committed(void *ctx, void *item) {
    struct disk *d = ctx;
    struct due *a = item;
    if (a->life != d->life || put_off(d, committed, a, sizeof *a)) return;
    d->busy = false;
    if (d->stalled) {
        if (!d->stall_told) tell_stall(d, true);
        return;
    }
    struct plk_input in = {.kind = PLK_IN_STORED};
    for (uint32_t i = 0; i < a->transaction; i++) {
        in.stored.n = d->head->n;
        apply(d, d->head);
        pop(d);
    }
    d->commits++;
    d->busy = true; // until it is told: what it stores next is the next transaction
    d->sink.input(d->sink.ctx, &in);
    d->busy = false;
    work(d);
}

// The rows of a range at this moment, as copies: later stores do not change them.
static struct disk_answer *gather(struct disk *d, const struct disk_range *r) {
    struct disk_answer *c = calloc(1, sizeof *c);
    if (!c) abort();
    const struct table *of = &d->durable.of[r->table];
    size_t low = tables_lower(&d->durable, r->table, r->from);
    size_t high = r->to.len ? tables_lower(&d->durable, r->table, r->to) : of->count;
    size_t count = high > low ? high - low : 0;
    if (r->limit && count > r->limit) count = r->limit;
    c->ticket = r->ticket;
    c->count = count;
    c->rows = calloc(count ? count : 1, sizeof *c->rows);
    if (!c->rows) abort();
    for (size_t i = 0; i < count; i++) {
        const struct tables_row *row = of->rows[r->reverse ? high - 1 - i : low + i];
        struct plk_op op = {PLK_OP_UPSERT, r->table, tables_key(row), plk_bytes(NULL, 0), tables_value(row)};
        tables_apply(&c->copy, &op, NULL);
        row = tables_find(&c->copy, r->table, op.key);
        c->rows[i] = (struct plk_row){tables_key(row), tables_value(row)};
    }
    return c;
}

static void drop_answer(struct disk *d) {
    if (!d->loading) return;
    tables_free(&d->loading->copy);
    free(d->loading->rows);
    free(d->loading);
    d->loading = NULL;
}

static void enter(struct disk *d, agenda_fn *run, uint64_t after_us, uint32_t transaction) {
    struct due *due = malloc(sizeof *due);
    if (!due) abort();
    *due = (struct due){d->life, transaction};
    d->busy = true;
    agenda_at(d->agenda, agenda_now(d->agenda) + after_us, run, d, due);
}

// A long answer may come in pieces; whatever else happens may happen between them.
static void loaded(void *ctx, void *item) {
    struct disk *d = ctx;
    struct due *due = item;
    if (due->life != d->life || put_off(d, loaded, due, sizeof *due)) return;
    struct disk_answer *c = d->loading;
    size_t left = c->count - c->at, count = left;
    if (left > 1 && dice_chance(&d->dice, 300000)) count = dice_between(&d->dice, 1, left);
    struct plk_input in = {.kind = PLK_IN_LOADED};
    in.loaded.ticket = c->ticket;
    in.loaded.rows = c->rows + c->at;
    in.loaded.count = count;
    in.loaded.more = count < left;
    c->at += count;
    d->sink.input(d->sink.ctx, &in);
    if (in.loaded.more) {
        enter(d, loaded, dice_below(&d->dice, d->speed.load_high_us + 1), 0);
        return;
    }
    drop_answer(d);
    d->busy = false;
    work(d);
}

static void work(struct disk *d) {
    if (d->busy || !d->head) return;
    if (d->head->load) {
        d->loading = gather(d, &d->head->range);
        pop(d);
        enter(d, loaded, dice_below(&d->dice, d->speed.load_high_us + 1), 0);
        return;
    }
    if (d->stalled && d->stall_told) return;
    uint32_t transaction = 0;
    for (struct disk_job *job = d->head; job && !job->load; job = job->next) transaction++;
    uint64_t takes_us = dice_between(&d->dice, d->speed.commit_low_us, d->speed.commit_high_us);
    if (dice_chance(&d->dice, d->speed.slow_ppm)) takes_us += dice_below(&d->dice, d->speed.slow_us);
    enter(d, committed, takes_us, transaction);
}

// ---- accidents --------------------------------------------------------------------------------------------------------

void disk_crash(struct disk *d) {
    size_t kept = d->stalled ? 0 : dice_below(&d->dice, d->batches + 1);
    for (; d->head; pop(d)) {
        if (d->head->load || kept == 0) continue;
        apply(d, d->head);
        kept--;
    }
    drop_answer(d);
    d->life++;
    d->last_n = 0;
    d->busy = d->stall_told = false;
}

void disk_stall(struct disk *d, bool stalled) {
    d->stalled = stalled;
    if (stalled) return; // it is noticed at the next commit
    if (d->stall_told) tell_stall(d, false);
    work(d);
}

void disk_sleep(struct disk *d, bool asleep) { d->asleep = asleep; }

void disk_replace(struct disk *d, const struct tables *with) {
    plk_assert(d->head == NULL);
    tables_copy(&d->durable, with);
    drop_answer(d);
    d->life++;
    d->last_n = 0;
    d->busy = d->stall_told = false;
}
