// SPDX-License-Identifier: MIT
// One node against everything that can come from outside: datagrams and TCP bytes of strangers, commands of a careless user,
// a disk that answers late or with rubbish, time that jumps. It must neither trap nor leak nor grow without bound, and its
// outputs must keep the contract of wire/effect.h.
#include <stdint.h>
#include <stdlib.h>

#include "node/node.h"
#include "wire/batch.h"
#include "support/memory.h"

#define STEPS_MAX 400
#define MEMORY_MAX (24u << 20)
#define STREAMS_MAX 8

struct world {
    struct plk_node *node;
    struct plk_now now;
    struct plk_reader r; // the fuzzer's bytes
    uint64_t stored_n, emitted_n;
    uint64_t tickets[64];
    unsigned ticket_count;
    uint32_t streams[STREAMS_MAX];
    unsigned stream_count;
    bool store_at_once;
};

static void check(bool holds) {
    if (!holds) abort();
}

static void handle(struct world *w, const struct plk_input *input);

static void look_at(struct world *w, const struct plk_output *output) {
    switch (output->kind) {
    case PLK_OUT_DATAGRAM:
        check(output->datagram.data.len > 0 && output->datagram.data.len <= PLK_DATAGRAM_MAX);
        check(plk_addr_class(&output->datagram.to) != PLK_ADDR_REFUSED);
        break;
    case PLK_OUT_STORE:
        check(output->store.n == w->emitted_n + 1);
        w->emitted_n = output->store.n;
        check(plk_batch_count(output->store.ops) > 0 && plk_batch_count(output->store.ops) <= PLK_BATCH_OPS_MAX);
        check(w->emitted_n - w->stored_n <= PLK_BATCHES_OUTSTANDING_MAX);
        break;
    case PLK_OUT_LOAD:
        if (w->ticket_count < 64) w->tickets[w->ticket_count++] = output->load.ticket;
        break;
    case PLK_OUT_STREAM_OPEN:
        if (w->stream_count < STREAMS_MAX) w->streams[w->stream_count++] = output->stream_open.stream;
        break;
    default:
        break;
    }
}

static void drain(struct world *w) {
    struct plk_output output;
    for (unsigned i = 0;; i++) {
        check(i < 100000);
        plk_node_poll(w->node, w->now, &output);
        if (output.kind == PLK_OUT_WAIT) break;
        look_at(w, &output);
    }
    if (w->store_at_once && w->stored_n < w->emitted_n) {
        w->stored_n = w->emitted_n;
        struct plk_input stored = {.kind = PLK_IN_STORED, .stored = {w->stored_n}};
        handle(w, &stored);
    }
}

static void handle(struct world *w, const struct plk_input *input) {
    plk_node_handle(w->node, w->now, input);
    drain(w);
}

static struct plk_bytes some(struct world *w, size_t max) {
    size_t len = plk_reader_u16(&w->r) % (max + 1);
    return plk_reader_take(&w->r, len < w->r.left ? len : w->r.left);
}

static struct plk_addr someone(struct world *w) {
    uint8_t which = plk_reader_u8(&w->r);
    struct plk_addr addr = {.family = 4, .ip = {192, 0, 2, (uint8_t)(which & 7)}, .port = (uint16_t)(1000 + which)};
    return addr;
}

static void answer_load(struct world *w, bool rubbish) {
    if (w->ticket_count == 0) return;
    struct plk_row row = {.key = some(w, 40), .value = some(w, 400)};
    struct plk_input input = {.kind = PLK_IN_LOADED, .loaded = {.ticket = w->tickets[--w->ticket_count], .rows = &row}};
    input.loaded.count = rubbish ? 1 : 0;
    handle(w, &input);
}

static void datagram(struct world *w) {
    uint8_t bytes[PLK_DATAGRAM_MAX] = {0};
    struct plk_bytes data = some(w, sizeof bytes);
    if (data.len > 0) memcpy(bytes, data.at, data.len);
    struct plk_input input = {.kind = PLK_IN_DATAGRAM, .datagram = {.from = someone(w), .data = {bytes, data.len}}};
    handle(w, &input);
}

