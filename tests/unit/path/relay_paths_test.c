// SPDX-License-Identifier: MIT
// Paths through relays beside direct ones: directed, of the worst kind, and what remains when all others die.
#include "support/paths.h"

static uint32_t direct(unsigned i) { return open_udp(i, true)->id; }

static struct plk_path *relay_of(uint32_t queue) {
    const struct plk_addr nowhere = {.family = 0};
    return plk_paths_find(&p, PLK_PASS, &nowhere, queue);
}

static void answer(uint32_t id, uint64_t rtt_us) {
    uint8_t token[8];
    memcpy(token, plk_paths_by_id(&p, id)->token, sizeof token);
    assert_true(plk_paths_by_id(&p, id)->checking);
    now_us += rtt_us;
    assert_true(plk_paths_answered(&p, token, false, &rng, now_us)); // a small one: no relay is narrow
}

// A spare through that queue.
static uint32_t warm_relay(uint32_t queue) {
    assert_true(plk_paths_ask_relay(&p, queue, &rng, now_us));
    uint32_t id = relay_of(queue)->id;
    answer(id, 30 * PLK_MS);
    forget_actions();
    return id;
}

static uint32_t active(void) { return plk_paths_active(&p) == NULL ? 0 : plk_paths_active(&p)->id; }

static void live_until(uint64_t at_us) {
    while (plk_paths_deadline(&p) < at_us) {
        now_us = plk_paths_deadline(&p);
        plk_paths_tick(&p, &rng, now_us);
        forget_actions();
    }
    now_us = at_us;
    plk_paths_tick(&p, &rng, now_us);
}

static void a_queue_is_asked_like_an_address_and_owes_nobody_a_proof(void **state) {
    (void)state;
    assert_true(plk_paths_ask_relay(&p, 7, &rng, now_us));
    struct plk_path *path = relay_of(7);
    assert_non_null(path);
    assert_null(relay_of(8));
    assert_int_equal(plk_paths_room(&p, path->id), SIZE_MAX);
    assert_false(plk_paths_is_narrow(&p, path));
    struct plk_paths_action action;
    assert_true(plk_paths_next(&p, &action));
    assert_int_equal(action.act, PLK_PATHS_CHALLENGE);
    assert_int_equal(action.path.stream, 7);
    answer(path->id, 40 * PLK_MS);
    assert_int_equal(active(), path->id);
    assert_int_equal(path->rtt_us, 40 * PLK_MS);
}

static void every_direct_kind_is_better(void **state) {
    (void)state;
    uint32_t relay = warm_relay(1);
    const struct plk_addr addr = {.family = 4, .ip = {203, 0, 113, 9}, .port = 7447};
    assert_int_equal(active(), relay);
    plk_paths_seek(&p);
    struct plk_paths_action action;
    assert_true(plk_paths_next(&p, &action) && action.act == PLK_PATHS_RACE);
    uint32_t tcp = plk_paths_open(&p, PLK_TCP, &addr, 5, true, now_us)->id;
    assert_int_equal(active(), tcp);
    uint32_t udp = direct(1);
    assert_int_equal(active(), udp);
    forget_actions();
    plk_paths_seek(&p);
    assert_false(plk_paths_next(&p, &action)); // there is nothing better
}

// Eight places, three direct spares, two relays: neither pushes the other out.
static void direct_spares_and_relays_are_counted_apart(void **state) {
    (void)state;
    direct(0);
    for (uint32_t queue = 1; queue <= 3; queue++) warm_relay(queue);
    unsigned relays = 0;
    for (uint32_t queue = 1; queue <= 3; queue++) relays += relay_of(queue) != NULL;
    assert_int_equal(relays, PLK_PATHS_RELAYS);
    for (unsigned i = 1; i <= 5; i++) {
        direct(i);
        forget_actions();
    }
    for (unsigned i = 10; i < 30; i++) { // and packets from everywhere
        const struct plk_addr addr = {.family = 4, .ip = {198, 51, 100, (uint8_t)i}, .port = 1};
        plk_paths_open(&p, PLK_UDP, &addr, 0, false, now_us);
        forget_actions();
    }
    unsigned direct = 0;
    relays = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &p.list[i];
        if (path->id == 0 || path->id == p.active || !path->proven) continue;
        relays += path->transport == PLK_PASS;
        direct += path->transport == PLK_UDP;
    }
    assert_int_equal(relays, PLK_PATHS_RELAYS);
    assert_int_equal(direct, PLK_PATHS_SPARES);
}

static void when_the_direct_path_dies_the_relay_that_answers_first_takes_over(void **state) {
    (void)state;
    uint32_t udp = direct(1);
    warm_relay(1);
    uint32_t second = warm_relay(2);
    forget_actions();
    plk_paths_silent(&p, udp, &rng, now_us);
    answer(second, 30 * PLK_MS);
    struct plk_paths_action action = {.act = PLK_PATHS_RACE};
    while (action.act != PLK_PATHS_ACTIVE) assert_true(plk_paths_next(&p, &action));
    assert_int_equal(action.path.id, second);
    assert_true(action.silent);
}

