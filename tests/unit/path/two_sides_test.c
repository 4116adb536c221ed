// SPDX-License-Identifier: MIT
// Two sides' paths, whose packets cross: what each chooses, the other sees.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/paths.h"

static uint64_t now_us;

static struct plk_addr place(unsigned i) {
    return (struct plk_addr){.family = 4, .ip = {203, 0, 113, (uint8_t)i}, .port = 7447};
}

#define DELAY_US (20 * PLK_MS)
#define SENDS_EVERY_US (5 * PLK_MS)

enum what { DATA, CHALLENGE, RESPONSE };

struct message {
    enum what what;
    unsigned to, way;
    uint64_t at_us, number;
    uint8_t token[8];
};

static struct {
    struct plk_paths paths[2];
    struct plk_rng rng[2];
    uint64_t numbers[2], highest[2], moves[2], data_us[2];
    struct message air[4096];
    unsigned count;
    bool cut[2][4]; // [from][way]
} world;

static void put(unsigned from, unsigned way, enum what what, const uint8_t *token) {
    struct message *m = &world.air[world.count];
    uint64_t number = ++world.numbers[from];
    if (world.cut[from][way]) return;
    assert_true(world.count < sizeof world.air / sizeof world.air[0]);
    *m = (struct message){.what = what, .to = 1 - from, .way = way, .at_us = now_us + DELAY_US, .number = number};
    if (token != NULL) memcpy(m->token, token, 8);
    world.count++;
}

static unsigned way_of(const struct plk_path *path) { return path->addr.ip[3]; }

static void speak(unsigned who) {
    struct plk_paths_action action;
    while (plk_paths_next(&world.paths[who], &action)) {
        if (action.act == PLK_PATHS_CHALLENGE) put(who, way_of(&action.path), CHALLENGE, action.path.token);
        if (action.act == PLK_PATHS_ACTIVE) {
            world.moves[who]++;
            put(who, way_of(&action.path), DATA, NULL);
        }
    }
    const struct plk_path *active = plk_paths_active(&world.paths[who]);
    if (active != NULL && now_us >= world.data_us[who]) {
        put(who, way_of(active), DATA, NULL);
        world.data_us[who] = now_us + SENDS_EVERY_US;
    }
}

static void hear(const struct message *m) {
    struct plk_paths *paths = &world.paths[m->to];
    struct plk_addr addr = place(m->way);
    struct plk_path *path = plk_paths_open(paths, PLK_UDP, &addr, 0, false, now_us);
    bool newest = m->number > world.highest[m->to];
    if (newest) world.highest[m->to] = m->number;
    if (m->what == CHALLENGE) put(m->to, m->way, RESPONSE, m->token);
    if (m->what == RESPONSE) plk_paths_answered(paths, m->token, true, &world.rng[0], now_us);
    plk_paths_heard(paths, path->id, newest, m->what == DATA, &world.rng[m->to], now_us);
}

static void run(uint64_t for_us) {
    for (uint64_t end_us = now_us + for_us; now_us < end_us; now_us += PLK_MS) {
        unsigned kept = 0, count = world.count;
        for (unsigned i = 0; i < count; i++) {
            struct message m = world.air[i];
            if (m.at_us <= now_us) {
                hear(&m);
            } else {
                world.air[kept++] = m;
            }
        }
        for (unsigned i = count; i < world.count; i++) world.air[kept++] = world.air[i];
        world.count = kept;
        for (unsigned who = 0; who < 2; who++) {
            plk_paths_tick(&world.paths[who], &world.rng[who], now_us);
            speak(who);
        }
    }
}

static int two_sides(void **state) {
    (void)state;
    now_us = 100 * PLK_SECOND;
    memset(&world, 0, sizeof world);
    for (unsigned who = 0; who < 2; who++) {
        const uint8_t seed[32] = {(uint8_t)(who + 1)};
        plk_rng_seed(&world.rng[who], seed);
        plk_paths_init(&world.paths[who]);
        world.paths[who].leads = who == 1;
        for (unsigned way = 0; way < 3; way++) {
            struct plk_addr addr = place(way);
            plk_paths_open(&world.paths[who], PLK_UDP, &addr, 0, true, now_us);
        }
    }
    return 0;
}

