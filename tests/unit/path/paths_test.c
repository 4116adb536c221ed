// SPDX-License-Identifier: MIT
// One side's paths alone, then two sides whose packets cross.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/paths.h"

static struct plk_paths p;
static struct plk_rng rng;
static uint64_t now_us;

static struct plk_addr place(unsigned i) {
    return (struct plk_addr){.family = 4, .ip = {203, 0, 113, (uint8_t)i}, .port = 7447};
}

static int set_up(void **state) {
    (void)state;
    const uint8_t seed[32] = {42};
    plk_rng_seed(&rng, seed);
    plk_paths_init(&p);
    now_us = 100 * PLK_SECOND;
    return 0;
}

static struct plk_path *open_udp(unsigned i, bool proven) {
    struct plk_addr addr = place(i);
    return plk_paths_open(&p, PLK_UDP, &addr, 0, proven, now_us);
}

static struct plk_path *open_tcp(uint32_t stream, bool proven) {
    struct plk_addr addr = place(100);
    return plk_paths_open(&p, PLK_TCP, &addr, stream, proven, now_us);
}

static struct plk_paths_action expect(enum plk_paths_act act) {
    struct plk_paths_action action;
    assert_true(plk_paths_next(&p, &action));
    assert_int_equal(action.act, act);
    return action;
}

static void expect_nothing(void) {
    struct plk_paths_action action;
    assert_false(plk_paths_next(&p, &action));
}

static void forget_actions(void) {
    struct plk_paths_action action;
    while (plk_paths_next(&p, &action)) {}
}

static void tick_to(uint64_t at_us) {
    now_us = at_us;
    plk_paths_tick(&p, &rng, now_us);
}

static void the_path_of_the_handshake_carries_data(void **state) {
    (void)state;
    uint32_t first = open_udp(1, true)->id;
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, first);
    uint32_t second = open_udp(2, true)->id;
    expect_nothing();
    assert_int_equal(plk_paths_active(&p)->id, first);
    assert_int_not_equal(first, second);
    assert_ptr_equal(open_udp(1, false), plk_paths_by_id(&p, first)); // the same way is the same path
    assert_int_equal(plk_paths_deadline(&p), PLK_NEVER);              // at rest there is nothing to do
}

static void a_check_is_repeated_a_few_times_and_then_given_up(void **state) {
    (void)state;
    open_udp(1, true);
    uint32_t id = open_udp(2, false)->id;
    forget_actions();
    plk_paths_check(&p, id, &rng, now_us);
    uint64_t began_us = now_us, before_us = 0;
    for (unsigned i = 0; i < PLK_PATHS_CHALLENGES; i++) {
        assert_int_equal(expect(PLK_PATHS_CHALLENGE).path.id, id);
        expect_nothing();
        uint64_t wait_us = plk_paths_deadline(&p) - now_us;
        assert_true(wait_us >= before_us && wait_us <= 2 * PLK_SECOND);
        before_us = wait_us;
        tick_to(plk_paths_deadline(&p));
    }
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, id);
    expect_nothing();
    assert_true(now_us - began_us < 10 * PLK_SECOND);
    assert_null(plk_paths_by_id(&p, id));
    assert_int_not_equal(open_udp(2, false)->id, id); // an id does not come back
}

static void an_answer_proves_and_measures(void **state) {
    (void)state;
    open_udp(1, true);
    struct plk_path *path = open_udp(2, false);
    forget_actions();
    plk_paths_check(&p, path->id, &rng, now_us);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    uint8_t wrong[8] = {0};
    assert_false(plk_paths_answered(&p, wrong, now_us));
    assert_false(path->proven);
    now_us += 30 * PLK_MS;
    assert_true(plk_paths_answered(&p, action.path.token, now_us));
    assert_true(path->proven);
    assert_int_equal(path->rtt_us, 30 * PLK_MS);
    assert_false(plk_paths_answered(&p, action.path.token, now_us)); // once
    expect_nothing();                                                // the active one is as good
    plk_paths_check(&p, path->id, &rng, now_us);
    action = expect(PLK_PATHS_CHALLENGE);
    tick_to(plk_paths_deadline(&p));
    expect(PLK_PATHS_CHALLENGE);
    now_us += 5 * PLK_MS;
    assert_true(plk_paths_answered(&p, action.path.token, now_us));
    assert_int_equal(path->rtt_us, 30 * PLK_MS); // of which copy it was the answer nobody knows
}

