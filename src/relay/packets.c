// SPDX-License-Identifier: MIT
#include "relay/packets.h"

// One less than there are places: the host may still be looking at the last one that it was given.
struct plk_packet_out *plk_packets_place(struct plk_packets *packets) {
    if (packets->count >= PLK_PACKETS_MAX - 1) return NULL;
    struct plk_packet_out *place = &packets->ring[(packets->first + packets->count) % PLK_PACKETS_MAX];
    place->stream = 0;
    place->to = place->local = (struct plk_addr){0};
    place->len = 0;
    return place;
}

void plk_packets_commit(struct plk_packets *packets) { packets->count++; }

bool plk_packets_next(struct plk_packets *packets, struct plk_output *output) {
    if (packets->count == 0) return false;
    const struct plk_packet_out *packet = &packets->ring[packets->first];
    packets->first = (packets->first + 1) % PLK_PACKETS_MAX;
    packets->count--;
    *output = (struct plk_output){.kind = packet->stream == 0 ? PLK_OUT_DATAGRAM : PLK_OUT_STREAM_WRITE};
    if (packet->stream == 0) {
        output->datagram.to = packet->to;
        output->datagram.local = packet->local;
        output->datagram.data = plk_bytes(packet->bytes, packet->len);
    } else {
        output->stream_write.stream = packet->stream;
        output->stream_write.data = plk_bytes(packet->bytes, packet->len);
    }
    return true;
}
