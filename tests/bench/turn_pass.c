// SPDX-License-Identifier: MIT
// The same datagrams through a TURN server (RFC 8656) that asks for no credentials: 16 clients, each with a channel bound to a
// plain socket. Nothing is encrypted. usage: bench_turn_pass PID PORT
#include "bench/lanes.h"

#define SIZE 1200
#define CHANNEL 0x4000
#define MAGIC UINT32_C(0x2112A442)

static void put16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

// Sends a request and waits for its success; the answer's length.
static size_t ask(int fd, unsigned method, const uint8_t *attributes, size_t len, uint8_t answer[1500]) {
    uint8_t request[128] = {0};
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    put16(request, method);
    put16(request + 2, (unsigned)len);
    put32(request + 4, MAGIC);
    request[8] = (uint8_t)method;
    memcpy(request + 20, attributes, len);
    plk_assert(send(fd, request, 20 + len, 0) > 0 && poll(&waiting, 1, 5000) == 1);
    ssize_t got = recv(fd, answer, 1500, 0);
    plk_assert(got >= 20 && answer[0] == (0x01 | method >> 8) && answer[1] == (method & 0xff));
    return (size_t)got;
}

static uint16_t port_of(int fd) {
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    plk_assert(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    return ntohs(at.sin_port);
}

// Allocates and binds the channel to the lane's receiver.
static void open_lane(struct lane *lane, uint16_t port) {
    static const uint8_t udp[] = {0x00, 0x19, 0, 4, 17, 0, 0, 0}; // REQUESTED-TRANSPORT
    uint8_t bind_to[20] = {0x00, 0x0c, 0, 4, CHANNEL >> 8, 0, 0, 0, 0x00, 0x12, 0, 8, 0, 1}, answer[1500];
    lane->out = lane_socket();
    lane->in = lane_socket();
    lane_connect(lane->out, port);
    ask(lane->out, 0x0003, udp, sizeof udp, answer);
    put16(bind_to + 14, port_of(lane->in) ^ (MAGIC >> 16));
    put32(bind_to + 16, UINT32_C(0x7f000001) ^ MAGIC);
    ask(lane->out, 0x0009, bind_to, sizeof bind_to, answer);
    lane->len = SIZE + 4;
    lane->back = SIZE;
    lane->packets = calloc(LANE_PACKETS, lane->len);
    plk_assert(lane->packets != NULL);
    for (size_t i = 0; i < LANE_PACKETS; i++) {
        put16(lane->packets + i * lane->len, CHANNEL);
        put16(lane->packets + i * lane->len + 2, SIZE);
    }
}

int main(int argc, char **argv) {
    struct lane lanes[LANES];
    struct lanes_figure figure = {0};
    if (argc != 3) return 2;
    for (size_t i = 0; i < LANES; i++) open_lane(&lanes[i], (uint16_t)atoi(argv[2]));
    for (int round = 0; round < LANE_ROUNDS; round++) lanes_round(lanes, (pid_t)atoi(argv[1]), 1, &figure);
    printf("{\"turn\": %.0f, \"turn_lost\": %llu}\n", lanes_median(&figure), (unsigned long long)figure.lost);
    return 0;
}