static void a_peer_that_moved_is_followed_once_it_proved_to_be_there(void **state) {
    (void)state;
    open_udp(1, true);
    forget_actions();
    uint32_t id = open_udp(2, false)->id;
    plk_paths_heard(&p, id, false, true, &rng, now_us); // an old packet that was late
    expect_nothing();
    plk_paths_heard(&p, id, true, false, &rng, now_us); // only a check
    expect_nothing();
    plk_paths_heard(&p, id, true, true, &rng, now_us);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    expect_nothing(); // data still goes where it was proven to arrive
    assert_int_not_equal(plk_paths_active(&p)->id, id);
    assert_true(plk_paths_answered(&p, action.path.token, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, id);
}

static void silence_asks_all_and_the_first_that_answers_wins(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id, other = open_udp(2, true)->id, tcp = open_tcp(5, true)->id;
    forget_actions();
    plk_paths_silent(&p, other, &rng, now_us); // who carries nothing may be silent
    expect_nothing();
    plk_paths_silent(&p, active, &rng, now_us);
    uint8_t token[8];
    for (unsigned i = 0; i < 3; i++) {
        struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
        if (action.path.id == tcp) memcpy(token, action.path.token, 8);
    }
    expect(PLK_PATHS_RACE);
    expect_nothing();
    assert_true(plk_paths_answered(&p, token, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, tcp);
    assert_false(p.suspect);
}

static void an_active_path_that_answers_after_all_stays(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id;
    open_udp(2, true);
    forget_actions();
    plk_paths_silent(&p, active, &rng, now_us);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    assert_int_equal(action.path.id, active);
    assert_true(plk_paths_answered(&p, action.path.token, now_us));
    assert_false(p.suspect);
    assert_int_equal(plk_paths_active(&p)->id, active);
}

static void when_nothing_answers_the_link_is_lost(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id;
    forget_actions();
    plk_paths_silent(&p, active, &rng, now_us);
    uint64_t began_us = now_us;
    struct plk_paths_action action = {.act = PLK_PATHS_RACE};
    while (action.act != PLK_PATHS_LOST) {
        if (!plk_paths_next(&p, &action)) {
            action.act = PLK_PATHS_RACE;
            assert_true(plk_paths_deadline(&p) > now_us);
            tick_to(plk_paths_deadline(&p));
        }
        assert_true(action.act != PLK_PATHS_DEAD); // the active path stays to be asked
    }
    assert_int_equal(now_us - began_us, PLK_PATHS_LOST_US);
    assert_int_equal(plk_paths_active(&p)->id, active);
}

static void udp_replaces_tcp_and_not_the_other_way(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id, udp = open_udp(1, false)->id;
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, tcp);
    expect_nothing();
    tick_to(plk_paths_deadline(&p));
    assert_true(now_us - 100 * PLK_SECOND == PLK_PATHS_UPGRADE_US);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    assert_int_equal(action.path.id, udp);
    expect(PLK_PATHS_RACE);
    assert_true(plk_paths_answered(&p, action.path.token, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, udp);
    now_us += PLK_MINUTE;
    plk_paths_heard(&p, tcp, true, true, &rng, now_us); // what the peer still sends over TCP
    expect_nothing();
    assert_int_equal(plk_paths_deadline(&p), PLK_NEVER);
}

static void a_closed_stream_gives_way_to_a_proven_path(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id, other = open_tcp(6, false)->id;
    assert_int_not_equal(tcp, other);
    assert_int_equal(open_tcp(5, false)->id, tcp);
    assert_int_equal(open_tcp(6, false)->id, other);
    open_udp(1, false);
    uint32_t proven = open_udp(2, true)->id;
    forget_actions();
    plk_paths_close(&p, tcp, now_us);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, tcp);
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, proven);
    plk_paths_close(&p, proven, now_us);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, proven);
    expect(PLK_PATHS_RACE);
    assert_null(plk_paths_active(&p));
    assert_int_equal(plk_paths_deadline(&p), now_us + PLK_PATHS_LOST_US);
}

