// SPDX-License-Identifier: MIT
// What arrived and is to be acknowledged, and when: RFC 9000 section 13.2. Bounded whatever the peer sends.
#ifndef PLK_FLIGHT_ACKS_H
#define PLK_FLIGHT_ACKS_H

#include "base/time.h"
#include "wire/frame.h"

struct plk_acks {
    struct plk_frame_range ranges[PLK_FRAME_RANGES_MAX]; // descending and apart
    unsigned count;
    unsigned waiting;    // ack-eliciting packets since the last ACK
    bool news;           // anything at all since the last ACK
    uint64_t due_us;     // when an ACK must leave, PLK_NEVER
    uint64_t largest_us; // when the largest number arrived
    uint64_t forgotten;  // ranges dropped for lack of place
};

void plk_acks_init(struct plk_acks *acks);
void plk_acks_received(struct plk_acks *acks, uint64_t now_us, uint64_t pn, bool eliciting);
// false: no news.
bool plk_acks_build(struct plk_acks *acks, uint64_t now_us, struct plk_frame_ack *ack);
// The peer has an ACK of ours whose largest number was this: nothing below needs saying again (section
// 13.2.4).
void plk_acks_settled(struct plk_acks *acks, uint64_t largest);

#endif
