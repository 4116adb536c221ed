// SPDX-License-Identifier: MIT
// Fay's node is in the open, and a relay for her contacts; alice and bob sit at home behind NATs and know no other relay.
#ifndef SCENARIO_FRIEND_H
#define SCENARIO_FRIEND_H

#include "sim/served.h"
#include "sim/story.h"

#define FRIEND_LIMIT PLK_MINUTE // in which a friend's relay is told of, found, and has queues

struct friend {
    struct world *w;
    struct actor *alice, *bob, *fay;
};

void friend_begin(struct friend *s, struct world *w); // both are fay's contacts, and have her relay
void friend_meet(struct friend *s);                   // alice and bob become contacts through it
// Its relay is an own one of that person's, and answers.
bool friend_keeps_for(const struct actor *a);
void friend_until(struct friend *s, struct actor *a, bool keeps); // it is so, or there is no relay of hers any more
void friend_until_stored(struct actor *a); // the last that was told of a message is that somebody keeps it
void friend_until_queues(struct friend *s, unsigned count); // each has so many queues of the other's

#endif