static void after_a_change_of_network_everything_is_asked_again(void **state) {
    (void)state;
    uint32_t udp = open_udp(1, true)->id;
    open_tcp(5, true);
    forget_actions();
    plk_paths_network_changed(&p, &rng, now_us);
    expect(PLK_PATHS_CHALLENGE);
    struct plk_paths_action second = expect(PLK_PATHS_CHALLENGE);
    expect(PLK_PATHS_RACE);
    assert_false(plk_paths_by_id(&p, udp)->proven);
    assert_true(plk_paths_answered(&p, second.path.token, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, second.path.id);
}

static void there_are_eight_and_the_active_one_is_not_given_up_for_another(void **state) {
    (void)state;
    uint32_t active = open_udp(0, true)->id;
    for (unsigned i = 1; i < 100; i++) {
        now_us++;
        struct plk_path *path = open_udp(i, false);
        if (path == NULL) { // the place of the least useful is free once its end was told
            forget_actions();
            path = open_udp(i, false);
        }
        assert_non_null(path);
        plk_paths_heard(&p, path->id, false, false, &rng, now_us);
        assert_int_equal(plk_paths_active(&p)->id, active);
    }
    unsigned used = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) used += p.list[i].id != 0;
    assert_int_equal(used, PLK_PATHS_MAX);
}

static void an_unproven_address_gets_little(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id, told = open_udp(2, false)->id, seen = open_udp(3, false)->id;
    assert_int_equal(plk_paths_room(&p, active), SIZE_MAX);
    assert_int_equal(plk_paths_room(&p, 999), 0);
    assert_int_equal(plk_paths_room(&p, told), PLK_PATHS_UNPROVEN_LEN);
    plk_paths_went(&p, told, 1000);
    assert_int_equal(plk_paths_room(&p, told), PLK_PATHS_UNPROVEN_LEN - 1000);
    plk_paths_went(&p, told, 1000); // the host sent what it had: more than allowed leaves nothing, not a huge rest
    assert_int_equal(plk_paths_room(&p, told), 0);
    plk_paths_came(&p, seen, 50);
    assert_int_equal(plk_paths_room(&p, seen), 150);
    plk_paths_went(&p, seen, 150);
    assert_int_equal(plk_paths_room(&p, seen), 0);
    plk_paths_came(&p, seen, 10);
    assert_int_equal(plk_paths_room(&p, seen), 30);
    plk_paths_check(&p, seen, &rng, now_us);
    assert_true(plk_paths_answered(&p, plk_paths_by_id(&p, seen)->token, now_us));
    assert_int_equal(plk_paths_room(&p, seen), SIZE_MAX);
    plk_paths_network_changed(&p, &rng, now_us); // proven no more: what it may get is counted anew
    assert_int_equal(plk_paths_room(&p, seen), PLK_PATHS_UNPROVEN_LEN);
    assert_int_equal(plk_paths_room(&p, active), SIZE_MAX);
}

// ---- two sides --------------------------------------------------------------------------------------------------------

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
    if (m->what == RESPONSE) plk_paths_answered(paths, m->token, now_us);
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
    set_up(state);
    memset(&world, 0, sizeof world);
    for (unsigned who = 0; who < 2; who++) {
        const uint8_t seed[32] = {(uint8_t)(who + 1)};
        plk_rng_seed(&world.rng[who], seed);
        plk_paths_init(&world.paths[who]);
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
    assert_true(plk_paths_answered(paths, path_at(who, way)->token, now_us));
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
    for (unsigned way = 0; way < 3; way++) plk_paths_close(&world.paths[0], path_at(0, way)->id, now_us);
    plk_paths_open(&world.paths[0], PLK_UDP, &new_place, 0, true, now_us);
    run(PLK_SECOND);
    assert_int_equal(active_way(0), 3);
    assert_int_equal(active_way(1), 3);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
#define TEST2(name) cmocka_unit_test_setup(name, two_sides)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_path_of_the_handshake_carries_data),
        TEST(a_check_is_repeated_a_few_times_and_then_given_up),
        TEST(an_answer_proves_and_measures),
        TEST(a_peer_that_moved_is_followed_once_it_proved_to_be_there),
        TEST(silence_asks_all_and_the_first_that_answers_wins),
        TEST(an_active_path_that_answers_after_all_stays),
        TEST(when_nothing_answers_the_link_is_lost),
        TEST(udp_replaces_tcp_and_not_the_other_way),
        TEST(a_closed_stream_gives_way_to_a_proven_path),
        TEST(after_a_change_of_network_everything_is_asked_again),
        TEST(there_are_eight_and_the_active_one_is_not_given_up_for_another),
        TEST(an_unproven_address_gets_little),
        TEST2(a_choice_is_followed_and_not_taken_back),
        TEST2(two_that_choose_differently_at_once_come_to_one_path),
        TEST2(a_way_that_dies_takes_both_to_the_other),
        TEST2(one_that_moves_to_a_new_address_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
