// SPDX-License-Identifier: MIT
// Fills the store of an initialised home, in which no node runs, with 1,000 contacts and 100,000 messages, through the
// store's own interface: what a node has to start from after years of use.
//
// usage: bench_home HOME
#include <uv.h>

#include <stdio.h>
#include <stdlib.h>

#include "host/entropy.h"
#include "host/memory.h"
#include "host/store.h"

#define CONTACTS 1000
#define PER_CONTACT 100
#define TEXT "one hundred bytes of text is about as much as people write to each other in one go, give or take some"

struct filler {
    struct plk_store *store;
    struct plk_mem mem;
    struct plk_batch *batch;
    uv_sem_t woken;
    uint64_t n, stored, events;
};

static void wake(void *ctx) { uv_sem_post(&((struct filler *)ctx)->woken); }

static void put(struct filler *f) {
    plk_store_put(f->store, ++f->n, f->batch);
    plk_batch_clear(f->batch);
    while (f->stored < f->n) {
        struct plk_store_report report;
        while (!plk_store_next(f->store, &report)) uv_sem_wait(&f->woken);
        if (report.kind == PLK_STORE_STORED) f->stored = report.n;
    }
}

static void contact(struct filler *f, uint32_t number) {
    struct plk_contact_row row = {.contact = number, .state = PLK_CONTACT_ACTIVE, .hint_count = 2};
    uint8_t key[4], value[PLK_CONTACT_ROW_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    row.name_len = (uint8_t)snprintf(row.name, sizeof row.name, "Contact %04u", number);
    row.created_ms = 1700000000000;
    plk_entropy_bytes(row.peer_id, sizeof row.peer_id);
    for (unsigned i = 0; i < row.hint_count; i++) {
        row.hints[i].tag = i == 0 ? 1 : 0;
        plk_entropy_bytes(row.hints[i].key, sizeof row.hints[i].key);
    }
    plk_writer_u32(&k, number);
    plk_contact_row_encode(&w, &row);
    plk_batch_upsert(f->batch, PLK_TABLE_contact, plk_writer_bytes(&k), plk_writer_bytes(&w));
}

static void message(struct filler *f, uint32_t contact, uint64_t number) {
    uint8_t key[PLK_MESSAGE_KEY_LEN], value[512];
    struct plk_writer w = plk_writer(value, sizeof value);
    enum plk_direction direction = number % 2 == 0 ? PLK_IN : PLK_OUT;
    struct plk_origin origin = {.device = "device!", .epoch = "epoch!!", .seq = (number + 1) / 2};
    struct plk_message_row row = {.row = number, .kind = PLK_BODY_TEXT, .time_ms = 1700000000000 + f->events};
    row.payload = plk_bytes(TEXT, 100);
    row.received_ms = row.time_ms + 1;
    row.state = direction == PLK_OUT ? PLK_STATE_DELIVERED : PLK_STATE_RECEIVED;
    plk_entropy_bytes(row.id, sizeof row.id);
    plk_message_key(key, contact, direction, &origin);
    plk_message_row_encode(&w, &row);
    plk_batch_upsert(f->batch, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
}

static void event(struct filler *f, uint32_t contact, uint64_t row) {
    struct plk_event_row e = {.n = ++f->events, .kind = PLK_EVENT_MESSAGE, .contact = contact, .row = row};
    uint8_t key[8], value[PLK_EVENT_ROW_LEN];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u64(&k, e.n);
    plk_event_row_encode(value, &e);
    plk_batch_upsert(f->batch, PLK_TABLE_event, plk_writer_bytes(&k), plk_bytes(value, sizeof value));
}

int main(int argc, char **argv) {
    struct filler f = {.mem = plk_memory_system()};
    struct plk_fault fault;
    struct plk_store_config config = {.home = argc > 1 ? argv[1] : "", .wake = wake, .ctx = &f};
    plk_entropy_start();
    uv_sem_init(&f.woken, 0);
    f.batch = plk_batch_new(&f.mem);
    if (plk_store_open(&f.store, &config, &fault) != PLK_FAULT_NONE) {
        fprintf(stderr, "bench_home: %s\n", fault.line);
        return 1;
    }
    for (uint32_t number = 1; number <= CONTACTS; number++) {
        contact(&f, number);
        for (uint64_t row = 1; row <= PER_CONTACT; row++) {
            message(&f, number, row);
            event(&f, number, row);
        }
        if (number % 4 == 0) put(&f);
    }
    while (plk_store_unindexed(f.store) > 0) uv_sem_wait(&f.woken);
    plk_batch_free(f.batch);
    return plk_store_close(f.store) ? 0 : 1;
}
