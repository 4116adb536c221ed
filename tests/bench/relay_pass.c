// SPDX-License-Identifier: MIT
// PASS through a real relay: 1,200-byte datagrams of 16 clients to 16 others, each opened and sealed again by the relay.
// usage: bench_relay_pass PID RELAY-LINE. Prints packets a second of the relay's own processor time, median of the rounds.
#include "bench/lanes.h"

#include <sodium/core.h>

#include "bench/relay_client.h"
#include "wire/relay_name.h"

#define SIZE 1200 // of what is passed
#define HANDLE 0

struct side {
    struct bench_client client;
    int fd;
};

static struct bench_wire wire;
static struct side senders[LANES], owners[LANES];

static void to_relay(void *ctx, size_t index, const uint8_t *bytes, size_t len) {
    (void)ctx;
    const struct side *side = index < LANES ? &senders[index] : &owners[index - LANES];
    if (send(side->fd, bytes, len, 0) < 0) perror("send");
}

static void look(struct side *side) {
    uint8_t buffer[65536];
    for (ssize_t len; (len = recv(side->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
        bench_receive(&wire, &side->client, lane_now_us(), buffer, (size_t)len);
    }
    bench_poll(&wire, &side->client, lane_now_us());
}

// Until everybody was answered so often, or, with 0, for so long that channels rest.
static void run(uint64_t answers, uint64_t for_us) {
    uint64_t until_us = lane_now_us() + for_us;
    for (bool all = false; !all || (answers == 0 && lane_now_us() < until_us);) {
        all = true;
        for (size_t i = 0; i < LANES; i++) {
            look(&senders[i]);
            look(&owners[i]);
            all = all && senders[i].client.channel != NULL && owners[i].client.channel != NULL &&
                  (answers == 0 || (owners[i].client.done >= answers));
        }
        usleep(200);
        plk_assert(lane_now_us() < until_us + 10 * PLK_SECOND);
    }
}

static void open_side(struct side *side, size_t index) {
    side->fd = lane_socket();
    lane_connect(side->fd, wire.at.port);
    bench_hello(&wire, &side->client, index);
}

static void connect_all(const uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    static struct bench_queue queues[LANES];
    for (size_t i = 0; i < LANES; i++) {
        open_side(&senders[i], i);
        open_side(&owners[i], LANES + i);
    }
    run(0, 100 * PLK_MS);
    for (size_t i = 0; i < LANES; i++) {
        bench_queue_make(&wire, &queues[i]);
        bench_newq(&owners[i].client, lane_now_us(), &queues[i], token);
        bench_attach(&wire, &owners[i].client, lane_now_us(), &queues[i], PLK_QUEUE_OWNER, HANDLE);
        bench_subscribe(&owners[i].client, lane_now_us(), 1);
    }
    run(3, PLK_SECOND);
    for (size_t i = 0; i < LANES; i++) {
        bench_attach(&wire, &senders[i].client, lane_now_us(), &queues[i], PLK_QUEUE_SENDER, HANDLE);
    }
    run(0, 1500 * PLK_MS);
    for (size_t i = 0; i < LANES; i++) {
        plk_assert(senders[i].client.done == 1 && senders[i].client.refused + owners[i].client.refused == 0);
    }
}

static void seal(struct lane *lanes) {
    static const uint8_t body[SIZE];
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = HANDLE, .bytes = {body, sizeof body}};
    for (size_t i = 0; i < LANES; i++) {
        for (size_t k = 0; k < LANE_PACKETS; k++) {
            uint8_t *at = lanes[i].packets + k * lanes[i].len;
            size_t len;
            plk_assert(plk_relay_channel_pass(senders[i].client.channel, &frame, at, &len) == PLK_ERR_OK);
            lanes[i].len = lanes[i].back = len; // all of one size
        }
    }
}

static struct lanes_figure measure(struct lane *lanes, pid_t pid, size_t train) {
    struct lanes_figure figure = {0};
    for (int round = 0; round < LANE_ROUNDS; round++) {
        seal(lanes);
        lanes_round(lanes, pid, train, &figure);
    }
    return figure;
}

int main(int argc, char **argv) {
    struct plk_relay_name name;
    if (argc != 3 || sodium_init() < 0) return 2;
    if (plk_relay_name_decode(plk_bytes(argv[2], strlen(argv[2])), &name) != PLK_ERR_OK) return 2;
    bench_wire_init(&wire, 1);
    memcpy(wire.relay, name.key, sizeof wire.relay);
    wire.at = (struct plk_addr){.family = 4, .ip = {127, 0, 0, 1}, .port = name.port};
    wire.send = to_relay;
    connect_all(name.token);
    struct lane lanes[LANES];
    for (size_t i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){.out = senders[i].fd, .in = owners[i].fd};
        lanes[i].packets = malloc((size_t)LANE_PACKETS * PLK_RELAY_CHANNEL_PACKET_MAX);
        plk_assert(lanes[i].packets != NULL);
        uint8_t first[PLK_RELAY_CHANNEL_PACKET_MAX];
        static const uint8_t body[SIZE];
        struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = HANDLE, .bytes = {body, sizeof body}};
        plk_assert(plk_relay_channel_pass(senders[i].client.channel, &frame, first, &lanes[i].len) == PLK_ERR_OK);
    }
    pid_t pid = (pid_t)atoi(argv[1]);
    struct lanes_figure single = measure(lanes, pid, 1), train = measure(lanes, pid, LANE_TRAIN);
    printf("{\"pass_single\": %.0f, \"pass_train\": %.0f, \"pass_bytes\": %zu, \"pass_lost\": %llu}\n",
           lanes_median(&single), lanes_median(&train), lanes[0].len, (unsigned long long)(single.lost + train.lost));
    return 0;
}
