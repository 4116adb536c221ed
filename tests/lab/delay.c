// SPDX-License-Identifier: MIT
// A line between two network namespaces on which every packet takes so long: a TUN device at each end, and this process between
// them, since the lab has no netem. Packets stay in order, and none is lost here unless that is asked for.
//
//     lab_delay NAMESPACE DEVICE NAMESPACE DEVICE MICROSECONDS [RATE QUEUE LOSS]
//
// A NAMESPACE is a path as /proc/PID/ns/net. RATE: bytes a second, 0: no limit; QUEUE: bytes that may wait for it; LOSS: so many
// of a million packets are lost, each for itself; all three each way. Prints `ready` when both devices are there, ends with its standard input, and the
// devices with it. Each end takes a real-time priority where it may: a busy machine must not make the line longer.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKET_MAX = 2048,  // no device here has a larger MTU
    ON_THE_WAY = 4096,  // packets each way; 20 ms at 2.4 Gbit/s
    BURST = 64,         // packets moved before the other direction has its turn
    STANDARD_INPUT = 0, // poll's places
    SIDES = 2,
};

struct packet {
    int64_t due_ns;
    ssize_t len;
    uint8_t bytes[PACKET_MAX];
};

// One direction: a ring of what is on the way.
struct direction {
    int from, to;
    size_t first, count;
    struct packet *ring;
    int64_t free_ns; // when all that has been taken has left at the rate
};

// What the line does beside taking time.
struct quality {
    int64_t delay_ns, rate, queue_len, loss_ppm;
    uint64_t dice;
};

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// A TUN device of that name in that namespace. It stays there; this process has only its descriptor.
static int device(const char *namespace, const char *name) {
    struct ifreq wanted = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int space = open(namespace, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, 0) != 0) fail(namespace);
    close(space);
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0) fail("/dev/net/tun");
    strncpy(wanted.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(tun, TUNSETIFF, &wanted) != 0) fail(name);
    return tun;
}

static bool is_lost(struct quality *quality) {
    quality->dice ^= quality->dice << 13;
    quality->dice ^= quality->dice >> 7;
    quality->dice ^= quality->dice << 17;
    return (int64_t)(quality->dice % 1000000) < quality->loss_ppm;
}

// When a packet that comes now has left at the line's rate; -1: there is no room for it.
static int64_t leaves_ns(struct direction *way, const struct quality *quality, ssize_t len) {
    int64_t now = now_ns();
    if (quality->rate == 0) return now;
    if (way->free_ns < now) way->free_ns = now;
    if ((way->free_ns - now) / 1000 * quality->rate / 1000000 > quality->queue_len) return -1;
    return way->free_ns += len * 1000000000 / quality->rate;
}

static void take(struct direction *way, struct quality *quality) {
    for (int i = 0; i < BURST && way->count < ON_THE_WAY; i++) {
        struct packet *packet = &way->ring[(way->first + way->count) % ON_THE_WAY];
        packet->len = read(way->from, packet->bytes, sizeof packet->bytes);
        if (packet->len <= 0) return;
        int64_t at_ns = leaves_ns(way, quality, packet->len);
        if (at_ns < 0 || is_lost(quality)) continue;
        packet->due_ns = at_ns + quality->delay_ns;
        way->count++;
    }
}

// A device that is down takes nothing: what arrives then is lost, as on a cable that is out.
static void give(struct direction *way) {
    for (int i = 0; i < BURST && way->count > 0 && way->ring[way->first].due_ns <= now_ns(); i++) {
        ssize_t given = write(way->to, way->ring[way->first].bytes, (size_t)way->ring[way->first].len);
        (void)given;
        way->first = (way->first + 1) % ON_THE_WAY;
        way->count--;
    }
}

// Until a packet comes, the next one is due, or standard input ends.
static int wait(struct direction ways[SIDES]) {
    struct pollfd fds[1 + SIDES] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    int64_t due_ns = INT64_MAX;
    for (int i = 0; i < SIDES; i++) {
        fds[1 + i] = (struct pollfd){.fd = ways[i].count < ON_THE_WAY ? ways[i].from : -1, .events = POLLIN};
        if (ways[i].count > 0 && ways[i].ring[ways[i].first].due_ns < due_ns)
            due_ns = ways[i].ring[ways[i].first].due_ns;
    }
    int64_t left_ns = due_ns == INT64_MAX ? 3600000000000 : due_ns - now_ns();
    if (left_ns < 0) left_ns = 0;
    struct timespec left = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
    if (ppoll(fds, 1 + SIDES, &left, NULL) < 0 && errno != EINTR) fail("ppoll");
    return fds[STANDARD_INPUT].revents == 0;
}

int main(int argc, char **argv) {
    struct direction ways[SIDES];
    struct sched_param priority = {.sched_priority = 10};
    if (argc != 6 && argc != 9) {
        fprintf(stderr, "lab_delay NAMESPACE DEVICE NAMESPACE DEVICE MICROSECONDS [RATE QUEUE LOSS]\n");
        return 2;
    }
    struct quality quality = {.delay_ns = (int64_t)atoll(argv[5]) * 1000, .dice = (uint64_t)now_ns() | 1};
    if (argc == 9) {
        quality.rate = atoll(argv[6]);
        quality.queue_len = atoll(argv[7]);
        quality.loss_ppm = atoll(argv[8]);
    }
    int a = device(argv[1], argv[2]), b = device(argv[3], argv[4]);
    ways[0] = (struct direction){.from = a, .to = b, .ring = calloc(ON_THE_WAY, sizeof(struct packet))};
    ways[1] = (struct direction){.from = b, .to = a, .ring = calloc(ON_THE_WAY, sizeof(struct packet))};
    if (!ways[0].ring || !ways[1].ring) fail("memory");
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    (void)sched_setscheduler(0, SCHED_FIFO, &priority);
    puts("ready");
    fflush(stdout);
    while (wait(ways)) {
        for (int i = 0; i < SIDES; i++) {
            take(&ways[i], &quality);
            give(&ways[i]);
        }
    }
    for (int i = 0; i < SIDES; i++) free(ways[i].ring);
    return 0;
}
