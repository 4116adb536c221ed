// SPDX-License-Identifier: MIT
// Those who wish a relay ill, each a process of its own: they begin, say so, and go on until they are ended. Sources are
// addresses of 127.0.0.0/8, so that each may be another prefix.
#ifndef PLK_TESTS_BENCH_RELAY_ATTACK_H
#define PLK_TESTS_BENCH_RELAY_ATTACK_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/relay_client.h"
#include "wire/relay_name.h"

#define ATTACK_PEERS 2048
#define ATTACK_SOURCES 512
#define ATTACK_RATE 10000 // packets a second
#define ATTACK_HELLOS 64
#define ATTACK_NEWQ_CHANNELS 64
#define ATTACK_NEWQ_RATE 2000
#define ATTACK_READERS 32
#define ATTACK_SLOW 1500
#define ATTACK_QUEUES 64 // of a channel, the most that it makes at once

struct attack_peer {
    struct bench_client client;
    int fd;
    bool tcp;
    uint8_t *in; // TCP: what has come and is no whole packet yet
    size_t in_len;
};

struct attack {
    struct bench_wire udp, tcp;
    struct plk_relay_name name;
    struct attack_peer peers[ATTACK_PEERS];
    size_t peer_count;
    size_t subscriptions; // asked for
    int ready;            // a byte is written here when it has begun
    size_t heard;         // packets that came
    uint64_t *acts;       // how much it has done; both processes see it
};

static inline uint64_t attack_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * PLK_SECOND + (uint64_t)t.tv_nsec / 1000;
}