// What comes by a queue of ours says that the peer has left the direct way, and nothing about which queue of its is good.
static void a_peer_that_goes_on_by_relay_is_followed_with_patience(void **state) {
    (void)state;
    uint32_t udp = direct(1), slow = warm_relay(1), quick = warm_relay(2);
    for (unsigned i = 0; i < 2; i++) {
        plk_paths_check(&p, slow, &rng, now_us);
        answer(slow, 60 * PLK_MS);
        plk_paths_check(&p, quick, &rng, now_us);
        answer(quick, 20 * PLK_MS);
    }
    forget_actions();
    now_us += 10 * PLK_SECOND;
    p.leads = true;
    uint64_t began_us = now_us;
    while (active() == udp) {
        assert_true(now_us - began_us < 5 * PLK_SECOND);
        plk_paths_relayed(&p, true, true, &rng, now_us);
        if (active() == udp) now_us += 100 * PLK_MS;
    }
    assert_true(now_us - began_us >= PLK_PATHS_HOLD_WORSE_US);
    assert_int_equal(active(), quick);
    assert_true(plk_paths_by_id(&p, quick)->checking); // it is not known how it is now
}

static void a_check_or_an_old_packet_by_relay_moves_nothing(void **state) {
    (void)state;
    uint32_t udp = direct(1);
    warm_relay(1);
    now_us += 10 * PLK_SECOND;
    for (unsigned i = 0; i < 100; i++) {
        now_us += 100 * PLK_MS;
        plk_paths_relayed(&p, true, false, &rng, now_us);
        plk_paths_relayed(&p, false, true, &rng, now_us);
    }
    assert_int_equal(active(), udp);
}

// Each side chooses among the queues that it sends into: whoever leads elsewhere.
static void the_quicker_relay_is_taken_by_either_side(void **state) {
    (void)state;
    uint32_t slow = warm_relay(1), quick = warm_relay(2);
    assert_int_equal(active(), slow);
    p.leads = false;
    for (unsigned i = 0; i < 3; i++) {
        now_us += PLK_PATHS_EPOCH_US;
        plk_paths_check(&p, slow, &rng, now_us);
        answer(slow, 100 * PLK_MS);
        plk_paths_check(&p, quick, &rng, now_us);
        answer(quick, 20 * PLK_MS);
    }
    assert_int_equal(active(), quick);
}

// Data comes by the active path; the relay answers when it is asked: how often?
static unsigned talk(uint32_t relay, uint64_t for_us) {
    unsigned measured = 0;
    for (uint64_t end_us = now_us + for_us; now_us < end_us;) {
        live_until(now_us + 100 * PLK_MS);
        plk_paths_heard(&p, active(), true, true, &rng, now_us);
        if (!plk_paths_by_id(&p, relay)->checking) continue;
        answer(relay, 30 * PLK_MS);
        measured++;
    }
    return measured;
}

static void a_relay_is_measured_until_the_direct_path_has_proved_itself(void **state) {
    (void)state;
    uint32_t udp = direct(1), relay = warm_relay(1);
    assert_true(talk(relay, PLK_PATHS_SETTLED_US) >= 1);
    talk(relay, PLK_PATHS_LOOK_US);
    assert_true(p.settled);
    assert_int_equal(talk(relay, 4 * PLK_PATHS_LOOK_US), 0);
    assert_true(plk_paths_by_id(&p, relay)->proven); // and still there
    plk_paths_silent(&p, udp, &rng, now_us);
    answer(relay, 30 * PLK_MS);
    assert_int_equal(active(), relay);
    uint32_t other = warm_relay(2);
    assert_true(talk(other, 4 * PLK_PATHS_SETTLED_US) >= 7); // beside an active relay, always
}

// NOBODY: the peer is not subscribed there.
static void a_relay_where_nobody_is_is_silent_at_once(void **state) {
    (void)state;
    uint32_t first = warm_relay(1), second = warm_relay(2);
    plk_paths_absent(&p, second, &rng, now_us);
    assert_null(relay_of(2));
    assert_int_equal(active(), first);
    forget_actions();
    second = warm_relay(2);
    plk_paths_check(&p, second, &rng, now_us);
    plk_paths_absent(&p, second, &rng, now_us); // under question: it may be about to come back
    assert_non_null(relay_of(2));
    assert_false(relay_of(2)->proven);
    plk_paths_absent(&p, first, &rng, now_us);
    assert_true(p.suspect);
    assert_int_equal(active(), first);
    answer(second, 30 * PLK_MS);
    assert_int_equal(active(), second);
    plk_paths_absent(&p, 999, &rng, now_us); // unknown: nothing
}

static void while_the_peer_sends_by_relay_the_direct_path_has_not_proved_itself(void **state) {
    (void)state;
    uint32_t udp = direct(1), relay = warm_relay(1);
    for (unsigned i = 0; i < 40; i++) {
        plk_paths_relayed(&p, false, true, &rng, now_us);
        talk(relay, PLK_SECOND);
    }
    assert_int_equal(active(), udp);
    assert_false(p.settled);
    talk(relay, 2 * PLK_PATHS_SETTLED_US);
    assert_true(p.settled);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_queue_is_asked_like_an_address_and_owes_nobody_a_proof),
        TEST(every_direct_kind_is_better),
        TEST(direct_spares_and_relays_are_counted_apart),
        TEST(when_the_direct_path_dies_the_relay_that_answers_first_takes_over),
        TEST(a_peer_that_goes_on_by_relay_is_followed_with_patience),
        TEST(a_check_or_an_old_packet_by_relay_moves_nothing),
        TEST(the_quicker_relay_is_taken_by_either_side),
        TEST(a_relay_is_measured_until_the_direct_path_has_proved_itself),
        TEST(a_relay_where_nobody_is_is_silent_at_once),
        TEST(while_the_peer_sends_by_relay_the_direct_path_has_not_proved_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
