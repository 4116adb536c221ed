// SPDX-License-Identifier: MIT
// Two ends, each a flight with its streams, joined by toy links in virtual time: the flow of
// docs/protocol/link.md without encryption. Each path is one link each way with delay, jitter, loss,
// duplication, rate and a queue. The same seed, the same run.
#ifndef PLK_TESTS_PAIR_H
#define PLK_TESTS_PAIR_H

#include <stdlib.h>
#include "flight/flight.h"
#include "stream/streams.h"
#include "support/memory.h"

#define PAIR_MTU 1152
#define PAIR_OVERHEAD 33
#define PAIR_PATHS 2
#define PAIR_AIR 8192  // packets under way
#define PAIR_PN 200000 // numbers of one end

struct pair_link {
    uint64_t delay_us, jitter_us;
    unsigned loss, twice; // per thousand
    uint64_t rate;        // bytes a second, 0: no limit
    uint64_t queue;       // bytes that wait before it drops, 0: no limit
    bool cut;             // nothing arrives
    uint64_t free_us;     // when the last byte has left
    uint64_t carried, dropped;
};

struct pair_packet {
    uint64_t at_us, pn, order;
    unsigned to, path;
    size_t len;
    uint8_t bytes[PAIR_MTU];
};

struct pair_end {
    struct plk_flight *flight;
    struct plk_streams *streams;
    uint64_t next_pn, until_us;
    uint32_t path; // data goes over this one
    unsigned probes[PAIR_PATHS];
    unsigned silent[PAIR_PATHS]; // time-outs in a row, as reported
    unsigned malformed;
    uint64_t lost, acked, retried; // items
    uint8_t *seen;                 // numbers that arrived
};

struct pair {
    struct plk_mem mem;
    uint64_t now_us, random, order;
    struct pair_end end[2];
    struct pair_link *link[2][PAIR_PATHS]; // [who sends]; own ones, or shared with another pair
    struct pair_link own[2][PAIR_PATHS];
    struct pair_packet *air[PAIR_AIR]; // a heap by arrival
    unsigned under_way;
};

