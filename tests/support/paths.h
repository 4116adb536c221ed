// SPDX-License-Identifier: MIT
// One side's paths, alone: opened, proven, ticked, and what they ask for.
#ifndef SUPPORT_PATHS_H
#define SUPPORT_PATHS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/choice.h"
#include "path/paths.h"

static struct plk_paths p;
static struct plk_rng rng;
static uint64_t now_us;

static inline struct plk_addr place(unsigned i) {
    return (struct plk_addr){.family = 4, .ip = {203, 0, 113, (uint8_t)i}, .port = 7447};
}

static inline int set_up(void **state) {
    (void)state;
    const uint8_t seed[32] = {42};
    plk_rng_seed(&rng, seed);
    plk_paths_init(&p);
    now_us = 100 * PLK_SECOND;
    return 0;
}

static inline struct plk_path *open_udp(unsigned i, bool proven) {
    struct plk_addr addr = place(i);
    return plk_paths_open(&p, PLK_UDP, &addr, 0, proven, now_us);
}

static inline struct plk_path *open_tcp(uint32_t stream, bool proven) {
    struct plk_addr addr = place(100);
    return plk_paths_open(&p, PLK_TCP, &addr, stream, proven, now_us);
}

static inline struct plk_paths_action expect(enum plk_paths_act act) {
    struct plk_paths_action action;
    assert_true(plk_paths_next(&p, &action));
    assert_int_equal(action.act, act);
    return action;
}

static inline void expect_nothing(void) {
    struct plk_paths_action action;
    assert_false(plk_paths_next(&p, &action));
}

static inline void forget_actions(void) {
    struct plk_paths_action action;
    while (plk_paths_next(&p, &action)) {}
}

static inline void tick_to(uint64_t at_us) {
    now_us = at_us;
    plk_paths_tick(&p, &rng, now_us);
}

#endif
