// SPDX-License-Identifier: MIT
// A store in a temporary home, and rows to put into it. Waiting is for a report, never for time.
#ifndef PLK_TESTS_UNIT_HOST_STORE_H
#define PLK_TESTS_UNIT_HOST_STORE_H

#include <fcntl.h>
#include <uv.h>

#include "host/history.h"
#include "host/memory.h"
#include "host/store.h"
#include "support/tempdir.h"

#define CHEAP_KDF \
    { .ops = 1, .mem_kib = 64 }

struct story {
    char home[64];
    struct plk_store *store;
    struct plk_batch *batch;
    struct plk_mem mem;
    uv_sem_t woken;
    uint64_t n, stored;
    int stalls, resumes, losses;
};

static void story_wake(void *ctx) {
    struct story *story = ctx;
    uv_sem_post(&story->woken);
}

static struct plk_store_config story_config(struct story *story, const char *passphrase) {
    return (struct plk_store_config){.home = story->home,
                                     .passphrase = plk_bytes_text(passphrase),
                                     .create = true,
                                     .cost = CHEAP_KDF,
                                     .wake = story_wake,
                                     .ctx = story};
}

static inline void story_open(struct story *story, const char *passphrase) {
    struct plk_fault fault = {.line = ""};
    struct plk_store_config config = story_config(story, passphrase);
    if (plk_store_open(&story->store, &config, &fault) != PLK_FAULT_NONE) fail_msg("%s", fault.line);
    story->n = story->stored = 0;
}

static inline void story_begin(struct story *story, const char *passphrase) {
    memset(story, 0, sizeof *story);
    tempdir_make(story->home);
    assert_int_equal(uv_sem_init(&story->woken, 0), 0);
    story->mem = plk_memory_system();
    story->batch = plk_batch_new(&story->mem);
    story_open(story, passphrase);
}

static inline void story_close(struct story *story) {
    assert_true(plk_store_close(story->store));
    story->store = NULL;
}

static inline void story_end(struct story *story) {
    plk_store_close(story->store);
    plk_batch_free(story->batch);
    uv_sem_destroy(&story->woken);
    tempdir_remove(story->home);
}

static inline void story_note(struct story *story, const struct plk_store_report *report) {
    if (report->kind == PLK_STORE_STORED) {
        assert_true(report->n > story->stored);
        story->stored = report->n;
    }
    story->stalls += report->kind == PLK_STORE_STALLED;
    story->resumes += report->kind == PLK_STORE_RESUMED;
    story->losses += report->kind == PLK_STORE_LOST;
}

// The next report, whatever it takes.
static inline struct plk_store_report story_next(struct story *story) {
    struct plk_store_report report;
    while (!plk_store_next(story->store, &report)) uv_sem_wait(&story->woken);
    story_note(story, &report);
    return report;
}

static inline void story_put(struct story *story) {
    plk_store_put(story->store, ++story->n, story->batch);
    plk_batch_clear(story->batch);
}

// Puts the batch and waits until it is durable.
static inline void story_store(struct story *story) {
    story_put(story);
    while (story->stored < story->n && story->losses == 0) story_next(story);
}

// Waits until the search index knows every message; there was one to be stored before.
static inline void story_indexed(struct story *story) {
    while (plk_store_unindexed(story->store) > 0) uv_sem_wait(&story->woken);
}

// ---- rows -------------------------------------------------------------------------------------------------------------

static inline struct plk_message_row text_row(uint32_t contact, uint64_t row, const char *text) {
    struct plk_message_row message = {.contact = contact,
                                      .direction = PLK_IN,
                                      .origin = {.device = "device!", .epoch = "epoch!!", .seq = row},
                                      .row = row,
                                      .kind = PLK_BODY_TEXT,
                                      .state = PLK_STATE_RECEIVED,
                                      .time_ms = 1700000000000 + row,
                                      .received_ms = 1700000000500 + row,
                                      .payload = plk_bytes_text(text)};
    memcpy(message.id, &row, sizeof row);
    return message;
}

