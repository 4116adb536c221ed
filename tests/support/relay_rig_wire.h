// SPDX-License-Identifier: MIT
// One relay, many clients, no network: packets arrive at once and in order unless the test says otherwise, the store is a toy,
// and time moves when the test moves it. A client is a channel and a list of what it was told.
#ifndef PLK_TESTS_SUPPORT_RELAY_RIG_WIRE_H
#define PLK_TESTS_SUPPORT_RELAY_RIG_WIRE_H

#include "crypto/rng.h"
#include "queue/key.h"
#include "relay/relay.h"
#include "session/hello.h"
#include "wire/descriptor.h"
#include "support/toy_disk.h"

#include "channel/relay_channel.h"
#include "support/memory.h"

#ifndef RIG_CLIENTS // a fuzz target has many rigs and wants small ones
#define RIG_CLIENTS 48
#define RIG_TOLD 512
#define RIG_PACKETS 4096
#define RIG_LOADS 8192
#endif

struct rig_packet {
    int to;     // index of a client; -1: the relay
    int client; // whose it is
    size_t len;
    uint8_t bytes[PLK_DATAGRAM_MAX + 2];
};

struct rig_client {
    bool used, tcp, open, replied;
    struct plk_addr addr;
    uint32_t stream;
    struct plk_hello hello;
    struct plk_hello_heard heard;
    struct plk_relay_channel *channel;
    uint32_t next_tag;
    struct plk_queue_record told[RIG_TOLD]; // ranges cut off: see digests
    uint8_t cells[RIG_TOLD][16];            // of an ITEM's or CELL's bytes
    size_t told_count;
    uint8_t relays[PLK_DESCRIPTORS_LEN_MAX]; // of the last RELAYS
    struct {
        enum plk_frame_type type;
        uint32_t handle;
        size_t len;
        uint8_t first; // byte
    } passed[RIG_TOLD];
    size_t passed_count;
    unsigned cookies;
};

struct rig {
    struct plk_mem mem;
    struct plk_rng rng;
    struct plk_now now;
    struct plk_relay_config config;
    struct plk_relay *relay;
    uint8_t static_public[32];
    struct toy_disk disk;
    struct rig_client clients[RIG_CLIENTS];
    struct rig_packet *packets;
    size_t first, count;
    bool hold_store; // batches are written only when the test says so
    struct plk_batch *held[64];
    uint64_t held_n[64];
    size_t held_count;
    uint64_t stored_n;
    struct plk_output loads[RIG_LOADS]; // keys copied
    uint8_t load_keys[RIG_LOADS][2 * PLK_ROW_KEY_MAX];
    size_t load_first, load_count;
    uint64_t load_after[RIG_LOADS]; // batches that must be applied before
    uint64_t emitted_n;
    unsigned loss_permille;
    uint64_t bytes_to_relay, bytes_from_relay;
    struct plk_addr last_from;      // where the relay's last datagram left from
    uint8_t last[PLK_DATAGRAM_MAX]; // and what it was; or what was written last into a stream
    size_t last_len;
    struct plk_addr stray_to; // the last one for nobody here
    uint8_t stray[PLK_DATAGRAM_MAX];
    size_t stray_len, strays, stray_bytes;
    uint64_t deadline_us;
};

static inline struct plk_addr rig_addr(unsigned index, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {198, 51, 100, (uint8_t)index}, .port = port};
}

#define RIG_RELAY ((struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7447})

static inline void rig_start(struct rig *rig) {
    plk_rng_bytes(&rig->rng, rig->config.entropy, 32);
    rig->relay = plk_relay_new(&rig->config);
    rig->stored_n = rig->emitted_n = 0;
}

static inline struct rig *rig_new(uint64_t seed) {
    struct rig *rig = calloc(1, sizeof *rig);
    uint8_t bytes[32] = {(uint8_t)seed, (uint8_t)(seed >> 8), 77};
    TOY_CHECK(rig != NULL);
    rig->packets = calloc(RIG_PACKETS, sizeof *rig->packets);
    TOY_CHECK(rig->packets != NULL);
    rig->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_rng_seed(&rig->rng, bytes);
    rig->now = (struct plk_now){.mono_us = 1000 * PLK_SECOND, .wall_ms = UINT64_C(1800000000000)};
    plk_relay_config_init(&rig->config);
    rig->config.mem = &rig->mem;
    plk_rng_bytes(&rig->rng, rig->config.statics[0], 32);
    rig->config.static_count = 1;
    rig->config.listeners[0] = (struct plk_relay_listener){.addr = RIG_RELAY, .stun_port = 7448};
    rig->config.listener_count = 1;
    plk_dh_public(rig->static_public, rig->config.statics[0]);
    return rig;
}

