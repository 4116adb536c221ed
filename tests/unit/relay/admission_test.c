// SPDX-License-Identifier: MIT
// Who may make queues: tokens, guests, limits (queue.md, section 4).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_story.h"

static void tokens_are_needed_counted_and_revoked(void **state) {
    (void)state;
    static const uint8_t small[16] = {9}, unknown[16] = {10};
    uint8_t hash[32];
    plk_relay_token_new(rig->relay, small, 2);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, NULL)), PLK_QUEUE_CODE_ADMISSION);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, unknown)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, small)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, NULL)), PLK_QUEUE_CODE_OK); // it is there
    struct rig_queue second = rig_queue_new(rig), third = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&second, 0, small)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&third, 0, small)), PLK_QUEUE_CODE_LIMIT);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&third, 0, token)), PLK_QUEUE_CODE_OK);
    plk_relay_token_hash(hash, token);
    plk_relay_token_revoke(rig->relay, hash);
    struct rig_queue fourth = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&fourth, 0, token)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rows(PLK_TABLE_rqueue), 3);
}

static void restart(void) {
    rig_run(rig, PLK_SECOND);
    rig_vanish(rig, bob); // and it is durable
    rig_stop_relay(rig);
    rig_start(rig);
    rig_tick(rig);
    bob = rig_connect(rig);
}

// Of a relay beside a node: the node says who may, and says it again after each start.
static void contacts_may_as_long_as_they_are_contacts(void **state) {
    (void)state;
    static const uint8_t contacts[2][16] = {{9}, {10}};
    struct rig_queue last = rig_queue_new(rig), other = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, contacts[0])), PLK_QUEUE_CODE_DENIED);
    plk_relay_contacts(rig->relay, contacts[0], 2);
    for (unsigned i = 0; i < PLK_RELAY_CONTACT_QUEUES; i++) {
        struct rig_queue one = rig_queue_new(rig);
        if (i == PLK_RELAY_CONTACT_QUEUES / 2) {
            restart(); // what was made is not forgotten
            assert_int_equal(rig_ask(rig, bob, rig_newq(&one, 0, contacts[0])), PLK_QUEUE_CODE_DENIED);
            plk_relay_contacts(rig->relay, contacts[0], 2);
        }
        rig_run(rig, PLK_SECOND); // more at once are BUSY
        assert_int_equal(rig_ask(rig, bob, rig_newq(&one, 0, contacts[0])), PLK_QUEUE_CODE_OK);
    }
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&last, 0, contacts[0])), PLK_QUEUE_CODE_LIMIT);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&other, 0, contacts[1])), PLK_QUEUE_CODE_OK);
    plk_relay_contacts(rig->relay, contacts[0], 1); // the second is one no more
    rig_run(rig, 2 * PLK_SECOND);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&last, 0, contacts[1])), PLK_QUEUE_CODE_DENIED);
    rig_run(rig, 2 * PLK_SECOND);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&other, 0, contacts[1])), PLK_QUEUE_CODE_OK); // it is there
}

static void give_back(uint32_t handle, const uint8_t with[16], enum plk_queue_code expected) {
    struct plk_queue_record del = rig_plain(PLK_QUEUE_DEL, handle);
    del.del.admission = PLK_QUEUE_ADMIT_TOKEN;
    memcpy(del.del.token, with, 16);
    assert_int_equal(rig_ask(rig, bob, del), expected);
}

// Whoever deletes a queue may make another one for it, once.
static void a_deleted_queue_is_given_back(void **state) {
    (void)state;
    static const uint8_t small[16] = {9}, unknown[16] = {10};
    plk_relay_token_new(rig->relay, small, 2);
    struct rig_queue q[4] = {rig_queue_new(rig), rig_queue_new(rig), rig_queue_new(rig), rig_queue_new(rig)};
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(rig_ask(rig, bob, rig_newq(&q[i], 0, small)), PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &q[i], PLK_QUEUE_OWNER, 1 + i)), PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[2], 0, small)), PLK_QUEUE_CODE_LIMIT);
    give_back(1, unknown, PLK_QUEUE_CODE_OK); // it goes, and nobody gains by it
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[2], 0, small)), PLK_QUEUE_CODE_LIMIT);
    give_back(2, small, PLK_QUEUE_CODE_OK);
    give_back(2, small, PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(rows(PLK_TABLE_rqueue), 0);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[2], 0, small)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[3], 0, small)), PLK_QUEUE_CODE_LIMIT);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &q[2], PLK_QUEUE_OWNER, 3)), PLK_QUEUE_CODE_OK);
    rig_run(rig, PLK_SECOND);
    rig_vanish(rig, bob); // and it is durable
    rig_stop_relay(rig);
    rig_start(rig);
    rig_tick(rig);
    bob = rig_connect(rig);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &q[2], PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    give_back(1, small, PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[0], 0, small)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&q[3], 0, small)), PLK_QUEUE_CODE_LIMIT);
}

