// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/mtu.h"

static struct plk_mtu m;
static uint64_t now_us;

static int fresh(void **state) {
    (void)state;
    now_us = 1000 * PLK_SECOND;
    plk_mtu_init(&m, false);
    return 0;
}

static void full_packets(unsigned count) {
    for (unsigned i = 0; i < count; i++) plk_mtu_went(&m, m.size);
}

// A path through which packets of up to so many bytes of UDP payload pass. How many trials went until the search was over.
static unsigned search(uint32_t passes) {
    unsigned trials = 0;
    for (uint32_t size; (size = plk_mtu_wanted(&m, now_us)) != 0; trials++) {
        plk_mtu_tried(&m);
        assert_int_equal(plk_mtu_wanted(&m, now_us), 0); // one at a time
        if (size <= passes) {
            plk_mtu_passed(&m, size, now_us);
        } else {
            plk_mtu_failed(&m, size, now_us);
        }
        assert_true(trials < 100);
    }
    return trials;
}

static void nothing_is_tried_before_there_is_much_to_send(void **state) {
    (void)state;
    assert_int_equal(m.size, 1152);
    full_packets(PLK_MTU_FULL - 1);
    for (int i = 0; i < 100; i++) plk_mtu_went(&m, 256);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 0);
    full_packets(1);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 1472);
    plk_mtu_init(&m, true);
    full_packets(PLK_MTU_FULL);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 1452);
}

static void the_largest_that_passes_is_found(void **state) {
    (void)state;
    static const struct {
        uint32_t passes, size;
        unsigned trials;
    } paths[] = {{1472, 1472, 1},  {1471, 1464, 4},  {1400, 1392, 10},
                 {1252, 1252, 19}, {1251, 1152, 21}, {1152, 1152, 21}};
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        plk_mtu_init(&m, false);
        full_packets(PLK_MTU_FULL);
        assert_int_equal(search(paths[i].passes), paths[i].trials);
        assert_int_equal(m.size, paths[i].size);
    }
}

static void a_search_that_ended_below_is_repeated(void **state) {
    (void)state;
    full_packets(PLK_MTU_FULL);
    search(1400);
    now_us += PLK_MTU_RAISE_US - 1;
    full_packets(PLK_MTU_FULL);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 0);
    now_us++;
    plk_mtu_wanted(&m, now_us);
    full_packets(PLK_MTU_FULL);
    assert_int_equal(search(1400), 9); // what passes already is not tried again
    assert_int_equal(m.size, 1392);
    now_us += PLK_MTU_RAISE_US;
    plk_mtu_wanted(&m, now_us);
    full_packets(PLK_MTU_FULL);
    search(1500);
    assert_int_equal(m.size, 1472);
    now_us += 100 * PLK_MTU_RAISE_US;
    full_packets(PLK_MTU_FULL);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 0); // there is nothing larger
}

static void large_packets_that_vanish_bring_the_floor_back_at_once(void **state) {
    (void)state;
    assert_false(plk_mtu_lost(&m, 1000)); // nothing larger was sent
    full_packets(PLK_MTU_FULL);
    search(1472);
    assert_false(plk_mtu_lost(&m, PLK_MTU_HOLE - 1));
    assert_int_equal(m.size, 1472);
    assert_true(plk_mtu_lost(&m, PLK_MTU_HOLE));
    assert_int_equal(m.size, 1152);
    assert_false(plk_mtu_lost(&m, PLK_MTU_HOLE + 1));
    assert_int_equal(plk_mtu_wanted(&m, now_us), 0);
    full_packets(PLK_MTU_FULL);
    search(1252);
    assert_int_equal(m.size, 1252);
}

// What was tried before the floor came back says nothing of the search that has begun since.
static void old_trials_say_nothing(void **state) {
    (void)state;
    full_packets(PLK_MTU_FULL);
    search(1471);
    now_us += PLK_MTU_RAISE_US;
    plk_mtu_wanted(&m, now_us);
    full_packets(PLK_MTU_FULL);
    assert_int_equal(plk_mtu_wanted(&m, now_us), 1472);
    plk_mtu_tried(&m);
    assert_true(plk_mtu_lost(&m, PLK_MTU_HOLE));
    assert_false(plk_mtu_passed(&m, 1472, now_us));
    plk_mtu_failed(&m, 1472, now_us);
    assert_int_equal(m.size, 1152);
    assert_int_equal(m.tries, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_tried_before_there_is_much_to_send, fresh),
        cmocka_unit_test_setup(the_largest_that_passes_is_found, fresh),
        cmocka_unit_test_setup(a_search_that_ended_below_is_repeated, fresh),
        cmocka_unit_test_setup(large_packets_that_vanish_bring_the_floor_back_at_once, fresh),
        cmocka_unit_test_setup(old_trials_say_nothing, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
