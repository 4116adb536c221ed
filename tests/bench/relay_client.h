// SPDX-License-Identifier: MIT
// A client of a relay for benchmarks: it says hello, attaches, and counts what it is told. Where its packets go is its owner's.
#ifndef PLK_TESTS_BENCH_RELAY_CLIENT_H
#define PLK_TESTS_BENCH_RELAY_CLIENT_H

#include "channel/relay_channel.h"
#include "queue/key.h"
#include "session/hello.h"
#include "wire/effect.h"
#include "support/memory.h"

struct bench_wire {
    struct plk_mem mem;
    struct plk_rng rng;
    uint8_t relay[32]; // its static
    struct plk_addr at;
    bool tcp;
    void (*send)(void *ctx, size_t client, const uint8_t *bytes, size_t len);
    void *ctx;
};

struct bench_client {
    size_t index;
    struct plk_hello hello;
    struct plk_relay_channel *channel; // NULL: not yet
    uint8_t hash[PLK_HASH_LEN];
    uint32_t next_tag;
    uint64_t done, refused, items, passed, put_us, last_us; // what it was told
    uint64_t last_item, items_before;
};

static inline void bench_wire_init(struct bench_wire *wire, uint8_t seed_byte) {
    uint8_t seed[32] = {seed_byte, 0x42};
    *wire = (struct bench_wire){.mem = {.take = memory_take, .give = memory_give}};
    plk_rng_seed(&wire->rng, seed);
}

static inline void bench_hello(struct bench_wire *wire, struct bench_client *c, size_t index) {
    uint8_t cid[PLK_PACKET_CID_LEN];
    *c = (struct bench_client){.index = index, .next_tag = 1};
    plk_rng_bytes(&wire->rng, cid, sizeof cid);
    plk_assert(plk_hello_start(&c->hello, wire->relay, cid, &wire->rng) == PLK_ERR_OK);
    wire->send(wire->ctx, index, c->hello.message, sizeof c->hello.message);
}

static inline void bench_end(struct bench_client *c) {
    plk_relay_channel_free(c->channel);
    c->channel = NULL;
}

// All that the channel has to say now.
static inline void bench_poll(struct bench_wire *wire, struct bench_client *c, uint64_t now_us) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    if (c->channel == NULL) return;
    plk_relay_channel_tick(c->channel, now_us);
    while (plk_relay_channel_poll(c->channel, now_us, out, sizeof out, &len, &to)) {
        wire->send(wire->ctx, c->index, out, len);
    }
}

static inline void bench_read(struct bench_client *c, uint64_t now_us) {
    struct plk_queue_record record;
    struct plk_bytes body;
    bool broken = false;
    size_t took;
    while ((took = plk_queue_cut(plk_relay_channel_readable(c->channel), &body, &broken)) > 0) {
        plk_assert(plk_queue_decode(body, &record) == PLK_ERR_OK);
        c->done += record.type == PLK_QUEUE_DONE;
        c->refused += record.type == PLK_QUEUE_DONE && record.code != PLK_QUEUE_CODE_OK;
        c->items += record.type == PLK_QUEUE_ITEM;
        if (record.type == PLK_QUEUE_ITEM) c->last_item = record.cell.number;
        c->last_us = now_us;
        plk_relay_channel_consume(c->channel, now_us, took);
    }
    plk_assert(!broken);
}

static inline void bench_greeted(struct bench_wire *wire, struct bench_client *c, uint64_t now_us,
                                 const struct plk_packet *packet) {
    struct plk_hello_heard heard;
    if (plk_hello_finish(&c->hello, packet, now_us, &heard) != PLK_ERR_OK) return;
    struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_CLIENT,
                                            .transport = wire->tcp ? PLK_TCP : PLK_UDP,
                                            .session = &heard.session,
                                            .addr = wire->at};
    memcpy(start.peer_cid, heard.greeting.cid, sizeof start.peer_cid);
    memcpy(c->hash, heard.hash, sizeof c->hash);
    c->channel = plk_relay_channel_new(&wire->mem, &start, now_us);
}