static void stream(struct world *w) {
    uint8_t choice = plk_reader_u8(&w->r);
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.event = (enum plk_stream_event)(choice % 5);
    input.stream.remote = someone(w);
    input.stream.writable = plk_reader_u16(&w->r);
    bool own = w->stream_count > 0 && (choice & 0x80) != 0;
    input.stream.stream = own ? w->streams[choice % w->stream_count] : 0x80000000u | (choice & 7);
    if (own && input.stream.event == PLK_STREAM_ACCEPTED) return;
    if (input.stream.event == PLK_STREAM_BYTES) input.stream.data = some(w, 3000);
    handle(w, &input);
}

static void command(struct world *w) {
    uint8_t choice = plk_reader_u8(&w->r);
    struct plk_command c = {.ticket = 1, .kind = (enum plk_command_kind)(1 + choice % PLK_CMD_CANCEL)};
    c.contact = plk_reader_u8(&w->r) % 4;
    c.row = plk_reader_u8(&w->r);
    c.flag = (choice & 0x80) != 0;
    c.invite_kind = (enum plk_invite_kind)(choice >> 5 & 3);
    c.text = some(w, 2000);
    c.name = some(w, 80);
    c.note = some(w, 200);
    c.about = some(w, 600);
    c.caller_id = some(w, 20);
    struct plk_input input = {.kind = PLK_IN_COMMAND, .command = c};
    handle(w, &input);
}

static void network(struct world *w) {
    uint8_t choice = plk_reader_u8(&w->r);
    struct plk_interface face = {.addr = {.family = 4, .ip = {192, 0, 2, choice}}, .prefix_bits = 24};
    struct plk_input input = {.kind = PLK_IN_NETWORK, .network = {.interfaces = &face, .count = choice % 2}};
    input.network.udp4_port = input.network.tcp_port = 4000;
    handle(w, &input);
}

static void step(struct world *w) {
    struct plk_input input = {.kind = PLK_IN_TICK};
    uint8_t what = plk_reader_u8(&w->r);
    switch (what % 12) {
    case 0:
    case 1:
        datagram(w);
        return;
    case 2:
        stream(w);
        return;
    case 3:
        command(w);
        return;
    case 4:
        network(w);
        return;
    case 5:
        answer_load(w, false);
        return;
    case 6:
        answer_load(w, true);
        return;
    case 7:
        input.kind = PLK_IN_STORED;
        if (w->stored_n < w->emitted_n) w->stored_n++;
        input.stored.n = w->stored_n;
        break;
    case 8:
        input.kind = (what & 0x40) != 0 ? PLK_IN_SUSPEND : PLK_IN_RESUME;
        break;
    case 9:
        input.kind = PLK_IN_STORE_STATE;
        input.store_state.stalled = (what & 0x40) != 0;
        break;
    case 10:
        w->now.mono_us += (uint64_t)plk_reader_u32(&w->r) * 16;
        break;
    default:
        w->now.wall_ms += (uint64_t)(int64_t)(int32_t)plk_reader_u32(&w->r);
        break;
    }
    handle(w, &input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_node_config config = {.mem = &mem, .entropy = {7}, .allow_tcp = true, .allow_udp = true};
    struct world w = {.node = plk_node_new(&config), .r = plk_reader(plk_bytes(data, size))};
    w.now = (struct plk_now){.mono_us = PLK_HOUR, .wall_ms = UINT64_C(1767225600000)};
    uint8_t first = plk_reader_u8(&w.r);
    w.store_at_once = (first & 1) != 0;
    drain(&w);
    if ((first & 2) != 0) { // a new profile; else the fuzzer answers the loads of the start
        while (w.ticket_count > 0) {
            struct plk_input input = {.kind = PLK_IN_LOADED, .loaded = {.ticket = w.tickets[--w.ticket_count]}};
            handle(&w, &input);
        }
        struct plk_input init = {.kind = PLK_IN_COMMAND, .command = {.ticket = 9, .kind = PLK_CMD_INIT}};
        handle(&w, &init);
        check(plk_node_state(w.node) == PLK_NODE_READY);
    }
    for (unsigned i = 0; i < STEPS_MAX && w.r.left > 0; i++) step(&w);
    check(mem.used < MEMORY_MAX);
    plk_node_free(w.node);
    check(mem.used == 0);
    return 0;
}
