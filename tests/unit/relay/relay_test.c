// SPDX-License-Identifier: MIT
// The relay as its clients see it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_story.h"

static void a_client_is_welcomed(void **state) {
    (void)state;
    assert_non_null(rig->clients[alice].channel);
    const struct plk_relay_greeting *greeting = &rig->clients[alice].heard.greeting;
    assert_true(plk_addr_equal(&greeting->seen, &rig->clients[alice].addr));
    assert_int_equal(greeting->admission, PLK_RELAY_ADMIT_TOKEN);
    assert_int_equal(rig->clients[alice].heard.stun.port, 7448);
    assert_int_equal(plk_relay_state(rig->relay).clients, 2);
    assert_int_equal(plk_relay_state(rig->relay).half_open, 0);
}

static void what_is_put_waits_and_comes(void **state) {
    (void)state;
    uint64_t number;
    make(0);
    attach();
    assert_int_equal(put(5), PLK_QUEUE_CODE_OK);
    assert_int_equal(put(6), PLK_QUEUE_CODE_OK);
    assert_int_equal(put(5), PLK_QUEUE_CODE_OK); // the same once more
    assert_int_equal(rows(PLK_TABLE_rcell), 2);
    assert_int_equal(rig_items(rig, bob, NULL), 0);
    assert_int_equal(subscribe(bob, 1), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, &number), 2);
    assert_int_equal(put(7), PLK_QUEUE_CODE_OK); // and now at once
    assert_int_equal(rig_items(rig, bob, &number), 3);
    assert_int_equal(rig->clients[bob].cells[rig->clients[bob].told_count - 1][3], 7);
    for (uint64_t i = number - 2; i <= number; i++) assert_int_equal(ack(i), PLK_QUEUE_CODE_OK);
    assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
    assert_int_equal(plk_relay_counters(rig->relay)->acked, 3);
}

static void nothing_is_said_before_it_is_on_disk(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    rig->hold_store = true;
    uint32_t tag = rig_say(rig, alice, rig_put(9, 5, PLK_QUEUE_CELL_LARGE));
    rig_run(rig, PLK_SECOND);
    assert_null(rig_answer(rig, alice, tag));
    assert_int_equal(rig_items(rig, bob, NULL), 0);
    rig->hold_store = false;
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_answer(rig, alice, tag)->code, PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
}

// Killed between STORE and STORED: what was not answered may be gone, what was answered is there.
static void a_killed_relay_keeps_what_it_promised(void **state) {
    (void)state;
    make(0);
    attach();
    assert_int_equal(put(5), PLK_QUEUE_CODE_OK);
    rig->hold_store = true;
    uint32_t tag = rig_say(rig, alice, rig_put(9, 6, PLK_QUEUE_CELL_SMALL));
    rig_run(rig, 100 * PLK_MS);
    assert_null(rig_answer(rig, alice, tag));
    rig_stop_relay(rig);
    rig->hold_store = false;
    rig_vanish(rig, alice);
    rig_vanish(rig, bob);
    rig_start(rig);
    rig_tick(rig);
    bob = rig_connect(rig);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    subscribe(bob, 1);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
}

static void a_relay_that_lost_its_disk_makes_the_same_queue_again(void **state) {
    (void)state;
    make(0);
    attach();
    put(5);
    rig_stop_relay(rig);
    toy_clear(&rig->disk);
    rig_vanish(rig, alice);
    rig_vanish(rig, bob);
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    alice = rig_connect(rig);
    bob = rig_connect(rig);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)),
                     PLK_QUEUE_CODE_NOT_FOUND);
    make(0);
    attach();
    subscribe(bob, 1);
    assert_int_equal(put(5), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
}

static void only_key_holders_attach(void **state) {
    (void)state;
    make(0);
    struct plk_queue_record record = rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9);
    record.attach.proof[0] ^= 1;
    assert_int_equal(rig_ask(rig, alice, record), PLK_QUEUE_CODE_DENIED);
    record = rig_attach(rig, bob, &queue, PLK_QUEUE_SENDER, 9); // of another channel
    assert_int_equal(rig_ask(rig, alice, record), PLK_QUEUE_CODE_DENIED);
    struct rig_queue other = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &other, PLK_QUEUE_SENDER, 9)),
                     PLK_QUEUE_CODE_NOT_FOUND);
    memcpy(other.owner, queue.sender, 32); // a sender as owner
    memcpy(other.rid, queue.sid, 16);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &other, PLK_QUEUE_OWNER, 9)), PLK_QUEUE_CODE_NOT_FOUND);
    attach();
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
    struct rig_queue second = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&second, 0, token)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &second, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_EXISTS);
}

