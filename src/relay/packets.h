// SPDX-License-Identifier: MIT
// Packets that were built while an input was handled (PASS, NOBODY, hellos' answers, STUN) and that the host takes with its
// next polls. What does not fit is dropped: all of them may be lost on any network.
#ifndef PLK_RELAY_PACKETS_H
#define PLK_RELAY_PACKETS_H

#include "wire/effect.h"

#define PLK_PACKETS_MAX 128
#define PLK_PACKETS_LEN (PLK_DATAGRAM_MAX + 2) // on TCP behind its length

struct plk_packet_out {
    struct plk_addr to, local;
    uint32_t stream; // 0: UDP
    size_t len;
    uint8_t bytes[PLK_PACKETS_LEN];
};

struct plk_packets {
    struct plk_packet_out ring[PLK_PACKETS_MAX];
    size_t first, count;
};

// The place of the next packet, NULL: all are taken. It counts when plk_packets_commit is called.
struct plk_packet_out *plk_packets_place(struct plk_packets *packets);
void plk_packets_commit(struct plk_packets *packets);
// The next output; its bytes are good until the next call but plk_packets_place. false: none.
bool plk_packets_next(struct plk_packets *packets, struct plk_output *output);

#endif
