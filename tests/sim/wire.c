// SPDX-License-Identifier: MIT
#include "sim/wire.h"

#include <stdlib.h>

#include "sim/check.h"
#include "sim/world.h"
#include "wire/packet.h"

#define MARK_LEN 32 // an ephemeral, or connection id and counter

struct mark { // of one packet
    uint8_t at[MARK_LEN];
    uint64_t content; // hash of all of it; 0: free
};

struct held { // the end of a stream that is not yet a whole packet
    int host;
    uint32_t stream;
    bool broken;
    size_t len;
    uint8_t *at;
};

struct recent {
    size_t len;
    uint8_t at[PLK_DATAGRAM_MAX];
};

struct wire {
    struct world *world;
    struct recent recent[WIRE_RECENT]; // a ring
    uint64_t datagrams;
    struct mark *marks; // open addressing
    size_t count, cap;
    struct held *streams;
    size_t stream_count, stream_cap;
    uint64_t packets;
};

struct wire *wire_new(struct world *w) {
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire) abort();
    wire->world = w;
    return wire;
}

void wire_free(struct wire *wire) {
    if (!wire) return;
    for (size_t i = 0; i < wire->stream_count; i++) free(wire->streams[i].at);
    free(wire->streams);
    free(wire->marks);
    free(wire);
}

uint64_t wire_packets(const struct wire *wire) { return wire->packets; }

uint64_t wire_datagrams(const struct wire *wire) { return wire->datagrams; }

static struct mark *slot(struct wire *wire, const uint8_t at[MARK_LEN]) {
    size_t i = (size_t)check_hash(plk_bytes(at, MARK_LEN)) & (wire->cap - 1);
    while (wire->marks[i].content && memcmp(wire->marks[i].at, at, MARK_LEN) != 0) i = (i + 1) & (wire->cap - 1);
    return &wire->marks[i];
}

static void grow(struct wire *wire) {
    if (2 * wire->count < wire->cap) return;
    struct mark *old = wire->marks;
    size_t had = wire->cap;
    wire->cap = had ? 2 * had : 1024;
    wire->marks = calloc(wire->cap, sizeof *wire->marks);
    if (!wire->marks) abort();
    for (size_t i = 0; i < had; i++) {
        if (old[i].content) *slot(wire, old[i].at) = old[i];
    }
    free(old);
}

static void look(struct wire *wire, int host, struct plk_bytes data) {
    struct plk_packet packet;
    uint8_t at[MARK_LEN] = {0};
    wire->packets++;
    if (plk_packet_decode(&packet, data)) return;
    bool handshake = packet.kind == PLK_PACKET_MESSAGE1 || packet.kind == PLK_PACKET_MESSAGE2;
    if (!handshake && packet.kind != PLK_PACKET_DATA) return;
    if (handshake) {
        memcpy(at, packet.ephemeral.at, MARK_LEN);
    } else {
        memcpy(at, packet.cid.at, PLK_PACKET_CID_LEN);
        memcpy(at + PLK_PACKET_CID_LEN, packet.counter.at, packet.counter.len);
    }
    grow(wire);
    struct mark *mark = slot(wire, at);
    uint64_t content = check_hash(data) | 1;
    if (mark->content && mark->content != content) {
        world_fail(wire->world, "%s: two different packets with one %s", wire->world->actors[host]->name,
                   handshake ? "ephemeral" : "connection id and counter");
    }
    if (!mark->content) wire->count++;
    memcpy(mark->at, at, MARK_LEN);
    mark->content = content;
}

static void look_for_canary(struct wire *wire, int host, struct plk_bytes data) {
    const struct world *w = wire->world;
    if (data.len && memmem(data.at, data.len, w->canary, WORLD_CANARY_LEN)) {
        world_fail(wire->world, "%s put a text in the clear on the wire", w->actors[host]->name);
    }
}

void wire_datagram(void *ctx, int host, struct plk_bytes data) {
    struct wire *wire = ctx;
    if (wire->world->actors[host]->stranger) return;
    struct recent *recent = &wire->recent[wire->datagrams++ % WIRE_RECENT];
    recent->len = data.len < sizeof recent->at ? data.len : sizeof recent->at;
    memcpy(recent->at, data.at, recent->len);
    look_for_canary(wire, host, data);
    look(wire, host, data);
}

bool wire_recent(const struct wire *wire, size_t back, struct plk_bytes *data) {
    if (back >= WIRE_RECENT || back >= wire->datagrams) return false;
    const struct recent *recent = &wire->recent[(wire->datagrams - 1 - back) % WIRE_RECENT];
    *data = plk_bytes(recent->at, recent->len);
    return true;
}

static struct held *held_of(struct wire *wire, int host, uint32_t stream) {
    for (size_t i = 0; i < wire->stream_count; i++) {
        if (wire->streams[i].host == host && wire->streams[i].stream == stream) return &wire->streams[i];
    }
    if (wire->stream_count == wire->stream_cap) {
        wire->stream_cap = wire->stream_cap ? 2 * wire->stream_cap : 16;
        wire->streams = realloc(wire->streams, wire->stream_cap * sizeof *wire->streams);
        if (!wire->streams) abort();
    }
    wire->streams[wire->stream_count] = (struct held){.host = host, .stream = stream};
    return &wire->streams[wire->stream_count++];
}

// Cut into packets again; what was held is searched for the canary together with what follows.
void wire_stream(void *ctx, int host, uint32_t stream, struct plk_bytes data) {
    struct wire *wire = ctx;
    if (wire->world->actors[host]->stranger) return;
    struct held *held = held_of(wire, host, stream);
    if (data.len == 0) {
        held->len = 0;
        held->broken = false;
        return;
    }
    if (held->broken) {
        look_for_canary(wire, host, data);
        return;
    }
    held->at = realloc(held->at, held->len + data.len);
    if (!held->at) abort();
    memcpy(held->at + held->len, data.at, data.len);
    held->len += data.len;
    look_for_canary(wire, host, plk_bytes(held->at, held->len));
    struct plk_bytes packet;
    size_t at = 0;
    for (size_t n; (n = plk_packet_unframe(plk_bytes(held->at + at, held->len - at), &packet, &held->broken)) > 0;
         at += n) {
        look(wire, host, packet);
    }
    held->len -= at;
    memmove(held->at, held->at + at, held->len);
}
