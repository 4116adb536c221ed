// SPDX-License-Identifier: MIT
// Open relays that tell of each other, and what people who use one of them come to know.
#ifndef SCENARIO_LEARN_H
#define SCENARIO_LEARN_H

#include "_mailbox.h"

#define LEARN_LIMIT (30 * PLK_MINUTE) // one that does not answer counts for ten, and some are tried

struct relayd *learn_relay(struct world *w, const char *name); // open, for little work; not up yet
size_t learn_own(const struct actor *a);                       // own relays
size_t learn_learned(const struct actor *a);                   // of them, those that nobody chose
bool learn_uses(const struct actor *a, const struct relayd *relay);
size_t learn_known(const struct actor *a); // on its list
// So many own ones were learned, and answer.
void learn_until(struct actor *a, size_t learned, uint64_t limit_us);

#endif