static inline void rig_stop_relay(struct rig *rig) {
    plk_relay_free(rig->relay);
    rig->relay = NULL;
    for (size_t i = 0; i < rig->held_count; i++) plk_batch_free(rig->held[i]);
    rig->held_count = rig->load_count = rig->count = 0;
}

static inline void rig_free(struct rig *rig) {
    rig_stop_relay(rig);
    for (size_t i = 0; i < RIG_CLIENTS; i++) plk_relay_channel_free(rig->clients[i].channel);
    TOY_CHECK(rig->mem.used == 0);
    toy_clear(&rig->disk);
    free(rig->packets);
    free(rig);
}

// ---- the wire -----------------------------------------------------------------------------------------------------------

static inline void rig_carry(struct rig *rig, int to, int client, const uint8_t *bytes, size_t len) {
    if (rig->loss_permille > 0 && !rig->clients[client].tcp && plk_rng_below(&rig->rng, 1000) < rig->loss_permille) {
        return;
    }
    TOY_CHECK(rig->count < RIG_PACKETS && len <= sizeof rig->packets[0].bytes);
    struct rig_packet *packet = &rig->packets[(rig->first + rig->count++) % RIG_PACKETS];
    packet->to = to;
    packet->client = client;
    packet->len = len;
    memcpy(packet->bytes, bytes, len);
}

static inline void rig_store(struct rig *rig, const struct plk_output *out) {
    TOY_CHECK(out->store.n == rig->emitted_n + 1 && rig->held_count < 64);
    rig->emitted_n = out->store.n;
    struct plk_batch *copy = plk_batch_new(&rig->mem);
    for (size_t i = 0; i < plk_batch_count(out->store.ops); i++) {
        struct plk_op op = plk_batch_at(out->store.ops, i);
        if (op.kind == PLK_OP_UPSERT) plk_batch_upsert(copy, op.table, op.key, op.value);
        if (op.kind == PLK_OP_DELETE) plk_batch_delete(copy, op.table, op.key);
        if (op.kind == PLK_OP_DELETE_RANGE) plk_batch_delete_range(copy, op.table, op.key, op.key_end);
    }
    rig->held[rig->held_count] = copy;
    rig->held_n[rig->held_count++] = out->store.n;
}

static inline void rig_load(struct rig *rig, const struct plk_output *out) {
    TOY_CHECK(rig->load_count < RIG_LOADS);
    size_t at = (rig->load_first + rig->load_count++) % RIG_LOADS;
    rig->loads[at] = *out;
    rig->load_after[at] = rig->emitted_n;
    uint8_t *keys = rig->load_keys[at];
    memcpy(keys, out->load.from.at, out->load.from.len);
    if (out->load.to.len > 0) memcpy(keys + PLK_ROW_KEY_MAX, out->load.to.at, out->load.to.len);
    rig->loads[at].load.from.at = keys;
    rig->loads[at].load.to.at = keys + PLK_ROW_KEY_MAX;
}

static inline int rig_by_addr(const struct rig *rig, const struct plk_addr *addr) {
    for (int i = 0; i < RIG_CLIENTS; i++) {
        if (rig->clients[i].used && !rig->clients[i].tcp && plk_addr_equal(&rig->clients[i].addr, addr)) return i;
    }
    return -1;
}

static inline int rig_by_stream(const struct rig *rig, uint32_t stream) {
    for (int i = 0; i < RIG_CLIENTS; i++) {
        if (rig->clients[i].used && rig->clients[i].tcp && rig->clients[i].stream == stream) return i;
    }
    return -1;
}

static inline void rig_stray(struct rig *rig, const struct plk_output *out) {
    rig->stray_to = out->datagram.to;
    memcpy(rig->stray, out->datagram.data.at, out->datagram.data.len);
    rig->stray_len = out->datagram.data.len;
    rig->stray_bytes += rig->stray_len;
    rig->strays++;
}

