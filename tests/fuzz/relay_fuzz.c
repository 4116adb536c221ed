// SPDX-License-Identifier: MIT
// One relay and many clients that do whatever the input says, in any order: lawful commands, garbage in the stream, packets of
// strangers, TCP that stops in the middle, a disk that is late, full or damaged, a relay that is killed. It must neither trap
// nor leak, an item's two rows must live and die together, and what was answered OK must be on disk.
#include <stddef.h>
#include <stdint.h>

#define RIG_CLIENTS 7
#define RIG_TOLD 128
#define RIG_PACKETS 256
#define RIG_LOADS 256
#include "support/relay_rig.h"

#define STEPS_MAX 48
#define CLIENTS 6
#define QUEUES 4
#define HANDLES 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct rig *rig;
    struct plk_reader r;
    int clients[CLIENTS];
    struct rig_queue queues[QUEUES];
    uint8_t token[16];
    struct plk_hello_static far; // another relay's
};

static void connect_one(struct world *w, unsigned i, bool tcp) {
    if (w->clients[i] >= 0) rig_vanish(w->rig, w->clients[i]);
    uint16_t port = (uint16_t)(1000 + plk_rng_below(&w->rig->rng, 50000));
    w->clients[i] = rig_connect_from(w->rig, rig_addr(i, port), tcp);
    if (w->rig->clients[w->clients[i]].channel != NULL) return;
    rig_vanish(w->rig, w->clients[i]);
    w->clients[i] = -1;
}

static struct plk_queue_record command(struct world *w, int client) {
    static uint8_t list[16];
    uint8_t what = plk_reader_u8(&w->r), which = plk_reader_u8(&w->r);
    struct rig_queue *queue = &w->queues[which % QUEUES];
    uint32_t handle = which / QUEUES % HANDLES;
    struct plk_queue_record record = rig_plain((enum plk_queue_type)(PLK_QUEUE_NEWQ + what % 14), handle);
    switch (record.type) {
    case PLK_QUEUE_NEWQ:
        return rig_newq(queue, what / 14 % 8, which % 5 == 0 ? NULL : w->token);
    case PLK_QUEUE_ATTACH:
        record = rig_attach(w->rig, client, queue, what / 14 % 2 == 0 ? PLK_QUEUE_OWNER : PLK_QUEUE_SENDER, handle);
        record.attach.proof[3] ^= what / 28 == 3;
        return record;
    case PLK_QUEUE_SUB:
        for (unsigned i = 0; i < sizeof list; i++) list[i] = i % 4 == 3 ? (uint8_t)((which + i / 4) % HANDLES) : 0;
        record.list = plk_bytes(list, 4 * (1 + what / 14 % 4u));
        return record;
    case PLK_QUEUE_PUT:
        return rig_put(handle, which, what / 14 % 8 == 0 ? PLK_QUEUE_CELL_LARGE : PLK_QUEUE_CELL_SMALL);
    case PLK_QUEUE_GET:
        record.cell.number = which / 16;
        record.cell.limit = what / 14;
        return record;
    case PLK_QUEUE_ACK:
        memset(list, 0, sizeof list);
        list[7] = which / 16;
        list[15] = (uint8_t)(which / 16 + 1);
        record.list = plk_bytes(list, what / 14 % 2 == 0 ? 8 : 16);
        return record;
    case PLK_QUEUE_WRITE:
        record = rig_put(handle, which, PLK_QUEUE_CELL_SMALL);
        record.type = PLK_QUEUE_WRITE;
        record.cell.number = what;
        return record;
    case PLK_QUEUE_FLAGS:
        record.flags = what / 14;
        return record;
    case PLK_QUEUE_FWD_OPEN:
        record.fwd.addr = rig_addr(which % 8 == 7 ? 255 : 100, 9);
        memcpy(record.fwd.relay, w->far.known.public, which % 16 == 15 ? 16 : 32);
        memset(record.fwd.cid, 1 + which % 5, sizeof record.fwd.cid);
        return record;
    default:
        return record;
    }
}

