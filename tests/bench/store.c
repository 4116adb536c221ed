// SPDX-License-Identifier: MIT
// What the client's store costs: operations in batches as the core makes them, a store of 1,000 contacts and 100,000 messages
// opened cold, the search index, reads. Every batch is durable (fsync) before it is counted. One line a figure; beside the
// writes stands the floor: the bytes of the same batches appended to a file, with the same number of syncs.
//
// usage: bench_store [DIRECTORY]
#include <uv.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "host/history.h"
#include "host/memory.h"
#include "host/store.h"
#include "support/tempdir.h"

#define CONTACTS 1000
#define PER_CONTACT 100
#define STREAM_MESSAGES 100000
#define TEXT "one hundred bytes of text is about as much as people write to each other in one go, give or take some"

struct bench {
    char home[256];
    struct plk_store *store;
    struct plk_mem mem;
    struct plk_batch *batch;
    uv_sem_t woken;
    uint64_t n, stored, ops, commits;
    int floor_fd;
};

static double now_s(void) { return (double)uv_hrtime() / 1e9; }

// What all threads have worked: the figure that other work on the machine does not move.
static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void wake(void *ctx) { uv_sem_post(&((struct bench *)ctx)->woken); }

static double open_store(struct bench *bench) {
    struct plk_fault fault;
    struct plk_store_config config = {.home = bench->home, .create = true, .wake = wake, .ctx = bench};
    double start = now_s();
    if (plk_store_open(&bench->store, &config, &fault) != PLK_FAULT_NONE) {
        fprintf(stderr, "%s\n", fault.line);
        exit(1);
    }
    bench->n = bench->stored = 0;
    return now_s() - start;
}

static void await(struct bench *bench, uint64_t n) {
    while (bench->stored < n) {
        struct plk_store_report report;
        while (!plk_store_next(bench->store, &report)) uv_sem_wait(&bench->woken);
        if (report.kind != PLK_STORE_STORED) continue;
        bench->stored = report.n;
        bench->commits++;
    }
}

// As the core does: at most eight batches that are not yet durable.
static void put(struct bench *bench) {
    bench->ops += plk_batch_count(bench->batch);
    plk_store_put(bench->store, ++bench->n, bench->batch);
    plk_batch_clear(bench->batch);
    if (bench->n >= PLK_BATCHES_OUTSTANDING_MAX) await(bench, bench->n - PLK_BATCHES_OUTSTANDING_MAX + 1);
}

static void key_of(uint8_t out[PLK_MESSAGE_KEY_LEN], uint32_t contact, enum plk_direction direction, uint64_t seq) {
    struct plk_origin origin = {.device = "device!", .epoch = "epoch!!", .seq = seq};
    plk_message_key(out, contact, direction, &origin);
}

