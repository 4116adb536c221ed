// SPDX-License-Identifier: MIT
// In some worlds contacts open new links of each other's now and then, while everything else goes wrong: each is a re-key, not a
// second contact (DESIGN 3.1). Draws from dice of its own, so that the other worlds stay as they are.
#ifndef SIM_RELINK_H
#define SIM_RELINK_H

#include "sim/chatter.h"

#define RELINK_CHANCE_PPM 250000             // of worlds in which it happens
#define RELINK_EVERY_US (2 * PLK_MINUTE)     // about
#define RELINK_PATIENCE_US (30 * PLK_SECOND) // for an answer of either node, which may have died meanwhile

// From now until end_us, if this is such a world. The chatter outlives it.
void relink_begin(struct chatter *chatter, uint64_t end_us);

#endif
