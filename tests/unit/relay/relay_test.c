// SPDX-License-Identifier: MIT
// The relay as its clients see it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/relay_rig.h"

static const uint8_t token[16] = {1, 2, 3};
static struct rig *rig;
static int alice, bob; // Bob owns the queue, Alice sends
static struct rig_queue queue;

static int setup(void **state) {
    (void)state;
    rig = rig_new(1);
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    alice = rig_connect(rig);
    bob = rig_connect(rig);
    queue = rig_queue_new(rig);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static void make(uint8_t flags) {
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, flags, token)), PLK_QUEUE_CODE_OK);
}

static void attach(void) {
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
}

static int subscribe(int index, uint32_t handle) {
    uint8_t room[4];
    return rig_ask(rig, index, rig_sub(handle, room));
}

static int put(uint8_t mark) { return rig_ask(rig, alice, rig_put(9, mark, PLK_QUEUE_CELL_SMALL)); }

static int ack(uint64_t number) {
    uint8_t room[8];
    return rig_ask(rig, bob, rig_ack(1, number, room));
}

static size_t rows(enum plk_table table) { return rig->disk.tables[table].count; }

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

// ---- admission ------------------------------------------------------------------------------------------------------------

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
    }
    assert_in_range(made, 60, 66);
}

// ---- PASS -----------------------------------------------------------------------------------------------------------------

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

// ---- over TCP, and what breaks --------------------------------------------------------------------------------------------