static void roles_are_kept_apart(void **state) {
    (void)state;
    uint8_t room[8];
    make(0);
    attach();
    assert_int_equal(subscribe(alice, 9), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(subscribe(alice, 10), PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(rig_ask(rig, bob, rig_put(1, 5, 4096)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, alice, rig_ack(9, 0, room)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_DEL, 9)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_GUEST, 9)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(ack(0), PLK_QUEUE_CODE_DENIED); // not subscribed
}

static void a_newer_subscriber_replaces_the_older(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    put(5);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
    int second = rig_connect(rig);
    assert_int_equal(rig_ask(rig, second, rig_attach(rig, second, &queue, PLK_QUEUE_OWNER, 3)), PLK_QUEUE_CODE_OK);
    assert_int_equal(subscribe(second, 3), PLK_QUEUE_CODE_OK);
    const struct rig_client *old = &rig->clients[bob];
    assert_int_equal(old->told[old->told_count - 1].type, PLK_QUEUE_REPLACED);
    assert_int_equal(old->told[old->told_count - 1].handle, 1);
    assert_int_equal(rig_items(rig, second, NULL), 1); // not acknowledged: it comes again
    assert_int_equal(ack(0), PLK_QUEUE_CODE_DENIED);
}

static void a_full_queue_says_so(void **state) {
    (void)state;
    uint64_t number = 0;
    make(0);
    attach();
    for (unsigned i = 0; i < 256; i++) {
        struct plk_queue_record record = rig_put(9, (uint8_t)i, PLK_QUEUE_CELL_LARGE);
        assert_int_equal(rig_ask(rig, alice, record), PLK_QUEUE_CODE_OK); // 16 MiB
    }
    assert_int_equal(put(1), PLK_QUEUE_CODE_FULL);
    subscribe(bob, 1);
    assert_int_equal(rig_items(rig, bob, &number), 2); // 128 KiB ahead
    assert_int_equal(ack(number), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 3);
    assert_int_equal(put(1), PLK_QUEUE_CODE_OK);
}

static void a_relay_that_is_full_says_so(void **state) {
    (void)state;
    make(0);
    attach();
    struct plk_input stalled = {.kind = PLK_IN_STORE_STATE, .store_state = {.stalled = true}};
    rig_handle(rig, &stalled);
    assert_int_equal(put(1), PLK_QUEUE_CODE_BUSY);
    stalled.store_state.stalled = false;
    rig_handle(rig, &stalled);
    assert_int_equal(put(1), PLK_QUEUE_CODE_OK);
}

static void get_sends_again(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    for (uint8_t i = 0; i < 20; i++) assert_int_equal(put(i), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 16);
    struct plk_queue_record record = {.type = PLK_QUEUE_GET, .handle = 1, .cell = {.number = 10, .limit = 3}};
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 16); // ten of them are still unacknowledged, more than three
    for (uint64_t i = 0; i < 10; i++) ack(i);
    uint64_t number;
    assert_int_equal(rig_items(rig, bob, &number), 19);
    assert_int_equal(number, 12);
}

static void flags_and_deletion(void **state) {
    (void)state;
    make(0);
    attach();
    struct plk_queue_record record = {.type = PLK_QUEUE_FLAGS, .handle = 1, .flags = PLK_QUEUE_QUIET};
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_OK);
    record.flags = 8;
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_INVALID);
    put(1);
    assert_int_equal(rig_ask(rig, bob, rig_plain(PLK_QUEUE_DEL, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rows(PLK_TABLE_rqueue) + rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
    assert_int_equal(put(2), PLK_QUEUE_CODE_NOT_FOUND);
    make(0);
    assert_int_equal(put(2), PLK_QUEUE_CODE_NOT_FOUND); // the old handle is good for nothing
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_DETACH, 9)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
    assert_int_equal(put(2), PLK_QUEUE_CODE_OK);
}

static void the_overwritable_cell(void **state) {
    (void)state;
    static const uint8_t bytes[4096] = {42};
    make(PLK_QUEUE_INVITE);
    attach();
    struct plk_queue_record record = {.type = PLK_QUEUE_WRITE, .handle = 1, .cell = {.number = 5}};
    record.cell.bytes = plk_bytes(bytes, sizeof bytes);
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_READ, 9)), PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_STALE);
    record.cell.number = 6;
    assert_int_equal(rig_ask(rig, bob, record), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_READ, 9)), -2);
    const struct rig_client *c = &rig->clients[alice];
    assert_int_equal(c->told[c->told_count - 1].type, PLK_QUEUE_CELL);
    assert_int_equal(c->told[c->told_count - 1].cell.number, 6);
    assert_int_equal(c->cells[c->told_count - 1][0], 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_client_is_welcomed),
        TEST(what_is_put_waits_and_comes),
        TEST(nothing_is_said_before_it_is_on_disk),
        TEST(a_killed_relay_keeps_what_it_promised),
        TEST(a_relay_that_lost_its_disk_makes_the_same_queue_again),
        TEST(only_key_holders_attach),
        TEST(roles_are_kept_apart),
        TEST(a_newer_subscriber_replaces_the_older),
        TEST(a_full_queue_says_so),
        TEST(a_relay_that_is_full_says_so),
        TEST(get_sends_again),
        TEST(flags_and_deletion),
        TEST(the_overwritable_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