static inline void rig_output(struct rig *rig, const struct plk_output *out) {
    int client;
    switch (out->kind) {
    case PLK_OUT_DATAGRAM:
        client = rig_by_addr(rig, &out->datagram.to);
        rig->bytes_from_relay += out->datagram.data.len;
        rig->last_from = out->datagram.local;
        memcpy(rig->last, out->datagram.data.at, out->datagram.data.len);
        rig->last_len = out->datagram.data.len;
        if (client >= 0) {
            rig_carry(rig, client, client, out->datagram.data.at, out->datagram.data.len);
        } else {
            rig_stray(rig, out);
        }
        break;
    case PLK_OUT_STREAM_WRITE:
        client = rig_by_stream(rig, out->stream_write.stream);
        rig->last_len = out->stream_write.data.len <= sizeof rig->last ? out->stream_write.data.len : 0;
        memcpy(rig->last, out->stream_write.data.at, rig->last_len);
        if (client >= 0) rig_carry(rig, client, client, out->stream_write.data.at, out->stream_write.data.len);
        break;
    case PLK_OUT_STREAM_CLOSE:
        client = rig_by_stream(rig, out->stream_close.stream);
        if (client >= 0) rig->clients[client].open = false;
        break;
    case PLK_OUT_STORE:
        rig_store(rig, out);
        break;
    case PLK_OUT_LOAD:
        rig_load(rig, out);
        break;
    default:
        TOY_CHECK(out->kind == PLK_OUT_WAIT);
    }
}

static inline void rig_handle(struct rig *rig, const struct plk_input *input) {
    struct plk_output out;
    if (rig->relay == NULL) return;
    plk_relay_handle(rig->relay, rig->now, input);
    do {
        plk_relay_poll(rig->relay, rig->now, &out);
        rig_output(rig, &out);
    } while (out.kind != PLK_OUT_WAIT);
    rig->deadline_us = out.wait.deadline_us;
}

static inline void rig_tick(struct rig *rig) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    rig_handle(rig, &tick);
}

// Writes the oldest held batch and says so.
static inline void rig_write(struct rig *rig) {
    struct plk_input stored = {.kind = PLK_IN_STORED};
    TOY_CHECK(rig->held_count > 0);
    toy_apply(&rig->disk, rig->held[0]);
    plk_batch_free(rig->held[0]);
    stored.stored.n = rig->stored_n = rig->held_n[0];
    memmove(rig->held, rig->held + 1, --rig->held_count * sizeof rig->held[0]);
    memmove(rig->held_n, rig->held_n + 1, rig->held_count * sizeof rig->held_n[0]);
    rig_handle(rig, &stored);
}

static inline void rig_answer_load(struct rig *rig) {
    size_t at = rig->load_first;
    struct plk_output load = rig->loads[at];
    const struct toy_table *table = &rig->disk.tables[load.load.table];
    size_t from = toy_find(table, load.load.from);
    size_t to = load.load.to.len == 0 ? table->count : toy_find(table, load.load.to);
    if (to < from) to = from;
    if (load.load.limit > 0 && to - from > load.load.limit) to = from + load.load.limit;
    struct plk_row *rows = calloc(to - from + 1, sizeof *rows);
    TOY_CHECK(rows != NULL);
    for (size_t i = from; i < to; i++) rows[i - from] = (struct plk_row){table->rows[i].key, table->rows[i].value};
    struct plk_input loaded = {.kind = PLK_IN_LOADED};
    loaded.loaded.ticket = load.load.ticket;
    loaded.loaded.rows = rows;
    loaded.loaded.count = to - from;
    rig->load_first = (rig->load_first + 1) % RIG_LOADS;
    rig->load_count--;
    rig_handle(rig, &loaded);
    free(rows);
}

// ---- clients --------------------------------------------------------------------------------------------------------------

static inline void rig_client_send(struct rig *rig, int index, const uint8_t *bytes, size_t len) {
    struct rig_client *c = &rig->clients[index];
    uint8_t framed[PLK_DATAGRAM_MAX + 2] = {(uint8_t)(len >> 8), (uint8_t)len};
    memcpy(framed + (c->tcp ? 2 : 0), bytes, len);
    rig_carry(rig, -1, index, framed, len + (c->tcp ? 2 : 0));
}

