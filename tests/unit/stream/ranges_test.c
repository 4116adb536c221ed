// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "stream/ranges.h"
#include "stream/streams.h"
#include "support/memory.h"

static struct plk_mem mem = {.take = memory_take, .give = memory_give};

static void assert_well_formed(const struct plk_ranges *r) {
    assert_true(r->count <= PLK_STREAMS_RANGES);
    for (unsigned i = 0; i < r->count; i++) {
        assert_true(r->at[i].from < r->at[i].to);
        if (i > 0) assert_true(r->at[i - 1].to < r->at[i].from);
    }
}

static void a_set_of_offsets_is_what_a_bitmap_says(void **state) {
    (void)state;
    enum { SPACE = 200 };
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct plk_ranges r = {0};
        bool bits[SPACE] = {false};
        uint32_t random = seed;
        for (unsigned step = 0; step < 60; step++) {
            random = random * 1664525 + 1013904223;
            unsigned from = random >> 8 & 0xff, len = random >> 16 & 15;
            from %= SPACE - 16;
            bool add = random >> 30 != 0;
            for (unsigned i = from; i < from + len; i++) bits[i] = add;
            if (add) {
                assert_true(plk_ranges_add(&mem, &r, from, from + len));
            } else {
                plk_ranges_remove(&mem, &r, from, from + len);
            }
            assert_well_formed(&r);
            struct plk_ranges_one gap;
            for (unsigned at = 0; at < SPACE;) { // the gaps are exactly the bits that are not set
                bool more = plk_ranges_gap(&r, at, SPACE, &gap);
                unsigned first = at;
                while (first < SPACE && bits[first]) first++;
                assert_int_equal(more, first < SPACE);
                if (!more) break;
                unsigned end = first;
                while (end < SPACE && !bits[end]) end++;
                assert_int_equal(gap.from, first);
                assert_int_equal(gap.to, end);
                at = end;
            }
        }
        plk_ranges_free(&mem, &r);
    }
    assert_int_equal(mem.used, 0);
}

static void there_is_a_most(void **state) {
    (void)state;
    struct plk_ranges r = {0};
    for (uint64_t i = 0; i < PLK_STREAMS_RANGES; i++) assert_true(plk_ranges_add(&mem, &r, 10 * i + 10, 10 * i + 15));
    assert_false(plk_ranges_fits(&r, 6, 8));
    assert_false(plk_ranges_add(&mem, &r, 6, 8));
    assert_true(plk_ranges_fits(&r, 6, 10)); // touches one
    assert_true(plk_ranges_add(&mem, &r, 6, 10));
    plk_ranges_remove(&mem, &r, 11, 12); // would split: stays whole
    assert_int_equal(r.count, PLK_STREAMS_RANGES);
    assert_well_formed(&r);
    plk_ranges_add_about(&mem, &r, 17, 18); // the gap to the next goes with it
    assert_int_equal(r.count, PLK_STREAMS_RANGES);
    assert_int_equal(r.at[1].from, 17);
    plk_ranges_add_about(&mem, &r, 1000000, 1000001);
    assert_int_equal(r.count, PLK_STREAMS_RANGES);
    assert_int_equal(r.at[PLK_STREAMS_RANGES - 1].to, 1000001);
    assert_well_formed(&r);
    plk_ranges_free(&mem, &r);
    assert_int_equal(mem.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_offsets_is_what_a_bitmap_says),
        cmocka_unit_test(there_is_a_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
