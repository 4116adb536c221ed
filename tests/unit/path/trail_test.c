// SPDX-License-Identifier: MIT
// The short memory of what was tried: steps that repeat are one, the oldest goes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "path/trail.h"

static struct plk_trail trail;

static int set_up(void **state) {
    (void)state;
    memset(&trail, 0, sizeof trail);
    return 0;
}

static void note(uint64_t now_us, enum plk_trail_kind kind, uint8_t last) {
    struct plk_trail_step step = {.kind = kind, .transport = PLK_UDP, .addr = {.family = 4, .ip = {9, 9, 9, last}}};
    plk_trail_note(&trail, now_us, &step);
}

static void what_repeats_is_one_step_that_counts(void **state) {
    (void)state;
    note(10, PLK_TRAIL_ASKED, 1);
    note(11, PLK_TRAIL_ASKED, 2);
    note(12, PLK_TRAIL_UNANSWERED, 1);
    note(20, PLK_TRAIL_ASKED, 1);
    assert_int_equal(trail.count, 3);
    assert_int_equal(trail.steps[0].addr.ip[3], 2);
    assert_int_equal(trail.steps[1].kind, PLK_TRAIL_UNANSWERED);
    assert_int_equal(trail.steps[2].at_us, 20); // where it happened last
    assert_int_equal(trail.steps[2].count, 2);
    assert_int_equal(trail.steps[0].count, 1);
}

static void what_was_before_data_moved_is_another_story(void **state) {
    (void)state;
    note(10, PLK_TRAIL_ASKED, 1);
    note(11, PLK_TRAIL_ACTIVE, 7);
    note(12, PLK_TRAIL_ASKED, 1);
    assert_int_equal(trail.count, 3);
    assert_int_equal(trail.steps[0].at_us, 10);
    assert_int_equal(trail.steps[2].count, 1);
    note(13, PLK_TRAIL_ACTIVE, 7); // the same way once more, nothing in between but questions
    assert_int_equal(trail.count, 3);
    assert_int_equal(trail.steps[2].count, 2);
}

static void the_oldest_goes(void **state) {
    (void)state;
    for (uint8_t i = 0; i < PLK_TRAIL_LEN + 5; i++) note(i, PLK_TRAIL_ASKED, i);
    assert_int_equal(trail.count, PLK_TRAIL_LEN);
    assert_int_equal(trail.steps[0].addr.ip[3], 5);
    assert_int_equal(trail.steps[PLK_TRAIL_LEN - 1].addr.ip[3], PLK_TRAIL_LEN + 4);
}

static void each_kind_has_a_word(void **state) {
    (void)state;
    for (unsigned i = 0; i <= PLK_TRAIL_DOWN; i++) {
        assert_string_not_equal(plk_trail_word((enum plk_trail_kind)i), "unknown");
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(plk_trail_word((enum plk_trail_kind)i), plk_trail_word((enum plk_trail_kind)k));
    }
    assert_string_equal(plk_trail_word((enum plk_trail_kind)(PLK_TRAIL_DOWN + 1)), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(what_repeats_is_one_step_that_counts),
        TEST(what_was_before_data_moved_is_another_story),
        TEST(the_oldest_goes),
        TEST(each_kind_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
