// SPDX-License-Identifier: MIT
// Two contacts, alice and bob, with queues for each other at two relays: what the stories begin with in which packets go by
// relay because they cannot go directly.
#ifndef SCENARIO_RELAYED_H
#define SCENARIO_RELAYED_H

#include "_mailbox.h"
#include "node/node.h"

#define RELAYED_MOVE (2 * PLK_SECOND)  // in which traffic is on another path after the one before died
#define RELAYED_LOOK (20 * PLK_SECOND) // in which a better path is found once there is one

struct relayed {
    struct world *w;
    struct relayd *near, *far;
    struct actor *alice, *bob;
};

void relayed_begin(struct relayed *s, struct world *w); // all told, and both talk directly
void relayed_end(struct relayed *s);
void relayed_part(struct relayed *s); // nothing passes between the two, neither UDP nor TCP
void relayed_join(struct relayed *s);
// A word each way, heard within that time.
void relayed_talk(struct relayed *s, const char *text, uint64_t limit_us);
// When the present session of alice's began.
uint64_t relayed_since(struct relayed *s);
// Within that time the data of both goes by relay, or does not.
void relayed_until(struct relayed *s, bool by_relay, uint64_t limit_us);

#endif
