// SPDX-License-Identifier: MIT
// The networks that people are in while everything goes wrong: boxes of random classes and with random traits, some of them
// shared, between which people move, and which start again and get other addresses.
#ifndef SIM_NATS_H
#define SIM_NATS_H

#include "sim/world.h"

#define NATS_NETWORKS_MAX 6

struct nats;

struct nats *nats_new(struct world *w, struct actor *const *people, int count); // and each is somewhere
void nats_free(struct nats *n);

void nats_move(struct nats *n, struct actor *a); // to any of the networks, the open among them
void nats_strike(struct nats *n);                // a box starts again, or gets another address; or all get others

#endif