static inline void rig_client_poll(struct rig *rig, int index) {
    struct rig_client *c = &rig->clients[index];
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    if (c->channel == NULL) return;
    plk_relay_channel_tick(c->channel, rig->now.mono_us);
    while (plk_relay_channel_poll(c->channel, rig->now.mono_us, out, sizeof out, &len, &to)) {
        rig_client_send(rig, index, out, len);
    }
}

static inline void rig_client_read(struct rig *rig, struct rig_client *c) {
    struct plk_bytes body;
    bool broken;
    size_t took;
    while ((took = plk_queue_cut(plk_relay_channel_readable(c->channel), &body, &broken)) > 0) {
        TOY_CHECK(c->told_count < RIG_TOLD);
        struct plk_queue_record *record = &c->told[c->told_count];
        TOY_CHECK(plk_queue_decode(body, record) == PLK_ERR_OK && !plk_queue_is_command(record->type));
        if (record->type == PLK_QUEUE_ITEM || record->type == PLK_QUEUE_CELL) {
            memcpy(c->cells[c->told_count], record->cell.bytes.at, 16);
            record->cell.bytes.at = NULL;
        }
        if (record->type == PLK_QUEUE_RELAYS) {
            memcpy(c->relays, record->descriptors.at, record->descriptors.len);
            record->descriptors.at = c->relays;
        }
        c->told_count++;
        plk_relay_channel_consume(c->channel, rig->now.mono_us, took);
    }
    TOY_CHECK(!broken);
}

static inline void rig_client_data(struct rig *rig, int index, const struct plk_packet *packet) {
    struct rig_client *c = &rig->clients[index];
    static const struct plk_addr relay_addr = {.family = 4, .ip = {192, 0, 2, 1}, .port = 7447};
    uint8_t text[PLK_DATAGRAM_MAX];
    struct plk_relay_channel_passed passed;
    struct plk_relay_channel_frame frame;
    if (c->channel == NULL) return;
    enum plk_err err = plk_relay_channel_receive(c->channel, rig->now.mono_us, c->tcp ? NULL : &relay_addr, packet,
                                                 PLK_RELAY_CHANNEL_PLENTY, &rig->rng, text, &passed);
    TOY_CHECK(err == PLK_ERR_OK || err == PLK_ERR_FORGED || err == PLK_ERR_REPLAYED || err == PLK_ERR_CLOSED);
    while (plk_relay_channel_passed_next(&passed, &frame)) {
        TOY_CHECK(c->passed_count < RIG_TOLD);
        c->passed[c->passed_count].type = frame.type;
        c->passed[c->passed_count].handle = frame.handle;
        c->passed[c->passed_count].len = frame.bytes.len;
        c->passed[c->passed_count++].first = frame.bytes.len > 0 ? frame.bytes.at[0] : 0;
    }
    rig_client_read(rig, c);
}

static inline void rig_client_hello_again(struct rig *rig, int index) {
    struct rig_client *c = &rig->clients[index];
    rig_client_send(rig, index, c->hello.message, sizeof c->hello.message);
}

static inline void rig_client_packet(struct rig *rig, int index, struct plk_bytes bytes) {
    struct rig_client *c = &rig->clients[index];
    struct plk_packet packet;
    if (plk_packet_decode(&packet, bytes) != PLK_ERR_OK) return;
    if (packet.kind == PLK_PACKET_COOKIE) {
        uint8_t cookie[16];
        if (plk_hello_cookie(&c->hello, &packet, cookie) != PLK_ERR_OK) return;
        c->cookies++;
        rig_client_hello_again(rig, index);
    } else if (packet.kind == PLK_PACKET_MESSAGE2 && c->channel == NULL) {
        if (plk_hello_finish(&c->hello, &packet, rig->now.mono_us, &c->heard) != PLK_ERR_OK) return;
        struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_CLIENT,
                                                .transport = c->tcp ? PLK_TCP : PLK_UDP,
                                                .session = &c->heard.session,
                                                .addr = RIG_RELAY};
        memcpy(start.peer_cid, c->heard.greeting.cid, 8);
        c->channel = plk_relay_channel_new(&rig->mem, &start, rig->now.mono_us);
    } else if (packet.kind == PLK_PACKET_DATA) {
        rig_client_data(rig, index, &packet);
    }
    rig_client_poll(rig, index);
}

