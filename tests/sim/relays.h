// SPDX-License-Identifier: MIT
// The relays of a chaos, which everybody uses.
#ifndef SIM_RELAYS_H
#define SIM_RELAYS_H

#include "sim/relayd.h"

#define RELAYS_COUNT 2
#define RELAYS_TOKEN_QUEUES 10000
#define RELAYS_FOUND_US (2 * PLK_MINUTE) // in which a relay is connected, before there are any accidents

struct relays;

struct relays *relays_new(struct world *w); // up
void relays_free(struct relays *r);         // NULL is fine
void relays_start(struct relays *r, int which);
void relays_corrupt(struct relays *r, int which, enum relayd_malice malice); // from now on
void relays_kill(struct relays *r, int which, bool lose_disk);
// All of them, by the user's word, or one; waits until they are connected.
void relays_use(struct relays *r, struct actor *a);
void relays_use_one(struct relays *r, struct actor *a, int which);

#endif