static void it_is_the_same_over_tcp(void **state) {
    (void)state;
    make(0);
    int carol = rig_connect_from(rig, rig_addr(200, 5555), true);
    assert_non_null(rig->clients[carol].channel);
    assert_int_equal(rig_ask(rig, carol, rig_attach(rig, carol, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(subscribe(carol, 1), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
    for (uint8_t i = 0; i < 4; i++) {
        assert_int_equal(rig_ask(rig, alice, rig_put(9, i, PLK_QUEUE_CELL_MIDDLE)), PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(rig_items(rig, carol, NULL), 4);
    rig_pass(rig, alice, 9, "passed", 6);
    assert_int_equal(rig->clients[carol].passed_count, 1);
    struct plk_input closed = {.kind = PLK_IN_STREAM};
    closed.stream.stream = rig->clients[carol].stream;
    closed.stream.event = PLK_STREAM_CLOSED;
    rig_handle(rig, &closed);
    assert_int_equal(plk_relay_state(rig->relay).clients, 2);
    rig_pass(rig, alice, 9, "nobody", 6);
    assert_int_equal(rig->clients[alice].passed_count, 1);
}

static void slow_and_silent_connections_are_closed(void **state) {
    (void)state;
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = 0x80000777;
    in.stream.event = PLK_STREAM_ACCEPTED;
    in.stream.remote = rig_addr(7, 7);
    rig_handle(rig, &in);
    in.stream.event = PLK_STREAM_BYTES;
    in.stream.data = plk_bytes("\x01\x00\xC6", 3);
    rig_handle(rig, &in);
    rig_run(rig, 9 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 0);
    rig_run(rig, 3 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->streams_limited, 1);
}

static void garbage_on_the_stream_ends_the_channel(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    plk_relay_channel_write(rig->clients[alice].channel, rig->now.mono_us, plk_bytes("\0\0\1\x63", 4));
    rig_settle(rig);
    assert_int_equal(plk_relay_state(rig->relay).clients, 1);
    assert_int_equal(plk_relay_counters(rig->relay)->protocol, 1);
    assert_int_equal(plk_relay_channel_status(rig->clients[alice].channel).end, PLK_RELAY_CHANNEL_PEER);
}

static void everything_arrives_over_a_bad_network(void **state) {
    (void)state;
    uint8_t room[8];
    make(0);
    attach();
    subscribe(bob, 1);
    rig->loss_permille = 200;
    uint32_t tags[60];
    for (unsigned i = 0; i < 60; i++) {
        tags[i] = rig_say(rig, alice, rig_put(9, (uint8_t)i, PLK_QUEUE_CELL_SMALL));
        rig_run(rig, 50 * PLK_MS);
    }
    for (unsigned acked = 0, waits = 0; acked < 60 && waits < 200; waits++) {
        rig_run(rig, 500 * PLK_MS);
        for (; acked < rig_items(rig, bob, NULL); acked++) rig_say(rig, bob, rig_ack(1, acked, room));
    }
    rig_run(rig, 5 * PLK_SECOND);
    for (unsigned i = 0; i < 60; i++) {
        const struct plk_queue_record *answer = rig_answer(rig, alice, tags[i]);
        assert_non_null(answer);
        assert_int_equal(answer->code, PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(rig_items(rig, bob, NULL), 60);
    assert_int_equal(rows(PLK_TABLE_rcell), 0);
}

// ---- time -----------------------------------------------------------------------------------------------------------------

static void items_and_queues_go_by_age(void **state) {
    (void)state;
    make(0);
    attach();
    put(5);
    rig_vanish(rig, alice);
    rig_vanish(rig, bob);
    rig->now.wall_ms += UINT64_C(29) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rcell), 1);
    rig->now.wall_ms += UINT64_C(2) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
    rig->now.wall_ms += UINT64_C(60) * 24 * 3600 * 1000;
    rig_run(rig, 2 * PLK_HOUR);
    assert_int_equal(rows(PLK_TABLE_rqueue), 0);
    assert_int_equal(plk_relay_state(rig->relay).clients, 0); // they went in silence
}

static void an_owner_who_comes_keeps_its_queue(void **state) {
    (void)state;
    make(0);
    for (int i = 0; i < 3; i++) {
        rig->now.wall_ms += UINT64_C(60) * 24 * 3600 * 1000;
        int owner = rig_connect(rig);
        assert_int_equal(rig_ask(rig, owner, rig_attach(rig, owner, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
        rig_vanish(rig, owner);
        rig_run(rig, 2 * PLK_HOUR);
    }
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
}

static void subscribe_more(uint32_t from, uint32_t to, const uint8_t many[16]) {
    uint8_t room[4];
    for (uint32_t q = from; q < to; q++) {
        struct rig_queue own = rig_queue_new(rig);
        rig_run(rig, PLK_SECOND); // one queue a second is what a channel may make
        assert_int_equal(rig_ask(rig, bob, rig_newq(&own, 0, many)), PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &own, PLK_QUEUE_OWNER, q)), PLK_QUEUE_CODE_OK);
        assert_int_equal(rig_ask(rig, bob, rig_sub(q, room)), PLK_QUEUE_CODE_OK);
        rig->clients[bob].told_count = 0;
    }
    rig_run(rig, 5 * PLK_SECOND); // all channels rest
}

// What one more subscribed queue takes, its place in the map and its handle included.
static void idle_queues_take_little(void **state) {
    (void)state;
    uint8_t many[16] = {88};
    plk_relay_token_new(rig->relay, many, 0);
    for (int i = 0; i < 2; i++) plk_relay_channel_keepalive(rig->clients[i].channel, 0);
    subscribe_more(0, 100, many);
    uint64_t before = plk_relay_state(rig->relay).memory;
    subscribe_more(100, 300, many);
    uint64_t a_queue = (plk_relay_state(rig->relay).memory - before) / 200;
    print_message("a subscribed queue: %u bytes\n", (unsigned)a_queue);
    assert_in_range(a_queue, 1, 128);
    assert_int_equal(plk_relay_state(rig->relay).queues, 300);
}

static void a_relay_that_stops_says_bye(void **state) {
    (void)state;
    plk_relay_drain(rig->relay, 5000);
    rig_tick(rig);
    rig_settle(rig);
    const struct rig_client *c = &rig->clients[alice];
    assert_int_equal(c->told[c->told_count - 1].type, PLK_QUEUE_BYE);
    assert_int_equal(c->told[c->told_count - 1].wait_ms, 5000);
    int late = rig_connect(rig);
    assert_null(rig->clients[late].channel);
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
        TEST(tokens_are_needed_counted_and_revoked),
        TEST(a_revoked_token_stays_revoked_after_a_restart),
        TEST(guests_are_charged_to_the_inviter),
        TEST(queue_keys_must_be_keys),
        TEST(a_flood_of_queues_is_limited),
        TEST(a_packet_is_passed_to_the_subscriber),
        TEST(a_quiet_queue_is_silent),
        TEST(a_pass_waits_for_its_attach),
        TEST(passing_has_a_budget),
        TEST(it_is_the_same_over_tcp),
        TEST(slow_and_silent_connections_are_closed),
        TEST(garbage_on_the_stream_ends_the_channel),
        TEST(everything_arrives_over_a_bad_network),
        TEST(items_and_queues_go_by_age),
        TEST(an_owner_who_comes_keeps_its_queue),
        TEST(idle_queues_take_little),
        TEST(a_relay_that_stops_says_bye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
