// SPDX-License-Identifier: MIT
// Alice with a relay of hers, bob with one of his; each reaches the other through relays only, and has never told where he is.
#ifndef SCENARIO_APART_H
#define SCENARIO_APART_H

#include "_mailbox.h"

struct apart {
    struct world *w;
    struct relayd *near, *far; // alice's, bob's
    struct actor *alice, *bob;
    uint32_t alice_far, alice_bob, bob_near, bob_alice; // packets so far
};

void apart_begin(struct apart *s, struct world *w); // contacts, by a link of alice's
void apart_end(struct apart *s);
void apart_set(struct actor *a, const struct actor *peer, bool relay_only);
// No packet has gone since then from one to the other, nor to the other's relay.
void apart_note(struct apart *s);
void apart_expect(struct apart *s);
// A word each way, heard within that time.
void apart_talk(struct apart *s, const char *text, uint64_t limit_us);

#endif
