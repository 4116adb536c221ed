// SPDX-License-Identifier: MIT
// Which port a NAT that gives out one after another will give next.
#ifndef PLK_PATH_PREDICT_H
#define PLK_PATH_PREDICT_H

#include "base/addr.h"

#define PLK_PREDICT_MAPPINGS 3 // that it takes to see a rule
#define PLK_PREDICT_STEP_MAX 32
#define PLK_PREDICT_WINDOW 3 // ports that are tried, since somebody else's connection may have taken the first

// The step of ports that were given in this order: all go the same way, by multiples of the smallest step, which others behind the same
// NAT explain. 0: there is no rule, or fewer than PLK_PREDICT_MAPPINGS.
int plk_predict_step(const uint16_t *ports, unsigned count);

// The addresses of the next new mappings after the last one, the most likely first. Returns how many: fewer where ports end.
unsigned plk_predict_window(const struct plk_addr *last, int step, struct plk_addr window[PLK_PREDICT_WINDOW]);

#endif
