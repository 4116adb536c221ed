// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/map.h"
#include "support/memory.h"

#define KEYS 3000

static struct plk_mem mem;
static struct plk_map map;
static uint64_t model[KEYS]; // value of key i, 0: none

static int setup(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_map_init(&map, &mem);
    for (size_t i = 0; i < KEYS; i++) model[i] = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    plk_map_free(&map);
    assert_int_equal(mem.used, 0);
    return 0;
}

static uint64_t state64 = 7;

static uint64_t next_random(void) {
    uint64_t z = (state64 += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 27);
}

static void check_all(uint64_t factor) {
    size_t count = 0;
    for (uint64_t i = 0; i < KEYS; i++) {
        if (plk_map_find(&map, i * factor) != model[i]) fail_msg("key %u", (unsigned)i);
        count += model[i] != 0;
    }
    assert_int_equal(map.used, count);
}

// Numbers in a row, and such that all lie in one corner after the spreading: both must stay what they are.
static void it_does_what_an_array_does(void **state) {
    static const uint64_t factors[] = {1, UINT64_C(0x100000000), UINT64_C(0xf1de83e19937733d)};
    for (size_t f = 0; f < sizeof factors / sizeof factors[0]; f++) {
        setup(state);
        for (unsigned round = 0; round < 12; round++) {
            uint64_t removing = round % 4 == 3 ? 9 : 3; // of 10
            for (unsigned i = 0; i < KEYS; i++) {
                uint64_t key = next_random() % KEYS;
                bool remove = next_random() % 10 < removing;
                model[key] = remove ? 0 : next_random() | 1;
                if (remove) {
                    plk_map_remove(&map, key * factors[f]);
                } else {
                    plk_map_put(&map, key * factors[f], model[key]);
                }
            }
            check_all(factors[f]);
        }
        teardown(state);
    }
    setup(state);
}

static void an_empty_one_holds_nothing(void **state) {
    (void)state;
    assert_int_equal(plk_map_find(&map, 0), 0);
    plk_map_remove(&map, 0);
    plk_map_put_pointer(&map, 0, &map);
    assert_ptr_equal(plk_map_pointer(&map, 0), &map);
}

static void it_gives_memory_back(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) plk_map_put(&map, i, 1);
    size_t full = mem.used;
    for (uint64_t i = 0; i < 100000; i++) plk_map_remove(&map, i);
    assert_true(mem.used * 100 < full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_does_what_an_array_does, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_one_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(it_gives_memory_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
