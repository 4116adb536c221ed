// SPDX-License-Identifier: MIT
// What a packet costs: sealing and opening 1,200 bytes, beside the cipher alone; a handshake; a stranger's packet.
#include <sodium/core.h>
#include <stdio.h>
#include <time.h>

#include "support/session_pair.h"

enum { PACKETS = 192000, TEXT = 1200 };

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // what others run beside it does not count
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void report(const char *what, uint64_t spent_ns, unsigned count, size_t bytes) {
    double each = (double)spent_ns / count;
    printf("%-44s %9.0f ns", what, each);
    if (bytes > 0) printf(" %8.0f MB/s", (double)bytes * 1000.0 / each);
    printf("\n");
}

static void bench_cipher(struct plk_session_pair *pair) {
    static uint8_t text[TEXT + PLK_TAG_LEN];
    uint64_t start = now_ns();
    for (unsigned i = 0; i < PACKETS; i++) {
        plk_aead_seal(text, pair->psk, i, plk_bytes(text, 0), plk_bytes(text, TEXT));
    }
    report("ChaCha20-Poly1305 alone, 1200 bytes", now_ns() - start, PACKETS, TEXT);
}

// In batches, so that the clock is read seldom and the packets stay in the cache, as a burst's do.
static void bench_packets(struct plk_session_pair *pair) {
    enum { BATCH = 64 };
    static uint8_t packets[BATCH][TEXT + PLK_PACKET_OVERHEAD];
    uint64_t seal_ns = 0, open_ns = 0, counter;
    for (unsigned done = 0; done < PACKETS; done += BATCH) {
        uint64_t start = now_ns();
        for (unsigned i = 0; i < BATCH; i++) {
            plk_assert(plk_session_seal(&pair->sessions[0], pair->heard[0].cids[0],
                                        plk_bytes(packets[i] + PLK_PACKET_HEADER_LEN, TEXT), packets[i],
                                        &counter) == PLK_ERR_OK);
        }
        uint64_t sealed = now_ns();
        for (unsigned i = 0; i < BATCH; i++) {
            struct plk_packet packet;
            size_t len;
            plk_assert(plk_packet_decode(&packet, plk_bytes(packets[i], sizeof packets[i])) == PLK_ERR_OK);
            plk_assert(plk_session_open(&pair->sessions[1], &packet, packets[i] + PLK_PACKET_HEADER_LEN, &len,
                                        &counter) == PLK_ERR_OK);
        }
        open_ns += now_ns() - sealed;
        seal_ns += sealed - start;
    }
    report("seal a data packet of 1200 bytes", seal_ns, PACKETS, TEXT);
    report("open a data packet of 1200 bytes", open_ns, PACKETS, TEXT);
}

static void bench_garbage(struct plk_session_pair *pair) {
    static uint8_t packet[TEXT + PLK_PACKET_OVERHEAD];
    struct plk_packet decoded;
    uint64_t counter;
    size_t len;
    plk_assert(plk_session_seal(&pair->sessions[0], pair->heard[0].cids[0],
                                plk_bytes(packet + PLK_PACKET_HEADER_LEN, TEXT), packet, &counter) == PLK_ERR_OK);
    plk_assert(plk_packet_decode(&decoded, plk_bytes(packet, sizeof packet)) == PLK_ERR_OK);
    static uint8_t out[TEXT];
    plk_assert(plk_session_open(&pair->sessions[1], &decoded, out, &len, &counter) == PLK_ERR_OK);
    uint64_t start = now_ns();
    for (unsigned i = 0; i < PACKETS; i++) {
        plk_assert(plk_session_open(&pair->sessions[1], &decoded, out, &len, &counter) == PLK_ERR_REPLAYED);
    }
    report("refuse a replayed packet", now_ns() - start, PACKETS, 0);
    packet[20] ^= 1;
    start = now_ns();
    for (unsigned i = 0; i < PACKETS; i++) {
        plk_assert(plk_session_open(&pair->sessions[1], &decoded, out, &len, &counter) == PLK_ERR_FORGED);
    }
    report("refuse a garbled packet", now_ns() - start, PACKETS, 0);
}

static void bench_handshake(struct plk_session_pair *pair) {
    enum { HANDSHAKES = 500 };
    uint64_t start = now_ns();
    for (uint64_t i = 0; i < HANDSHAKES; i++) {
        plk_assert(plk_session_pair_connect(pair, PLK_HANDSHAKE_KK, 2 + i) == PLK_ERR_OK);
    }
    report("a handshake, both sides", now_ns() - start, HANDSHAKES, 0);
}

static void bench_scan(struct plk_session_pair *pair, size_t count) {
    enum { SCANS = 5000, KEYS_MAX = 1000 };
    static struct plk_hint_entry entries[KEYS_MAX];
    char what[64];
    struct plk_packet packet;
    uint32_t owner;
    for (size_t i = 0; i < count; i++) plk_rng_bytes(&pair->rng, entries[i].key, sizeof entries[i].key);
    plk_assert(plk_packet_decode(&packet, plk_handshake_message(&pair->attempt)) == PLK_ERR_OK);
    uint64_t start = now_ns();
    for (unsigned i = 0; i < SCANS; i++) {
        struct plk_hint_budget budget = {.keys = count};
        plk_assert(plk_hint_scan(entries, count, &packet, &budget, &owner) == PLK_ERR_NOT_FOUND);
    }
    snprintf(what, sizeof what, "a stranger's message 1 among %zu contacts", count);
    report(what, now_ns() - start, SCANS, 0);
}

int main(void) {
    static struct plk_session_pair pair;
    if (sodium_init() < 0) return 1; // chooses the fast implementations, as a host does at its start
    plk_session_pair_init(&pair, 1);
    plk_assert(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1) == PLK_ERR_OK);
    bench_cipher(&pair);
    bench_packets(&pair);
    bench_garbage(&pair);
    bench_handshake(&pair);
    bench_scan(&pair, 200);
    bench_scan(&pair, 1000);
    return 0;
}
