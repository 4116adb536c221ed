// SPDX-License-Identifier: MIT
// Which of the proven paths carries data, by round trip and loss, and which spares stay.
#include "support/paths.h"

static void measure(uint32_t id, uint64_t rtt_us, unsigned times) {
    struct plk_path *path = plk_paths_by_id(&p, id);
    for (unsigned i = 0; i < times; i++)
        plk_paths_measured(&p, id, rtt_us, path->counted_acked + 1, path->counted_lost, now_us);
}

// A check of the spare after some time; its answer takes rtt_us.
static void look_at(uint32_t id, uint64_t rtt_us) {
    plk_paths_check(&p, id, &rng, now_us);
    forget_actions();
    now_us += rtt_us;
    assert_true(plk_paths_answered(&p, plk_paths_by_id(&p, id)->token, true, &rng, now_us));
}

static void the_quicker_path_is_taken_by_the_side_that_leads(void **state) {
    (void)state;
    for (unsigned leads = 0; leads < 2; leads++) {
        set_up(state);
        p.leads = leads;
        uint32_t slow = open_udp(1, true)->id, quick = open_udp(2, true)->id;
        forget_actions();
        measure(slow, 80 * PLK_MS, 5);
        look_at(quick, 20 * PLK_MS);
        assert_int_equal(plk_paths_active(&p)->id, slow); // one answer is no measurement
        now_us += PLK_PATHS_BETTER_US;
        look_at(quick, 20 * PLK_MS);
        assert_int_equal(plk_paths_active(&p)->id, leads ? quick : slow);
        if (!leads) continue;
        assert_false(expect(PLK_PATHS_ACTIVE).silent); // what is under way on the slow one will arrive
        measure(quick, 20 * PLK_MS, 5);
        now_us += PLK_MINUTE;
        for (unsigned i = 0; i < 5; i++) look_at(slow, 16 * PLK_MS);
        assert_int_equal(plk_paths_active(&p)->id, quick); // not for a little
    }
}

static void a_path_that_loses_is_left_for_one_that_does_not(void **state) {
    (void)state;
    p.leads = true;
    uint32_t lossy = open_udp(1, true)->id, clean = open_udp(2, true)->id;
    forget_actions();
    for (unsigned i = 1; i <= 100; i++) plk_paths_measured(&p, lossy, 40 * PLK_MS, 8 * i, 2 * i, now_us);
    look_at(clean, 60 * PLK_MS);
    now_us += PLK_PATHS_BETTER_US;
    look_at(clean, 60 * PLK_MS);
    assert_int_equal(plk_paths_active(&p)->id, clean);        // a fifth is lost: 40 ms count as 200
    plk_paths_measured(&p, lossy, 40 * PLK_MS, 1, 0, now_us); // a new session counts from the beginning
    assert_int_equal(plk_paths_by_id(&p, lossy)->counted_acked, 1);
}

// The queue that our own data makes does not count against a path, but a way that has become longer does.
static void the_least_of_two_epochs_is_compared(void **state) {
    (void)state;
    uint32_t id = open_udp(1, true)->id;
    measure(id, 20 * PLK_MS, 1);
    assert_int_equal(plk_path_cost_us(plk_paths_by_id(&p, id)), 0);
    measure(id, 90 * PLK_MS, 5);
    assert_int_equal(plk_path_cost_us(plk_paths_by_id(&p, id)), 20 * PLK_MS);
    now_us += PLK_PATHS_EPOCH_US;
    measure(id, 90 * PLK_MS, 5);
    assert_int_equal(plk_path_cost_us(plk_paths_by_id(&p, id)), 20 * PLK_MS);
    now_us += PLK_PATHS_EPOCH_US;
    measure(id, 90 * PLK_MS, 5);
    assert_int_equal(plk_path_cost_us(plk_paths_by_id(&p, id)), 90 * PLK_MS);
}

static void spares_are_measured_while_there_is_data_and_only_then(void **state) {
    (void)state;
    uint32_t active = open_udp(1, true)->id, spare = open_udp(2, true)->id;
    forget_actions();
    assert_int_equal(plk_paths_deadline(&p), PLK_NEVER);
    plk_paths_heard(&p, active, true, true, &rng, now_us);
    tick_to(now_us + PLK_PATHS_LOOK_US);
    assert_int_equal(expect(PLK_PATHS_CHALLENGE).path.id, spare);
    expect_nothing();
    assert_true(plk_paths_answered(&p, plk_paths_by_id(&p, spare)->token, true, &rng, now_us));
    assert_true(plk_paths_deadline(&p) > now_us);
    tick_to(plk_paths_deadline(&p)); // connections that are no path are closed, once
    expect(PLK_PATHS_SETTLED);
    assert_int_equal(plk_paths_deadline(&p), PLK_NEVER);
}

static void a_spare_connection_closes_when_udp_has_proved_itself(void **state) {
    (void)state;
    uint32_t tcp = open_tcp(5, true)->id, udp = open_udp(1, false)->id;
    plk_paths_check(&p, udp, &rng, now_us);
    assert_true(plk_paths_answered(&p, plk_paths_by_id(&p, udp)->token, true, &rng, now_us));
    forget_actions();
    now_us += PLK_HOUR; // no data has come by UDP: it may work in one direction only
    plk_paths_tick(&p, &rng, now_us);
    expect_nothing();
    plk_paths_heard(&p, udp, true, true, &rng, now_us);
    now_us += 20 * PLK_SECOND;
    plk_paths_heard(&p, tcp, false, true, &rng, now_us); // the peer still uses it
    tick_to(now_us + 10 * PLK_SECOND);
    assert_non_null(plk_paths_by_id(&p, tcp));
    forget_actions();
    tick_to(now_us + PLK_PATHS_SETTLED_US);
    assert_null(plk_paths_by_id(&p, tcp));
    assert_int_equal(expect(PLK_PATHS_DEAD).path.id, tcp);
    expect(PLK_PATHS_SETTLED);
    assert_int_equal(plk_paths_active(&p)->id, udp);
}

static void who_leads_follows_only_a_peer_that_insists(void **state) {
    (void)state;
    p.leads = true;
    uint32_t active = open_udp(1, true)->id, spare = open_udp(2, true)->id;
    forget_actions();
    now_us += PLK_MINUTE;
    plk_paths_heard(&p, spare, true, true, &rng, now_us);
    now_us += PLK_PATHS_INSIST_US;
    plk_paths_heard(&p, active, true, true, &rng, now_us); // it has followed us
    plk_paths_heard(&p, spare, true, true, &rng, now_us);
    now_us += PLK_PATHS_INSIST_US - 1;
    plk_paths_heard(&p, spare, true, true, &rng, now_us);
    expect_nothing();
    now_us++;
    plk_paths_heard(&p, spare, true, true, &rng, now_us);
    assert_int_equal(expect(PLK_PATHS_ACTIVE).path.id, spare);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(who_leads_follows_only_a_peer_that_insists),
        TEST(the_quicker_path_is_taken_by_the_side_that_leads),
        TEST(a_path_that_loses_is_left_for_one_that_does_not),
        TEST(the_least_of_two_epochs_is_compared),
        TEST(spares_are_measured_while_there_is_data_and_only_then),
        TEST(a_spare_connection_closes_when_udp_has_proved_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
