// SPDX-License-Identifier: MIT
// The two clocks of DESIGN 2: mono_us counts sleep and never goes back, wall_ms is what people see.
#ifndef PLK_HOST_CLOCK_H
#define PLK_HOST_CLOCK_H

#include "base/time.h"

struct plk_now plk_clock_now(void);

// How long this machine has slept since it was started: grows across a sleep and at no other time. 0 where the system
// does not tell.
uint64_t plk_clock_slept_us(void);

#endif
