// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/timers.h"

#include "crypto/rng.h"
#include "unit/base/heap.h"

enum { TIMERS = 100 };

static struct heap heap;
static struct plk_mem mem;
static struct plk_timers timers;
static struct plk_timer list[TIMERS];

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_timers_init(&timers, &mem);
    memset(list, 0, sizeof list);
    for (size_t i = 0; i < TIMERS; i++) list[i].owner = &list[i];
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_timers_free(&timers);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void without_any_nothing_is_due(void **state) {
    (void)state;
    assert_null(plk_timers_first(&timers));
    assert_true(plk_timers_due(&timers) == PLK_NEVER);
    plk_timers_remove(&timers, &list[0]); // not in it
    plk_timers_set(&timers, &list[0], 7);
    assert_ptr_equal(plk_timers_first(&timers)->owner, &list[0]);
    plk_timers_remove(&timers, &list[0]);
    assert_true(plk_timers_due(&timers) == PLK_NEVER);
}

// Against a plain list: after each of many random changes the earliest is the earliest.
static void the_earliest_is_first_whatever_happens(void **state) {
    static const uint8_t seed[32] = {5};
    struct plk_rng rng;
    uint64_t due[TIMERS];
    bool in[TIMERS] = {false};
    (void)state;
    plk_rng_seed(&rng, seed);
    for (unsigned n = 0; n < 20000; n++) {
        size_t i = (size_t)plk_rng_below(&rng, TIMERS);
        if (plk_rng_below(&rng, 3) == 0) {
            plk_timers_remove(&timers, &list[i]);
            in[i] = false;
        } else {
            due[i] = plk_rng_below(&rng, 10) == 0 ? PLK_NEVER : plk_rng_below(&rng, 1000);
            plk_timers_set(&timers, &list[i], due[i]);
            in[i] = true;
        }
        uint64_t earliest = PLK_NEVER;
        size_t count = 0;
        for (size_t k = 0; k < TIMERS; k++) {
            count += in[k];
            if (in[k] && due[k] < earliest) earliest = due[k];
        }
        assert_int_equal(timers.count, count);
        assert_true(plk_timers_due(&timers) == earliest);
    }
}

static void they_come_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < TIMERS; i++) plk_timers_set(&timers, &list[i], i * 37 % TIMERS);
    for (uint64_t due_us = 0; due_us < TIMERS; due_us++) {
        struct plk_timer *first = plk_timers_first(&timers);
        assert_int_equal(first->due_us, due_us);
        assert_ptr_equal(first->owner, first);
        plk_timers_remove(&timers, first);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_any_nothing_is_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_earliest_is_first_whatever_happens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(they_come_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