static void message(struct bench *bench, uint32_t contact, enum plk_direction direction, uint64_t row) {
    uint8_t key[PLK_MESSAGE_KEY_LEN], value[512];
    struct plk_writer w = plk_writer(value, sizeof value);
    struct plk_message_row m = {
        .row = row, .kind = PLK_BODY_TEXT, .time_ms = 1700000000000 + row, .payload = plk_bytes(TEXT, 100)};
    m.state = direction == PLK_OUT ? PLK_STATE_QUEUED : PLK_STATE_RECEIVED;
    for (size_t i = 0; i < PLK_ID_LEN; i++) m.id[i] = (uint8_t)rand();
    key_of(key, contact, direction, row);
    plk_message_row_encode(&w, &m);
    plk_batch_upsert(bench->batch, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
}

static void event(struct bench *bench, uint64_t n, uint32_t contact, uint64_t row) {
    struct plk_event_row e = {.n = n, .kind = PLK_EVENT_MESSAGE, .contact = contact, .row = row};
    uint8_t key[8], value[PLK_EVENT_ROW_LEN];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u64(&k, n);
    plk_event_row_encode(value, &e);
    plk_batch_upsert(bench->batch, PLK_TABLE_event, plk_writer_bytes(&k), plk_bytes(value, sizeof value));
}

static void outbox_key(uint8_t out[28], uint32_t contact, uint64_t seq) {
    struct plk_writer w = plk_writer(out, 28);
    plk_writer_u32(&w, contact);
    plk_writer_copy(&w, "device!\0epoch!!\0", 16);
    plk_writer_u64(&w, seq);
}

static void ratchet(struct bench *bench, uint32_t contact) {
    static const uint8_t state[600];
    uint8_t key[8] = {0, 0, (uint8_t)(contact >> 8), (uint8_t)contact};
    plk_batch_upsert(bench->batch, PLK_TABLE_ratchet, plk_bytes(key, 8), plk_bytes(state, sizeof state));
}

static void figure(const char *what, double value, const char *unit) { printf("%-58s %10.2f %s\n", what, value, unit); }

static void report_writes(struct bench *bench, const char *what, double seconds, double cpu, unsigned messages) {
    char line[96];
    snprintf(line, sizeof line, "%s: an operation, processor", what);
    figure(line, cpu / (double)bench->ops * 1e6, "us");
    snprintf(line, sizeof line, "%s: an operation", what);
    figure(line, seconds / (double)bench->ops * 1e6, "us");
    snprintf(line, sizeof line, "%s: a message, all its operations", what);
    figure(line, seconds / messages * 1e6, "us");
    snprintf(line, sizeof line, "%s: operations in a transaction", what);
    figure(line, (double)bench->ops / (double)bench->commits, "");
    bench->ops = bench->commits = 0;
}

// One conversation at full speed: message and event of each text, the ratchet once a batch.
static void receive(struct bench *bench) {
    double start = now_s(), cpu = cpu_s();
    for (uint64_t row = 1; row <= STREAM_MESSAGES; row++) {
        message(bench, 1, PLK_IN, row);
        event(bench, row, 1, row);
        if (row % 200 != 0) continue;
        ratchet(bench, 1);
        put(bench);
    }
    await(bench, bench->n);
    report_writes(bench, "received", now_s() - start, cpu_s() - cpu, STREAM_MESSAGES);
}

// And the other way: outbox row and message, then the state of both when the peer has acknowledged.
static void transmit(struct bench *bench) {
    double start = now_s(), cpu = cpu_s();
    uint8_t key[PLK_MESSAGE_KEY_LEN], out[28];
    struct plk_message_patch delivered = {
        .columns = PLK_PATCH_STATE | PLK_PATCH_RECEIVED, .state = PLK_STATE_DELIVERED, .received_ms = 1700000000000};
    for (uint64_t row = 1; row <= STREAM_MESSAGES; row++) {
        message(bench, 2, PLK_OUT, row);
        event(bench, STREAM_MESSAGES + row, 2, row);
        outbox_key(out, 2, row);
        plk_batch_upsert(bench->batch, PLK_TABLE_outbox, plk_bytes(out, sizeof out), plk_bytes(TEXT TEXT, 160));
        if (row > 500) {
            key_of(key, 2, PLK_OUT, row - 500);
            plk_batch_patch(bench->batch, plk_bytes(key, sizeof key), &delivered);
            outbox_key(out, 2, row - 500);
            plk_batch_delete(bench->batch, PLK_TABLE_outbox, plk_bytes(out, sizeof out));
        }
        if (row % 100 != 0) continue;
        ratchet(bench, 2);
        put(bench);
    }
    await(bench, bench->n);
    report_writes(bench, "sent and acknowledged", now_s() - start, cpu_s() - cpu, STREAM_MESSAGES);
}

// The floor: what this disk takes for the same bytes in as many synced pieces.
static void floor_of_disk(struct bench *bench) {
    char path[300];
    static uint8_t bytes[200 * 330];
    snprintf(path, sizeof path, "%s/floor", bench->home);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    double start = now_s();
    for (int i = 0; i < 100; i++) {
        if (write(fd, bytes, sizeof bytes) < 0 || fdatasync(fd) != 0) exit(1);
    }
    figure("floor: 200 messages' bytes appended and synced, a message", (now_s() - start) / 100 / 200 * 1e6, "us");
    close(fd);
    unlink(path);
}

static void one_by_one(struct bench *bench) {
    double times[500], cpu = cpu_s();
    for (int i = 0; i < 500; i++) {
        double start = now_s();
        message(bench, 3, PLK_IN, (uint64_t)i + 1);
        event(bench, 2 * STREAM_MESSAGES + (uint64_t)i + 1, 3, (uint64_t)i + 1);
        ratchet(bench, 3);
        put(bench);
        await(bench, bench->n);
        times[i] = now_s() - start;
    }
    for (int i = 1; i < 500; i++) {
        for (int k = i; k > 0 && times[k] < times[k - 1]; k--) {
            double swap = times[k];
            times[k] = times[k - 1];
            times[k - 1] = swap;
        }
    }
    figure("one message alone until it is durable, processor", (cpu_s() - cpu) / 500 * 1e6, "us");
    figure("one message alone until it is durable, p50", times[250] * 1e6, "us");
    figure("one message alone until it is durable, p99", times[495] * 1e6, "us");
    bench->ops = bench->commits = 0;
}

static void index_all(struct bench *bench) {
    double start = now_s(), cpu = cpu_s();
    uint64_t behind = plk_store_unindexed(bench->store);
    while (plk_store_unindexed(bench->store) > 0) uv_sem_wait(&bench->woken);
    double seconds = now_s() - start;
    if (behind > 0) figure("the search index catches up, a message", seconds / (double)behind * 1e6, "us");
    if (behind > 0)
        figure("the search index catches up, a message, processor", (cpu_s() - cpu) / (double)behind * 1e6, "us");
    figure("the search index has caught up after", seconds, "s");
}

static void reads(struct bench *bench) {
    struct plk_history *history;
    struct plk_fault fault;
    if (plk_history_open_key(&history, bench->home, plk_store_key(bench->store), &fault) != PLK_FAULT_NONE) exit(1);
    static const struct {
        const char *what, *search;
        uint32_t contact;
    } queries[] = {{"a page of 50 messages", "", 1},
                   {"search: a frequent text", "people write", 1},
                   {"search: a text that is nowhere", "people wrote", 1},
                   {"search: two characters that are nowhere, 20,000 rows", "qz", 1}};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct plk_history_query query = {
            .contact = queries[i].contact, .limit = 50, .search = plk_bytes_text(queries[i].search)};
        double best = 1e9;
        for (int round = 0; round < 5; round++) {
            struct plk_history_page page;
            double start = now_s();
            if (plk_history_read(history, &query, &page) != PLK_ERR_OK) exit(1);
            if (now_s() - start < best) best = now_s() - start;
            plk_history_page_free(&page);
        }
        figure(queries[i].what, best * 1e3, "ms");
    }
    plk_history_close(history);
}