static void raw_packet(struct world *w) {
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    uint8_t bytes[300] = {0};
    size_t len = plk_reader_u8(&w->r);
    struct plk_bytes some = plk_reader_take(&w->r, len < w->r.left ? len : w->r.left);
    if (some.len > 0) memcpy(bytes, some.at, some.len);
    input.datagram.from = rig_addr(99, 99);
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(bytes, len % 2 == 0 ? some.len : 256);
    rig_handle(w->rig, &input);
}

// The other relay answers the last hello, or sends a packet to one of those that are there through this one.
static void far_packet(struct world *w, uint8_t which) {
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    struct plk_hello_answered answered;
    struct plk_relay_greeting greeting = {.wall_ms = 1, .seen = RIG_RELAY, .admission = PLK_RELAY_ADMIT_TOKEN};
    struct plk_packet hello;
    uint8_t bytes[1500] = {PLK_PACKET_DATA};
    memset(bytes + 1, 1 + which % 5, PLK_PACKET_CID_LEN);
    input.datagram.from = rig_addr(100, 9);
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(bytes, which % 4 == 3 ? 1440 : 200);
    bool asked = plk_packet_decode(&hello, plk_bytes(w->rig->stray, w->rig->stray_len)) == PLK_ERR_OK &&
                 hello.kind == PLK_PACKET_HELLO;
    if (which % 2 == 0 && asked &&
        plk_hello_answer(&w->far, &hello, &greeting, w->rig->now.mono_us, &w->rig->rng, &answered) == PLK_ERR_OK) {
        input.datagram.data = plk_bytes(answered.message, sizeof answered.message);
        w->rig->stray_len = 0;
    }
    rig_handle(w->rig, &input);
}

static void frame(struct world *w, int client, uint8_t which) {
    if (which < 128) {
        rig_pass(w->rig, client, which % HANDLES, "passed", 6);
    } else if (which < 192) {
        rig_frame(w->rig, client, PLK_FRAME_FWD, which % HANDLES, plk_bytes_text("forwarded"));
    } else {
        far_packet(w, which);
    }
}

static void raw_stream(struct world *w, uint8_t which) {
    struct plk_input input = {.kind = PLK_IN_STREAM};
    size_t len = which % 32;
    input.stream.stream = UINT32_C(0xf0000000) + which % 3;
    input.stream.event = (enum plk_stream_event)(which / 32 % 5);
    input.stream.remote = rig_addr(98, 98);
    input.stream.writable = which * 64u;
    input.stream.data = plk_reader_take(&w->r, len < w->r.left ? len : w->r.left);
    rig_handle(w->rig, &input);
}

static void damage(struct world *w, uint8_t which) {
    static const enum plk_table tables[] = {PLK_TABLE_rqueue, PLK_TABLE_rbundle, PLK_TABLE_rtoken, PLK_TABLE_rgrant};
    struct toy_table *table = &w->rig->disk.tables[tables[which % 4]];
    if (table->count == 0) return;
    struct toy_row *row = &table->rows[which / 4 % table->count];
    if (which > 200) {
        row->value.len /= 2;
    } else if (row->value.len > 0) {
        ((uint8_t *)(uintptr_t)row->value.at)[which % row->value.len] ^= which;
    }
}

static void restart(struct world *w) {
    rig_stop_relay(w->rig);
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (w->clients[i] >= 0) rig_vanish(w->rig, w->clients[i]);
        w->clients[i] = -1;
    }
    w->rig->hold_store = false;
    rig_start(w->rig);
    rig_tick(w->rig);
}