static void a_revoked_token_stays_revoked_after_a_restart(void **state) {
    (void)state;
    uint8_t hash[32];
    plk_relay_token_hash(hash, token);
    plk_relay_token_revoke(rig->relay, hash);
    rig_tick(rig);
    rig_run(rig, PLK_SECOND);
    rig_stop_relay(rig);
    rig_vanish(rig, bob);
    rig_start(rig);
    rig_tick(rig);
    bob = rig_connect(rig);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 0, token)), PLK_QUEUE_CODE_DENIED);
}

static const uint8_t *ask_guest(int expected) {
    int code = rig_ask(rig, alice, rig_plain(PLK_QUEUE_GUEST, 9));
    assert_int_equal(code, expected);
    const struct rig_client *c = &rig->clients[alice];
    return c->told[c->told_count - 1].guest.token;
}

static void guests_are_charged_to_the_inviter(void **state) {
    (void)state;
    uint8_t guest[16], hash[32];
    make(PLK_QUEUE_INVITE);
    attach();
    memcpy(guest, ask_guest(-2), 16);
    ask_guest(PLK_QUEUE_CODE_LIMIT); // a one-time link has one guest
    for (int i = 0; i < 2; i++) {
        struct rig_queue own = rig_queue_new(rig);
        assert_int_equal(rig_ask(rig, alice, rig_newq(&own, 0, guest)), PLK_QUEUE_CODE_OK);
    }
    plk_relay_token_hash(hash, token); // 100, less the invite queue and this guest: two more guests, not three
    for (int i = 0; i < 3; i++) {
        struct rig_queue invite = rig_queue_new(rig);
        assert_int_equal(rig_ask(rig, bob, rig_newq(&invite, PLK_QUEUE_INVITE, token)), PLK_QUEUE_CODE_OK);
        uint32_t handle = 100 + (uint32_t)i;
        assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &invite, PLK_QUEUE_SENDER, handle)),
                         PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_GUEST, handle)), i < 2 ? -2 : PLK_QUEUE_CODE_LIMIT);
    }
    plk_relay_token_revoke(rig->relay, hash);
    struct rig_queue late = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, alice, rig_newq(&late, 0, guest)), PLK_QUEUE_CODE_DENIED);
}

// Asking costs the relay as much when it is refused.
static void who_asks_for_guests_without_end_is_limited(void **state) {
    (void)state;
    make(PLK_QUEUE_ADDRESS);
    attach();
    int busy = 0;
    for (int i = 0; i < 80; i++) {
        uint32_t tag = rig_say(rig, alice, rig_plain(PLK_QUEUE_GUEST, 9));
        rig_run(rig, 20 * PLK_MS);
        const struct plk_queue_record *answer = rig_answer(rig, alice, tag);
        busy += answer != NULL && answer->type == PLK_QUEUE_DONE && answer->code == PLK_QUEUE_CODE_BUSY;
    }
    assert_in_range(busy, 10, 18);
    struct rig_queue own = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, alice, rig_newq(&own, 0, token)), PLK_QUEUE_CODE_BUSY); // it is the same budget
    assert_int_equal(rig_ask(rig, bob, rig_newq(&own, 0, token)), PLK_QUEUE_CODE_OK);     // each channel's own
}

static void queue_keys_must_be_keys(void **state) {
    (void)state;
    struct rig_queue bad = queue;
    memcpy(bad.sender_public, bad.owner_public, 32);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&bad, 0, token)), PLK_QUEUE_CODE_INVALID);
    memset(bad.sender_public, 0, 32);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&bad, 0, token)), PLK_QUEUE_CODE_INVALID);
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, 6, token)), PLK_QUEUE_CODE_INVALID);
    make(0);
    bad = queue;
    bad.sender_public[0] ^= 1;
    assert_int_equal(rig_ask(rig, bob, rig_newq(&bad, 0, token)), PLK_QUEUE_CODE_EXISTS);
}

static void a_flood_of_queues_is_limited(void **state) {
    (void)state;
    int made = 0;
    uint8_t many[16] = {77};
    plk_relay_token_new(rig->relay, many, 0);
    for (int i = 0; i < 80; i++) {
        struct rig_queue q = rig_queue_new(rig);
        uint32_t tag = rig_say(rig, bob, rig_newq(&q, 0, many));
        rig_run(rig, 20 * PLK_MS);
        const struct plk_queue_record *answer = rig_answer(rig, bob, tag);
        if (answer != NULL && answer->code == PLK_QUEUE_CODE_OK) made++;
        if (answer != NULL && answer->code != PLK_QUEUE_CODE_OK) {
            assert_int_equal(answer->code, PLK_QUEUE_CODE_BUSY); // no matter of the token
        }
    }
    assert_in_range(made, 60, 66);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(tokens_are_needed_counted_and_revoked),
        TEST(contacts_may_as_long_as_they_are_contacts),
        TEST(a_revoked_token_stays_revoked_after_a_restart),
        TEST(guests_are_charged_to_the_inviter),
        TEST(queue_keys_must_be_keys),
        TEST(who_asks_for_guests_without_end_is_limited),
        TEST(a_flood_of_queues_is_limited),
        TEST(a_deleted_queue_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
