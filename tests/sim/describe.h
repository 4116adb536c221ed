// SPDX-License-Identifier: MIT
// What a host may ask a node, printed for whoever looks for the cause of a failure.
#ifndef SIM_DESCRIBE_H
#define SIM_DESCRIBE_H

#include <stdio.h>

#include "sim/world.h"

void describe_world(const struct world *w, FILE *out);

#endif
