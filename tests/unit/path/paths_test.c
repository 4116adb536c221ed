// SPDX-License-Identifier: MIT
// One side's paths alone: proven, followed, lost. Which one carries data: choice_test.c; two sides: two_sides_test.c.
#include "support/paths.h"

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
    assert_false(plk_paths_answered(&p, wrong, true, &rng, now_us));
    assert_false(path->proven);
    now_us += 30 * PLK_MS;
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
    assert_true(path->proven);
    assert_int_equal(path->rtt_us, 30 * PLK_MS);
    assert_false(plk_paths_answered(&p, action.path.token, true, &rng, now_us)); // once
    expect_nothing();                                                            // the active one is as good
    plk_paths_check(&p, path->id, &rng, now_us);
    action = expect(PLK_PATHS_CHALLENGE);
    tick_to(plk_paths_deadline(&p));
    expect(PLK_PATHS_CHALLENGE);
    now_us += 5 * PLK_MS;
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
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
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
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
    assert_true(plk_paths_answered(&p, token, true, &rng, now_us));
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
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
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

// When a better kind is looked for, counted from the choice of the worse one.
static void a_better_kind_is_looked_for_less_and_less_often(void **state) {
    (void)state;
    open_tcp(5, true);
    uint64_t began_us = now_us, last_us = now_us, longest_us = 0;
    expect(PLK_PATHS_ACTIVE);
    expect_nothing();
    while (now_us - began_us < 5 * PLK_MINUTE) {
        tick_to(plk_paths_deadline(&p));
        expect(PLK_PATHS_RACE);
        expect_nothing();
        assert_true(now_us - last_us >= PLK_PATHS_LOOK_SOON_US && now_us - last_us >= longest_us);
        assert_true(now_us - last_us <= PLK_PATHS_LOOK_SOON_US + (last_us - began_us) / 4);
        longest_us = now_us - last_us;
        last_us = now_us;
    }
    assert_int_equal(longest_us, PLK_PATHS_LOOK_US);
}

// What may go to an address that does not answer has gone with two challenges: with the next look it is asked as if it were new.
static void an_address_that_was_cut_off_is_asked_anew(void **state) {
    (void)state;
    open_tcp(5, true);
    struct plk_addr addr = place(1);
    assert_true(plk_paths_ask(&p, &addr, &rng, now_us));
    uint32_t first = plk_paths_find(&p, PLK_UDP, &addr, 0)->id;
    expect(PLK_PATHS_ACTIVE);
    plk_paths_went(&p, first, PLK_PATHS_UNPROVEN_LEN, false);
    for (uint64_t end_us = now_us + PLK_PATHS_LOOK_SOON_US; now_us < end_us;) {
        expect(PLK_PATHS_CHALLENGE);
        expect_nothing();
        tick_to(plk_earlier(plk_paths_deadline(&p), end_us));
    }
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, first);
    expect(PLK_PATHS_RACE);
    assert_true(plk_paths_ask(&p, &addr, &rng, now_us));
    assert_true(plk_paths_room(&p, plk_paths_find(&p, PLK_UDP, &addr, 0)->id) == PLK_PATHS_UNPROVEN_LEN);
}

static void udp_replaces_tcp_and_not_the_other_way(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id, udp = open_udp(1, false)->id;
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, tcp);
    expect_nothing();
    tick_to(plk_paths_deadline(&p));
    assert_true(now_us - 100 * PLK_SECOND == PLK_PATHS_LOOK_SOON_US);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    assert_int_equal(action.path.id, udp);
    expect(PLK_PATHS_RACE);
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, udp);
    assert_false(plk_choice_may_improve(&p));
    now_us += PLK_PATHS_HOLD_US + PLK_PATHS_HOLD_WORSE_US - PLK_MS;
    plk_paths_heard(&p, tcp, true, true, &rng, now_us); // what the peer still sends over TCP
    expect_nothing();
    now_us += PLK_MS;
    plk_paths_heard(&p, tcp, true, true, &rng, now_us); // it goes on: nothing of its gets through by UDP
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, tcp);
}

