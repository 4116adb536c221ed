// SPDX-License-Identifier: MIT
// A stranger who hears everything and sends what it likes: garbage, garbage that looks like packets, copies of what it heard,
// copies with a byte changed or cut short, over UDP and over TCP connections of its own, from its own address.
#ifndef SIM_MALLORY_H
#define SIM_MALLORY_H

#include "sim/world.h"

struct actor *mallory_new(struct world *w);                                           // one per world
void mallory_send(struct actor *mallory, const struct actor *victim, unsigned count); // datagrams
void mallory_connect(struct actor *mallory, const struct actor *victim,
                     uint32_t stream); // opens, and writes when it may

#endif
