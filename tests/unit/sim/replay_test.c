// SPDX-License-Identifier: MIT
// The same seed is the same world, byte for byte; another seed is another.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "sim/chaos.h"

struct run {
    char hash[2 * TRACE_HASH_LEN + 1];
    uint64_t lines;
};

static struct run run_seed(uint64_t seed, enum chaos_kind kind) {
    struct run run = {0};
    struct world *w = world_new(seed, NULL);
    struct chaos_report report = chaos_run(w, kind);
    if (world_failed(w)) fail_msg("seed %u: %s", (unsigned)seed, w->why);
    assert_true(report.accepted > 0 && report.accidents > 0);
    trace_hash(&w->trace, run.hash);
    run.lines = w->trace.lines;
    world_free(w);
    return run;
}

static void a_seed_repeats_itself(void **state) {
    (void)state;
    for (int kind = CHAOS_PLAIN; kind <= CHAOS_ROLLBACK; kind++) {
        struct run first = run_seed(11, (enum chaos_kind)kind), second = run_seed(11, (enum chaos_kind)kind);
        assert_int_equal(first.lines, second.lines);
        assert_string_equal(first.hash, second.hash);
    }
}

static void seeds_differ(void **state) {
    (void)state;
    struct run a = run_seed(12, CHAOS_PLAIN), b = run_seed(13, CHAOS_PLAIN);
    assert_string_not_equal(a.hash, b.hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_repeats_itself),
        cmocka_unit_test(seeds_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