static void step(struct world *w) {
    uint8_t action = plk_reader_u8(&w->r);
    unsigned i = action / 16 % CLIENTS;
    int client = w->clients[i];
    struct rig *rig = w->rig;
    bool open = client >= 0 && plk_relay_channel_status(rig->clients[client].channel).state == PLK_RELAY_CHANNEL_OPEN;
    struct plk_input state = {.kind = PLK_IN_STORE_STATE};
    switch (action % 16) {
    case 0:
        connect_one(w, i, plk_reader_u8(&w->r) % 2 == 0);
        break;
    case 1:
        if (client >= 0) rig_vanish(rig, client);
        w->clients[i] = -1;
        break;
    case 2:
        rig_run(rig, plk_reader_u8(&w->r) * 20 * PLK_MS);
        break;
    case 3:
        rig->hold_store = !rig->hold_store && rig->held_count < 4;
        rig_settle(rig);
        break;
    case 4:
        raw_packet(w);
        break;
    case 5:
        raw_stream(w, plk_reader_u8(&w->r));
        break;
    case 6:
        damage(w, plk_reader_u8(&w->r));
        break;
    case 7:
        if (plk_reader_u8(&w->r) % 8 == 0) restart(w);
        break;
    case 8:
        if (open) frame(w, client, plk_reader_u8(&w->r));
        break;
    case 9:
        state.store_state.stalled = plk_reader_u8(&w->r) % 2 == 0;
        rig_handle(rig, &state);
        break;
    case 10:
        if (open && plk_reader_u8(&w->r) % 4 == 0) {
            struct plk_bytes garbage = plk_reader_take(&w->r, w->r.left < 9 ? w->r.left : 9);
            plk_relay_channel_write(rig->clients[client].channel, rig->now.mono_us, garbage);
        }
        break;
    case 11:
        rig->now.wall_ms += plk_reader_u8(&w->r) * UINT64_C(86400000) / 4;
        break;
    default:
        if (open && plk_relay_channel_room(rig->clients[client].channel) > 70000) {
            rig_say(rig, client, command(w, client));
        }
    }
}

static void forget_what_was_told(struct world *w) {
    for (unsigned c = 0; c < CLIENTS; c++) {
        if (w->clients[c] < 0) continue;
        struct rig_client *of = &w->rig->clients[w->clients[c]];
        if (of->told_count > RIG_TOLD / 2) of->told_count = 0;
        if (of->passed_count > RIG_TOLD / 2) of->passed_count = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct world w = {.rig = rig_new(3), .r = plk_reader(plk_bytes(data, size)), .token = {1}};
    for (unsigned i = 0; i < CLIENTS; i++) w.clients[i] = -1;
    plk_hello_static_init(&w.far, (const uint8_t[32]){5, 4, 3});
    w.rig->config.queue_items_max = 5;
    rig_start(w.rig);
    rig_tick(w.rig);
    plk_relay_token_new(w.rig->relay, w.token, 0);
    static struct rig_queue
        queues[QUEUES]; // the same for every input: their keys cost more than the rest of a short one
    static bool made;
    for (unsigned i = 0; !made && i < QUEUES; i++) queues[i] = rig_queue_new(w.rig);
    made = true;
    memcpy(w.queues, queues, sizeof queues);
    for (unsigned i = 0; i < STEPS_MAX && w.r.left > 0; i++) {
        step(&w);
        forget_what_was_told(&w);
    }
    w.rig->hold_store = false;
    rig_run(w.rig, 300 * PLK_MS);
    const struct toy_table *heads = &w.rig->disk.tables[PLK_TABLE_ritem], *cells = &w.rig->disk.tables[PLK_TABLE_rcell];
    TOY_CHECK(heads->count == cells->count && heads->count <= QUEUES * 5);
    for (size_t i = 0; i < heads->count; i++) TOY_CHECK(plk_bytes_equal(heads->rows[i].key, cells->rows[i].key));
    struct plk_relay_state view = plk_relay_state(w.rig->relay);
    TOY_CHECK(view.reads == 0 && view.memory < (16u << 20));
    rig_free(w.rig);
    return 0;
}
