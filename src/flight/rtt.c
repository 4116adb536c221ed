// SPDX-License-Identifier: MIT
#include "flight/rtt.h"

#include "flight/flight.h"

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

void plk_rtt_init(struct plk_rtt *rtt) {
    *rtt = (struct plk_rtt){.smoothed_us = PLK_FLIGHT_RTT_INITIAL_US, .var_us = PLK_FLIGHT_RTT_INITIAL_US / 2};
}

static void first_sample(struct plk_rtt *rtt, uint64_t now_us, uint64_t sample_us) {
    *rtt = (struct plk_rtt){
        .has = true,
        .first_us = now_us,
        .latest_us = sample_us,
        .smoothed_us = sample_us,
        .var_us = sample_us / 2,
        .min_us = sample_us,
    };
}

void plk_rtt_sample(struct plk_rtt *rtt, uint64_t now_us, uint64_t sample_us, uint64_t delay_us) {
    sample_us = larger(sample_us, 1); // a clock may not have moved
    delay_us = plk_earlier(delay_us, PLK_FLIGHT_ACK_DELAY_US);
    uint64_t trip_us = sample_us > delay_us ? sample_us - delay_us : sample_us;
    if (!rtt->has) {
        first_sample(rtt, now_us, sample_us);
        rtt->trip_us = trip_us;
        return;
    }
    rtt->latest_us = sample_us;
    rtt->trip_us = trip_us;
    rtt->min_us = plk_earlier(rtt->min_us, sample_us); // without the delay, which may be a lie (section 5.2)
    uint64_t adjusted = sample_us >= rtt->min_us + delay_us ? trip_us : sample_us;
    uint64_t apart = adjusted > rtt->smoothed_us ? adjusted - rtt->smoothed_us : rtt->smoothed_us - adjusted;
    rtt->var_us = (3 * rtt->var_us + apart) / 4;
    rtt->smoothed_us = (7 * rtt->smoothed_us + adjusted) / 8;
}

uint64_t plk_rtt_pto_us(const struct plk_rtt *rtt) {
    return rtt->smoothed_us + larger(4 * rtt->var_us, PLK_FLIGHT_GRANULARITY_US) + PLK_FLIGHT_ACK_DELAY_US;
}

uint64_t plk_rtt_loss_us(const struct plk_rtt *rtt, unsigned shift) {
    uint64_t trip_us = larger(rtt->latest_us, rtt->smoothed_us);
    return larger(trip_us + (trip_us >> shift), PLK_FLIGHT_GRANULARITY_US);
}