static inline void rig_deliver(struct rig *rig) {
    struct rig_packet *packet = &rig->packets[rig->first];
    struct rig_client *c = &rig->clients[packet->client];
    rig->first = (rig->first + 1) % RIG_PACKETS;
    rig->count--;
    if (packet->to >= 0) {
        size_t head = c->tcp ? 2 : 0;
        rig_client_packet(rig, packet->to, plk_bytes(packet->bytes + head, packet->len - head));
        return;
    }
    rig->bytes_to_relay += packet->len;
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    if (c->tcp) {
        if (!c->open) return;
        input.kind = PLK_IN_STREAM;
        input.stream.stream = c->stream;
        input.stream.event = PLK_STREAM_BYTES;
        input.stream.data = plk_bytes(packet->bytes, packet->len);
        rig_handle(rig, &input);
        input.stream.event = PLK_STREAM_WRITABLE;
        input.stream.writable = PLK_TCP_UNSENT_MAX;
        if (c->open) rig_handle(rig, &input);
        return;
    }
    input.datagram.from = c->addr;
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(packet->bytes, packet->len);
    rig_handle(rig, &input);
}

// Until nothing is under way. Time stands still.
static inline void rig_settle(struct rig *rig) {
    for (int i = 0; i < RIG_CLIENTS; i++) rig_client_poll(rig, i);
    for (size_t steps = 0;; steps++) {
        TOY_CHECK(steps < 1000000);
        bool load = rig->load_count > 0 && rig->load_after[rig->load_first] <= rig->stored_n;
        if (rig->count > 0) {
            rig_deliver(rig);
        } else if (rig->held_count > 0 && !rig->hold_store) {
            rig_write(rig);
        } else if (load) {
            rig_answer_load(rig);
        } else if (rig->relay != NULL && rig->deadline_us <= rig->now.mono_us) {
            rig_tick(rig);
        } else {
            break;
        }
    }
}

static inline void rig_run(struct rig *rig, uint64_t for_us) {
    uint64_t until_us = rig->now.mono_us + for_us;
    rig_settle(rig);
    while (rig->now.mono_us < until_us) {
        uint64_t at_us = plk_earlier(rig->deadline_us, until_us);
        for (int i = 0; i < RIG_CLIENTS; i++) {
            if (rig->clients[i].channel == NULL) continue;
            at_us = plk_earlier(at_us, plk_relay_channel_deadline(rig->clients[i].channel));
        }
        if (at_us <= rig->now.mono_us) at_us = rig->now.mono_us + PLK_MS;
        rig->now.wall_ms += (at_us - rig->now.mono_us) / 1000;
        rig->now.mono_us = at_us;
        rig_tick(rig);
        rig_settle(rig);
    }
}

// A client says hello, over UDP or TCP, and is answered unless something is in the way.
static inline int rig_connect_from(struct rig *rig, struct plk_addr addr, bool tcp) {
    int index = 0;
    while (index < RIG_CLIENTS && rig->clients[index].used) index++;
    TOY_CHECK(index < RIG_CLIENTS);
    struct rig_client *c = &rig->clients[index];
    uint8_t cid[8];
    *c = (struct rig_client){.used = true, .tcp = tcp, .open = true, .addr = addr, .next_tag = 1};
    plk_rng_bytes(&rig->rng, cid, sizeof cid);
    TOY_CHECK(plk_hello_start(&c->hello, rig->static_public, cid, &rig->rng) == PLK_ERR_OK);
    if (tcp) {
        c->stream = UINT32_C(0x80000001) + (uint32_t)plk_rng_below(&rig->rng, 1 << 30);
        struct plk_input in = {.kind = PLK_IN_STREAM};
        in.stream.stream = c->stream;
        in.stream.event = PLK_STREAM_ACCEPTED;
        in.stream.remote = addr;
        in.stream.writable = PLK_TCP_UNSENT_MAX;
        rig_handle(rig, &in);
    }
    rig_client_hello_again(rig, index);
    rig_settle(rig);
    return index;
}

static inline int rig_connect(struct rig *rig) {
    unsigned number = 1;
    for (unsigned i = 0; i < RIG_CLIENTS; i++) number += rig->clients[i].used;
    return rig_connect_from(rig, rig_addr(number, (uint16_t)(40000 + plk_rng_below(&rig->rng, 20000))), false);
}

// The client is gone without a word.
static inline void rig_vanish(struct rig *rig, int index) {
    plk_relay_channel_free(rig->clients[index].channel);
    rig->clients[index] = (struct rig_client){0};
}

#endif
