// SPDX-License-Identifier: MIT
// A relay, alice who sends and bob who owns the queue: what the stories about relays begin with.
#ifndef SCENARIO_RELAY_H
#define SCENARIO_RELAY_H

#include "sim/guest.h"
#include "sim/story.h"

#define RELAY_LIMIT (20 * PLK_SECOND) // in which a relay answers on lines that are not lost
#define RELAY_OWNER 1u                // bob's handle
#define RELAY_SENDER 2u               // alice's

struct relay_story {
    struct world *w;
    struct relayd *relay;
    struct guest *alice, *bob;
    struct guest_queue queue;
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
};

void relay_begin(struct relay_story *s, struct world *w); // all up, connected, no queue yet
void relay_end(struct relay_story *s);
void relay_come(struct guest *g); // connects, over UDP or TCP as the seed says
void relay_expect(struct guest *g, uint32_t tag, enum plk_queue_code code);
void relay_make_queue(struct relay_story *s, uint8_t flags);
void relay_attach_bob(struct relay_story *s); // connects if need be, attaches and subscribes
void relay_attach_alice(struct relay_story *s);
void relay_until_items(struct guest *g, size_t count);
void relay_until_empty(struct relay_story *s); // no item is on the relay's disk

#endif
