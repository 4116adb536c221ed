// SPDX-License-Identifier: MIT
// A client's channel and its relay's, joined by toy links in virtual time: docs/protocol/relay.md, section 4, from the
// handshake on. A link delays, jitters, loses and doubles; packets carry the address from which they came and to which they
// go, and what goes to an address that the client has left is lost. The same seed, the same run.
#ifndef PLK_TESTS_SUPPORT_CHANNEL_PAIR_H
#define PLK_TESTS_SUPPORT_CHANNEL_PAIR_H

#include <stdlib.h>

#include "channel/relay_channel.h"
#include "support/hello_pair.h"
#include "support/memory.h"

#define CHANNEL_AIR 16384

enum { CLIENT = 0, RELAY = 1 };

struct channel_packet {
    uint64_t at_us, order;
    unsigned to;
    struct plk_addr from, target;
    size_t len;
    uint8_t bytes[PLK_RELAY_CHANNEL_PACKET_MAX];
};

struct channel_end {
    struct plk_relay_channel *ch;
    enum plk_relay_channel_memory memory;
    uint64_t want, got; // bytes of the stream: written by this side, read by it
    uint64_t passed, pass_bytes;
    uint32_t last_handle;
    enum plk_frame_type last_type;
    uint64_t sent, sent_bytes, arrived, refused[PLK_ERR_COUNT];
    unsigned loss, twice; // of what it sends, per thousand
    uint64_t delay_us, jitter_us;
    bool cut;
    size_t cap; // what a reliable carrier takes
    size_t largest;
};

struct channel_pair {
    struct plk_mem mem;
    struct plk_hello_pair hello;
    enum plk_transport transport;
    uint64_t now_us, random, order;
    struct channel_end end[2];
    struct plk_addr client, relay;           // where they are now
    struct channel_packet *air[CHANNEL_AIR]; // a heap by arrival
    unsigned under_way;
    uint64_t strays; // packets to where nobody is
};

