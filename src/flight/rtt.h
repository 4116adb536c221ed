// SPDX-License-Identifier: MIT
// The round-trip time of one path: RFC 9002 section 5, and the probe time-out made of it (section 6.2.1).
#ifndef PLK_FLIGHT_RTT_H
#define PLK_FLIGHT_RTT_H

#include "base/time.h"

struct plk_rtt {
    bool has;          // one sample at least
    uint64_t first_us; // when the first sample was taken, 0: before the path was made
    uint64_t latest_us, smoothed_us, var_us, min_us;
    uint64_t trip_us; // the latest without what the peer says it waited: to compare paths, not for timers
};

void plk_rtt_init(struct plk_rtt *rtt);

// sample_us from sending to the acknowledgement of the largest number in it; delay_us is what the peer says
// it waited, believed up to the agreed maximum.
void plk_rtt_sample(struct plk_rtt *rtt, uint64_t now_us, uint64_t sample_us, uint64_t delay_us);

uint64_t plk_rtt_pto_us(const struct plk_rtt *rtt); // without back-off, the peer's ack delay included
// Time threshold (section 6.1.2): the round trip and a part of it more, 1/2^shift. 3 gives the 9/8 of the RFC.
uint64_t plk_rtt_loss_us(const struct plk_rtt *rtt, unsigned shift);

#endif