static void a_closed_stream_gives_way_to_a_proven_path(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id, other = open_tcp(6, false)->id;
    assert_int_not_equal(tcp, other);
    assert_int_equal(open_tcp(5, false)->id, tcp);
    assert_int_equal(open_tcp(6, false)->id, other);
    open_udp(1, false);
    uint32_t proven = open_tcp(7, true)->id;
    forget_actions();
    plk_paths_close(&p, tcp, &rng, now_us);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, tcp);
    struct plk_paths_action action = expect(PLK_PATHS_ACTIVE);
    assert_int_equal(action.path.id, proven);
    assert_true(action.silent);                                    // what was under way on the stream is lost with it
    assert_int_equal(expect(PLK_PATHS_CHALLENGE).path.id, proven); // it may have died unnoticed
    plk_paths_close(&p, proven, &rng, now_us);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, proven);
    for (unsigned i = 0; i < 2; i++) assert_int_not_equal(expect(PLK_PATHS_CHALLENGE).path.id, proven);
    expect(PLK_PATHS_RACE);
    assert_null(plk_paths_active(&p));
    while (!p.tell_lost) tick_to(plk_paths_deadline(&p));
    assert_int_equal(now_us - 100 * PLK_SECOND, PLK_PATHS_LOST_US);
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
    assert_true(plk_paths_answered(&p, second.path.token, true, &rng, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, second.path.id);
}

static void one_address_by_two_sockets_is_two_paths(void **state) {
    (void)state;
    struct plk_path *bound = open_udp(1, true);
    struct plk_addr at = bound->addr;
    assert_null(plk_paths_find(&p, PLK_UDP, &at, 7));
    struct plk_path *other = plk_paths_open(&p, PLK_UDP, &at, 7, false, now_us);
    assert_ptr_not_equal(other, bound);
    assert_ptr_equal(plk_paths_find(&p, PLK_UDP, &at, 7), other);
    assert_ptr_equal(plk_paths_find(&p, PLK_UDP, &at, 0), bound);
    assert_true(plk_paths_ask(&p, &at, &rng, now_us)); // by the bound one, which is there
    assert_ptr_equal(plk_paths_find(&p, PLK_UDP, &at, 0), bound);
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
    plk_paths_went(&p, told, 1000, false);
    assert_int_equal(plk_paths_room(&p, told), PLK_PATHS_UNPROVEN_LEN - 1000);
    plk_paths_went(&p, told, 1000,
                   false); // the host sent what it had: more than allowed leaves nothing, not a huge rest
    assert_int_equal(plk_paths_room(&p, told), 0);
    plk_paths_by_id(&p, seen)->inbound = true;
    plk_paths_came(&p, seen, 50);
    assert_int_equal(plk_paths_room(&p, seen), 150);
    plk_paths_went(&p, seen, 150, false);
    assert_int_equal(plk_paths_room(&p, seen), 0);
    plk_paths_came(&p, seen, 10);
    assert_int_equal(plk_paths_room(&p, seen), 30);
    plk_paths_check(&p, seen, &rng, now_us);
    assert_true(plk_paths_answered(&p, plk_paths_by_id(&p, seen)->token, true, &rng, now_us));
    assert_int_equal(plk_paths_room(&p, seen), SIZE_MAX);
    plk_paths_network_changed(&p, &rng, now_us); // proven no more: what it may get is counted anew
    assert_int_equal(plk_paths_room(&p, seen), 0);
    plk_paths_came(&p, told, 10); // our own choice: what came adds to what it may get anyway
    assert_int_equal(plk_paths_room(&p, told), PLK_PATHS_UNPROVEN_LEN + 30);
    assert_int_equal(plk_paths_room(&p, active), SIZE_MAX);
}

// RFC 9000 section 9.1 and 9.3: only the newest packet that is more than a check moves the peer's data.
static void an_older_packet_or_a_check_does_not_move_data(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id, spare = open_udp(2, true)->id;
    forget_actions();
    now_us += 5 * PLK_SECOND; // the choice of the first may be changed by now
    plk_paths_heard(&p, spare, false, true, &rng, now_us);
    plk_paths_heard(&p, spare, false, false, &rng, now_us);
    expect_nothing();
    assert_int_equal(plk_paths_active(&p)->id, active);
    uint32_t other = open_udp(3, false)->id;
    plk_paths_heard(&p, other, true, true, &rng, now_us);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    plk_paths_heard(&p, active, true, true, &rng, now_us); // it is here again before its other place has answered
    assert_true(plk_paths_answered(&p, action.path.token, true, &rng, now_us));
    expect_nothing();
    assert_int_equal(plk_paths_active(&p)->id, active);
}

