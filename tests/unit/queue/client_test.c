// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/queue_client.h"

// ---- own queues

static void a_queue_is_made_and_subscribed(void **state) {
    (void)state;
    add_own(1, false);
    assert_state(MINE + 1, AWAY);
    up();
    assert_state(MINE + 1, UNDER_WAY);
    talk();
    assert_state(MINE + 1, READY);
    assert_int_equal(event_count, 1);
    assert_int_equal(events[0].kind, PLK_QUEUE_CLIENT_STATE);
    assert_true(events[0].made);
    assert_int_equal(toy.commands[PLK_QUEUE_NEWQ], 1);
    plk_queue_client_down(c);
    assert_state(MINE + 1, AWAY);
    up(); // it is there now
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_NEWQ], 1);
    assert_int_equal(event_count, 2);
    assert_false(events[1].made);
    assert_state(MINE + 1, READY);
}

// A fresh queue takes one flight, and so do a thousand that are there.
static void a_start_is_one_flight(void **state) {
    (void)state;
    struct plk_queue_record record;
    unsigned types[16] = {0};
    add_own(1, true);
    up();
    while (plk_queue_client_next(c, now_us, ROOM, &record)) {
        types[record.type]++;
        toy_take(&toy, &record);
    }
    assert_int_equal(types[PLK_QUEUE_NEWQ] + types[PLK_QUEUE_ATTACH] + types[PLK_QUEUE_SUB], 3);
    talk();
    assert_state(MINE + 1, READY);
    for (uint32_t i = 2; i <= 1500; i++) add_own(i, false);
    plk_queue_client_down(c);
    up();
    memset(types, 0, sizeof types);
    size_t subscribed = 0;
    while (plk_queue_client_next(c, now_us, ROOM, &record)) {
        types[record.type]++;
        if (record.type == PLK_QUEUE_SUB) subscribed += plk_queue_count(&record);
    }
    assert_int_equal(types[PLK_QUEUE_ATTACH], 1500);
    assert_int_equal(types[PLK_QUEUE_SUB], 2);
    assert_int_equal(subscribed, 1500);
}

static void a_relay_that_lost_its_disk_gets_the_same_queue_again(void **state) {
    (void)state;
    add_own(1, true);
    add_own(2, true);
    up();
    talk();
    toy_forget(&toy);
    plk_queue_client_down(c);
    up();
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_NEWQ], 4);
    assert_state(MINE + 1, READY);
    assert_state(MINE + 2, READY);
    assert_int_equal(event_count, 4);
    assert_true(events[2].made && events[3].made);
}

// One of two is not there: the SUB of both subscribes none, and both are subscribed in the end.
static void one_lost_queue_does_not_keep_the_others_out(void **state) {
    (void)state;
    add_own(1, true);
    add_own(2, true);
    add_own(3, true);
    up();
    talk();
    for (unsigned i = 0; i < TOY_QUEUES; i++) {
        if (toy.queues[i].used) {
            toy.queues[i].used = false;
            break;
        }
    }
    plk_queue_client_down(c);
    up();
    talk();
    for (uint32_t i = 1; i <= 3; i++) assert_state(MINE + i, READY);
}

static void without_a_token_it_says_so(void **state) {
    (void)state;
    plk_queue_client_token(c, NULL);
    add_own(1, true);
    add_own(2, false);
    up();
    talk();
    assert_state(MINE + 1, REFUSED);
    assert_state(MINE + 2, REFUSED);
    assert_int_equal(event_count, 2);
    assert_int_equal(events[0].code, PLK_QUEUE_CODE_ADMISSION);
    assert_int_equal(plk_queue_client_status(c).refused, 2);
    uint8_t wrong[16] = {1};
    plk_queue_client_token(c, wrong);
    talk();
    assert_state(MINE + 1, REFUSED);
    assert_int_equal(last(PLK_QUEUE_CLIENT_STATE)->code, PLK_QUEUE_CODE_DENIED);
    plk_queue_client_token(c, toy.token);
    talk();
    assert_state(MINE + 1, READY);
    assert_state(MINE + 2, READY);
    assert_int_equal(plk_queue_client_status(c).ready, 2);
}

