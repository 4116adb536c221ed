// SPDX-License-Identifier: MIT
#include "host/timer.h"

#include "host/clock.h"

#ifdef __linux__

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void arm(int fd, int flags, uint64_t at_us) {
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(at_us / PLK_SECOND), .tv_nsec = (long)(at_us % PLK_SECOND * 1000)}};
    plk_assert(timerfd_settime(fd, flags, &spec, NULL) == 0);
}

// A timer of the wall clock that never comes: the system cancels it when the clock jumps, which it does after a sleep.
static void arm_jump(struct plk_timer *timer) {
    arm(timer->jump_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, UINT64_C(1) << 55);
}

static void on_due(uv_poll_t *poll, int status, int events) {
    struct plk_timer *timer = poll->data;
    uint64_t count;
    (void)status;
    (void)events;
    if (read(timer->due_fd, &count, sizeof count) != sizeof count) return; // armed anew meanwhile
    timer->deadline_us = PLK_NEVER;
    timer->due(timer->ctx);
}

static void on_jump(uv_poll_t *poll, int status, int events) {
    struct plk_timer *timer = poll->data;
    uint64_t count;
    (void)status;
    (void)events;
    bool cancelled = read(timer->jump_fd, &count, sizeof count) < 0 && errno == ECANCELED;
    arm_jump(timer);
    if (cancelled) timer->jumped(timer->ctx);
}

void plk_timer_open(struct plk_timer *timer, uv_loop_t *loop, void (*due)(void *), void (*jumped)(void *), void *ctx) {
    *timer = (struct plk_timer){.deadline_us = PLK_NEVER, .due = due, .jumped = jumped, .ctx = ctx};
    timer->due_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    timer->jump_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    plk_assert(timer->due_fd >= 0 && timer->jump_fd >= 0);
    plk_assert(uv_poll_init(loop, &timer->due_poll, timer->due_fd) == 0);
    plk_assert(uv_poll_init(loop, &timer->jump_poll, timer->jump_fd) == 0);
    timer->due_poll.data = timer->jump_poll.data = timer;
    plk_assert(uv_poll_start(&timer->due_poll, UV_READABLE, on_due) == 0);
    plk_assert(uv_poll_start(&timer->jump_poll, UV_READABLE, on_jump) == 0);
    arm_jump(timer);
}

void plk_timer_set(struct plk_timer *timer, uint64_t deadline_us) {
    if (deadline_us == timer->deadline_us) return;
    timer->deadline_us = deadline_us;
    if (deadline_us == PLK_NEVER) {
        arm(timer->due_fd, TFD_TIMER_ABSTIME, 0); // zero disarms
    } else {
        arm(timer->due_fd, TFD_TIMER_ABSTIME, deadline_us > 0 ? deadline_us : 1);
    }
}

static void on_closed(uv_handle_t *handle) { close((int)(intptr_t)handle->data); }

void plk_timer_close(struct plk_timer *timer) {
    timer->due_poll.data = (void *)(intptr_t)timer->due_fd;
    timer->jump_poll.data = (void *)(intptr_t)timer->jump_fd;
    uv_close((uv_handle_t *)&timer->due_poll, on_closed);
    uv_close((uv_handle_t *)&timer->jump_poll, on_closed);
}

#else

static void on_due(uv_timer_t *handle) {
    struct plk_timer *timer = handle->data;
    timer->deadline_us = PLK_NEVER;
    timer->due(timer->ctx);
}

void plk_timer_open(struct plk_timer *timer, uv_loop_t *loop, void (*due)(void *), void (*jumped)(void *), void *ctx) {
    *timer = (struct plk_timer){.deadline_us = PLK_NEVER, .due = due, .jumped = jumped, .ctx = ctx};
    plk_assert(uv_timer_init(loop, &timer->timer) == 0);
    timer->timer.data = timer;
}

void plk_timer_set(struct plk_timer *timer, uint64_t deadline_us) {
    if (deadline_us == timer->deadline_us) return;
    timer->deadline_us = deadline_us;
    uv_timer_stop(&timer->timer);
    if (deadline_us == PLK_NEVER) return;
    uint64_t now_us = plk_clock_now().mono_us;
    uv_update_time(timer->timer.loop);
    uv_timer_start(&timer->timer, on_due, deadline_us > now_us ? (deadline_us - now_us + 999) / 1000 : 0, 0);
}

void plk_timer_close(struct plk_timer *timer) { uv_close((uv_handle_t *)&timer->timer, NULL); }

#endif