// RFC 9000 section 8.2.1: where small packets pass, large ones may not. Data goes only where they do.
static void a_path_that_passes_only_small_packets_carries_no_data(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id;
    struct plk_path *udp = open_udp(1, false);
    forget_actions();
    assert_true(plk_paths_is_narrow(&p, udp));
    assert_false(plk_paths_is_narrow(&p, plk_paths_by_id(&p, tcp)));
    plk_paths_check(&p, udp->id, &rng, now_us);
    struct plk_paths_action action = expect(PLK_PATHS_CHALLENGE);
    assert_true(plk_paths_answered(&p, action.path.token, false, &rng, now_us));
    assert_true(udp->proven);
    assert_int_equal(plk_paths_room(&p, udp->id), SIZE_MAX);
    struct plk_paths_action again = expect(PLK_PATHS_CHALLENGE); // of full size now
    assert_memory_not_equal(action.path.token, again.path.token, 8);
    expect_nothing();
    plk_paths_heard(&p, udp->id, true, true, &rng, now_us);
    expect_nothing();
    assert_int_equal(plk_paths_active(&p)->id, tcp);
    assert_true(plk_paths_answered(&p, again.path.token, true, &rng, now_us));
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, udp->id);
    assert_false(plk_paths_is_narrow(&p, udp));
    plk_paths_silent(&p, udp->id, &rng, now_us);
    assert_true(plk_paths_is_narrow(&p, udp)); // in doubt: it may have become so
    plk_paths_answered(&p, udp->token, false, &rng, now_us);
    assert_true(p.suspect);
}

static unsigned proven_count(void) {
    unsigned count = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) count += p.list[i].id != 0 && p.list[i].proven;
    return count;
}

static void the_best_spares_are_kept_warm_and_no_more(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id, tcp = open_tcp(5, true)->id;
    for (unsigned i = 2; i < 2 + PLK_PATHS_SPARES; i++) {
        now_us++;
        open_udp(i, true);
    }
    assert_int_equal(proven_count(), 1 + PLK_PATHS_SPARES);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, tcp); // of a worse kind, though not the oldest
    now_us++;
    open_udp(9, true);
    assert_int_equal(expect(PLK_PATHS_DEAD).path.addr.ip[3], 2); // of equals the one not heard from for longest
    assert_non_null(plk_paths_by_id(&p, active));
    assert_int_equal(proven_count(), 1 + PLK_PATHS_SPARES);
}

static struct plk_addr far_place(unsigned i) {
    return (struct plk_addr){.family = 4, .ip = {198, 51, 100, (uint8_t)i}, .port = 7447};
}

static bool ask(unsigned i) {
    struct plk_addr addr = far_place(i);
    return plk_paths_ask(&p, &addr, &rng, now_us);
}

// More candidates than may be asked at the same time: those that do not answer give way after two challenges.
static void candidates_take_turns(void **state) {
    (void)state;
    open_udp(1, true);
    forget_actions();
    unsigned next = 0, challenges[24] = {0};
    uint64_t began_us = now_us, first_us[24] = {0};
    while (next < 24 && ask(next)) next++;
    assert_int_equal(next, PLK_PATHS_ASKED);
    p.waiting = true;
    while (next < 24) {
        struct plk_paths_action action;
        while (plk_paths_next(&p, &action)) {
            unsigned i = action.path.addr.ip[3];
            if (action.act == PLK_PATHS_CHALLENGE && challenges[i]++ == 0) first_us[i] = now_us;
            if (action.act != PLK_PATHS_MORE) continue;
            while (next < 24 && ask(next)) next++;
            p.waiting = next < 24;
        }
        tick_to(plk_paths_deadline(&p));
    }
    forget_actions();
    for (unsigned i = 0; i < 20; i++) assert_in_range(challenges[i], 1, PLK_PATHS_HASTY);
    assert_true(first_us[19] - began_us < 3 * PLK_SECOND); // long before the link would be given up
    unsigned asked = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) asked += p.list[i].id != 0 && p.list[i].asked;
    assert_int_equal(asked, PLK_PATHS_ASKED);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_path_of_the_handshake_carries_data),
        TEST(a_check_is_repeated_a_few_times_and_then_given_up),
        TEST(an_answer_proves_and_measures),
        TEST(a_peer_that_moved_is_followed_once_it_proved_to_be_there),
        TEST(silence_asks_all_and_the_first_that_answers_wins),
        TEST(an_active_path_that_answers_after_all_stays),
        TEST(when_nothing_answers_the_link_is_lost),
        TEST(a_better_kind_is_looked_for_less_and_less_often),
        TEST(an_address_that_was_cut_off_is_asked_anew),
        TEST(udp_replaces_tcp_and_not_the_other_way),
        TEST(a_closed_stream_gives_way_to_a_proven_path),
        TEST(after_a_change_of_network_everything_is_asked_again),
        TEST(one_address_by_two_sockets_is_two_paths),
        TEST(there_are_eight_and_the_active_one_is_not_given_up_for_another),
        TEST(an_unproven_address_gets_little),
        TEST(an_older_packet_or_a_check_does_not_move_data),
        TEST(a_path_that_passes_only_small_packets_carries_no_data),
        TEST(the_best_spares_are_kept_warm_and_no_more),
        TEST(candidates_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
