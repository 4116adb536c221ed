// SPDX-License-Identifier: MIT
// The one timer of a node's WAIT, in the core's time: exact to microseconds, and due at once after a sleep that was longer.
// On Linux timerfds; elsewhere a timer of libuv.
#ifndef PLK_HOST_TIMER_H
#define PLK_HOST_TIMER_H

#include <uv.h>

#include "base/time.h"

struct plk_timer {
    uint64_t deadline_us; // as armed; PLK_NEVER
    void (*due)(void *ctx);
    void (*jumped)(void *ctx); // the clock was set, or the machine has slept: look at plk_clock_slept_us
    void *ctx;
#ifdef __linux__
    uv_poll_t due_poll, jump_poll;
    int due_fd, jump_fd;
#else
    uv_timer_t timer;
#endif
};

// Traps when the system has no timers.
void plk_timer_open(struct plk_timer *timer, uv_loop_t *loop, void (*due)(void *), void (*jumped)(void *), void *ctx);
void plk_timer_set(struct plk_timer *timer, uint64_t deadline_us); // mono_us; PLK_NEVER: none
void plk_timer_close(struct plk_timer *timer);                     // done when the loop has run again

#endif
