// SPDX-License-Identifier: MIT
// The two clocks of DESIGN 2: mono_us counts sleep and never goes back, wall_ms is what people see.
#ifndef PLK_HOST_CLOCK_H
#define PLK_HOST_CLOCK_H

#include "base/time.h"

struct plk_now plk_clock_now(void);

// How long this machine has slept since it was started: grows across a sleep and at no other time. 0 where the system
// does not tell.
uint64_t plk_clock_slept_us(void);

#define PLK_CLOCK_SLEEP_US PLK_SECOND // a jump of so much is a sleep
// How long it has slept since it was last asked, 0: not at all. *slept_us: plk_clock_slept_us of that time, kept up here.
uint64_t plk_clock_slept_since(uint64_t *slept_us);

#endif
