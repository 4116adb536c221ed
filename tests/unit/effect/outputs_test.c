// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "effect/outputs.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_outputs outputs;

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_outputs_init(&outputs, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_outputs_free(&outputs);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static struct plk_output result(uint64_t ticket) {
    return (struct plk_output){.kind = PLK_OUT_RESULT, .result = {.ticket = ticket}};
}

static uint64_t next_ticket(uint64_t stored_n) {
    struct plk_output output;
    return plk_outputs_next(&outputs, stored_n, &output) ? output.result.ticket : 0;
}

static void what_waits_for_a_batch_stays_until_it_is_durable(void **state) {
    (void)state;
    struct plk_output one = result(1), two = result(2);
    plk_outputs_later(&outputs, 5, &one);
    plk_outputs_later(&outputs, 6, &two);
    assert_int_equal(next_ticket(4), 0);
    assert_int_equal(next_ticket(5), 1);
    assert_int_equal(next_ticket(5), 0);
    assert_int_equal(next_ticket(6), 2);
    assert_int_equal(next_ticket(UINT64_MAX), 0);
}

static void what_is_due_at_once_passes_what_waits(void **state) {
    (void)state;
    struct plk_output later = result(1), now = result(2), also = result(3);
    plk_outputs_later(&outputs, 9, &later);
    plk_outputs_now(&outputs, &now);
    plk_outputs_now(&outputs, &also);
    assert_int_equal(next_ticket(0), 2);
    assert_int_equal(next_ticket(0), 3);
    assert_int_equal(next_ticket(9), 1);
}

// An event must not overtake the one before it, even when its own batch is an earlier one.
static void later_ones_keep_their_order(void **state) {
    (void)state;
    struct plk_output one = result(1), two = result(2);
    plk_outputs_later(&outputs, 7, &one);
    plk_outputs_later(&outputs, 3, &two);
    assert_int_equal(next_ticket(3), 0);
    assert_int_equal(next_ticket(7), 1);
    assert_int_equal(next_ticket(7), 2);
}

static void bytes_are_copied_and_stay_until_the_next_call(void **state) {
    (void)state;
    uint8_t from[] = {1, 2, 3}, to[] = {4, 5};
    struct plk_output load = {.kind = PLK_OUT_LOAD, .load = {.ticket = 1}}, got;
    load.load.from = plk_bytes(from, sizeof from);
    load.load.to = plk_bytes(to, sizeof to);
    plk_outputs_now(&outputs, &load);
    memset(from, 9, sizeof from);
    memset(to, 9, sizeof to);
    assert_true(plk_outputs_next(&outputs, 0, &got));
    assert_int_equal(got.load.from.len, 3);
    assert_memory_equal(got.load.from.at, "\1\2\3", 3);
    assert_int_equal(got.load.to.len, 2);
    assert_memory_equal(got.load.to.at, "\4\5", 2);
    assert_false(plk_outputs_next(&outputs, 0, &got));
    assert_null(outputs.handed);
}

static void an_empty_range_points_nowhere(void **state) {
    (void)state;
    struct plk_output one = result(1), got;
    one.result.text = plk_bytes("gone", 0);
    plk_outputs_now(&outputs, &one);
    assert_true(plk_outputs_next(&outputs, 0, &got));
    assert_int_equal(got.result.text.len, 0);
    assert_null(got.result.text.at);
}

static void a_queue_that_was_empty_takes_again(void **state) {
    (void)state;
    for (uint64_t i = 1; i < 50; i++) {
        struct plk_output one = result(i), two = result(i + 1000);
        plk_outputs_now(&outputs, &one);
        plk_outputs_now(&outputs, &two);
        assert_int_equal(next_ticket(0), i);
        assert_int_equal(next_ticket(0), i + 1000);
        assert_int_equal(next_ticket(0), 0);
    }
}

static void what_is_left_is_freed(void **state) {
    (void)state;
    struct plk_output one = result(1), got;
    one.result.text = plk_bytes("text", 4);
    for (unsigned i = 0; i < 3; i++) plk_outputs_later(&outputs, i, &one);
    plk_outputs_now(&outputs, &one);
    assert_true(plk_outputs_next(&outputs, 0, &got)); // one is in the host's hands when the node ends
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_for_a_batch_stays_until_it_is_durable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_due_at_once_passes_what_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_ones_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_are_copied_and_stay_until_the_next_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_range_points_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_queue_that_was_empty_takes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_is_freed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
