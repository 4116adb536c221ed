// SPDX-License-Identifier: MIT
// What clients that only keep their channels alive cost a relay: many channels ping it in turn, at the rate of very many that are
// idle, and its own CPU is looked at. usage: bench_relay_ping PID RELAY-LINE SECONDS
#include <sodium/core.h>

#include "bench/relay_attack.h"

#define CLIENTS 1000
#define IDLE_CLIENTS 100000 // as so many that ping every IDLE_US
#define IDLE_US (22 * PLK_SECOND)

static struct attack idle;

static double cpu_us(pid_t pid) {
    clockid_t clock;
    struct timespec t;
    plk_assert(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void ping(struct attack_peer *peer) {
    plk_assert(peer->client.channel != NULL);
    plk_relay_channel_ping(peer->client.channel, attack_now_us());
    attack_look(&idle, peer);
}

int main(int argc, char **argv) {
    struct plk_relay_name name;
    uint64_t acts = 0, sent = 0, turn = 0;
    if (argc != 4 || sodium_init() < 0) return 2;
    if (plk_relay_name_decode(plk_bytes(argv[2], strlen(argv[2])), &name) != PLK_ERR_OK) return 2;
    pid_t pid = (pid_t)atoi(argv[1]);
    attack_init(&idle, &name, 1);
    idle.acts = &acts;
    for (unsigned i = 0; i < CLIENTS; i++) { // 4 prefixes, a few at a time: hellos have a budget
        attack_open(&idle, 1, i % 4, false);
        if (i % 20 == 19) attack_until(&idle, i - 19, 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) ping(&idle.peers[i]);
    sleep(1);
    for (unsigned i = 0; i < CLIENTS; i++) attack_look(&idle, &idle.peers[i]);
    uint64_t for_us = strtoull(argv[3], NULL, 10) * PLK_SECOND, start_us = attack_now_us();
    size_t heard = idle.heard;
    double before_us = cpu_us(pid);
    while (attack_now_us() < start_us + for_us) {
        uint64_t count = attack_due(&idle, start_us, IDLE_CLIENTS * PLK_SECOND / IDLE_US, &sent);
        for (; count > 0; count--) ping(&idle.peers[turn++ % CLIENTS]);
    }
    double used_us = cpu_us(pid) - before_us, took_us = (double)(attack_now_us() - start_us);
    plk_assert(idle.heard - heard > acts * 9 / 10); // else it was another figure
    printf("{\"ping_per_s\": %.0f, \"ping_cpu_us\": %.2f, \"ping_core_percent\": %.2f}\n", (double)acts * 1e6 / took_us,
           used_us / (double)acts, 100 * used_us / took_us);
    return 0;
}
