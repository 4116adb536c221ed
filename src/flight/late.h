// SPDX-License-Identifier: MIT
// Packets that were declared lost a short while ago: when one is acknowledged after all, it had only been overtaken, and the
// thresholds of its path were too narrow for how that path reorders (RFC 9002 section 6.1, RFC 8985 section 7.2). One ring
// for all paths of a flight; what falls out of it is taken for lost, as without it.
#ifndef PLK_FLIGHT_LATE_H
#define PLK_FLIGHT_LATE_H

#include "base/time.h"
#include "wire/frame.h"

#define PLK_LATE_PACKETS 64
#define PLK_LATE_US (5 * PLK_SECOND) // for so long

struct plk_late_packet {
    uint64_t pn, order, sent_us, lost_us;
    uint32_t path; // the caller's id
    bool live;
};

struct plk_late {
    struct plk_late_packet ring[PLK_LATE_PACKETS];
    unsigned next, count; // count: live ones
};

void plk_late_lost(struct plk_late *late, const struct plk_late_packet *packet);
// Takes one of the path that the ack names; false: none is left.
bool plk_late_take(struct plk_late *late, uint32_t path, const struct plk_frame_ack *ack, uint64_t now_us,
                   struct plk_late_packet *packet);
void plk_late_forget(struct plk_late *late, uint32_t path);

#endif
