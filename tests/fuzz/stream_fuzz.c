// SPDX-License-Identifier: MIT
// One end's streams against a peer that sends any frames whatever, in any order, and against a flight that loses and
// acknowledges anything. Memory is bounded, what was read stays read, and a refused frame changes nothing.
#include "support/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ITEMS 64

struct run {
    struct plk_mem mem;
    struct plk_streams *streams;
    struct plk_frame_item items[ITEMS];
    unsigned count;
};

static void take_frame(struct run *run, const struct plk_frame *frame) {
    if (!plk_streams_takes(frame->type)) return;
    uint32_t id = frame->type == PLK_FRAME_STREAM ? frame->stream.id : 0;
    size_t before = plk_streams_readable(run->streams, id).len;
    enum plk_err err = plk_streams_receive(run->streams, frame);
    struct plk_bytes after = plk_streams_readable(run->streams, id);
    plk_assert(err == PLK_ERR_OK || err == PLK_ERR_MALFORMED || err == PLK_ERR_LIMIT);
    plk_assert(after.len >= before && (err == PLK_ERR_OK || after.len == before));
    plk_assert(after.len <= PLK_STREAMS_WINDOW);
    if (frame->type == PLK_FRAME_STREAM && frame->stream.bytes.len % 3 == 0) {
        plk_streams_consume(run->streams, id, after.len / 2);
    }
}

static void send_some(struct run *run, uint8_t argument) {
    uint8_t bytes[255] = {0};
    struct plk_frame frame;
    struct plk_frame_item item;
    plk_streams_write(run->streams, argument & 7, plk_bytes(bytes, argument));
    if (argument == 77) plk_streams_finish(run->streams, argument & 7);
    while (run->count < ITEMS && plk_streams_next(run->streams, 20 + argument, &frame, &item)) {
        uint8_t room[400];
        struct plk_writer w = plk_writer(room, 20 + argument);
        plk_assert(plk_frame_put(&w, &frame));
        run->items[run->count++] = item;
    }
}

static void settle_some(struct run *run, uint8_t argument) {
    if (run->count == 0) return;
    struct plk_frame_item item = run->items[argument % run->count];
    if (argument & 0x40) {
        plk_streams_lost(run->streams, &item);
    } else {
        plk_streams_acked(run->streams, &item);
    }
    if ((argument & 0x80) == 0) return;
    unsigned at = argument % run->count;
    run->items[at] = run->items[--run->count];
}

// What remains is acknowledged frame by frame: every byte that the peer's limits allow must then be settled.
static void settle_all(struct run *run) {
    struct plk_frame frame;
    struct plk_frame_item item;
    while (run->count > 0) plk_streams_lost(run->streams, &run->items[--run->count]);
    while (plk_streams_next(run->streams, 1100, &frame, &item)) plk_streams_acked(run->streams, &item);
    plk_assert(!plk_streams_wants(run->streams));
    for (uint32_t id = 0; id < PLK_STREAMS_COUNT; id++) {
        plk_assert(plk_streams_acked_to(run->streams, id) == plk_streams_sent_to(run->streams, id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run run = {.mem = {.take = memory_take, .give = memory_give}};
    struct plk_reader r = plk_reader(plk_bytes(data, size));
    run.streams = plk_streams_new(&run.mem);
    while (r.left > 0) {
        uint8_t act = plk_reader_u8(&r);
        if (act < 4 || act >= 200) {
            struct plk_frame frame;
            if (plk_frame_next(&r, &frame) == PLK_ERR_OK) take_frame(&run, &frame);
        } else if (act < 100) {
            send_some(&run, plk_reader_u8(&r));
        } else if (act < 190) {
            settle_some(&run, plk_reader_u8(&r));
        } else if (act < 195) {
            plk_streams_hold(run.streams, act & 1);
        } else if (act == 195) {
            plk_streams_restart(run.streams);
            run.count = 0;
        }
        plk_assert(run.mem.used < 8 * 1024 * 1024);
    }
    settle_all(&run);
    plk_streams_free(run.streams);
    plk_assert(run.mem.used == 0);
    return 0;
}
