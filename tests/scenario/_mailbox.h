// SPDX-License-Identifier: MIT
// Relays of people: what the stories begin with in which two who are not there at the same time write to each other.
#ifndef SCENARIO_MAILBOX_H
#define SCENARIO_MAILBOX_H

#include "sim/relayd.h"
#include "sim/story.h"

#define MAILBOX_LIMIT (30 * PLK_SECOND) // in which a relay is found, and queues are made and told

struct relayd *mailbox_relay(struct world *w, const char *name);         // up, with a token for a hundred queues
void mailbox_token(struct relayd *relay);                                // the same token, for a relay that has lost it
void mailbox_use(struct actor *a, struct relayd *relay);                 // `relay add`, and connected
void mailbox_leave(struct actor *a, const struct relayd *relay);         // `relay remove`
unsigned mailbox_known(const struct actor *a, const struct actor *peer); // queues of the peer's that it has on its disk
// Both hold each other's queues, so many of each, durably.
void mailbox_until_told(struct actor *a, struct actor *b, unsigned count);
size_t mailbox_items(const struct relayd *relay); // on its disk
// Something is, within that time.
void mailbox_until_kept(struct relayd *relay, uint64_t limit_us, const char *what);
// A word each way, heard within that time.
void mailbox_talk(struct actor *a, struct actor *b, const char *text, uint64_t limit_us);
// Contacts, each with a relay and the other's queue there; then they reach each other through relays only, and b is not there.
void mailbox_apart(struct actor *a, struct relayd *as, struct actor *b, struct relayd *bs);
// They go off by turns, eight times each, for so long: one has what the other has said from relays only. Both are there then.
void mailbox_by_turns(struct actor *a, struct actor *b, uint64_t span_us);
// Nothing is left on the relay's disk of what it kept.
void mailbox_until_empty(struct relayd *relay, uint64_t limit_us);
bool mailbox_connected(const struct actor *a, const struct relayd *relay);

#endif
