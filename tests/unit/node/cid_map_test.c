// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/rng.h"
#include "node/cid_map.h"
#include "unit/base/heap.h"

#define IDS 300
#define STEPS 20000

static struct heap heap;
static struct plk_mem mem;
static struct plk_cid_map map;
static uint8_t links[8]; // the map keeps addresses of links and never looks at what is there

static struct plk_link *link_of(unsigned i) { return (struct plk_link *)(void *)&links[i % sizeof links]; }

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_cid_map_init(&map, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_cid_map_free(&map);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void an_empty_map_knows_nobody(void **state) {
    (void)state;
    const uint8_t cid[PLK_CID_LEN] = {0};
    assert_null(plk_cid_map_find(&map, cid));
    plk_cid_map_remove(&map, cid);
    assert_int_equal(map.used, 0);
}

static void the_id_of_all_zeroes_is_one_like_others(void **state) {
    (void)state;
    const uint8_t cid[PLK_CID_LEN] = {0}, other[PLK_CID_LEN] = {0, 0, 0, 0, 0, 0, 1, 0};
    plk_cid_map_put(&map, other, link_of(1), 1);
    assert_null(plk_cid_map_find(&map, cid));
    plk_cid_map_put(&map, cid, link_of(2), 2);
    assert_ptr_equal(plk_cid_map_find(&map, cid)->link, link_of(2));
    plk_cid_map_remove(&map, other);
    assert_ptr_equal(plk_cid_map_find(&map, cid)->link, link_of(2));
}

// An attempt becomes a channel: the same ids, another number.
static void an_id_that_is_put_again_is_moved(void **state) {
    (void)state;
    const uint8_t cid[PLK_CID_LEN] = {7};
    plk_cid_map_put(&map, cid, link_of(1), 3);
    plk_cid_map_put(&map, cid, link_of(2), 0);
    assert_int_equal(map.used, 1);
    assert_ptr_equal(plk_cid_map_find(&map, cid)->link, link_of(2));
    assert_int_equal(plk_cid_map_find(&map, cid)->channel, 0);
}

// Ids that all belong into the last slots, so that they lie around the end of the array, against a plain list.
static void collisions_around_the_end(void **state) {
    (void)state;
    uint8_t cids[20][PLK_CID_LEN];
    for (unsigned i = 0; i < 20; i++) {
        memset(cids[i], 0, PLK_CID_LEN);
        cids[i][0] = (uint8_t)i;
        cids[i][PLK_CID_LEN - 1] = i % 3 == 0 ? 0x3f : i % 3 == 1 ? 0x3e : 0x00;
        plk_cid_map_put(&map, cids[i], link_of(i), i);
    }
    assert_int_equal(map.slot_count, 64);
    for (unsigned gone = 0; gone < 20; gone++) {
        unsigned first = gone * 7 % 20;
        plk_cid_map_remove(&map, cids[first]);
        assert_null(plk_cid_map_find(&map, cids[first]));
        for (unsigned left = gone + 1; left < 20; left++) {
            unsigned i = left * 7 % 20;
            const struct plk_cid_entry *entry = plk_cid_map_find(&map, cids[i]);
            assert_non_null(entry);
            assert_int_equal(entry->channel, i);
        }
    }
    assert_int_equal(map.used, 0);
}

static void any_sequence_is_what_a_list_would_be(void **state) {
    (void)state;
    static const uint8_t seed[32] = {3};
    uint8_t cids[IDS][PLK_CID_LEN];
    uint32_t channel[IDS];
    bool in[IDS] = {false};
    size_t count = 0;
    struct plk_rng rng;
    plk_rng_seed(&rng, seed);
    for (unsigned i = 0; i < IDS; i++) {
        plk_rng_bytes(&rng, cids[i], PLK_CID_LEN);
        if (i % 2 == 0) memset(cids[i] + 5, 0, 3); // half of them want the same slot
    }
    for (unsigned step = 0; step < STEPS; step++) {
        size_t i = (size_t)plk_rng_below(&rng, IDS);
        if (plk_rng_below(&rng, 2) == 0) {
            plk_cid_map_put(&map, cids[i], link_of(step), step);
            count += !in[i];
            in[i] = true;
            channel[i] = step;
        } else {
            plk_cid_map_remove(&map, cids[i]);
            count -= in[i];
            in[i] = false;
        }
        size_t look = (size_t)plk_rng_below(&rng, IDS);
        const struct plk_cid_entry *entry = plk_cid_map_find(&map, cids[look]);
        assert_int_equal(entry != NULL, in[look]);
        if (entry != NULL) assert_int_equal(entry->channel, channel[look]);
        assert_int_equal(map.used, count);
        assert_true(map.used * 2 <= map.slot_count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_map_knows_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_id_of_all_zeroes_is_one_like_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_that_is_put_again_is_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(collisions_around_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_sequence_is_what_a_list_would_be, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
