// SPDX-License-Identifier: MIT
// A relay that has just started, and all its clients come at once: the core and the real store in this process, the clients
// beside them, without a network. Says what a client and a queue take when all is at rest, and what the storm costs: the
// processor's time of the relay's thread (core and what the store is handed) and of the store's own.
// usage: bench_relay_storm DIR CLIENTS QUEUES-A-CLIENT
#include <malloc.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sodium/core.h>

#include "bench/relay_client.h"
#include "host/store.h"
#include "relay/proof.h"
#include "relay/relay.h"

#define WAVE 256 // clients that are on their way at a time
#define AIR 16384
#define FIRST 2000 // clients without a queue, to tell a client from its queues

struct datagram {
    size_t client;
    bool to_relay;
    size_t len;
    uint8_t bytes[PLK_DATAGRAM_MAX];
};

static struct bench_wire wire;
static struct plk_mem mem;
static struct plk_relay *relay;
static struct plk_relay_config config;
static struct plk_store *store;
static int woken[2];
static struct datagram *air;
static size_t air_first, air_count, queue_count;
static uint64_t put_n, stored_n, jumped_us, deadline_us;
static struct plk_now now;
static double relay_cpu_s;

static double clock_s(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void look_at_clock(void) {
    now.mono_us = (uint64_t)(clock_s(CLOCK_MONOTONIC) * 1e6) + jumped_us;
    now.wall_ms = (uint64_t)(clock_s(CLOCK_REALTIME) * 1e3);
}

static atomic_bool awake; // as a loop's uv_async_send: one sign until it was seen

static void wake(void *ctx) {
    (void)ctx;
    if (!atomic_exchange(&awake, true) && write(woken[1], "", 1) != 1) abort();
}

// ---- the relay ------------------------------------------------------------------------------------------------------------

static struct datagram *new_datagram(size_t client, bool to_relay, const uint8_t *bytes, size_t len) {
    struct datagram *datagram = &air[(air_first + air_count++) % AIR];
    plk_assert(air_count < AIR && len <= sizeof datagram->bytes);
    datagram->client = client;
    datagram->to_relay = to_relay;
    datagram->len = len;
    memcpy(datagram->bytes, bytes, len);
    return datagram;
}

static void carry_out(const struct plk_output *out) {
    if (out->kind == PLK_OUT_DATAGRAM) {
        const uint8_t *ip = out->datagram.to.ip;
        size_t client = (size_t)ip[1] << 16 | (size_t)ip[2] << 8 | ip[3];
        new_datagram(client, false, out->datagram.data.at, out->datagram.data.len);
    } else if (out->kind == PLK_OUT_STORE) {
        put_n = out->store.n;
        plk_store_put(store, out->store.n, out->store.ops);
    } else if (out->kind == PLK_OUT_LOAD) {
        plk_store_load(store, out->load.ticket, out->load.table, out->load.from, out->load.to, out->load.limit, false);
    }
}

static void give(const struct plk_input *input) {
    struct plk_output out;
    double start = clock_s(CLOCK_THREAD_CPUTIME_ID);
    plk_relay_handle(relay, now, input);
    do {
        plk_relay_poll(relay, now, &out);
        carry_out(&out);
    } while (out.kind != PLK_OUT_WAIT);
    deadline_us = out.wait.deadline_us;
    relay_cpu_s += clock_s(CLOCK_THREAD_CPUTIME_ID) - start;
}

// What the store has to say. Waits for it when nothing else is to be done.
static void reports(int wait_ms) {
    struct pollfd ready = {.fd = woken[0], .events = POLLIN};
    struct plk_store_report report;
    uint8_t signs[256];
    if (poll(&ready, 1, wait_ms) == 1 && read(woken[0], signs, sizeof signs) < 0) abort();
    atomic_store(&awake, false);
    while (plk_store_next(store, &report)) {
        struct plk_input input = {.kind = PLK_IN_STORED, .stored = {.n = report.n}};
        plk_assert(report.kind == PLK_STORE_STORED || report.kind == PLK_STORE_LOADED);
        if (report.kind == PLK_STORE_STORED) stored_n = report.n;
        if (report.kind == PLK_STORE_LOADED) {
            input.kind = PLK_IN_LOADED;
            input.loaded.ticket = report.ticket;
            input.loaded.rows = report.rows;
            input.loaded.count = report.count;
            input.loaded.more = report.more;
        }
        if (relay != NULL) give(&input);
    }
}

static void start(const char *dir) {
    struct plk_store_config disk = {.home = dir, .create = true, .relay = true, .wake = wake};
    struct plk_fault fault;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_assert(pipe(woken) == 0 && plk_store_open(&store, &disk, &fault) == PLK_FAULT_NONE);
    plk_relay_config_init(&config);
    config.mem = &mem;
    config.entropy[0] = 7;
    config.statics[0][5] = 9;
    config.static_count = 1;
    config.clients_max = config.prefix_clients_max = 2000000;
    config.hello_rate = 10000000; // the budget of hellos is told beside the figures
    config.memory_max = UINT64_C(16) << 30;
    plk_dh_public(wire.relay, config.statics[0]);
}

// ---- the clients ----------------------------------------------------------------------------------------------------------

static struct bench_client clients[WAVE];

static struct plk_addr addr_of(size_t client) {
    return (struct plk_addr){
        .family = 4, .ip = {10, (uint8_t)(client >> 16), (uint8_t)(client >> 8), (uint8_t)client}, .port = 4000};
}

static void to_relay(void *ctx, size_t client, const uint8_t *bytes, size_t len) {
    (void)ctx;
    new_datagram(client, true, bytes, len);
}

// What proves an owner is chosen here and sealed as the relay does: it need not be made of keys, which would take longer than
// all that is measured.
static struct bench_queue queue_of(size_t client, size_t index) {
    struct bench_queue q = {0};
    uint64_t name[2] = {client, index};
    struct plk_bytes text = plk_bytes(name, sizeof name);
    uint8_t hash[PLK_HASH_LEN];
    plk_hash(hash, &text, 1);
    memcpy(q.owner_public, hash, 32);
    q.owner_public[31] &= 0x3f;
    memcpy(q.sender_public, hash + 32, 32);
    q.sender_public[31] &= 0x3f;
    memcpy(q.owner, q.sender_public, sizeof q.owner);
    plk_queue_key_rid(q.rid, q.owner_public);
    plk_queue_key_sid(q.sid, q.rid);
    return q;
}

static void attach_all(struct bench_client *c, size_t queues) {
    for (size_t i = 0; i < queues; i++) {
        struct bench_queue q = queue_of(c->index, i);
        struct plk_queue_record record = {.type = PLK_QUEUE_ATTACH, .handle = (uint32_t)i};
        record.attach.role = PLK_QUEUE_OWNER;
        memcpy(record.attach.id, q.rid, sizeof record.attach.id);
        plk_queue_key_prove(record.attach.proof, q.owner, c->hash, (uint32_t)i);
        bench_say(c, now.mono_us, record);
    }
    if (queues > 0) bench_subscribe(c, now.mono_us, (uint32_t)queues);
}

static void deliver(size_t queues) {
    struct datagram *datagram = &air[air_first];
    air_first = (air_first + 1) % AIR;
    air_count--;
    if (datagram->to_relay) {
        struct plk_input input = {.kind = PLK_IN_DATAGRAM};
        input.datagram.from = addr_of(datagram->client);
        input.datagram.to = wire.at;
        input.datagram.data = plk_bytes(datagram->bytes, datagram->len);
        give(&input);
        return;
    }
    struct bench_client *c = &clients[datagram->client % WAVE];
    if (c->index != datagram->client) return;
    bool was_open = c->channel != NULL;
    bench_receive(&wire, c, now.mono_us, datagram->bytes, datagram->len);
    if (!was_open && c->channel != NULL) attach_all(c, queues);
    bench_poll(&wire, c, now.mono_us);
}

static void turn(size_t queues) {
    look_at_clock();
    while (air_count > 0) deliver(queues);
    if (deadline_us <= now.mono_us) give(&(struct plk_input){.kind = PLK_IN_TICK});
    reports(air_count > 0 ? 0 : 1);
}

// These clients come; it ends when each has all its answers and was acknowledged.
static void come(size_t first, size_t count, size_t queues) {
    uint64_t answers = queues == 0 ? 0 : queues + 1;
    for (size_t i = 0; i < count; i++) bench_hello(&wire, &clients[(first + i) % WAVE], first + i);
    for (bool all = false; !all;) {
        turn(queues);
        all = true;
        for (size_t i = 0; i < count; i++) {
            struct bench_client *c = &clients[(first + i) % WAVE];
            bench_poll(&wire, c, now.mono_us);
            all = all && c->channel != NULL && c->done == answers && c->refused == 0 &&
                  plk_relay_channel_unacked(c->channel) == 0;
        }
    }
    for (size_t i = 0, quiet = 0; i < 1000 && quiet < 30; i++) { // and the relay's answers are acknowledged, too
        jumped_us += 10 * PLK_MS;
        for (size_t k = 0; k < count; k++) bench_poll(&wire, &clients[(first + k) % WAVE], now.mono_us);
        quiet = air_count == 0 ? quiet + 1 : 0;
        turn(queues);
    }
    for (size_t i = 0; i < count; i++) bench_end(&clients[(first + i) % WAVE]);
}

static void come_all(size_t first, size_t count, size_t queues) {
    for (size_t at = 0; at < count; at += WAVE) come(first + at, count - at < WAVE ? count - at : WAVE, queues);
    jumped_us += 3 * PLK_SECOND; // until all rest
    turn(queues);
}

// ---- rows -------------------------------------------------------------------------------------------------------------------

static void write_rows(size_t first, size_t clients_, size_t queues) {
    struct plk_batch *batch = plk_batch_new(&wire.mem);
    uint8_t seal[PLK_KEY_LEN];
    plk_hkdf_label(seal, sizeof seal, plk_bytes(config.statics[0], 32), PLK_QUEUE_LABEL_PROVES);
    look_at_clock();
    for (size_t i = 0; i < clients_ * queues; i++) {
        struct bench_queue q = queue_of(first + i / queues, i % queues);
        struct plk_queue_row row = {.day = (uint32_t)(now.wall_ms / 86400000)};
        uint8_t value[PLK_QUEUE_ROW_LEN];
        memcpy(row.owner, q.owner_public, sizeof row.owner);
        memcpy(row.sender, q.sender_public, sizeof row.sender);
        plk_proof_seal(&row, seal, q.owner, q.sender);
        plk_queue_row_encode(value, &row);
        plk_batch_upsert(batch, PLK_TABLE_rqueue, plk_bytes(q.sid, sizeof q.sid), plk_bytes(value, sizeof value));
        if (plk_batch_count(batch) < 1000 && i + 1 < clients_ * queues) continue;
        plk_store_put(store, ++put_n, batch);
        plk_batch_clear(batch);
        while (put_n - stored_n > 8) reports(10);
    }
    while (stored_n < put_n) reports(10);
    plk_batch_free(batch);
    put_n = stored_n = 0;
}

static double resident(void) {
    unsigned long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    malloc_trim(0);
    plk_assert(file != NULL && fscanf(file, "%lu %lu", &size, &pages) == 2);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int storm(size_t clients_, size_t queues) {
    look_at_clock();
    wire.at = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7447};
    relay = plk_relay_new(&config);
    give(&(struct plk_input){.kind = PLK_IN_TICK});
    double empty_resident = resident();
    uint64_t empty = mem.used;
    come_all(0, FIRST, 0);
    double a_client = (double)(mem.used - empty) / FIRST;
    double all_s = clock_s(CLOCK_PROCESS_CPUTIME_ID), mine_s = clock_s(CLOCK_THREAD_CPUTIME_ID);
    relay_cpu_s = 0;
    come_all(FIRST, clients_, queues);
    double store_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - all_s - (clock_s(CLOCK_THREAD_CPUTIME_ID) - mine_s);
    struct plk_relay_state state = plk_relay_state(relay);
    plk_assert(state.clients == FIRST + clients_ && state.queues == clients_ * queues);
    double all = (double)(mem.used - empty) - FIRST * a_client;
    double resident_each = (resident() - empty_resident) / (double)(FIRST + clients_);
    printf("{\"idle_core_b\": %.0f, \"idle_queue_b\": %.0f, \"idle_all_b\": %.0f, \"storm_clients\": %zu, "
           "\"storm_queues\": %zu, \"storm_loop_s\": %.1f, \"storm_store_s\": %.1f, \"storm_queue_us\": %.1f}\n",
           a_client, (all - (double)clients_ * a_client) / (double)(clients_ * queues), resident_each, clients_, queues,
           relay_cpu_s, store_s, (relay_cpu_s + store_s) / (double)(clients_ * queues) * 1e6);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4 || sodium_init() < 0) return 2;
    size_t clients_ = strtoul(argv[2], NULL, 10);
    queue_count = strtoul(argv[3], NULL, 10);
    plk_assert(clients_ >= 1 && clients_ <= 1000000 && queue_count >= 1 && queue_count <= 64);
    bench_wire_init(&wire, 3);
    wire.send = to_relay;
    air = malloc(AIR * sizeof *air);
    plk_assert(air != NULL);
    memset(air, 1, AIR * sizeof *air); // is not to be counted later
    start(argv[1]);
    write_rows(FIRST, clients_, queue_count);
    int status = storm(clients_, queue_count);
    plk_relay_free(relay);
    plk_store_close(store);
    free(air);
    return status;
}
