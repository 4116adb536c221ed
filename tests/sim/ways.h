// SPDX-License-Identifier: MIT
// A checker: two people between whom the networks that they are in permit a direct path talk over one in the end.
#ifndef SIM_WAYS_H
#define SIM_WAYS_H

#include "sim/world.h"

#define WAYS_OPEN_US \
    (3 * PLK_MINUTE) // from the first word, in which a way that is permitted opens: a birthday attempt may fail once
#define WAYS_WORD_US (2 * PLK_SECOND) // between two words

// Each two of them talk until data goes directly both ways, or the world fails. All is healed; all are contacts and reach each other by relays.
void ways_check(struct world *w, struct actor *const *people, int count);

#endif