// A packet came for this client; what it has to say then is said by bench_poll.
static inline void bench_receive(struct bench_wire *wire, struct bench_client *c, uint64_t now_us, uint8_t *bytes,
                                 size_t len) {
    uint8_t text[PLK_DATAGRAM_MAX], cookie[16];
    struct plk_relay_channel_passed passed;
    struct plk_packet packet;
    if (plk_packet_decode(&packet, plk_bytes(bytes, len)) != PLK_ERR_OK) return;
    if (packet.kind == PLK_PACKET_COOKIE && plk_hello_cookie(&c->hello, &packet, cookie) == PLK_ERR_OK) {
        wire->send(wire->ctx, c->index, c->hello.message, sizeof c->hello.message);
    } else if (packet.kind == PLK_PACKET_MESSAGE2 && c->channel == NULL) {
        bench_greeted(wire, c, now_us, &packet);
    } else if (packet.kind == PLK_PACKET_DATA && c->channel != NULL) {
        plk_relay_channel_receive(c->channel, now_us, wire->tcp ? NULL : &wire->at, &packet, PLK_RELAY_CHANNEL_PLENTY,
                                  &wire->rng, text, &passed);
        struct plk_relay_channel_frame frame;
        while (plk_relay_channel_passed_next(&passed, &frame)) c->passed += frame.type == PLK_FRAME_PASS;
        bench_read(c, now_us);
    }
}

static inline void bench_say(struct bench_client *c, uint64_t now_us, struct plk_queue_record record) {
    static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];
    struct plk_writer w = plk_writer(room, sizeof room);
    record.tag = c->next_tag++;
    plk_queue_encode(&w, &record);
    plk_assert(!w.failed && plk_relay_channel_write(c->channel, now_us, plk_writer_bytes(&w)) == w.len);
}

// ---- queues -------------------------------------------------------------------------------------------------------------

struct bench_queue {
    uint8_t owner[32], sender[32], owner_public[32], sender_public[32]; // of the first two only halves of the proof
    uint8_t rid[PLK_QUEUE_ID_LEN], sid[PLK_QUEUE_ID_LEN];
};

static inline void bench_queue_make(struct bench_wire *wire, struct bench_queue *q) {
    plk_rng_bytes(&wire->rng, q->owner, sizeof q->owner);
    plk_rng_bytes(&wire->rng, q->sender, sizeof q->sender);
    plk_dh_public(q->owner_public, q->owner);
    plk_dh_public(q->sender_public, q->sender);
    plk_queue_key_rid(q->rid, q->owner_public);
    plk_queue_key_sid(q->sid, q->rid);
}

static inline void bench_newq(struct bench_client *c, uint64_t now_us, const struct bench_queue *q,
                              const uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    struct plk_queue_record record = {.type = PLK_QUEUE_NEWQ};
    memcpy(record.newq.owner, q->owner_public, sizeof record.newq.owner);
    memcpy(record.newq.sender, q->sender_public, sizeof record.newq.sender);
    record.newq.admission = PLK_QUEUE_ADMIT_TOKEN;
    memcpy(record.newq.token, token, sizeof record.newq.token);
    bench_say(c, now_us, record);
}

static inline void bench_attach(const struct bench_wire *wire, struct bench_client *c, uint64_t now_us,
                                const struct bench_queue *q, enum plk_queue_role role, uint32_t handle) {
    struct plk_queue_record record = {.type = PLK_QUEUE_ATTACH, .handle = handle};
    record.attach.role = role;
    memcpy(record.attach.id, role == PLK_QUEUE_OWNER ? q->rid : q->sid, sizeof record.attach.id);
    plk_assert(plk_queue_key_proof(record.attach.proof, role == PLK_QUEUE_OWNER ? q->owner : q->sender, wire->relay,
                                   role, record.attach.id, c->hash, handle) == PLK_ERR_OK);
    bench_say(c, now_us, record);
}

// Handles 0 to count - 1.
static inline void bench_subscribe(struct bench_client *c, uint64_t now_us, uint32_t count) {
    uint8_t list[4 * 64];
    struct plk_writer w = plk_writer(list, sizeof list);
    for (uint32_t i = 0; i < count; i++) plk_writer_u32(&w, i);
    bench_say(c, now_us, (struct plk_queue_record){.type = PLK_QUEUE_SUB, .list = plk_writer_bytes(&w)});
}

#endif