static void fill_contacts(struct bench *bench) {
    for (uint32_t contact = 1; contact <= CONTACTS; contact++) {
        struct plk_contact_row row = {.contact = contact, .state = PLK_CONTACT_ACTIVE, .hint_count = 3, .name_len = 12};
        uint8_t key[4], value[PLK_CONTACT_ROW_MAX];
        struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
        snprintf(row.name, sizeof row.name, "Contact %04u", contact);
        plk_writer_u32(&k, contact);
        plk_contact_row_encode(&w, &row);
        plk_batch_upsert(bench->batch, PLK_TABLE_contact, plk_writer_bytes(&k), plk_writer_bytes(&w));
        for (uint64_t i = 1; i <= PER_CONTACT; i++) {
            message(bench, contact, PLK_IN, i);
            event(bench, (contact - 1) * PER_CONTACT + i, contact, i);
        }
        ratchet(bench, contact);
        if (contact % 4 == 0) put(bench);
    }
    put(bench);
    await(bench, bench->n);
}

// Everything that a node reads before it is ready.
static void load_start(struct bench *bench) {
    static const enum plk_table tables[] = {PLK_TABLE_profile, PLK_TABLE_relay, PLK_TABLE_invite, PLK_TABLE_queue,
                                            PLK_TABLE_contact};
    size_t waiting = sizeof tables / sizeof tables[0];
    for (size_t i = 0; i < waiting; i++) {
        plk_store_load(bench->store, i + 1, tables[i], plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    }
    plk_store_load(bench->store, 99, PLK_TABLE_event, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 1, true);
    for (waiting++; waiting > 0;) {
        struct plk_store_report report;
        while (!plk_store_next(bench->store, &report)) uv_sem_wait(&bench->woken);
        if (report.kind == PLK_STORE_LOADED && !report.more) waiting--;
    }
}

static void cold_start(struct bench *bench) {
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        char path[300];
        snprintf(path, sizeof path, "%s/store.db", bench->home);
        int fd = open(path, O_RDONLY);
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); // as after a boot
        close(fd);
        double start = now_s();
        open_store(bench);
        load_start(bench);
        double took = now_s() - start;
        if (took < best) best = took;
        plk_store_close(bench->store);
    }
    figure("cold start, 1,000 contacts and 100,000 messages: all loaded", best * 1e3, "ms");
}

static void begin(struct bench *bench, const char *parent) {
    snprintf(bench->home, sizeof bench->home, "%s/peerlink-bench.XXXXXX", parent);
    if (mkdtemp(bench->home) == NULL) exit(1);
    open_store(bench);
}

static void end(struct bench *bench) {
    struct stat st;
    char path[300];
    plk_store_close(bench->store);
    snprintf(path, sizeof path, "%s/store.db", bench->home);
    if (stat(path, &st) == 0) figure("size of the store", (double)st.st_size / 1e6, "MB");
    tempdir_remove(bench->home);
}

int main(int argc, char **argv) {
    const char *parent = argc > 1 ? argv[1] : "/tmp";
    struct bench bench = {.mem = plk_memory_system()};
    uv_sem_init(&bench.woken, 0);
    bench.batch = plk_batch_new(&bench.mem);
    begin(&bench, parent);
    floor_of_disk(&bench);
    receive(&bench);
    transmit(&bench);
    index_all(&bench);
    one_by_one(&bench);
    reads(&bench);
    end(&bench);
    begin(&bench, parent);
    fill_contacts(&bench);
    index_all(&bench);
    plk_store_close(bench.store);
    cold_start(&bench);
    open_store(&bench);
    end(&bench);
    plk_batch_free(bench.batch);
    return 0;
}
