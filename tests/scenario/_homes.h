// SPDX-License-Identifier: MIT
// Alice and bob, each behind a NAT and with nothing but IPv4, and a relay in the open: what the stories begin with in which they
// have nothing of each other but a link that leads through it.
#ifndef SCENARIO_HOMES_H
#define SCENARIO_HOMES_H

#include "_mailbox.h"

#define HOMES_MEET (2 * PLK_MINUTE) // in which they become contacts
#define HOMES_TALK (5 * PLK_SECOND) // in which a word is heard while both are there

struct homes {
    struct world *w;
    struct relayd *relay;
    struct actor *alice, *bob;
    struct nat *alices, *bobs; // NULL: in the open
};

// alices, bobs: made with world_nat; the same one for both, or NULL. They are contacts then, and have talked.
void homes_begin(struct homes *s, struct world *w, struct nat *alices, struct nat *bobs);
void homes_meet(struct homes *s); // the rest of it, when the two are there, each in their own way
void homes_begin_as(struct homes *s, struct world *w, enum nat_class alices, enum nat_class bobs);
void homes_end(struct homes *s);
void homes_talk(struct homes *s, const char *text, uint64_t limit_us); // a word each way, heard within that time
// For so long both write, every few hundred milliseconds.
void homes_chat(struct homes *s, const char *text, uint64_t us);
bool homes_direct(struct homes *s); // the data of both goes directly
void homes_until_direct(struct homes *s, uint64_t limit_us);
bool homes_direct_by(struct homes *s, enum plk_transport transport);
void homes_until_direct_by(struct homes *s, enum plk_transport transport, uint64_t limit_us, const char *what);

#endif
