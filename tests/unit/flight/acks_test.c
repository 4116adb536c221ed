// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "flight/acks.h"
#include "flight/flight.h"

static struct plk_acks acks;
static struct plk_frame_ack ack;

static int fresh(void **state) {
    (void)state;
    plk_acks_init(&acks);
    return 0;
}

static void one_waits_and_the_second_does_not(void **state) {
    (void)state;
    plk_acks_received(&acks, 1000, 0, true);
    assert_int_equal(acks.due_us, 1000 + PLK_FLIGHT_ACK_DELAY_US);
    plk_acks_received(&acks, 2000, 1, true);
    assert_int_equal(acks.due_us, 2000);
    assert_true(plk_acks_build(&acks, 2500, &ack));
    assert_int_equal(ack.delay_us, 500);
    assert_int_equal(ack.count, 1);
    assert_int_equal(ack.ranges[0].first, 0);
    assert_int_equal(ack.ranges[0].last, 1);
    assert_int_equal(acks.due_us, PLK_NEVER);
    assert_false(plk_acks_build(&acks, 2500, &ack));
}

static void acks_alone_are_never_answered_alone(void **state) {
    (void)state;
    for (unsigned pn = 0; pn < 100; pn++) plk_acks_received(&acks, 1000, pn, false);
    assert_int_equal(acks.due_us, PLK_NEVER);
    assert_true(plk_acks_build(&acks, 1000, &ack)); // but they go along with something else
    assert_int_equal(ack.ranges[0].last, 99);
}

static void disorder_is_told_at_once(void **state) {
    (void)state;
    plk_acks_received(&acks, 1000, 0, true);
    plk_acks_build(&acks, 1000, &ack);
    plk_acks_received(&acks, 2000, 2, true); // a gap
    assert_int_equal(acks.due_us, 2000);
    plk_acks_build(&acks, 2000, &ack);
    plk_acks_received(&acks, 3000, 1, true); // the gap is filled
    assert_int_equal(acks.due_us, 3000);
    plk_acks_build(&acks, 9000, &ack);
    assert_int_equal(ack.count, 1);
    assert_int_equal(ack.delay_us, 7000); // of the largest
    plk_acks_received(&acks, 10000, 3, true);
    assert_int_equal(acks.due_us, 10000 + PLK_FLIGHT_ACK_DELAY_US);
}

static void any_order_gives_the_same_ranges(void **state) {
    (void)state;
    enum { COUNT = 60 };
    for (unsigned seed = 1; seed < 500; seed++) {
        bool there[COUNT + 2] = {false};
        uint32_t random = seed;
        plk_acks_init(&acks);
        for (unsigned i = 0; i < COUNT; i++) {
            random = random * 1664525 + 1013904223;
            unsigned pn = random >> 16;
            pn %= COUNT;
            there[pn + 1] = true;
            plk_acks_received(&acks, i, pn, true);
        }
        unsigned at = 0;
        for (unsigned pn = COUNT; pn > 0; pn--) {
            if (!there[pn] || there[pn + 1]) continue;
            unsigned first = pn;
            while (there[first - 1]) first--;
            assert_true(at < acks.count);
            assert_int_equal(acks.ranges[at].last, pn - 1);
            assert_int_equal(acks.ranges[at].first, first - 1);
            at++;
        }
        assert_int_equal(at, acks.count);
    }
}

static void gaps_of_a_million_cost_nothing(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) plk_acks_received(&acks, i, i * 1000000, true);
    assert_int_equal(acks.count, PLK_FRAME_RANGES_MAX);
    assert_int_equal(acks.forgotten, 100000 - PLK_FRAME_RANGES_MAX);
    assert_true(plk_acks_build(&acks, 100000, &ack));
    assert_int_equal(ack.ranges[0].last, UINT64_C(99999000000));
    plk_acks_received(&acks, 100001, 5, true); // older than all that is remembered: nothing to remember it by
    assert_int_equal(acks.count, PLK_FRAME_RANGES_MAX);
    assert_int_equal(acks.ranges[PLK_FRAME_RANGES_MAX - 1].first, UINT64_C(99968000000));
    uint8_t room[1024];
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_true(plk_frame_put_ack(&w, &ack));
}

static void what_the_peer_knows_is_not_repeated(void **state) {
    (void)state;
    for (unsigned pn = 0; pn <= 20; pn += 2) plk_acks_received(&acks, 0, pn, true);
    plk_acks_settled(&acks, 10);
    assert_int_equal(acks.count, 5);
    assert_int_equal(acks.ranges[4].first, 12);
    plk_acks_settled(&acks, 1000); // the newest always stays: it tells order from disorder
    assert_int_equal(acks.count, 1);
    assert_int_equal(acks.ranges[0].last, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_waits_and_the_second_does_not, fresh),
        cmocka_unit_test_setup(acks_alone_are_never_answered_alone, fresh),
        cmocka_unit_test_setup(disorder_is_told_at_once, fresh),
        cmocka_unit_test_setup(any_order_gives_the_same_ranges, fresh),
        cmocka_unit_test_setup(gaps_of_a_million_cost_nothing, fresh),
        cmocka_unit_test_setup(what_the_peer_knows_is_not_repeated, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
