// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/loads.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_loads loads;

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_loads_init(&loads, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_loads_free(&loads);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void ask(enum plk_load_kind kind, uint32_t contact, uint64_t after_n) {
    uint8_t from[] = {1, 2}, to[PLK_ROW_KEY_MAX];
    memset(to, 0xff, sizeof to);
    plk_loads_ask(&loads, kind, contact, 0, PLK_TABLE_link, plk_bytes(from, sizeof from), plk_bytes(to, sizeof to), 5,
                  true, after_n);
    memset(from, 0, sizeof from); // the keys are copied
    memset(to, 0, sizeof to);
}

static uint64_t next_ticket(uint64_t emitted_n) {
    struct plk_output output;
    return plk_loads_next(&loads, emitted_n, &output) ? output.load.ticket : 0;
}

// A row that is in a batch which the host does not have yet would be read as it was before.
static void a_read_does_not_pass_the_writes_before_it(void **state) {
    (void)state;
    ask(PLK_LOAD_CONTACT, 1, 4);
    ask(PLK_LOAD_CONTACT, 2, 0);
    assert_int_equal(next_ticket(3), 2);
    assert_int_equal(next_ticket(3), 0);
    assert_int_equal(next_ticket(4), 1);
    assert_int_equal(next_ticket(9), 0); // each is handed over once
}

static void the_request_is_whole(void **state) {
    (void)state;
    struct plk_output output;
    ask(PLK_LOAD_MAIL, 7, 0);
    assert_true(plk_loads_next(&loads, 0, &output));
    assert_int_equal(output.kind, PLK_OUT_LOAD);
    assert_int_equal(output.load.table, PLK_TABLE_link);
    assert_int_equal(output.load.limit, 5);
    assert_true(output.load.reverse);
    assert_int_equal(output.load.from.len, 2);
    assert_memory_equal(output.load.from.at, "\1\2", 2);
    assert_int_equal(output.load.to.len, PLK_ROW_KEY_MAX);
    assert_int_equal(output.load.to.at[PLK_ROW_KEY_MAX - 1], 0xff);
}

static void an_answer_finds_its_question_until_that_is_removed(void **state) {
    (void)state;
    ask(PLK_LOAD_CONTACT, 1, 0);
    ask(PLK_LOAD_CALLER, 2, 0);
    ask(PLK_LOAD_MAIL, 3, 0);
    struct plk_load *second = plk_loads_find(&loads, 2);
    assert_non_null(second);
    assert_int_equal(second->contact, 2);
    plk_loads_remove(&loads, second);
    assert_null(plk_loads_find(&loads, 2));
    assert_int_equal(plk_loads_find(&loads, 1)->contact, 1);
    assert_int_equal(plk_loads_find(&loads, 3)->contact, 3);
    assert_null(plk_loads_find(&loads, 0));
    assert_null(plk_loads_find(&loads, 4));
    ask(PLK_LOAD_CONTACT, 4, 0);
    assert_int_equal(plk_loads_find(&loads, 4)->contact, 4); // a ticket is never given twice
}

// A ticket of a caller has the same number as some contact; forgetting the contact must not touch it.
static void a_contact_is_forgotten_and_nothing_else(void **state) {
    (void)state;
    ask(PLK_LOAD_CONTACT, 1, 0);
    ask(PLK_LOAD_MAIL, 1, 0);
    ask(PLK_LOAD_CALLER, 1, 0);
    ask(PLK_LOAD_CONTACT, 2, 0);
    assert_int_equal(next_ticket(0), 1);
    plk_loads_forget(&loads, 1);
    assert_null(plk_loads_find(&loads, 1)); // the answer that is under way finds nobody
    assert_null(plk_loads_find(&loads, 2));
    assert_false(plk_loads_pending(&loads, PLK_LOAD_CONTACT, 1));
    assert_true(plk_loads_pending(&loads, PLK_LOAD_CALLER, 1));
    assert_true(plk_loads_pending(&loads, PLK_LOAD_CONTACT, 2));
    assert_int_equal(next_ticket(0), 3);
    assert_int_equal(next_ticket(0), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_read_does_not_pass_the_writes_before_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_request_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_finds_its_question_until_that_is_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_contact_is_forgotten_and_nothing_else, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