static void an_open_relay_gets_work(void **state) {
    (void)state;
    toy.wants_token = false;
    toy.bits = 10;
    toy.day = 20000;
    plk_queue_client_token(c, NULL);
    add_own(1, true);
    add_own(2, false);
    up();
    unsigned ticks = 0;
    for (; ticks < 1000 && plk_queue_client_status(c).ready < 2; ticks++) {
        talk();
        if (plk_queue_client_status(c).ready < 2) assert_int_equal(plk_queue_client_deadline(c, now_us), now_us);
        plk_queue_client_tick(c, now_us, &rng);
    }
    assert_true(ticks >= 2 && ticks < 100);
    plk_queue_client_tick(c, now_us, &rng);
    assert_int_equal(plk_queue_client_deadline(c, now_us), PLK_NEVER);
    toy.bits = PLK_QUEUE_CLIENT_WORK_BITS + 1; // that is as much as no
    add_own(3, true);
    plk_queue_client_down(c);
    up();
    talk();
    assert_state(MINE + 3, REFUSED);
    assert_state(MINE + 2, READY);
}

static void work_of_an_old_day_is_done_once_more(void **state) {
    (void)state;
    toy.wants_token = false;
    toy.bits = 4;
    toy.day = 20000;
    plk_queue_client_token(c, NULL);
    add_own(1, true);
    up();
    toy.day += 3; // the relay's clock has jumped since its greeting
    for (unsigned i = 0; i < 20; i++) {
        plk_queue_client_tick(c, now_us, &rng);
        talk();
    }
    assert_state(MINE + 1, REFUSED); // and not for ever
    assert_int_equal(toy.commands[PLK_QUEUE_NEWQ], 2);
}

static void a_replaced_queue_is_not_fought_for(void **state) {
    (void)state;
    add_own(1, true);
    up();
    talk();
    struct plk_queue_record replaced = {.type = PLK_QUEUE_REPLACED, .handle = 1};
    struct plk_queue_client_event event;
    assert_int_equal(plk_queue_client_receive(c, now_us, &replaced, &event), PLK_ERR_OK);
    talk();
    assert_state(MINE + 1, REPLACED);
    assert_int_equal(toy.commands[PLK_QUEUE_SUB], 1);
    assert_true(plk_queue_client_deadline(c, now_us) == now_us + PLK_QUEUE_CLIENT_RETAKE_US);
    now_us += PLK_QUEUE_CLIENT_RETAKE_US; // but neither of the two stays without mail for good
    plk_queue_client_tick(c, now_us, &rng);
    assert_true(plk_queue_client_deadline(c, now_us) == PLK_NEVER);
    talk();
    assert_state(MINE + 1, READY);
    assert_int_equal(toy.commands[PLK_QUEUE_SUB], 2);
}

static void flags_are_kept_and_sent(void **state) {
    (void)state;
    add_own(1, true);
    up();
    plk_queue_client_flags(c, MINE + 1, PLK_QUEUE_QUIET); // goes with NEWQ
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_FLAGS], 0);
    assert_int_equal(toy.queues[0].flags, PLK_QUEUE_QUIET);
    plk_queue_client_flags(c, MINE + 1, 0);
    plk_queue_client_flags(c, MINE + 1, 0);
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_FLAGS], 1);
    assert_int_equal(toy.queues[0].flags, 0);
}

static void a_queue_is_dropped(void **state) {
    (void)state;
    add_own(1, true);
    add_own(2, true);
    up();
    talk();
    plk_queue_client_forget(c, MINE + 1, true);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_DROPPED)->id, MINE + 1);
    assert_int_equal(toy.commands[PLK_QUEUE_DEL], 1);
    assert_state(MINE + 1, NONE);
    add_own(1, true); // in its place
    talk();
    assert_state(MINE + 1, READY);
    plk_queue_client_down(c);
    plk_queue_client_forget(c, MINE + 2, true); // without a channel: later
    assert_int_equal(told(PLK_QUEUE_CLIENT_DROPPED), 1);
    up();
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_DROPPED), 2);
    add_own(3, false); // one that is not there
    plk_queue_client_forget(c, MINE + 3, true);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_DROPPED), 3);
    assert_state(MINE + 3, NONE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_queue_is_made_and_subscribed),
        TEST(a_start_is_one_flight),
        TEST(a_relay_that_lost_its_disk_gets_the_same_queue_again),
        TEST(one_lost_queue_does_not_keep_the_others_out),
        TEST(without_a_token_it_says_so),
        TEST(an_open_relay_gets_work),
        TEST(work_of_an_old_day_is_done_once_more),
        TEST(a_replaced_queue_is_not_fought_for),
        TEST(flags_are_kept_and_sent),
        TEST(a_queue_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
