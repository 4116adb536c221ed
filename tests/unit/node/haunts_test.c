// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/haunts.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_haunts haunts;

static int set_up(void **state) {
    static const uint8_t seed[32] = {1};
    struct plk_rng rng;
    (void)state;
    mem = heap_mem(&heap);
    plk_rng_seed(&rng, seed);
    plk_haunts_init(&haunts, &mem, &rng);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_haunts_free(&haunts);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static struct plk_addr v4(uint8_t last, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {192, 0, 2, last}, .port = port};
}

static struct plk_addr v6(uint8_t net, uint8_t last) {
    return (struct plk_addr){.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, net, 1, 2, 3, 4, 5, 6, 7, last}};
}

static void note(struct plk_addr addr, uint32_t owner) { plk_haunts_note(&haunts, &addr, owner); }

static size_t at(struct plk_addr addr, uint32_t owners[PLK_HAUNTS_EACH]) {
    return plk_haunts_at(&haunts, &addr, owners);
}

static void a_contact_is_expected_where_it_was_heard(void **state) {
    (void)state;
    uint32_t owners[PLK_HAUNTS_EACH];
    assert_int_equal(at(v4(1, 7000), owners), 0);
    note(v4(1, 7000), 5);
    assert_int_equal(at(v4(1, 9), owners), 1); // another port: the process was started anew
    assert_int_equal(owners[0], 5);
    assert_int_equal(at(v4(2, 7000), owners), 0);
    note(v6(1, 1), 6);
    assert_int_equal(at(v6(1, 99), owners), 1); // another interface id
    assert_int_equal(owners[0], 6);
    assert_int_equal(at(v6(2, 1), owners), 0);
}

static void the_latest_few_of_a_place_are_kept(void **state) {
    (void)state;
    uint32_t owners[PLK_HAUNTS_EACH];
    for (uint32_t i = 1; i <= PLK_HAUNTS_EACH + 1; i++) note(v4(1, 1), i);
    assert_int_equal(at(v4(1, 1), owners), PLK_HAUNTS_EACH);
    for (uint32_t i = 0; i < PLK_HAUNTS_EACH; i++) assert_int_equal(owners[i], PLK_HAUNTS_EACH + 1 - i);
    note(v4(1, 1), 3); // heard again: first now, once
    assert_int_equal(at(v4(1, 1), owners), PLK_HAUNTS_EACH);
    assert_int_equal(owners[0], 3);
    for (uint32_t i = 1; i < PLK_HAUNTS_EACH; i++) assert_int_not_equal(owners[i], 3);
}

static void who_is_removed_is_expected_nowhere(void **state) {
    (void)state;
    uint32_t owners[PLK_HAUNTS_EACH];
    for (uint8_t i = 0; i < 200; i++) note(v4(i, 1), 1 + i % 2);
    plk_haunts_forget(&haunts, 1);
    for (uint8_t i = 0; i < 200; i++) assert_int_equal(at(v4(i, 1), owners), i % 2);
}

// Many more places than there is room for: the newest are there, memory is as before.
static void it_never_grows(void **state) {
    (void)state;
    uint32_t owners[PLK_HAUNTS_EACH];
    size_t blocks = heap.blocks;
    for (uint32_t i = 0; i < 100000; i++) {
        struct plk_addr addr = {.family = 4, .ip = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        note(addr, i + 1);
        assert_int_equal(at(addr, owners), 1);
        assert_int_equal(owners[0], i + 1);
    }
    assert_int_equal(heap.blocks, blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_contact_is_expected_where_it_was_heard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_latest_few_of_a_place_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_removed_is_expected_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_never_grows, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
