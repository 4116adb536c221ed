// SPDX-License-Identifier: MIT
// Outer packets: whatever decodes is written back as the same bytes; and the cutting of a TCP stream into packets.
#include "wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[PLK_PACKET_MAX];

static bool is_inside(struct plk_bytes range, struct plk_bytes whole) {
    return range.len == 0 || (range.at >= whole.at && range.at + range.len <= whole.at + whole.len);
}

static void check_packet(struct plk_bytes bytes) {
    struct plk_packet packet;
    if (plk_packet_decode(&packet, bytes) != PLK_ERR_OK) return;
    plk_assert(is_inside(packet.hint, bytes) && is_inside(packet.stamp, bytes) && is_inside(packet.cid, bytes));
    plk_assert(is_inside(packet.counter, bytes) && is_inside(packet.ephemeral, bytes) && is_inside(packet.body, bytes));
    plk_assert(is_inside(packet.nonce, bytes) && is_inside(packet.mac1, bytes) && is_inside(packet.mac2, bytes));
    if (packet.kind == PLK_PACKET_HELLO) {
        plk_assert(plk_packet_before_mac1(&packet).at == bytes.at && plk_packet_before_mac2(&packet).at == bytes.at);
        plk_assert(plk_packet_before_mac1(&packet).len == bytes.len - 2 * PLK_PACKET_MAC_LEN);
        plk_assert(plk_packet_before_mac2(&packet).len == bytes.len - PLK_PACKET_MAC_LEN);
    }
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_packet_write(&w, &packet);
    plk_assert(!w.failed && plk_bytes_equal(plk_writer_bytes(&w), bytes));
    for (size_t full = 300; full <= PLK_PACKET_UDP_MAX; full += 288) {
        size_t padded = plk_packet_padded_len(bytes.len, full);
        plk_assert(padded >= bytes.len && (padded <= full || padded == bytes.len));
    }
}

static void check_stream(struct plk_bytes stream) {
    for (;;) {
        struct plk_bytes packet;
        bool broken;
        size_t taken = plk_packet_unframe(stream, &packet, &broken);
        if (taken == 0) return;
        plk_assert(!broken && taken <= stream.len && packet.len + PLK_PACKET_FRAME_LEN == taken);
        check_packet(packet);
        stream = plk_bytes(stream.at + taken, stream.len - taken);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_packet(plk_bytes(data, size));
    check_stream(plk_bytes(data, size));
    return 0;
}
