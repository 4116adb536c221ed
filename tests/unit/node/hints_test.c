// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/hints.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_hints hints;

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_hints_init(&hints, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_hints_free(&hints);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void key_of(uint8_t key[PLK_HINT_KEY_LEN], unsigned i) {
    memset(key, 0, PLK_HINT_KEY_LEN);
    key[0] = (uint8_t)i;
    key[1] = (uint8_t)(i >> 8);
}

static void add(unsigned i, uint32_t owner) {
    uint8_t key[PLK_HINT_KEY_LEN];
    key_of(key, i);
    plk_hints_add(&hints, key, owner);
}

// Whose call under key i is this? 0: nobody's.
static uint32_t called(unsigned i) {
    uint8_t key[PLK_HINT_KEY_LEN], ephemeral[32] = {1, 2, 3}, hint[PLK_PACKET_HINT_LEN], stamp[PLK_PACKET_STAMP_LEN];
    uint32_t owner = 0;
    key_of(key, i);
    plk_hint_make(key, ephemeral, 5, hint, stamp);
    struct plk_packet packet = {.kind = PLK_PACKET_MESSAGE1, .hint = plk_bytes(hint, sizeof hint)};
    packet.stamp = plk_bytes(stamp, sizeof stamp);
    packet.ephemeral = plk_bytes(ephemeral, sizeof ephemeral);
    enum plk_err err = plk_hint_scan(hints.entries, hints.count, &packet, &hints.budget, &owner);
    assert_true(err == PLK_ERR_OK || err == PLK_ERR_NOT_FOUND);
    return err == PLK_ERR_OK ? owner : 0;
}

static void the_owner_of_each_key_is_found(void **state) {
    (void)state;
    assert_int_equal(called(1), 0);
    for (unsigned i = 1; i <= 100; i++) add(i, i <= 50 ? i : PLK_HINT_OF_INVITE | i);
    for (unsigned i = 1; i <= 100; i++) assert_int_equal(called(i), i <= 50 ? i : PLK_HINT_OF_INVITE | i);
    assert_int_equal(called(101), 0);
}

static void all_keys_of_an_owner_go_and_no_others(void **state) {
    (void)state;
    for (unsigned i = 0; i < 12; i++) add(i, i % 3 + 1);
    add(100, PLK_HINT_OF_INVITE | 2); // the invite of the same number is somebody else
    plk_hints_remove(&hints, 2);
    assert_int_equal(hints.count, 9);
    for (unsigned i = 0; i < 12; i++) assert_int_equal(called(i), i % 3 == 1 ? 0 : i % 3 + 1);
    assert_int_equal(called(100), PLK_HINT_OF_INVITE | 2);
    plk_hints_remove(&hints, 77); // nobody
    assert_int_equal(hints.count, 9);
}

// A key of what was removed opens nothing any more, and none of it lies behind the last entry.
static void nothing_is_left_of_a_removed_key(void **state) {
    (void)state;
    add(1, 1);
    add(2, 2);
    plk_hints_remove(&hints, 1);
    plk_hints_remove(&hints, 2);
    assert_int_equal(hints.count, 0);
    for (size_t i = 0; i < hints.cap; i++) {
        static const uint8_t none[PLK_HINT_KEY_LEN];
        assert_memory_equal(hints.entries[i].key, none, sizeof none);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_owner_of_each_key_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_keys_of_an_owner_go_and_no_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_a_removed_key, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