static unsigned active_way(unsigned who) {
    assert_non_null(plk_paths_active(&world.paths[who]));
    return way_of(plk_paths_active(&world.paths[who]));
}

static struct plk_path *path_at(unsigned who, unsigned way) {
    struct plk_addr addr = place(way);
    return plk_paths_find(&world.paths[who], PLK_UDP, &addr, 0);
}

// As after a moment of silence: the other path answers first, and is chosen.
static void choose(unsigned who, unsigned way) {
    struct plk_paths *paths = &world.paths[who];
    plk_paths_silent(paths, paths->active, &world.rng[who], now_us);
    assert_true(plk_paths_answered(paths, path_at(who, way)->token, true, &world.rng[0], now_us));
    speak(who);
    assert_int_equal(active_way(who), way);
}

// One chooses another path than its peer still uses: what comes by the old one must not draw it back, to and fro for ever.
static void a_choice_is_followed_and_not_taken_back(void **state) {
    (void)state;
    run(PLK_SECOND);
    choose(0, 1);
    run(PLK_SECOND);
    assert_int_equal(active_way(0), 1);
    assert_int_equal(active_way(1), 1);
    assert_int_equal(world.moves[0] + world.moves[1], 4); // the first ones, and one each
    run(20 * PLK_SECOND);
    assert_int_equal(world.moves[0] + world.moves[1], 4);
}

// Both choose at the same moment, each another path. Each then sees the other's data come by the path it has just left.
static void two_that_choose_differently_at_once_come_to_one_path(void **state) {
    (void)state;
    run(PLK_SECOND);
    choose(0, 1);
    choose(1, 2);
    uint64_t before = world.moves[0] + world.moves[1];
    run(10 * PLK_SECOND);
    assert_int_equal(active_way(0), active_way(1));
    assert_true(world.moves[0] + world.moves[1] - before <= 4);
    before = world.moves[0] + world.moves[1];
    run(20 * PLK_SECOND);
    assert_int_equal(world.moves[0] + world.moves[1], before);
}

// Both send rarely and at the same moments: what each hears then comes by the path that the other is about to leave.
static void two_that_speak_in_step_come_to_one_path(void **state) {
    (void)state;
    run(PLK_SECOND);
    choose(0, 1);
    choose(1, 2);
    for (unsigned i = 0; i < 5; i++) {
        world.data_us[0] = world.data_us[1] = now_us + 5 * PLK_SECOND;
        run(5 * PLK_SECOND + PLK_MS);
    }
    assert_int_equal(active_way(0), active_way(1));
    uint64_t before = world.moves[0] + world.moves[1];
    run(10 * PLK_SECOND);
    assert_int_equal(world.moves[0] + world.moves[1], before);
}

static void a_way_that_dies_takes_both_to_the_other(void **state) {
    (void)state;
    run(PLK_SECOND);
    assert_int_equal(active_way(0), 0);
    assert_int_equal(active_way(1), 0);
    world.cut[0][0] = world.cut[1][0] = true;
    plk_paths_silent(&world.paths[0], world.paths[0].active, &world.rng[0], now_us);
    run(PLK_SECOND);
    assert_int_equal(active_way(0), 1);
    assert_int_equal(active_way(1), 1); // without having noticed itself: it follows the data
}

static void one_that_moves_to_a_new_address_is_followed(void **state) {
    (void)state;
    run(PLK_SECOND);
    struct plk_addr new_place = place(3);
    for (unsigned way = 0; way < 3; way++) world.cut[0][way] = world.cut[1][way] = true; // what 0 had is gone
    for (unsigned way = 0; way < 3; way++) plk_paths_close(&world.paths[0], path_at(0, way)->id, &world.rng[0], now_us);
    plk_paths_open(&world.paths[0], PLK_UDP, &new_place, 0, true, now_us);
    run(PLK_SECOND);
    assert_int_equal(active_way(0), 3);
    assert_int_equal(active_way(1), 3);
}

#define TEST(name) cmocka_unit_test_setup(name, two_sides)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_choice_is_followed_and_not_taken_back),     TEST(two_that_choose_differently_at_once_come_to_one_path),
        TEST(two_that_speak_in_step_come_to_one_path),     TEST(a_way_that_dies_takes_both_to_the_other),
        TEST(one_that_moves_to_a_new_address_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