static inline void put_message(struct story *story, const struct plk_message_row *row) {
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    size_t cap = PLK_MESSAGE_HEAD_MAX + row->payload.len;
    uint8_t *value = plk_memory_take(cap);
    struct plk_writer w = plk_writer(value, cap);
    plk_message_key(key, row->contact, row->direction, &row->origin);
    plk_message_row_encode(&w, row);
    assert_false(w.failed);
    plk_batch_upsert(story->batch, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
    plk_memory_give(value, cap);
}

static inline void put_text(struct story *story, uint32_t contact, uint64_t row, const char *text) {
    struct plk_message_row message = text_row(contact, row, text);
    put_message(story, &message);
}

static inline void patch_message(struct story *story, const struct plk_message_row *row,
                                 const struct plk_message_patch *patch) {
    uint8_t key[PLK_MESSAGE_KEY_LEN];
    plk_message_key(key, row->contact, row->direction, &row->origin);
    plk_batch_patch(story->batch, plk_bytes(key, sizeof key), patch);
}

static inline void put_contact(struct story *story, uint32_t contact, const char *name) {
    struct plk_contact_row row = {
        .contact = contact, .state = PLK_CONTACT_ACTIVE, .created_ms = 1700000000000, .hint_count = 2};
    uint8_t key[4], value[PLK_CONTACT_ROW_MAX];
    row.name_len = (uint8_t)strlen(name);
    memcpy(row.name, name, row.name_len);
    row.profile_name_len = 3;
    memcpy(row.profile_name, "Bob", 3);
    memset(row.peer_id, (int)contact, sizeof row.peer_id);
    row.hints[0].tag = 7;
    row.hints[1].key[3] = 9;
    row.verified = row.has_outbox = true;
    row.relay_only = contact == 3;
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    plk_writer_u32(&k, contact);
    plk_contact_row_encode(&w, &row);
    plk_batch_upsert(story->batch, PLK_TABLE_contact, plk_writer_bytes(&k), plk_writer_bytes(&w));
}

static inline void put_events(struct story *story, uint64_t n, uint32_t contact, uint64_t row, uint16_t more) {
    struct plk_event_row event = {
        .n = n, .kind = PLK_EVENT_MESSAGE, .contact = contact, .row = row, .state = PLK_STATE_RECEIVED, .more = more};
    uint8_t key[8], value[PLK_EVENT_ROW_LEN];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u64(&k, n);
    plk_event_row_encode(value, &event);
    plk_batch_upsert(story->batch, PLK_TABLE_event, plk_writer_bytes(&k), plk_bytes(value, sizeof value));
}

static inline void put_event(struct story *story, uint64_t n, uint32_t contact, uint64_t row) {
    put_events(story, n, contact, row, 0);
}

// ---- loads ------------------------------------------------------------------------------------------------------------

#define LOADED_MAX 4096

struct loaded {
    size_t count, reports;
    struct plk_bytes keys[LOADED_MAX], values[LOADED_MAX]; // owned
};

static inline struct plk_bytes kept(struct plk_bytes bytes) {
    uint8_t *at = plk_memory_take(bytes.len);
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    return plk_bytes(at, bytes.len);
}

static inline struct loaded *story_load(struct story *story, enum plk_table table, struct plk_bytes from,
                                        struct plk_bytes to, uint32_t limit, bool reverse) {
    static uint64_t ticket;
    struct loaded *loaded = plk_memory_take(sizeof *loaded);
    plk_store_load(story->store, ++ticket, table, from, to, limit, reverse);
    for (bool more = true; more;) {
        struct plk_store_report report = story_next(story);
        if (report.kind != PLK_STORE_LOADED) continue;
        assert_int_equal(report.ticket, ticket);
        for (size_t i = 0; i < report.count; i++) {
            assert_true(loaded->count < LOADED_MAX);
            loaded->keys[loaded->count] = kept(report.rows[i].key);
            loaded->values[loaded->count++] = kept(report.rows[i].value);
        }
        loaded->reports++;
        more = report.more;
    }
    return loaded;
}

static inline void loaded_free(struct loaded *loaded) {
    for (size_t i = 0; i < loaded->count; i++) {
        plk_memory_give((void *)(uintptr_t)loaded->keys[i].at, loaded->keys[i].len);
        plk_memory_give((void *)(uintptr_t)loaded->values[i].at, loaded->values[i].len);
    }
    plk_memory_give(loaded, sizeof *loaded);
}

static inline void assert_bytes(struct plk_bytes got, struct plk_bytes want) {
    assert_int_equal(got.len, want.len);
    if (want.len > 0) assert_memory_equal(got.at, want.at, want.len);
}

// ---- against it ----------------------------------------------------------------------------------------------------

static inline enum plk_fault_kind try_open(struct story *story, const char *passphrase, bool create,
                                           struct plk_fault *fault) {
    struct plk_store_config config = story_config(story, passphrase);
    config.create = create;
    memset(fault, 0, sizeof *fault);
    enum plk_fault_kind kind = plk_store_open(&story->store, &config, fault);
    if (kind != PLK_FAULT_NONE) {
        assert_null(story->store);
        assert_int_equal(fault->kind, kind);
        assert_true(strlen(fault->line) > 10);
        assert_null(strchr(fault->line, '\n'));
    }
    return kind;
}

static inline void path_in(char out[128], const struct story *story, const char *name) {
    snprintf(out, 128, "%s/%s", story->home, name);
}

static inline void flip_byte(const struct story *story, const char *name, off_t at) {
    char path[128];
    uint8_t byte;
    path_in(path, story, name);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

#endif
