// SPDX-License-Identifier: MIT
#include "host/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t clock) {
    struct timespec now;
    plk_assert(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * PLK_SECOND + (uint64_t)now.tv_nsec / 1000;
}

#ifdef CLOCK_BOOTTIME
#define CLOCK_OF_CORE CLOCK_BOOTTIME

uint64_t plk_clock_slept_us(void) {
    // Boot time is read last, so that the two readings' distance in time counts as a few microseconds of sleep, never less.
    uint64_t awake = read_us(CLOCK_MONOTONIC), all = read_us(CLOCK_BOOTTIME);
    return all > awake ? all - awake : 0;
}
#else
#define CLOCK_OF_CORE CLOCK_MONOTONIC // elsewhere this one counts sleep (macOS)

uint64_t plk_clock_slept_us(void) { return 0; }
#endif

uint64_t plk_clock_slept_since(uint64_t *slept_us) {
    uint64_t all_us = plk_clock_slept_us(), since_us = all_us > *slept_us + PLK_CLOCK_SLEEP_US ? all_us - *slept_us : 0;
    *slept_us = all_us;
    return since_us;
}

struct plk_now plk_clock_now(void) {
    return (struct plk_now){.mono_us = read_us(CLOCK_OF_CORE), .wall_ms = read_us(CLOCK_REALTIME) / 1000};
}