static inline uint64_t pair_random(struct pair *p, uint64_t below) { // splitmix64
    uint64_t z = (p->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static inline struct pair *pair_new(uint64_t seed) {
    struct pair *p = calloc(1, sizeof *p);
    plk_assert(p != NULL);
    p->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    p->now_us = PLK_SECOND;
    p->random = seed;
    for (unsigned who = 0; who < 2; who++) {
        struct pair_end *end = &p->end[who];
        end->flight = plk_flight_new(&p->mem);
        end->streams = plk_streams_new(&p->mem);
        end->until_us = PLK_NEVER;
        end->path = 1;
        end->seen = calloc(1, PAIR_PN);
        plk_assert(end->seen != NULL);
        for (unsigned i = 0; i < PAIR_PATHS; i++) {
            struct plk_flight_path path = {.id = i + 1, .carrier = PLK_FLIGHT_LOSSY, .mtu = PAIR_MTU};
            plk_assert(plk_flight_path_add(end->flight, &path) == PLK_ERR_OK);
            p->link[who][i] = &p->own[who][i];
            p->link[who][i]->delay_us = 10 * PLK_MS;
        }
    }
    return p;
}

static inline void pair_free(struct pair *p) {
    for (unsigned who = 0; who < 2; who++) {
        plk_flight_free(p->end[who].flight);
        plk_streams_free(p->end[who].streams);
        free(p->end[who].seen);
    }
    while (p->under_way > 0) free(p->air[--p->under_way]);
    plk_assert(p->mem.used == 0);
    free(p);
}

static inline bool pair_before(const struct pair_packet *a, const struct pair_packet *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static inline void pair_push(struct pair *p, struct pair_packet *packet) {
    plk_assert(p->under_way < PAIR_AIR);
    unsigned i = p->under_way++;
    while (i > 0 && pair_before(packet, p->air[(i - 1) / 2])) {
        p->air[i] = p->air[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    p->air[i] = packet;
}

static inline struct pair_packet *pair_pop(struct pair *p) {
    struct pair_packet *top = p->air[0], *last = p->air[--p->under_way];
    unsigned i = 0;
    for (unsigned child; (child = 2 * i + 1) < p->under_way; i = child) {
        if (child + 1 < p->under_way && pair_before(p->air[child + 1], p->air[child])) child++;
        if (!pair_before(p->air[child], last)) break;
        p->air[i] = p->air[child];
    }
    p->air[i] = last;
    return top;
}

static inline void pair_put_on_air(struct pair *p, unsigned to, unsigned path, uint64_t at_us, uint64_t pn,
                                   const uint8_t *bytes, size_t len) {
    struct pair_packet *packet = malloc(sizeof *packet);
    plk_assert(packet != NULL && len <= sizeof packet->bytes);
    packet->at_us = at_us;
    packet->order = p->order++;
    packet->pn = pn;
    packet->to = to;
    packet->path = path;
    packet->len = len;
    memcpy(packet->bytes, bytes, len);
    pair_push(p, packet);
}

static inline void pair_carry(struct pair *p, unsigned who, uint32_t path, uint64_t pn, const uint8_t *bytes,
                              size_t len) {
    struct pair_link *link = p->link[who][path - 1];
    uint64_t start_us = link->free_us > p->now_us ? link->free_us : p->now_us;
    uint64_t waiting = link->rate == 0 ? 0 : (start_us - p->now_us) * link->rate / PLK_SECOND;
    if (link->cut || pair_random(p, 1000) < link->loss || (link->queue != 0 && waiting + len > link->queue)) {
        link->dropped++;
        return;
    }
    if (link->rate != 0) link->free_us = start_us + (len + PAIR_OVERHEAD) * PLK_SECOND / link->rate;
    uint64_t at_us = (link->rate != 0 ? link->free_us : p->now_us) + link->delay_us;
    unsigned copies = pair_random(p, 1000) < link->twice ? 2 : 1;
    while (copies-- > 0) {
        uint64_t jitter_us = link->jitter_us == 0 ? 0 : pair_random(p, link->jitter_us);
        pair_put_on_air(p, 1 - who, path, at_us + jitter_us, pn, bytes, len);
    }
    link->carried++;
}

static inline void pair_events(struct pair_end *end) {
    struct plk_flight_event event;
    while (plk_flight_next(end->flight, &event)) {
        switch (event.kind) {
        case PLK_FLIGHT_ACKED:
            end->acked++;
            plk_streams_acked(end->streams, &event.item);
            break;
        case PLK_FLIGHT_LOST:
            end->lost++;
            plk_streams_lost(end->streams, &event.item);
            break;
        case PLK_FLIGHT_RETRY:
            end->retried++;
            plk_streams_lost(end->streams, &event.item);
            break;
        case PLK_FLIGHT_PROBE:
            end->probes[event.path - 1] = 1;
            break;
        case PLK_FLIGHT_SILENT:
            end->silent[event.path - 1] = event.count;
            break;
        }
    }
}

// One packet with whatever there is to say.
static inline void pair_send_one(struct pair *p, unsigned who, uint32_t path, bool data) {
    struct pair_end *end = &p->end[who];
    uint8_t bytes[PAIR_MTU - PAIR_OVERHEAD];
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    struct plk_frame_ack ack;
    struct plk_frame frame;
    struct plk_frame_item items[PLK_FLIGHT_ITEMS];
    struct plk_flight_packet packet = {.path = path, .pn = end->next_pn++, .items = items};
    if (plk_flight_ack_build(end->flight, p->now_us, &ack)) plk_assert(plk_frame_put_ack(&w, &ack));
    while (data && packet.count < PLK_FLIGHT_ITEMS &&
           plk_streams_next(end->streams, w.cap - w.len, &frame, &items[packet.count])) {
        plk_assert(plk_frame_put(&w, &frame));
        packet.count++;
        packet.eliciting = true;
    }
    if (end->probes[path - 1] > 0 && !packet.eliciting) packet.eliciting = plk_frame_put_ping(&w);
    if (packet.eliciting) end->probes[path - 1] = 0;
    packet.size = w.len + PAIR_OVERHEAD;
    plk_flight_sent(end->flight, p->now_us, &packet);
    pair_carry(p, who, path, packet.pn, bytes, w.len);
}

static inline void pair_send(struct pair *p, unsigned who) {
    struct pair_end *end = &p->end[who];
    pair_events(end);
    end->until_us = PLK_NEVER;
    for (;;) {
        bool ack_due = plk_flight_ack_due(end->flight, p->now_us);
        bool data = plk_streams_wants(end->streams) &&
                    plk_flight_room(end->flight, end->path, p->now_us, PAIR_MTU, &end->until_us) == PLK_FLIGHT_YES;
        uint32_t path = end->path;
        bool probe = end->probes[path - 1] > 0;
        for (uint32_t i = 0; i < PAIR_PATHS && !probe && !data && !ack_due; i++) {
            probe = end->probes[i] > 0;
            if (probe) path = i + 1;
        }
        if (!ack_due && !data && !probe) break;
        pair_send_one(p, who, path, data);
    }
}

static inline void pair_arrive(struct pair *p, const struct pair_packet *packet) {
    struct pair_end *end = &p->end[packet->to];
    struct plk_reader r = plk_reader(plk_bytes(packet->bytes, packet->len));
    struct plk_frame frame;
    bool eliciting, keep = true;
    plk_assert(packet->pn < PAIR_PN);
    if (end->seen[packet->pn]) return; // the session's replay window
    end->seen[packet->pn] = 1;
    if (plk_frame_scan(plk_bytes(packet->bytes, packet->len), &eliciting) != PLK_ERR_OK) {
        end->malformed++;
        return;
    }
    while (r.left > 0) {
        plk_assert(plk_frame_next(&r, &frame) == PLK_ERR_OK);
        enum plk_err err = PLK_ERR_OK;
        if (plk_streams_takes(frame.type)) err = plk_streams_receive(end->streams, &frame);
        if (frame.type == PLK_FRAME_ACK) err = plk_flight_on_ack(end->flight, p->now_us, &frame.ack);
        if (err == PLK_ERR_MALFORMED) end->malformed++;
        if (err != PLK_ERR_OK) keep = false;
    }
    if (keep) plk_flight_received(end->flight, p->now_us, packet->pn, eliciting);
}

static inline uint64_t pair_deadline(const struct pair *p) {
    uint64_t at_us = p->under_way > 0 ? p->air[0]->at_us : PLK_NEVER;
    for (unsigned who = 0; who < 2; who++) {
        at_us = plk_earlier(at_us, plk_flight_deadline(p->end[who].flight));
        at_us = plk_earlier(at_us, p->end[who].until_us);
    }
    return at_us;
}

// Sends what can be sent, then moves to the next thing that happens. false: nothing happens before until_us.
static inline bool pair_step(struct pair *p, uint64_t until_us) {
    pair_send(p, 0);
    pair_send(p, 1);
    uint64_t at_us = pair_deadline(p);
    if (at_us > until_us) {
        if (until_us > p->now_us && until_us != PLK_NEVER) p->now_us = until_us;
        return false;
    }
    if (at_us > p->now_us) p->now_us = at_us;
    while (p->under_way > 0 && p->air[0]->at_us <= p->now_us) {
        struct pair_packet *packet = pair_pop(p);
        pair_arrive(p, packet);
        free(packet);
    }
    for (unsigned who = 0; who < 2; who++) {
        plk_flight_tick(p->end[who].flight, p->now_us);
        pair_events(&p->end[who]); // what was acknowledged makes room for what is written next
    }
    return true;
}

static inline void pair_run(struct pair *p, uint64_t for_us) {
    uint64_t until_us = p->now_us + for_us;
    while (pair_step(p, until_us)) {}
}

// The byte at an offset of the stream under test.
static inline uint8_t pair_byte(uint64_t offset) { return (uint8_t)((offset * UINT64_C(0x9e3779b97f4a7c15)) >> 56); }

static inline void pair_write(struct pair *p, unsigned who, uint32_t id, uint64_t total) {
    struct plk_streams *s = p->end[who].streams;
    uint8_t chunk[4096];
    for (;;) {
        uint64_t at = plk_streams_written_to(s, id);
        size_t len = total - at < sizeof chunk ? (size_t)(total - at) : sizeof chunk;
        for (size_t i = 0; i < len; i++) chunk[i] = pair_byte(at + i);
        if (len == 0 || plk_streams_write(s, id, plk_bytes(chunk, len)) == 0) return;
    }
}

// Takes what is readable; false: a byte is wrong. *at is the offset up to which it was read.
static inline bool pair_read(struct pair *p, unsigned who, uint32_t id, uint64_t *at) {
    struct plk_bytes bytes = plk_streams_readable(p->end[who].streams, id);
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i] != pair_byte(*at + i)) return false;
    }
    *at += bytes.len;
    plk_streams_consume(p->end[who].streams, id, bytes.len);
    return true;
}

// Sends total bytes from end 0 to end 1 on stream id; returns how long it took, PLK_NEVER when it did not end
// before limit_us or a byte was wrong.
static inline uint64_t pair_transfer(struct pair *p, uint32_t id, uint64_t total, uint64_t limit_us) {
    uint64_t start_us = p->now_us, at = 0;
    while (at < total) {
        pair_write(p, 0, id, total);
        if (!pair_step(p, start_us + limit_us)) return PLK_NEVER;
        if (!pair_read(p, 1, id, &at)) return PLK_NEVER;
    }
    return p->now_us - start_us;
}

#endif
