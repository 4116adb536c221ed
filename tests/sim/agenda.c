// SPDX-License-Identifier: MIT
#include "sim/agenda.h"

#include <stdlib.h>

struct entry {
    uint64_t at_us, order;
    agenda_fn *run;
    void *ctx, *item;
};

struct agenda {
    struct entry *heap; // the earliest first
    size_t count, cap;
    uint64_t now_us, order;
};

struct agenda *agenda_new(void) {
    struct agenda *a = calloc(1, sizeof *a);
    if (!a) abort();
    return a;
}

void agenda_free(struct agenda *a) {
    if (!a) return;
    for (size_t i = 0; i < a->count; i++) free(a->heap[i].item);
    free(a->heap);
    free(a);
}

uint64_t agenda_now(const struct agenda *a) { return a->now_us; }

static bool before(const struct entry *a, const struct entry *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void rise(struct entry *heap, size_t i) {
    struct entry e = heap[i];
    for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = e;
}

static void sink(struct entry *heap, size_t count) {
    struct entry e = heap[0];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &e)) break;
        heap[i] = heap[child];
    }
    heap[i] = e;
}

void agenda_at(struct agenda *a, uint64_t at_us, agenda_fn *run, void *ctx, void *item) {
    if (a->count == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 64;
        a->heap = realloc(a->heap, a->cap * sizeof *a->heap);
        if (!a->heap) abort();
    }
    if (at_us < a->now_us) at_us = a->now_us;
    a->heap[a->count] = (struct entry){at_us, a->order++, run, ctx, item};
    rise(a->heap, a->count++);
}

uint64_t agenda_next(const struct agenda *a) { return a->count ? a->heap[0].at_us : UINT64_MAX; }

bool agenda_step(struct agenda *a) {
    if (a->count == 0) return false;
    struct entry e = a->heap[0];
    a->heap[0] = a->heap[--a->count];
    if (a->count) sink(a->heap, a->count);
    a->now_us = e.at_us;
    e.run(e.ctx, e.item);
    free(e.item);
    return true;
}

void agenda_skip(struct agenda *a, uint64_t to_us) {
    if (to_us > agenda_next(a)) abort();
    if (to_us > a->now_us) a->now_us = to_us;
}
