// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "effect/ledger.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_ledger ledger;

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_ledger_init(&ledger, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_ledger_free(&ledger);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void write_row(uint32_t number, size_t len) {
    static const uint8_t value[PLK_ROW_VALUE_MAX];
    uint8_t key[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    plk_batch_upsert(plk_ledger_batch(&ledger), PLK_TABLE_outbox, plk_bytes(key, sizeof key), plk_bytes(value, len));
}

static uint64_t emit(void) {
    uint64_t n;
    return plk_ledger_emit(&ledger, &n) == NULL ? 0 : n;
}

static void nothing_written_waits_for_nothing(void **state) {
    (void)state;
    assert_true(plk_ledger_durable(&ledger, plk_ledger_mark(&ledger)));
    assert_int_equal(emit(), 0);
    plk_ledger_turn(&ledger);
    assert_int_equal(ledger.open_n, 1); // an empty batch is never begun anew
}

static void what_depends_on_a_batch_waits_until_it_is_stored(void **state) {
    (void)state;
    write_row(1, 10);
    uint64_t mark = plk_ledger_mark(&ledger);
    assert_int_equal(mark, 1);
    assert_false(plk_ledger_durable(&ledger, mark));
    assert_int_equal(emit(), 1);
    // Nothing is written since, but what is read of the core now knows of batch 1.
    assert_int_equal(plk_ledger_mark(&ledger), mark);
    assert_false(plk_ledger_durable(&ledger, plk_ledger_mark(&ledger)));
    assert_int_equal(plk_ledger_stored(&ledger, 1), PLK_ERR_OK);
    assert_true(plk_ledger_durable(&ledger, mark));
}

static void a_host_may_store_several_at_once_and_say_so_twice(void **state) {
    (void)state;
    for (uint32_t i = 1; i <= 3; i++) {
        write_row(i, 100);
        assert_int_equal(emit(), i);
    }
    assert_int_equal(plk_ledger_stored(&ledger, 2), PLK_ERR_OK);
    assert_true(plk_ledger_durable(&ledger, 2) && !plk_ledger_durable(&ledger, 3));
    assert_int_equal(plk_ledger_stored(&ledger, 1), PLK_ERR_OK);
    assert_int_equal(ledger.stored_n, 2);
    assert_int_equal(plk_ledger_stored(&ledger, 3), PLK_ERR_OK);
    assert_int_equal(ledger.bytes, 0);
}

static void what_was_never_emitted_is_not_stored(void **state) {
    (void)state;
    write_row(1, 10);
    assert_int_equal(plk_ledger_stored(&ledger, 1), PLK_ERR_INVALID);
    assert_int_equal(plk_ledger_stored(&ledger, UINT64_MAX), PLK_ERR_INVALID);
    assert_int_equal(ledger.stored_n, 0);
    assert_int_equal(emit(), 1);
    assert_int_equal(plk_ledger_stored(&ledger, 2), PLK_ERR_INVALID);
}

static void no_more_than_eight_batches_are_under_way(void **state) {
    (void)state;
    uint32_t number = 0;
    for (unsigned i = 1; i <= PLK_BATCHES_OUTSTANDING_MAX; i++) {
        write_row(++number, 10);
        assert_int_equal(emit(), i);
    }
    write_row(++number, 10);
    assert_int_equal(emit(), 0);
    assert_false(plk_ledger_behind(&ledger)); // the open batch still takes some
    while (!plk_batch_full(plk_ledger_batch(&ledger))) write_row(++number, 10);
    plk_ledger_turn(&ledger);
    assert_int_equal(ledger.open_n, PLK_BATCHES_OUTSTANDING_MAX + 1);
    assert_true(plk_ledger_behind(&ledger));
    assert_int_equal(plk_ledger_stored(&ledger, 1), PLK_ERR_OK);
    assert_false(plk_ledger_behind(&ledger));
    assert_int_equal(emit(), PLK_BATCHES_OUTSTANDING_MAX + 1);
}

static void the_bytes_under_way_are_bounded(void **state) {
    (void)state;
    uint32_t number = 0;
    uint64_t last = 0, n;
    while ((n = emit()) != 0 || last == 0 || !plk_ledger_behind(&ledger)) {
        last = n != 0 ? n : last;
        plk_ledger_turn(&ledger);
        write_row(++number, PLK_ROW_VALUE_MAX);
        assert_true(ledger.bytes <= PLK_BYTES_OUTSTANDING_MAX);
        assert_true(number < 200);
    }
    assert_true(last < PLK_BATCHES_OUTSTANDING_MAX + 2);
    while ((n = ledger.emitted_n) > ledger.stored_n || emit() != 0) {
        assert_int_equal(plk_ledger_stored(&ledger, n), PLK_ERR_OK);
    }
    assert_int_equal(ledger.bytes, 0);
    assert_false(plk_ledger_behind(&ledger));
}

// A loop over many messages turns the ledger before each: the batches come in order, and each is within its limits.
static void full_batches_follow_each_other(void **state) {
    (void)state;
    uint32_t number = 0;
    for (unsigned i = 0; i < PLK_BATCH_OPS_MAX * 2; i++) {
        plk_ledger_turn(&ledger);
        write_row(++number, 1);
    }
    assert_true(ledger.open_n > 2);
    size_t rows = 0;
    for (uint64_t expected = 1, n; (n = emit()) != 0; expected++) {
        assert_int_equal(n, expected);
        size_t count = plk_batch_count(ledger.batches[n % (PLK_BATCHES_OUTSTANDING_MAX + 2)]);
        assert_true(count <= PLK_BATCH_OPS_MAX);
        rows += count;
    }
    assert_int_equal(rows, PLK_BATCH_OPS_MAX * 2);
}

static void a_stalled_disk_takes_nothing_new(void **state) {
    (void)state;
    ledger.stalled = true;
    assert_true(plk_ledger_behind(&ledger));
    ledger.stalled = false;
    assert_false(plk_ledger_behind(&ledger));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_written_waits_for_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_depends_on_a_batch_waits_until_it_is_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_may_store_several_at_once_and_say_so_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_never_emitted_is_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_eight_batches_are_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_bytes_under_way_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_batches_follow_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stalled_disk_takes_nothing_new, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
