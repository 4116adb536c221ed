// SPDX-License-Identifier: MIT
// How long a silence the NAT before us bears (DESIGN 4: "starting at 10 s, learned, then 0.7 of the mapping's lifetime"; RFC 4787
// section 4.3 asks NATs for two minutes, which many do not keep). What was learned outlives the channel it was learned on, until
// the network changes.
//
// A NAT that has forgotten gives another port, and then the far end challenges the new address; or, as many at home do, the same
// port once more, and then nobody sees anything but that what came meanwhile was lost. That a PING is answered from where we were
// says nothing, therefore. Beyond what most NATs bear an interval grows only as far as something came unasked after a silence.
#ifndef PLK_CHANNEL_KEEPALIVE_H
#define PLK_CHANNEL_KEEPALIVE_H

#include "base/time.h"

#define PLK_KEEPALIVE_FIRST_US (10 * PLK_SECOND)
#define PLK_KEEPALIVE_BLIND_US (25 * PLK_SECOND) // without a sign that more is borne: 30 s is a common lifetime
#define PLK_KEEPALIVE_MAX_US (4 * PLK_MINUTE)
#define PLK_KEEPALIVE_GOOD 3 // silences borne, after which a longer one is tried

struct plk_keepalive {
    uint64_t interval_us; // the present one
    uint64_t ceiling_us;  // what was too long; PLK_NEVER: nothing was
    uint64_t borne_us;    // the longest silence that was
    uint64_t asked_us;    // of the last PING that was looked at
    unsigned good;
    uint8_t challenged, missed; // as last told
};

// What a channel has seen so far.
struct plk_keepalive_seen {
    uint64_t asked_us;  // when its last PING went
    uint64_t borne_us;  // the longest silence of ours after which something came that was no answer
    uint8_t challenged; // times it was challenged, modulo 256
    uint8_t missed;     // PINGs after a silence whose answer showed that something before it was lost, modulo 256
};

void plk_keepalive_begin(struct plk_keepalive *k); // another network: nothing is known
// A new channel: nothing was asked on it and it was not challenged.
void plk_keepalive_channel(struct plk_keepalive *k, uint64_t now_us);
bool plk_keepalive_learn(struct plk_keepalive *k,
                         const struct plk_keepalive_seen *seen); // true: the interval is another now

#endif
