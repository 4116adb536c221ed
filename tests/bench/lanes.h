// SPDX-License-Identifier: MIT
// Datagrams made beforehand, sent through somebody's process on loopback and counted where they come out: what a server that
// forwards costs is the processor's time of its process while this goes on. A lane is one sender and one receiver; one at a
// time means that no two datagrams of one lane follow each other, in trains that eight of them leave as one.
#ifndef PLK_TESTS_BENCH_LANES_H
#define PLK_TESTS_BENCH_LANES_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/time.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

#define LANES 16
#define LANE_PACKETS 2000 // of one lane and round: fewer than a replay window would mind to come late
#define LANE_TRAIN 8
#define LANE_AHEAD 256 // datagrams sent and not yet back: what sockets hold without loss
#define LANE_ROUNDS 5

struct lane {
    int out, in;      // connected, or to be received from
    uint8_t *packets; // LANE_PACKETS of len bytes each
    size_t len, back; // of a datagram as it is sent, and as it comes back
};

struct lanes_figure {
    double per_cpu_s[LANE_ROUNDS];
    unsigned rounds;
    uint64_t lost;
};

static inline uint64_t lane_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * PLK_SECOND + (uint64_t)t.tv_nsec / 1000;
}

static inline int lane_socket(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 8 << 20, one = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    plk_assert(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one);
    return fd;
}

static inline void lane_connect(int fd, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    plk_assert(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
}

static inline double lanes_cpu_s(pid_t pid) {
    clockid_t clock;
    struct timespec t;
    plk_assert(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// What has arrived on all lanes.
static inline size_t lanes_drain(const struct lane *lanes) {
    static uint8_t buffer[65536];
    size_t got = 0;
    for (size_t i = 0; i < LANES; i++) {
        for (ssize_t len; (len = recv(lanes[i].in, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
            got += ((size_t)len + lanes[i].back - 1) / lanes[i].back;
        }
    }
    return got;
}

// What is under way and not yet back: waits until it is `most`. What does not come in 0.2 s is lost.
static inline void lanes_wait(const struct lane *lanes, struct lanes_figure *figure, size_t *under_way, size_t most) {
    struct pollfd fds[LANES];
    for (size_t i = 0; i < LANES; i++) fds[i] = (struct pollfd){.fd = lanes[i].in, .events = POLLIN};
    while (*under_way > most) {
        size_t got = lanes_drain(lanes);
        *under_way -= got < *under_way ? got : *under_way;
        if (got > 0 || *under_way <= most || poll(fds, LANES, 200) > 0) continue;
        figure->lost += *under_way;
        *under_way = 0;
    }
}

// One round: what came back a second of the process's own time.
static inline void lanes_round(const struct lane *lanes, pid_t pid, size_t train, struct lanes_figure *figure) {
    size_t under_way = 0, sent = 0;
    uint64_t lost = figure->lost;
    for (size_t i = 0; i < LANES; i++) {
        int size = train > 1 ? (int)lanes[i].len : 0;
        plk_assert(setsockopt(lanes[i].out, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) == 0);
    }
    double start = lanes_cpu_s(pid);
    for (size_t at = 0; at + train <= LANE_PACKETS; at += train) {
        for (size_t i = 0; i < LANES; i++) {
            size_t len = lanes[i].len;
            if (send(lanes[i].out, lanes[i].packets + at * len, train * len, 0) < 0) continue;
            sent += train;
            under_way += train;
        }
        if (under_way > LANE_AHEAD) lanes_wait(lanes, figure, &under_way, LANE_AHEAD / 2);
    }
    lanes_wait(lanes, figure, &under_way, 0);
    figure->per_cpu_s[figure->rounds++] = (double)(sent - (size_t)(figure->lost - lost)) / (lanes_cpu_s(pid) - start);
}

static inline int lanes_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double lanes_median(struct lanes_figure *figure) {
    qsort(figure->per_cpu_s, figure->rounds, sizeof figure->per_cpu_s[0], lanes_order);
    return figure->per_cpu_s[figure->rounds / 2];
}

#endif
