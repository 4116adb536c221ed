// SPDX-License-Identifier: MIT
// How long a silence the NAT before us bears (DESIGN 4: "starting at 10 s, learned, then 0.7 of the mapping's lifetime"; RFC 4787
// section 4.3 asks NATs for two minutes, which many do not keep). A PING after a silence is asked from where we were, or the far
// end challenges a new address: then the mapping had been forgotten meanwhile. What was learned outlives the channel it was
// learned on, until the network changes.
#ifndef PLK_CHANNEL_KEEPALIVE_H
#define PLK_CHANNEL_KEEPALIVE_H

#include "base/time.h"

#define PLK_KEEPALIVE_FIRST_US (10 * PLK_SECOND)
#define PLK_KEEPALIVE_MAX_US (4 * PLK_MINUTE)
#define PLK_KEEPALIVE_GOOD 3 // silences borne, after which a longer one is tried

struct plk_keepalive {
    uint64_t interval_us; // the present one
    uint64_t ceiling_us;  // what was too long; PLK_NEVER: nothing was
    uint64_t asked_us;    // of the last PING that was looked at
    unsigned good;
    uint8_t challenged; // as last told
};

void plk_keepalive_begin(struct plk_keepalive *k); // another network: nothing is known
// A new channel: nothing was asked on it and it was not challenged.
void plk_keepalive_channel(struct plk_keepalive *k, uint64_t now_us);
// What the channel has counted: challenges so far (modulo 256), and when its last PING went. True: the interval is another now.
bool plk_keepalive_learn(struct plk_keepalive *k, uint8_t challenged, uint64_t asked_us);

#endif
