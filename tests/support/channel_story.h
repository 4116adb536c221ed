// SPDX-License-Identifier: MIT
// What the tests of channels share. After cmocka.h.
#ifndef PLK_TESTS_SUPPORT_CHANNEL_STORY_H
#define PLK_TESTS_SUPPORT_CHANNEL_STORY_H

#include "support/channel_pair.h"

static const struct plk_bytes small = {.at = (const uint8_t *)"a datagram of a link", .len = 20};

static inline void opened(struct channel_pair *p) {
    channel_run(p, PLK_SECOND / 2);
    assert_int_equal(channel_status(p, CLIENT).state, PLK_RELAY_CHANNEL_OPEN);
    assert_int_equal(channel_status(p, RELAY).state, PLK_RELAY_CHANNEL_OPEN);
}

static inline void transfer_both_ways(struct channel_pair *p, uint64_t bytes, uint64_t limit_us) {
    uint64_t written[2] = {p->end[CLIENT].want, p->end[RELAY].want};
    p->end[CLIENT].want += bytes;
    p->end[RELAY].want += bytes;
    assert_true(channel_transfer(p, limit_us, written));
}

static inline bool both_rest(const struct channel_pair *p) {
    return channel_status(p, CLIENT).resting && channel_status(p, RELAY).resting;
}

#endif