static inline uint64_t channel_random(struct channel_pair *p, uint64_t below) { // splitmix64
    uint64_t z = (p->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static inline struct channel_pair *channel_pair_new(uint64_t seed, enum plk_transport transport) {
    struct channel_pair *p = calloc(1, sizeof *p);
    plk_assert(p != NULL);
    p->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    p->transport = transport;
    p->now_us = 1000 * PLK_SECOND;
    p->random = seed;
    plk_hello_pair_init(&p->hello, (uint8_t)seed);
    plk_assert(plk_hello_pair_connect(&p->hello, p->now_us) == PLK_ERR_OK);
    p->client = p->hello.client;
    p->relay = (struct plk_addr){.family = 4, .ip = {198, 51, 100, 1}, .port = 7447};
    struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_CLIENT, .transport = transport, .addr = p->relay};
    start.session = &p->hello.heard.session;
    memcpy(start.peer_cid, p->hello.greeting.cid, sizeof start.peer_cid);
    p->end[CLIENT].ch = plk_relay_channel_new(&p->mem, &start, p->now_us);
    start.role = PLK_RELAY_CHANNEL_RELAY;
    start.addr = p->client;
    start.session = &p->hello.answered.session;
    memcpy(start.peer_cid, p->hello.answered.peer_cid, sizeof start.peer_cid);
    p->end[RELAY].ch = plk_relay_channel_new(&p->mem, &start, p->now_us);
    for (unsigned who = 0; who < 2; who++) {
        p->end[who].delay_us = 20 * PLK_MS;
        p->end[who].cap = PLK_PACKET_MAX;
    }
    return p;
}

static inline void channel_pair_free(struct channel_pair *p) {
    for (unsigned who = 0; who < 2; who++) plk_relay_channel_free(p->end[who].ch);
    while (p->under_way > 0) free(p->air[--p->under_way]);
    plk_assert(p->mem.used == 0);
    free(p);
}

static inline bool channel_before(const struct channel_packet *a, const struct channel_packet *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static inline void channel_push(struct channel_pair *p, const struct channel_packet *packet) {
    struct channel_packet *copy = malloc(sizeof *copy);
    plk_assert(copy != NULL && p->under_way < CHANNEL_AIR);
    *copy = *packet;
    copy->order = p->order++;
    unsigned i = p->under_way++;
    for (; i > 0 && channel_before(copy, p->air[(i - 1) / 2]); i = (i - 1) / 2) p->air[i] = p->air[(i - 1) / 2];
    p->air[i] = copy;
}

static inline struct channel_packet *channel_pop(struct channel_pair *p) {
    struct channel_packet *top = p->air[0], *last = p->air[--p->under_way];
    unsigned i = 0;
    for (unsigned child; (child = 2 * i + 1) < p->under_way; i = child) {
        if (child + 1 < p->under_way && channel_before(p->air[child + 1], p->air[child])) child++;
        if (!channel_before(p->air[child], last)) break;
        p->air[i] = p->air[child];
    }
    p->air[i] = last;
    return top;
}

static inline void channel_carry(struct channel_pair *p, unsigned who, const uint8_t *bytes, size_t len,
                                 const struct plk_addr *to) {
    struct channel_end *end = &p->end[who];
    struct channel_packet packet = {
        .to = 1 - who, .from = who == CLIENT ? p->client : p->relay, .target = *to, .len = len};
    plk_assert(len <= sizeof packet.bytes);
    memcpy(packet.bytes, bytes, len);
    end->sent++;
    end->sent_bytes += len;
    if (len > end->largest) end->largest = len;
    if (end->cut || channel_random(p, 1000) < end->loss) return;
    unsigned copies = channel_random(p, 1000) < end->twice ? 2 : 1;
    while (copies-- > 0) {
        packet.at_us = p->now_us + end->delay_us + (end->jitter_us == 0 ? 0 : channel_random(p, end->jitter_us));
        channel_push(p, &packet);
    }
}

// A PASS, NOBODY or FWD; false: the channel is not open.
static inline bool channel_pass(struct channel_pair *p, unsigned who, enum plk_frame_type type, uint32_t handle,
                                struct plk_bytes bytes) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    size_t len;
    struct plk_relay_channel_frame frame = {.type = type, .handle = handle, .bytes = bytes};
    if (plk_relay_channel_pass(p->end[who].ch, &frame, out, &len) != PLK_ERR_OK) return false;
    channel_carry(p, who, out, len, plk_relay_channel_addr(p->end[who].ch));
    return true;
}

// The byte at an offset of the stream.
static inline uint8_t channel_byte(uint64_t offset) { return (uint8_t)((offset * UINT64_C(0x9e3779b97f4a7c15)) >> 56); }

// written counts what the stream has taken of want.
static inline void channel_write(struct channel_pair *p, unsigned who, uint64_t *written) {
    struct channel_end *end = &p->end[who];
    uint8_t chunk[4096];
    while (*written < end->want) {
        size_t len = end->want - *written < sizeof chunk ? (size_t)(end->want - *written) : sizeof chunk;
        for (size_t i = 0; i < len; i++) chunk[i] = channel_byte(*written + i);
        size_t taken = plk_relay_channel_write(end->ch, p->now_us, plk_bytes(chunk, len));
        *written += taken;
        if (taken < len) return;
    }
}

static inline void channel_read(struct channel_pair *p, unsigned who) {
    struct channel_end *end = &p->end[who];
    struct plk_bytes bytes = plk_relay_channel_readable(end->ch);
    for (size_t i = 0; i < bytes.len; i++) plk_assert(bytes.at[i] == channel_byte(end->got + i));
    end->got += bytes.len;
    plk_relay_channel_consume(end->ch, p->now_us, bytes.len);
}

static inline void channel_arrive(struct channel_pair *p, struct channel_packet *packet) {
    struct channel_end *end = &p->end[packet->to];
    struct plk_relay_channel_passed passed;
    struct plk_relay_channel_frame frame;
    struct plk_packet decoded;
    bool udp = p->transport == PLK_UDP;
    const struct plk_addr *there = packet->to == CLIENT ? &p->client : &p->relay;
    if (udp && !plk_addr_equal(there, &packet->target)) {
        p->strays++;
        return;
    }
    plk_assert(plk_packet_decode(&decoded, plk_bytes(packet->bytes, packet->len)) == PLK_ERR_OK);
    enum plk_err err = plk_relay_channel_receive(end->ch, p->now_us, udp ? &packet->from : NULL, &decoded, end->memory,
                                                 &p->hello.rng, packet->bytes + PLK_PACKET_HEADER_LEN, &passed);
    end->arrived++;
    if (err != PLK_ERR_OK) end->refused[err]++;
    while (plk_relay_channel_passed_next(&passed, &frame)) {
        end->passed++;
        end->pass_bytes += frame.bytes.len;
        end->last_type = frame.type;
        end->last_handle = frame.handle;
    }
}

static inline void channel_send(struct channel_pair *p, unsigned who) {
    struct channel_end *end = &p->end[who];
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    for (unsigned i = 0; plk_relay_channel_poll(end->ch, p->now_us, out, end->cap, &len, &to); i++) {
        plk_assert(i < 5000);
        channel_carry(p, who, out, len, &to);
    }
}

static inline uint64_t channel_deadline(const struct channel_pair *p) {
    uint64_t at_us = p->under_way > 0 ? p->air[0]->at_us : PLK_NEVER;
    for (unsigned who = 0; who < 2; who++) at_us = plk_earlier(at_us, plk_relay_channel_deadline(p->end[who].ch));
    return at_us;
}

// Sends what can be sent, then moves to the next thing that happens. false: nothing happens before until_us.
static inline bool channel_step(struct channel_pair *p, uint64_t until_us) {
    channel_send(p, CLIENT);
    channel_send(p, RELAY);
    uint64_t at_us = channel_deadline(p);
    if (at_us > until_us) {
        if (until_us > p->now_us) p->now_us = until_us;
        return false;
    }
    if (at_us > p->now_us) p->now_us = at_us;
    while (p->under_way > 0 && p->air[0]->at_us <= p->now_us) {
        struct channel_packet *packet = channel_pop(p);
        channel_arrive(p, packet);
        free(packet);
    }
    for (unsigned who = 0; who < 2; who++) plk_relay_channel_tick(p->end[who].ch, p->now_us);
    return true;
}

// Runs for a while; both sides read what arrives.
static inline void channel_run(struct channel_pair *p, uint64_t for_us) {
    uint64_t until_us = p->now_us + for_us;
    for (unsigned i = 0; channel_step(p, until_us); i++) {
        plk_assert(i < 2000000); // time stands still
        channel_read(p, CLIENT);
        channel_read(p, RELAY);
    }
}

// Sends up to want bytes each way and waits until they are there. false: not in this time.
static inline bool channel_transfer(struct channel_pair *p, uint64_t limit_us, uint64_t written[2]) {
    uint64_t until_us = p->now_us + limit_us;
    while (p->end[RELAY].got < p->end[CLIENT].want || p->end[CLIENT].got < p->end[RELAY].want) {
        channel_write(p, CLIENT, &written[CLIENT]);
        channel_write(p, RELAY, &written[RELAY]);
        if (!channel_step(p, until_us)) return false;
        channel_read(p, CLIENT);
        channel_read(p, RELAY);
    }
    return true;
}

static inline struct plk_relay_channel_status channel_status(const struct channel_pair *p, unsigned who) {
    return plk_relay_channel_status(p->end[who].ch);
}

#endif
