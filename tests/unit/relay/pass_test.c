// SPDX-License-Identifier: MIT
// PASS: to the one subscriber of now, never kept.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_story.h"

static void a_packet_is_passed_to_the_subscriber(void **state) {
    (void)state;
    static uint8_t packet[1400] = {0xC3};
    make(0);
    attach();
    assert_true(rig_pass(rig, alice, 9, packet, sizeof packet));
    assert_int_equal(rig->clients[alice].passed_count, 1); // nobody yet
    assert_int_equal(rig->clients[alice].passed[0].type, PLK_FRAME_NOBODY);
    assert_int_equal(rig->clients[alice].passed[0].handle, 9);
    subscribe(bob, 1);
    assert_true(rig_pass(rig, alice, 9, packet, sizeof packet));
    assert_int_equal(rig->clients[bob].passed_count, 1);
    assert_int_equal(rig->clients[bob].passed[0].type, PLK_FRAME_PASS);
    assert_int_equal(rig->clients[bob].passed[0].handle, 1);
    assert_int_equal(rig->clients[bob].passed[0].len, sizeof packet);
    assert_true(rig_pass(rig, bob, 1, packet, 10)); // an owner's handle sends nothing
    assert_int_equal(rig->clients[alice].passed_count, 1);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_dropped, 1);
}

static void a_quiet_queue_is_silent(void **state) {
    (void)state;
    make(PLK_QUEUE_QUIET);
    attach();
    rig_pass(rig, alice, 9, "hello", 5);
    assert_int_equal(rig->clients[alice].passed_count, 0);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_nobody, 1);
}

static void a_pass_waits_for_its_attach(void **state) {
    (void)state;
    make(0);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    subscribe(bob, 1);
    rig_pass(rig, alice, 9, "early", 5);
    assert_int_equal(rig->clients[bob].passed_count, 0);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig->clients[bob].passed_count, 1);
    rig_pass(rig, alice, 10, "never", 5); // no such handle comes
    rig_run(rig, 2 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_dropped, 1);
    static const uint8_t big[1400] = {1};
    for (int i = 0; i < 20; i++) rig_pass(rig, alice, 10, big, sizeof big);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_limited, 9); // 16 KiB wait
}

static void passing_has_a_budget(void **state) {
    (void)state;
    static const uint8_t big[1400] = {1};
    make(0);
    attach();
    subscribe(bob, 1);
    unsigned sent = 0;
    while (plk_relay_counters(rig->relay)->pass_limited == 0 && sent < 10000) {
        rig->clients[bob].passed_count = 0;
        rig_pass(rig, alice, 9, big, sizeof big);
        sent++;
    }
    assert_in_range(sent * 1400, 4u << 20, (4u << 20) + 2800);
    rig_run(rig, PLK_SECOND); // half a MiB more
    uint64_t passed = plk_relay_counters(rig->relay)->passed_bytes;
    for (int i = 0; i < 1000; i++) {
        rig->clients[bob].passed_count = 0;
        rig_pass(rig, alice, 9, big, sizeof big);
    }
    assert_in_range(plk_relay_counters(rig->relay)->passed_bytes - passed, 500u << 10, 600u << 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_packet_is_passed_to_the_subscriber),
        TEST(a_quiet_queue_is_silent),
        TEST(a_pass_waits_for_its_attach),
        TEST(passing_has_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
