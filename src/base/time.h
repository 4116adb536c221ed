// SPDX-License-Identifier: MIT
// Time is a parameter. mono_us counts sleep (CLOCK_BOOTTIME) and never goes back; wall_ms is what people see and may jump.
#ifndef PLK_BASE_TIME_H
#define PLK_BASE_TIME_H

#include "base/mem.h"

struct plk_now {
    uint64_t mono_us;
    uint64_t wall_ms; // Unix time
};

#define PLK_MS UINT64_C(1000)
#define PLK_SECOND UINT64_C(1000000)
#define PLK_MINUTE (60 * PLK_SECOND)
#define PLK_HOUR (60 * PLK_MINUTE)
#define PLK_DAY (24 * PLK_HOUR)
#define PLK_NEVER UINT64_MAX // a deadline that does not come

static inline uint64_t plk_earlier(uint64_t a_us, uint64_t b_us) { return a_us < b_us ? a_us : b_us; }

// A pause that has doubled so many times, `most` at most.
static inline uint64_t plk_doubled(uint64_t us, unsigned times, uint64_t most_us) {
    while (times-- > 0 && us < most_us) us *= 2;
    return plk_earlier(us, most_us);
}

#endif
