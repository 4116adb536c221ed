// SPDX-License-Identifier: MIT
// What one PASS costs a relay without the network: a packet of one client is opened, its frame found, and sealed for another.
// The processor's time, as a relay's operator pays it; both channels at rest, and awake. And what a channel at rest keeps.
#include <stdio.h>
#include <time.h>

#include <sodium/core.h>

#include "support/channel_pair.h"

#define PACKETS 20000
#define SIZE 1160 // of what is passed: 1,198 bytes on the wire

static uint8_t packets[PACKETS][PLK_RELAY_CHANNEL_PACKET_MAX];

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void forward(struct channel_pair *from, struct channel_pair *to, unsigned first, unsigned count,
                    const char *what) {
    static uint8_t text[PLK_PACKET_MAX], out[PLK_RELAY_CHANNEL_PACKET_MAX];
    static const uint8_t body[SIZE];
    size_t len = 0;
    struct plk_relay_channel_frame frame = {
        .type = PLK_FRAME_PASS, .handle = 77, .bytes = plk_bytes(body, sizeof body)};
    for (unsigned i = first; i < first + count; i++) {
        plk_assert(plk_relay_channel_pass(from->end[CLIENT].ch, &frame, packets[i], &len) == PLK_ERR_OK);
    }
    double start = cpu_s();
    for (unsigned i = first; i < first + count; i++) {
        struct plk_packet packet;
        struct plk_relay_channel_passed passed;
        struct plk_relay_channel_frame found;
        size_t sealed;
        plk_assert(plk_packet_decode(&packet, plk_bytes(packets[i], len)) == PLK_ERR_OK);
        plk_assert(plk_relay_channel_receive(from->end[RELAY].ch, from->now_us, &from->client, &packet,
                                             PLK_RELAY_CHANNEL_PLENTY, &from->hello.rng, text, &passed) == PLK_ERR_OK);
        plk_assert(plk_relay_channel_passed_next(&passed, &found) && found.bytes.len == SIZE);
        found.handle = 5;
        plk_assert(plk_relay_channel_pass(to->end[RELAY].ch, &found, out, &sealed) == PLK_ERR_OK);
    }
    double took = cpu_s() - start;
    printf("PASS of %zu bytes, opened and sealed, %s: %.2f us, %.0f per CPU-second\n", len, what, took / count * 1e6,
           count / took);
}

int main(void) {
    if (sodium_init() < 0) return 1; // chooses the fast implementations, as a host does at its start
    struct channel_pair *a = channel_pair_new(1, PLK_UDP), *b = channel_pair_new(2, PLK_UDP);
    channel_run(a, 5 * PLK_SECOND);
    channel_run(b, 5 * PLK_SECOND);
    printf("two channels at rest: %zu bytes each\n", a->mem.used / 2);
    forward(a, b, 0, PACKETS / 2, "at rest");
    plk_relay_channel_ping(a->end[RELAY].ch, a->now_us);
    plk_relay_channel_ping(b->end[RELAY].ch, b->now_us);
    printf("one of them awake: %zu bytes\n", a->mem.used);
    forward(a, b, PACKETS / 2, PACKETS / 2, "awake");
    channel_pair_free(a);
    channel_pair_free(b);
    return 0;
}
