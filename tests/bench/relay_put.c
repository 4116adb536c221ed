// SPDX-License-Identifier: MIT
// Cells put into a real relay: 200 clients over UDP, each with a queue of its own, each puts its next cell of 4,096 bytes when
// the last was confirmed, which is when it is on the relay's disk. usage: bench_relay_put PID RELAY-LINE CELLS-A-CLIENT
#include "bench/lanes.h"

#include <sodium/core.h>

#include "bench/relay_client.h"
#include "wire/relay_name.h"

#define CLIENTS 200
#define SENDER 1

static struct bench_wire wire;
static struct side {
    struct bench_client client;
    int fd;
    uint64_t put, put_us;
} sides[CLIENTS];
static struct pollfd fds[CLIENTS];
static double waits_ms[CLIENTS * 4096];
static size_t wait_count;

static void to_relay(void *ctx, size_t index, const uint8_t *bytes, size_t len) {
    (void)ctx;
    if (send(sides[index].fd, bytes, len, 0) < 0) perror("send");
}

static void look(struct side *side) {
    uint8_t buffer[2048];
    for (ssize_t len; (len = recv(side->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
        bench_receive(&wire, &side->client, lane_now_us(), buffer, (size_t)len);
    }
    bench_poll(&wire, &side->client, lane_now_us());
}

// All that have something to read, or are due, once.
static void turn(void) {
    uint64_t start_us = lane_now_us();
    static uint64_t tick_us;
    if (poll(fds, CLIENTS, 10) < 0) perror("poll");
    bool all = start_us >= tick_us + 10 * PLK_MS;
    if (all) tick_us = start_us;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (all || fds[i].revents != 0) look(&sides[i]);
    }
}

static void until_done(uint64_t done) {
    uint64_t until_us = lane_now_us() + 60 * PLK_SECOND;
    for (bool all = false; !all;) {
        turn();
        all = true;
        for (size_t i = 0; i < CLIENTS; i++)
            all = all && sides[i].client.channel != NULL && sides[i].client.done >= done;
        plk_assert(lane_now_us() < until_us);
    }
}

static void connect_all(const uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    int off = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        sides[i].fd = lane_socket();
        setsockopt(sides[i].fd, IPPROTO_UDP, UDP_GRO, &off, sizeof off);
        lane_connect(sides[i].fd, wire.at.port);
        fds[i] = (struct pollfd){.fd = sides[i].fd, .events = POLLIN};
        bench_hello(&wire, &sides[i].client, i);
    }
    until_done(0);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct bench_queue queue;
        struct bench_client *client = &sides[i].client;
        bench_queue_make(&wire, &queue);
        bench_newq(client, lane_now_us(), &queue, token);
        bench_attach(&wire, client, lane_now_us(), &queue, PLK_QUEUE_SENDER, SENDER);
    }
    until_done(2);
}

static void put(struct side *side) {
    static uint8_t cell[PLK_QUEUE_CELL_SMALL];
    struct plk_queue_record record = {.type = PLK_QUEUE_PUT, .handle = SENDER};
    plk_rng_bytes(&wire.rng, cell, 16);
    record.cell.bytes = plk_bytes(cell, sizeof cell);
    side->put++;
    side->put_us = lane_now_us();
    bench_say(&side->client, side->put_us, record);
    bench_poll(&wire, &side->client, side->put_us);
}

// Until each has put so many and all were confirmed.
static void put_all(uint64_t count) {
    size_t left = CLIENTS;
    for (size_t i = 0; i < CLIENTS; i++) put(&sides[i]);
    while (left > 0) {
        turn();
        for (size_t i = 0; i < CLIENTS; i++) {
            struct side *side = &sides[i];
            if (side->put_us == 0 || side->client.done < 2 + side->put) continue;
            waits_ms[wait_count++] = (double)(side->client.last_us - side->put_us) / 1e3;
            if (side->put < count) {
                put(side);
            } else {
                side->put_us = 0;
                left--;
            }
        }
    }
}

int main(int argc, char **argv) {
    struct plk_relay_name name;
    if (argc != 4 || sodium_init() < 0) return 2;
    if (plk_relay_name_decode(plk_bytes(argv[2], strlen(argv[2])), &name) != PLK_ERR_OK) return 2;
    uint64_t count = strtoull(argv[3], NULL, 10);
    plk_assert(count >= 1 && count <= 900);
    bench_wire_init(&wire, 2);
    memcpy(wire.relay, name.key, sizeof wire.relay);
    wire.at = (struct plk_addr){.family = 4, .ip = {127, 0, 0, 1}, .port = name.port};
    wire.send = to_relay;
    connect_all(name.token);
    pid_t pid = (pid_t)atoi(argv[1]);
    double cpu_s = lanes_cpu_s(pid);
    uint64_t start_us = lane_now_us();
    put_all(count);
    double took_s = (double)(lane_now_us() - start_us) / 1e6;
    cpu_s = lanes_cpu_s(pid) - cpu_s;
    uint64_t refused = 0;
    for (size_t i = 0; i < CLIENTS; i++) refused += sides[i].client.refused;
    qsort(waits_ms, wait_count, sizeof waits_ms[0], lanes_order);
    printf(
        "{\"put_per_s\": %.0f, \"put_cpu_us\": %.1f, \"put_p50_ms\": %.2f, \"put_p99_ms\": %.2f, \"put_refused\": %llu}\n",
        (double)wait_count / took_s, cpu_s / (double)wait_count * 1e6, waits_ms[wait_count / 2],
        waits_ms[wait_count * 99 / 100], (unsigned long long)refused);
    return 0;
}
