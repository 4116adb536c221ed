// SPDX-License-Identifier: MIT
// Which packets leave when.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/volley.h"

#define START_US (100 * PLK_SECOND)

struct trial {
    struct plk_volley v;
    struct plk_rng rng;
    uint64_t now_us;
    unsigned count;
};

static struct plk_addr at(uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {198, 51, 100, 7}, .port = port};
}

static struct trial begin(enum plk_volley_kind kind, unsigned targets) {
    struct trial t = {.now_us = START_US};
    const uint8_t seed[32] = {7};
    struct plk_addr list[PLK_VOLLEY_TARGETS + 2];
    for (unsigned i = 0; i < PLK_VOLLEY_TARGETS + 2; i++) list[i] = at((uint16_t)(5000 + i));
    plk_rng_seed(&t.rng, seed);
    plk_volley_begin(&t.v, kind, list, targets, t.now_us);
    return t;
}

// The next one, whenever that is. False: nothing more leaves.
static bool next(struct trial *t, struct plk_volley_shot *shot) {
    uint64_t due_us = plk_volley_deadline(&t->v);
    if (due_us == PLK_NEVER) return false;
    if (due_us > t->now_us) {
        assert_false(plk_volley_next(&t->v, &t->rng, due_us - 1, shot));
        t->now_us = due_us;
    }
    assert_true(plk_volley_next(&t->v, &t->rng, t->now_us, shot));
    t->count++;
    return true;
}

static void an_opener_dies_before_the_others_come_through(void **state) {
    struct trial t = begin(PLK_VOLLEY_OPEN, 3);
    struct plk_volley_shot shot;
    uint64_t first_us = 0;
    (void)state;
    t.v.first_socket = 9;
    t.v.hops = 2;
    while (next(&t, &shot)) {
        assert_int_equal(shot.socket, 9);
        assert_int_equal(shot.to.port, 5000 + (t.count - 1) % 3); // in the order in which the peer's NAT gives them
        assert_int_equal(shot.hops, t.count <= 3 ? 2 : 0);
        if (t.count <= 3) assert_true(t.now_us == START_US);
        if (t.count == 4) first_us = t.now_us;
    }
    assert_true(first_us > START_US);
    assert_int_equal(t.count, 9);
}

static void what_was_predicted_is_aimed_at_a_few_times(void **state) {
    struct trial t = begin(PLK_VOLLEY_AIM, PLK_VOLLEY_TARGETS + 2);
    struct plk_volley_shot shot;
    (void)state;
    while (next(&t, &shot)) {
        assert_int_equal(shot.socket, 0);
        assert_int_equal(shot.hops, 0);
        assert_true(shot.to.port < 5000 + PLK_VOLLEY_TARGETS);
    }
    assert_int_equal(t.count, 3 * PLK_VOLLEY_TARGETS);
    assert_true(t.now_us - START_US < PLK_SECOND);
}

static void many_sockets_open_in_bursts_and_farther_each_time(void **state) {
    struct trial t = begin(PLK_VOLLEY_SCATTER, 1);
    struct plk_volley_shot shot;
    unsigned of[PLK_VOLLEY_SOCKETS] = {0}, in_burst = 0;
    uint64_t burst_us = 0;
    uint8_t farthest = 2;
    (void)state;
    t.v.first_socket = 100;
    t.v.socket_count = PLK_VOLLEY_SOCKETS;
    while (next(&t, &shot)) {
        in_burst = t.now_us == burst_us ? in_burst + 1 : 1;
        burst_us = t.now_us;
        assert_true(in_burst <= PLK_VOLLEY_OPEN_BURST);
        assert_true(shot.hops == 0 || shot.hops >= farthest);
        if (shot.hops != 0) farthest = shot.hops;
        of[shot.socket - 100]++;
    }
    for (unsigned i = 0; i < PLK_VOLLEY_SOCKETS; i++) assert_int_equal(of[i], 5);
    assert_true(t.now_us - START_US < 10 * PLK_SECOND);
}

static void guesses_are_bounded_and_spread(void **state) {
    struct trial t = begin(PLK_VOLLEY_GUESS, 1);
    struct plk_volley_shot shot;
    unsigned quarters[4] = {0};
    (void)state;
    while (next(&t, &shot)) {
        assert_int_equal(shot.socket, 0);
        assert_true(plk_addr_same_ip(&shot.to, &t.v.targets[0]) && shot.to.port >= PLK_VOLLEY_GUESS_PORT_LOW);
        quarters[shot.to.port >> 14]++;
    }
    assert_int_equal(t.count, PLK_VOLLEY_GUESSES);
    assert_true(t.now_us - START_US >= (PLK_VOLLEY_GUESSES - 1) * (PLK_SECOND / 200)); // at most 200 a second
    for (unsigned i = 0; i < 4; i++) assert_true(quarters[i] > PLK_VOLLEY_GUESSES / 5);
}

static void a_host_that_was_late_sends_no_burst(void **state) {
    struct trial t = begin(PLK_VOLLEY_GUESS, 1);
    struct plk_volley_shot shot;
    (void)state;
    assert_true(plk_volley_next(&t.v, &t.rng, START_US + 3 * PLK_SECOND, &shot));
    assert_false(plk_volley_next(&t.v, &t.rng, START_US + 3 * PLK_SECOND, &shot));
}

static void without_a_target_nothing_leaves(void **state) {
    struct trial t = begin(PLK_VOLLEY_OPEN, 0);
    struct plk_volley_shot shot;
    (void)state;
    assert_true(plk_volley_deadline(&t.v) == PLK_NEVER);
    assert_false(plk_volley_next(&t.v, &t.rng, START_US, &shot));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opener_dies_before_the_others_come_through),
        cmocka_unit_test(what_was_predicted_is_aimed_at_a_few_times),
        cmocka_unit_test(many_sockets_open_in_bursts_and_farther_each_time),
        cmocka_unit_test(guesses_are_bounded_and_spread),
        cmocka_unit_test(a_host_that_was_late_sends_no_burst),
        cmocka_unit_test(without_a_target_nothing_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
