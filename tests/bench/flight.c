// SPDX-License-Identifier: MIT
// What flight and streams cost, without encryption and sockets: nanoseconds per packet of the sender and the receiver
// together, acks included, and per 100-byte record written, sent, received, read and acknowledged.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "flight/flight.h"
#include "stream/streams.h"
#include "support/memory.h"

#define ROUND 64  // packets under way
#define ROOM 1119 // frame bytes of a full packet
#define PACKETS 2000000
#define RECORDS 5000000
#define RECORD_LEN 100

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct end {
    struct plk_flight *flight;
    struct plk_streams *streams;
    uint64_t next_pn;
};

static struct plk_mem mem = {.take = memory_take, .give = memory_give};
static struct end end[2];
static uint64_t now_us = 1000000;

static void make(void) {
    struct plk_flight_path path = {.id = 1, .carrier = PLK_FLIGHT_LOSSY, .mtu = 1152, .rtt_us = 1000};
    for (int i = 0; i < 2; i++) {
        end[i] = (struct end){.flight = plk_flight_new(&mem), .streams = plk_streams_new(&mem)};
        plk_assert(plk_flight_path_add(end[i].flight, &path) == PLK_ERR_OK);
    }
}

static void unmake(void) {
    for (int i = 0; i < 2; i++) {
        plk_flight_free(end[i].flight);
        plk_streams_free(end[i].streams);
    }
    plk_assert(mem.used == 0);
}

static void drain(struct end *e) {
    struct plk_flight_event event;
    while (plk_flight_next(e->flight, &event)) {
        if (event.kind == PLK_FLIGHT_ACKED) plk_streams_acked(e->streams, &event.item);
        plk_assert(event.kind == PLK_FLIGHT_ACKED);
    }
}

static void acknowledge(struct end *from, struct end *to) {
    struct plk_frame_ack ack;
    if (!plk_flight_ack_due(from->flight, now_us) || !plk_flight_ack_build(from->flight, now_us, &ack)) return;
    plk_flight_sent(from->flight, now_us, &(struct plk_flight_packet){.path = 1, .pn = from->next_pn++, .size = 60});
    plk_assert(plk_flight_on_ack(to->flight, now_us, &ack) == PLK_ERR_OK);
    drain(to);
}

static double packets_alone(void) {
    double start = seconds();
    make();
    for (unsigned done = 0; done < PACKETS; done += ROUND) {
        struct plk_frame_item item = {.kind = PLK_FRAME_STREAM};
        uint64_t first = end[0].next_pn;
        for (unsigned i = 0; i < ROUND; i++) {
            struct plk_flight_packet packet = {
                .path = 1, .pn = end[0].next_pn++, .size = 1152, .eliciting = true, .count = 1, .items = &item};
            plk_flight_sent(end[0].flight, now_us, &packet);
        }
        now_us += 1000;
        for (uint64_t pn = first; pn < end[0].next_pn; pn++) {
            plk_flight_received(end[1].flight, now_us, pn, true);
            acknowledge(&end[1], &end[0]);
        }
    }
    unmake();
    return (seconds() - start) * 1e9 / PACKETS;
}

static void carry(struct end *from, struct end *to, uint8_t *bytes) {
    struct plk_writer w = plk_writer(bytes, ROOM);
    struct plk_frame frame;
    struct plk_frame_item items[PLK_FLIGHT_ITEMS];
    struct plk_flight_packet packet = {.path = 1, .pn = from->next_pn++, .eliciting = true, .items = items};
    while (packet.count < PLK_FLIGHT_ITEMS &&
           plk_streams_next(from->streams, w.cap - w.len, &frame, &items[packet.count])) {
        plk_assert(plk_frame_put(&w, &frame));
        packet.count++;
    }
    packet.size = w.len + 33;
    plk_flight_sent(from->flight, now_us, &packet);
    struct plk_reader r = plk_reader(plk_writer_bytes(&w));
    bool eliciting;
    plk_assert(plk_frame_scan(plk_writer_bytes(&w), &eliciting) == PLK_ERR_OK);
    while (r.left > 0) {
        plk_assert(plk_frame_next(&r, &frame) == PLK_ERR_OK);
        plk_assert(plk_streams_receive(to->streams, &frame) == PLK_ERR_OK);
    }
    plk_flight_received(to->flight, now_us, packet.pn, eliciting);
}

static double records(uint64_t *packets) {
    static const uint8_t record[RECORD_LEN];
    static uint8_t bytes[ROOM];
    double start = seconds();
    make();
    for (unsigned done = 0; done < RECORDS; done += ROUND * 10) {
        for (unsigned i = 0; i < ROUND * 10; i++) {
            plk_assert(plk_streams_write(end[0].streams, 1, plk_bytes(record, RECORD_LEN)) == RECORD_LEN);
        }
        now_us += 1000;
        while (plk_streams_wants(end[0].streams)) {
            carry(&end[0], &end[1], bytes);
            acknowledge(&end[1], &end[0]);
            plk_streams_consume(end[1].streams, 1, plk_streams_readable(end[1].streams, 1).len);
        }
        now_us += 1000;
        while (plk_streams_wants(end[1].streams)) carry(&end[1], &end[0], bytes);
        now_us += 30000;
        acknowledge(&end[0], &end[1]);
        acknowledge(&end[1], &end[0]);
        plk_assert(plk_streams_unacked(end[0].streams, 1) == 0);
    }
    *packets = end[0].next_pn + end[1].next_pn;
    unmake();
    return (seconds() - start) * 1e9 / RECORDS;
}

int main(void) {
    uint64_t packets;
    printf("flight: %.0f ns a packet, both ends, acks included\n", packets_alone());
    double record_ns = records(&packets);
    printf("flight, streams, frames: %.0f ns a %d-byte record, %.1f records a packet\n", record_ns, RECORD_LEN,
           (double)RECORDS / (double)packets);
    return 0;
}
