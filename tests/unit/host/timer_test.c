// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/clock.h"
#include "host/timer.h"

struct story {
    uv_loop_t loop;
    struct plk_timer timer;
    unsigned dues, jumps;
    uint64_t due_us, again_us;
};

static void due(void *ctx) {
    struct story *story = ctx;
    story->dues++;
    story->due_us = plk_clock_now().mono_us;
    if (story->again_us != 0) plk_timer_set(&story->timer, story->again_us);
    story->again_us = 0;
}

static void jumped(void *ctx) { ((struct story *)ctx)->jumps++; }

static void begin(struct story *story) {
    memset(story, 0, sizeof *story);
    assert_int_equal(uv_loop_init(&story->loop), 0);
    plk_timer_open(&story->timer, &story->loop, due, jumped, story);
}

static void end(struct story *story) {
    plk_timer_close(&story->timer);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
}

static void it_comes_when_it_is_due_and_once(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    uint64_t at_us = plk_clock_now().mono_us + 3000;
    plk_timer_set(&story.timer, at_us);
    while (story.dues == 0) uv_run(&story.loop, UV_RUN_ONCE);
    assert_true(story.due_us >= at_us);
    for (int i = 0; i < 5; i++) uv_run(&story.loop, UV_RUN_NOWAIT);
    assert_int_equal(story.dues, 1);
    end(&story);
}

static void the_past_is_due_at_once(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    plk_timer_set(&story.timer, 0);
    story.again_us = 1; // set from within
    while (story.dues < 2) uv_run(&story.loop, UV_RUN_ONCE);
    assert_int_equal(story.dues, 2);
    end(&story);
}

static void the_last_deadline_counts(void **state) {
    (void)state;
    struct story story;
    begin(&story);
    uint64_t now_us = plk_clock_now().mono_us;
    plk_timer_set(&story.timer, now_us + 1);
    plk_timer_set(&story.timer, PLK_NEVER);
    for (int i = 0; i < 5; i++) uv_run(&story.loop, UV_RUN_NOWAIT);
    assert_int_equal(story.dues, 0);
    plk_timer_set(&story.timer, now_us + 3600 * PLK_SECOND);
    plk_timer_set(&story.timer, now_us + 2000);
    while (story.dues == 0) uv_run(&story.loop, UV_RUN_ONCE);
    assert_true(story.due_us < now_us + 3600 * PLK_SECOND);
    end(&story);
}

static void the_clocks_agree_with_themselves(void **state) {
    (void)state;
    struct plk_now before = plk_clock_now(), after = plk_clock_now();
    assert_true(after.mono_us >= before.mono_us);
    assert_true(before.wall_ms > UINT64_C(1700000000000));
    uint64_t slept_us = plk_clock_slept_us();
    assert_true(plk_clock_slept_us() < slept_us + PLK_SECOND); // it grows in sleep alone
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_when_it_is_due_and_once),
        cmocka_unit_test(the_past_is_due_at_once),
        cmocka_unit_test(the_last_deadline_counts),
        cmocka_unit_test(the_clocks_agree_with_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