static inline void attack_send(void *ctx, size_t index, const uint8_t *bytes, size_t len) {
    struct attack_peer *peer = &((struct attack *)ctx)->peers[index];
    uint8_t framed[PLK_DATAGRAM_MAX + 2] = {(uint8_t)(len >> 8), (uint8_t)len};
    size_t head = peer->tcp ? 2 : 0;
    memcpy(framed + head, bytes, len);
    if (send(peer->fd, framed, head + len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return; // it is lost
}

static inline void attack_init(struct attack *a, const struct plk_relay_name *name, uint8_t seed) {
    a->name = *name;
    bench_wire_init(&a->udp, seed);
    bench_wire_init(&a->tcp, (uint8_t)(seed + 1));
    a->tcp.tcp = true;
    for (int i = 0; i < 2; i++) {
        struct bench_wire *wire = i == 0 ? &a->udp : &a->tcp;
        memcpy(wire->relay, name->key, sizeof wire->relay);
        wire->at = (struct plk_addr){.family = 4, .ip = {127, 0, 0, 1}, .port = name->port};
        wire->send = attack_send;
        wire->ctx = a;
    }
}

// A socket at 127.B.C.1, connected to the relay.
static inline int attack_socket(const struct attack *a, unsigned b, unsigned c, bool tcp) {
    int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u | b << 16 | c << 8)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(a->name.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    plk_assert(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    plk_assert(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

// ---- channels -----------------------------------------------------------------------------------------------------------

static inline struct bench_wire *attack_wire(struct attack *a, const struct attack_peer *peer) {
    return peer->tcp ? &a->tcp : &a->udp;
}

static inline struct attack_peer *attack_open(struct attack *a, unsigned b, unsigned c, bool tcp) {
    plk_assert(a->peer_count < ATTACK_PEERS);
    struct attack_peer *peer = &a->peers[a->peer_count];
    *peer = (struct attack_peer){.tcp = tcp, .fd = attack_socket(a, b, c, tcp)};
    if (tcp) peer->in = malloc(2 * PLK_DATAGRAM_MAX);
    bench_hello(attack_wire(a, peer), &peer->client, a->peer_count++);
    return peer;
}

static inline void attack_take(struct attack *a, struct attack_peer *peer, uint8_t *bytes, size_t len) {
    a->heard++;
    bench_receive(attack_wire(a, peer), &peer->client, attack_now_us(), bytes, len);
}

static inline void attack_look(struct attack *a, struct attack_peer *peer) {
    uint8_t buffer[2048];
    ssize_t len;
    while (!peer->tcp && (len = recv(peer->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        attack_take(a, peer, buffer, (size_t)len);
    }
    while (peer->tcp && (len = recv(peer->fd, peer->in + peer->in_len, PLK_DATAGRAM_MAX, MSG_DONTWAIT)) > 0) {
        peer->in_len += (size_t)len;
        while (peer->in_len >= 2 && peer->in_len >= 2 + (size_t)(peer->in[0] << 8 | peer->in[1])) {
            size_t whole = 2 + (size_t)(peer->in[0] << 8 | peer->in[1]);
            attack_take(a, peer, peer->in + 2, whole - 2);
            memmove(peer->in, peer->in + whole, peer->in_len -= whole);
        }
    }
    bench_poll(attack_wire(a, peer), &peer->client, attack_now_us());
}

// Until those from first on have a channel and so many answers.
static inline void attack_until(struct attack *a, size_t first, uint64_t done) {
    uint64_t until_us = attack_now_us() + 60 * PLK_SECOND;
    for (bool all = false; !all;) {
        all = true;
        for (size_t i = first; i < a->peer_count; i++) {
            attack_look(a, &a->peers[i]);
            all = all && a->peers[i].client.channel != NULL && a->peers[i].client.done >= done;
        }
        if (!all) usleep(500);
        plk_assert(attack_now_us() < until_us);
    }
}

static inline void attack_began(const struct attack *a) {
    if (write(a->ready, "", 1) != 1) exit(1);
}

// How many are due now, a millisecond later at the earliest.
static inline uint64_t attack_due(const struct attack *a, uint64_t start_us, uint64_t rate, uint64_t *sent) {
    usleep(1000);
    uint64_t due = (attack_now_us() - start_us) * rate / PLK_SECOND, count = due - *sent;
    *sent = due;
    if (count > 50) count = 50;
    *a->acts += count;
    return count;
}

// ---- packets --------------------------------------------------------------------------------------------------------------

static inline void attack_sources(const struct attack *a, int fds[ATTACK_SOURCES]) {
    for (unsigned i = 0; i < ATTACK_SOURCES; i++) fds[i] = attack_socket(a, 1 + i / 256, i % 256, false);
}

// Hellos that a relay must answer with a Diffie-Hellman, or a cookie; answers: who sends them repeats them with the cookie.
static inline void attack_hellos(struct attack *a, bool answers) {
    static int fds[ATTACK_SOURCES];
    static struct plk_hello hellos[ATTACK_SOURCES];
    uint8_t cid[PLK_PACKET_CID_LEN], buffer[2048], cookie[16];
    struct plk_packet packet;
    attack_sources(a, fds);
    for (unsigned i = 0; i < ATTACK_SOURCES; i++) {
        plk_rng_bytes(&a->udp.rng, cid, sizeof cid);
        plk_assert(plk_hello_start(&hellos[i], a->udp.relay, cid, &a->udp.rng) == PLK_ERR_OK);
    }
    attack_began(a);
    for (uint64_t start_us = attack_now_us(), sent = 0, turn = 0;;) {
        for (uint64_t count = attack_due(a, start_us, ATTACK_RATE, &sent); count > 0; count--, turn++) {
            unsigned from = turn % ATTACK_SOURCES, which = answers ? from : turn * 7 / 5 % ATTACK_SOURCES;
            send(fds[from], hellos[which].message, sizeof hellos[which].message, MSG_DONTWAIT);
            ssize_t len = recv(fds[from], buffer, sizeof buffer, MSG_DONTWAIT);
            if (!answers || len <= 0) continue;
            if (plk_packet_decode(&packet, plk_bytes(buffer, (size_t)len)) != PLK_ERR_OK) continue;
            if (packet.kind == PLK_PACKET_COOKIE) {
                if (plk_hello_cookie(&hellos[from], &packet, cookie) != PLK_ERR_OK) continue;
                send(fds[from], hellos[from].message, sizeof hellos[from].message, MSG_DONTWAIT);
            } else { // answered: never confirmed, and another one begins
                plk_rng_bytes(&a->udp.rng, cid, sizeof cid);
                plk_assert(plk_hello_start(&hellos[from], a->udp.relay, cid, &a->udp.rng) == PLK_ERR_OK);
            }
        }
    }
}

static inline void attack_garbage(struct attack *a) {
    static int fds[ATTACK_SOURCES];
    uint8_t bytes[1400];
    attack_sources(a, fds);
    attack_began(a);
    for (uint64_t start_us = attack_now_us(), sent = 0, turn = 0;;) {
        for (uint64_t count = attack_due(a, start_us, ATTACK_RATE, &sent); count > 0; count--, turn++) {
            plk_rng_bytes(&a->udp.rng, bytes, 32);
            if (turn % 2 == 0) bytes[0] = PLK_PACKET_DATA;
            send(fds[turn % ATTACK_SOURCES], bytes, 16 + (bytes[1] * 5u), MSG_DONTWAIT);
        }
    }
}

// ---- clients --------------------------------------------------------------------------------------------------------------

static inline bool attack_has_room(const struct attack_peer *peer) {
    return plk_relay_channel_status(peer->client.channel).state == PLK_RELAY_CHANNEL_OPEN &&
           plk_relay_channel_room(peer->client.channel) > 2 * PLK_QUEUE_CELL_MIDDLE;
}

static inline void attack_newq(struct attack *a) {
    struct bench_queue queue;
    for (unsigned i = 0; i < ATTACK_NEWQ_CHANNELS; i++) attack_open(a, 3, i, false);
    attack_until(a, 0, 0);
    bench_queue_make(&a->udp, &queue);
    attack_began(a);
    for (uint64_t start_us = attack_now_us(), sent = 0, turn = 0;;) {
        for (uint64_t count = attack_due(a, start_us, ATTACK_NEWQ_RATE, &sent); count > 0; count--, turn++) {
            struct attack_peer *peer = &a->peers[turn % a->peer_count];
            struct plk_queue_record record = {.type = PLK_QUEUE_NEWQ};
            plk_rng_bytes(&a->udp.rng, record.newq.owner, 31); // any such number is a key
            memcpy(record.newq.sender, queue.sender_public, sizeof record.newq.sender);
            record.newq.admission = PLK_QUEUE_ADMIT_WORK;
            record.newq.day = (uint32_t)(time(NULL) / 86400);
            if (attack_has_room(peer)) bench_say(&peer->client, attack_now_us(), record);
            attack_look(a, peer);
        }
    }
}

// Queues of their own into which somebody puts all the time. They never ACK, or, if they do not read, not even the packets.
static inline void attack_readers(struct attack *a, bool reads) {
    static struct bench_queue queues[ATTACK_READERS];
    static uint8_t cell[PLK_QUEUE_CELL_MIDDLE];
    for (unsigned i = 0; i < ATTACK_READERS; i++) attack_open(a, 4, i, !reads && i % 2 == 0);
    attack_until(a, 0, 0);
    for (unsigned i = 0; i < ATTACK_READERS; i++) {
        bench_queue_make(&a->udp, &queues[i]);
        bench_newq(&a->peers[i].client, attack_now_us(), &queues[i], a->name.token);
        bench_attach(&a->udp, &a->peers[i].client, attack_now_us(), &queues[i], PLK_QUEUE_OWNER, 0);
        bench_subscribe(&a->peers[i].client, attack_now_us(), 1);
    }
    attack_until(a, 0, 3);
    struct attack_peer *sender = attack_open(a, 5, 1, false);
    attack_until(a, ATTACK_READERS, 0);
    for (uint32_t i = 0; i < ATTACK_READERS; i++) {
        bench_attach(&a->udp, &sender->client, attack_now_us(), &queues[i], PLK_QUEUE_SENDER, i);
    }
    attack_until(a, ATTACK_READERS, ATTACK_READERS);
    attack_began(a);
    for (uint64_t start_us = attack_now_us(), sent = 0, turn = 0;;) {
        for (uint64_t count = attack_due(a, start_us, 200, &sent); count > 0 && attack_has_room(sender);
             count--, turn++) {
            struct plk_queue_record record = {.type = PLK_QUEUE_PUT, .handle = turn % ATTACK_READERS};
            plk_rng_bytes(&a->udp.rng, cell, 16);
            record.cell.bytes = plk_bytes(cell, sizeof cell);
            bench_say(&sender->client, attack_now_us(), record);
        }
        attack_look(a, sender);
        for (unsigned i = 0; reads && i < ATTACK_READERS; i++) attack_look(a, &a->peers[i]);
    }
}

// Connections that say a byte a second of a hello that never ends, and take the places of others when they are closed.
static inline void attack_slow(struct attack *a) {
    static int fds[ATTACK_SLOW];
    const uint8_t byte = 1;
    for (unsigned i = 0; i < ATTACK_SLOW; i++) fds[i] = attack_socket(a, 6, i % 256, true);
    attack_began(a);
    for (uint64_t start_us = attack_now_us(), sent = 0, turn = 0;;) {
        for (uint64_t count = attack_due(a, start_us, ATTACK_SLOW, &sent); count > 0; count--, turn++) {
            unsigned i = turn % ATTACK_SLOW;
            if (send(fds[i], &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) continue;
            close(fds[i]);
            fds[i] = attack_socket(a, 6, i % 256, true);
        }
    }
}

// So many subscriptions from one address; a channel makes 64 queues at once, so many channels come.
static inline void attack_subscribers(struct attack *a) {
    struct bench_queue queue;
    for (size_t made = 0; made < a->subscriptions; made += ATTACK_QUEUES) {
        struct attack_peer *peer = attack_open(a, 7, 7, false);
        attack_until(a, a->peer_count - 1, 0);
        for (uint32_t i = 0; i < ATTACK_QUEUES; i++) {
            bench_queue_make(&a->udp, &queue);
            bench_newq(&peer->client, attack_now_us(), &queue, a->name.token);
            bench_attach(&a->udp, &peer->client, attack_now_us(), &queue, PLK_QUEUE_OWNER, i);
            if (i % 16 == 15) attack_look(a, peer);
        }
        bench_subscribe(&peer->client, attack_now_us(), ATTACK_QUEUES);
        attack_until(a, a->peer_count - 1, 2 * ATTACK_QUEUES + 1);
        for (size_t i = 0; i + 1 < a->peer_count; i++) attack_look(a, &a->peers[i]);
    }
    uint64_t refused = 0;
    for (size_t i = 0; i < a->peer_count; i++) refused += a->peers[i].client.refused;
    if (write(a->ready, &refused, sizeof refused) != sizeof refused) exit(1);
    for (;;) {
        for (size_t i = 0; i < a->peer_count; i++) attack_look(a, &a->peers[i]);
        usleep(100000);
    }
}

#endif
