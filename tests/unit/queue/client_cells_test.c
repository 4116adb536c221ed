// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/queue_client.h"

// ---- cells

static void cells_go_from_sender_to_owner(void **state) {
    (void)state;
    add_own(1, true);
    add_sender(1);
    assert_int_equal(put(1, 7), PLK_ERR_OK);
    assert_int_equal(put(1, 8), PLK_ERR_OK);
    assert_int_equal(put(9, 8), PLK_ERR_NOT_FOUND);
    up();
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 2);
    assert_int_equal(told(PLK_QUEUE_CLIENT_ITEM), 2);
    assert_int_equal(last(PLK_QUEUE_CLIENT_ITEM)->id, MINE + 1);
    assert_int_equal(last(PLK_QUEUE_CLIENT_ITEM)->number, 2);
    assert_int_equal(last_bytes[0], 8); // in order
    assert_int_equal(toy.queues[0].count, 0);
    assert_int_equal(plk_queue_client_put_room(c), PLK_QUEUE_CLIENT_PUT_BYTES);
    assert_state(YOURS + 1, READY);
}

static void nothing_is_acknowledged_before_it_is_durable(void **state) {
    (void)state;
    durable_at_once = false;
    add_own(1, true);
    add_sender(1);
    up();
    for (uint64_t i = 1; i <= 20; i++) assert_int_equal(put(1, i), PLK_ERR_OK);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_ITEM), PLK_QUEUE_CLIENT_AHEAD);
    assert_int_equal(toy.commands[PLK_QUEUE_ACK], 0);
    for (uint64_t i = 1; i <= 10; i++) plk_queue_client_ack(c, MINE + 1, i);
    plk_queue_client_ack(c, MINE + 1, 3); // twice is fine
    plk_queue_client_ack(c, MINE + 1, 99);
    plk_queue_client_ack(c, 12345, 1);
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_ACK], 1); // in one record
    assert_int_equal(toy.queues[0].count, 10);
    assert_int_equal(told(PLK_QUEUE_CLIENT_ITEM), 20);
    plk_queue_client_down(c);
    plk_queue_client_ack(c, MINE + 1, 11); // came on a channel that is gone
    up();
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_ITEM), 30); // and comes again
    assert_int_equal(toy.queues[0].count, 10);
    for (uint64_t i = 11; i <= 20; i++) plk_queue_client_ack(c, MINE + 1, i);
    talk();
    assert_int_equal(toy.queues[0].count, 0);
}

static void puts_survive_channels(void **state) {
    (void)state;
    struct plk_queue_record record;
    add_own(1, true);
    up();
    talk();
    plk_queue_client_down(c);
    add_sender(1);
    for (uint64_t i = 1; i <= 5; i++) assert_int_equal(put(1, i), PLK_ERR_OK);
    up();
    while (plk_queue_client_next(c, now_us, ROOM, &record)) toy_take(&toy, &record); // taken, the answers are lost
    assert_int_equal(toy.queues[0].count, 5);
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 0);
    plk_queue_client_down(c);
    assert_int_equal(plk_queue_client_status(c).puts, 5);
    up();
    durable_at_once = false;
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 5);
    assert_int_equal(toy.queues[0].count, 5); // the same bytes are one item
    assert_int_equal(plk_queue_client_status(c).puts, 0);
}

static void what_waits_is_bounded(void **state) {
    (void)state;
    static uint8_t large[PLK_QUEUE_CELL_LARGE];
    add_sender(1);
    for (uint64_t i = 0; i < PLK_QUEUE_CLIENT_PUTS; i++) assert_int_equal(put(1, i), PLK_ERR_OK);
    assert_int_equal(put(1, 999), PLK_ERR_LIMIT);
    for (uint64_t i = 0; i < PLK_QUEUE_CLIENT_PUTS; i++) plk_queue_client_put_cancel(c, i);
    unsigned taken = 0;
    while (plk_queue_client_put(c, YOURS + 1, taken, plk_bytes(large, sizeof large)) == PLK_ERR_OK) taken++;
    assert_int_equal(taken, PLK_QUEUE_CLIENT_PUT_BYTES / PLK_QUEUE_CELL_LARGE);
    assert_int_equal(plk_queue_client_put_room(c), 0);
    assert_true(mem.used < 2 * PLK_QUEUE_CLIENT_PUT_BYTES);
    unsigned queues = 0;
    uint8_t key[32] = {1};
    for (uint32_t id = 1000; plk_queue_client_sender(c, id, key, key) == PLK_ERR_OK; id++) queues++;
    assert_int_equal(queues + 1, PLK_QUEUE_CLIENT_QUEUES);
    assert_int_equal(plk_queue_client_own(c, 1, key, key, 0, false), PLK_ERR_LIMIT);
    assert_int_equal(plk_queue_client_sender(c, 1000, key, key), PLK_ERR_EXISTS);
}

static void only_what_fits_is_said(void **state) {
    (void)state;
    struct plk_queue_record record;
    add_own(1, true);
    add_sender(1);
    up();
    assert_int_equal(put(1, 1), PLK_ERR_OK);
    assert_false(plk_queue_client_next(c, now_us, 100, &record));
    while (plk_queue_client_next(c, now_us, 4000, &record)) {
        assert_true(plk_queue_len(&record) <= 4000);
        assert_int_not_equal(record.type, PLK_QUEUE_PUT);
        toy_take(&toy, &record);
    }
    assert_true(plk_queue_client_next(c, now_us, 5000, &record));
    assert_int_equal(record.type, PLK_QUEUE_PUT);
}

static void a_full_queue_is_told(void **state) {
    (void)state;
    durable_at_once = false;
    toy.most = 2;
    add_own(1, true);
    add_sender(1);
    up();
    for (uint64_t i = 1; i <= 3; i++) assert_int_equal(put(1, i), PLK_ERR_OK);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 3);
    assert_int_equal(last(PLK_QUEUE_CLIENT_PUT_DONE)->code, PLK_QUEUE_CODE_FULL);
    assert_int_equal(last(PLK_QUEUE_CLIENT_PUT_DONE)->number, 3);
    assert_int_equal(plk_queue_client_status(c).puts, 0); // when to try again is for who knows what it is
}

static void a_queue_that_is_gone_is_told(void **state) {
    (void)state;
    add_sender(1);
    up();
    assert_int_equal(put(1, 1), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_read(c, YOURS + 1), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_guest(c, YOURS + 1), PLK_ERR_OK);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_PUT_DONE)->code, PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(last(PLK_QUEUE_CLIENT_NO_CELL)->code, PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(last(PLK_QUEUE_CLIENT_NO_TOKEN)->code, PLK_QUEUE_CODE_NOT_FOUND);
    assert_state(YOURS + 1, REFUSED);
    uint32_t handle;
    assert_int_equal(plk_queue_client_handle(c, YOURS + 1, &handle), PLK_ERR_CLOSED);
    add_own(1, true); // its owner has come back
    talk();
    assert_int_equal(put(1, 2), PLK_ERR_OK);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_PUT_DONE)->code, PLK_QUEUE_CODE_OK);
    assert_state(YOURS + 1, READY);
}

static void a_busy_relay_is_given_time(void **state) {
    (void)state;
    add_own(1, true);
    add_sender(1);
    up();
    talk();
    toy.fail[PLK_QUEUE_PUT] = PLK_QUEUE_CODE_BUSY;
    toy.fail_count[PLK_QUEUE_PUT] = 5;
    for (uint64_t i = 1; i <= 4; i++) assert_int_equal(put(1, i), PLK_ERR_OK);
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_PUT], 4);
    assert_int_equal(plk_queue_client_deadline(c, now_us),
                     now_us + PLK_QUEUE_CLIENT_LATER_US); // four answers, one reason
    now_us += PLK_QUEUE_CLIENT_LATER_US - 1;
    plk_queue_client_tick(c, now_us, &rng);
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_PUT], 4);
    now_us += 1;
    plk_queue_client_tick(c, now_us, &rng);
    talk();
    assert_int_equal(toy.commands[PLK_QUEUE_PUT], 8);
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 3);
    uint64_t until_us = plk_queue_client_deadline(c, now_us);
    assert_true(until_us >= now_us + PLK_QUEUE_CLIENT_LATER_US);
    now_us = until_us;
    plk_queue_client_tick(c, now_us, &rng);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 4);
    assert_int_equal(plk_queue_client_deadline(c, now_us), PLK_NEVER);
}

static void every_command_bears_later(void **state) {
    (void)state;
    static const enum plk_queue_type types[] = {PLK_QUEUE_NEWQ, PLK_QUEUE_ATTACH, PLK_QUEUE_SUB,   PLK_QUEUE_PUT,
                                                PLK_QUEUE_ACK,  PLK_QUEUE_WRITE,  PLK_QUEUE_READ,  PLK_QUEUE_FLAGS,
                                                PLK_QUEUE_DEL,  PLK_QUEUE_GUEST,  PLK_QUEUE_DETACH};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        tear_down(NULL);
        set_up(NULL);
        toy.fail[types[i]] = i % 2 == 0 ? PLK_QUEUE_CODE_LIMIT : PLK_QUEUE_CODE_BUSY;
        toy.fail_count[types[i]] = 2;
        add_own(1, false);
        add_sender(1);
        add_own(2, true);
        up();
        plk_queue_client_flags(c, MINE + 1, PLK_QUEUE_INVITE);
        assert_int_equal(plk_queue_client_write(c, MINE + 1, 5, plk_bytes(cell, sizeof cell)), PLK_ERR_OK);
        for (unsigned round = 0; round < 20; round++) {
            if (round == 8) assert_int_equal(put(1, 1), PLK_ERR_OK);
            if (round == 9) plk_queue_client_read(c, YOURS + 1);
            if (round == 10) plk_queue_client_guest(c, YOURS + 1);
            if (round == 13) plk_queue_client_flags(c, MINE + 1, 0);
            if (round == 14) plk_queue_client_flags(c, MINE + 1, PLK_QUEUE_INVITE);
            if (round == 14) plk_queue_client_forget(c, MINE + 2, true);
            if (round == 15) plk_queue_client_forget(c, YOURS + 1, false);
            talk();
            now_us += PLK_MINUTE;
            plk_queue_client_tick(c, now_us, &rng);
        }
        assert_int_equal(toy.fail_count[types[i]], 0);
        assert_state(MINE + 1, READY);
        const struct toy_queue *left = &toy.queues[toy.queues[0].used ? 0 : 1];
        assert_int_equal(left->flags, PLK_QUEUE_INVITE);
        assert_int_equal(left->count, 0);
        assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 1);
        assert_int_equal(told(PLK_QUEUE_CLIENT_WRITTEN), 1);
        assert_int_equal(told(PLK_QUEUE_CLIENT_CELL), 1);
        assert_int_equal(told(PLK_QUEUE_CLIENT_TOKEN), 1);
        assert_int_equal(told(PLK_QUEUE_CLIENT_DROPPED), 1);
        assert_state(YOURS + 1, NONE);
    }
}

// Forty invitations in a minute: the relay slows them down, and nobody is told that a token was missing.
static void a_queue_that_came_too_fast_is_made_later(void **state) {
    (void)state;
    toy.fail[PLK_QUEUE_NEWQ] = PLK_QUEUE_CODE_BUSY;
    toy.fail_count[PLK_QUEUE_NEWQ] = 1;
    add_own(1, true);
    up();
    talk();
    assert_int_equal(toy.fail_count[PLK_QUEUE_NEWQ], 0);
    assert_state(MINE + 1, UNDER_WAY);
    now_us = plk_queue_client_deadline(c, now_us);
    plk_queue_client_tick(c, now_us, &rng);
    talk();
    assert_state(MINE + 1, READY);
}

static void a_cancelled_put_says_nothing(void **state) {
    (void)state;
    struct plk_queue_record record;
    add_own(1, true);
    add_sender(1);
    up();
    talk();
    assert_int_equal(put(1, 1), PLK_ERR_OK);
    assert_int_equal(put(1, 2), PLK_ERR_OK);
    plk_queue_client_put_cancel(c, 1);
    while (plk_queue_client_next(c, now_us, ROOM, &record)) toy_take(&toy, &record);
    plk_queue_client_put_cancel(c, 2); // it is on its way
    plk_queue_client_put_cancel(c, 77);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 0);
    assert_int_equal(told(PLK_QUEUE_CLIENT_ITEM), 1);
    assert_int_equal(plk_queue_client_put_room(c), PLK_QUEUE_CLIENT_PUT_BYTES);
}

static void the_overwritable_cell_is_written_and_read(void **state) {
    (void)state;
    struct plk_queue_record record;
    add_own(1, true);
    add_sender(1);
    up();
    talk();
    assert_int_equal(plk_queue_client_read(c, YOURS + 1), PLK_ERR_OK);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_NO_CELL)->code, PLK_QUEUE_CODE_NOT_FOUND);
    cell[0] = 1;
    assert_int_equal(plk_queue_client_write(c, MINE + 1, 5, plk_bytes(cell, sizeof cell)), PLK_ERR_OK);
    while (plk_queue_client_next(c, now_us, ROOM, &record)) toy_take(&toy, &record);
    cell[0] = 2; // a newer one while the first is on its way
    assert_int_equal(plk_queue_client_write(c, MINE + 1, 6, plk_bytes(cell, sizeof cell)), PLK_ERR_OK);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_WRITTEN), 2);
    assert_int_equal(last(PLK_QUEUE_CLIENT_WRITTEN)->number, 6);
    assert_int_equal(plk_queue_client_read(c, YOURS + 1), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_read(c, MINE + 1), PLK_ERR_OK);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_CELL), 2);
    assert_int_equal(last(PLK_QUEUE_CLIENT_CELL)->number, 6);
    assert_int_equal(last_bytes[0], 2);
    assert_int_equal(plk_queue_client_write(c, MINE + 1, 4, plk_bytes(cell, sizeof cell)), PLK_ERR_OK);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_WRITTEN)->code, PLK_QUEUE_CODE_STALE);
    assert_int_equal(plk_queue_client_write(c, YOURS + 1, 9, plk_bytes(cell, sizeof cell)), PLK_ERR_NOT_FOUND);
}

static void a_guest_gets_a_token(void **state) {
    (void)state;
    add_own(1, true);
    plk_queue_client_flags(c, MINE + 1, PLK_QUEUE_INVITE);
    add_sender(1);
    up();
    talk();
    assert_int_equal(plk_queue_client_guest(c, YOURS + 1), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_guest(c, MINE + 1), PLK_ERR_NOT_FOUND);
    talk();
    assert_int_equal(last(PLK_QUEUE_CLIENT_TOKEN)->number, 32);
    assert_memory_equal(last_bytes, toy.token, 16);
}

// ---- handles for PASS

static void a_handle_may_be_used_at_once(void **state) {
    (void)state;
    uint32_t handle, id;
    struct plk_queue_record record;
    add_own(1, true);
    add_sender(1);
    assert_int_equal(plk_queue_client_handle(c, YOURS + 1, &handle), PLK_ERR_NOT_FOUND); // no channel
    up();
    talk();
    assert_state(YOURS + 1, AWAY); // nothing was wanted of it
    assert_int_equal(plk_queue_client_handle(c, YOURS + 1, &handle), PLK_ERR_OK);
    assert_false(plk_queue_client_of_handle(c, handle, &id)); // the ATTACH has not left
    assert_true(plk_queue_client_next(c, now_us, ROOM, &record));
    assert_int_equal(record.type, PLK_QUEUE_ATTACH);
    assert_int_equal(record.handle, handle);
    assert_true(plk_queue_client_of_handle(c, handle, &id));
    assert_int_equal(id, YOURS + 1);
    toy_take(&toy, &record);
    talk();
    assert_state(YOURS + 1, READY);
    assert_int_equal(plk_queue_client_handle(c, MINE + 1, &handle), PLK_ERR_OK);
    assert_true(plk_queue_client_of_handle(c, handle, &id));
    assert_int_equal(id, MINE + 1);
    assert_int_equal(plk_queue_client_handle(c, 4711, &handle), PLK_ERR_NOT_FOUND);
    assert_false(plk_queue_client_of_handle(c, 0, &id));
    assert_false(plk_queue_client_of_handle(c, 4711, &id));
}

static void a_place_is_not_used_again_while_answers_name_it(void **state) {
    (void)state;
    struct plk_queue_record record;
    add_own(1, true);
    add_sender(1);
    up();
    talk();
    assert_int_equal(put(1, 1), PLK_ERR_OK);
    plk_queue_client_read(c, YOURS + 1);
    while (plk_queue_client_next(c, now_us, ROOM, &record)) toy_take(&toy, &record);
    plk_queue_client_forget(c, YOURS + 1, false); // ATTACH, PUT and READ are not answered
    assert_state(YOURS + 1, NONE);
    add_own(2, true);
    add_sender(2);
    plk_queue_client_read(c, YOURS + 2);
    talk();
    assert_int_equal(told(PLK_QUEUE_CLIENT_PUT_DONE), 0);
    assert_state(MINE + 2, READY);
    assert_state(YOURS + 2, READY);
    assert_int_equal(toy.commands[PLK_QUEUE_DETACH], 1);
    plk_queue_client_forget(c, 4711, true); // nobody
}

// ---- a relay that breaks rules

static enum plk_err hear(struct plk_queue_record record) {
    struct plk_queue_client_event event;
    return plk_queue_client_receive(c, now_us, &record, &event);
}

static void what_nobody_asked_for_is_refused(void **state) {
    (void)state;
    add_own(1, true);
    add_sender(1);
    assert_int_equal(hear((struct plk_queue_record){.type = PLK_QUEUE_BYE}), PLK_ERR_MALFORMED); // no channel
    up();
    assert_int_equal(put(1, 1), PLK_ERR_OK);
    talk();
    struct plk_queue_record item = {.type = PLK_QUEUE_ITEM, .handle = 2, .cell = {.number = 1}};
    item.cell.bytes = plk_bytes(cell, sizeof cell);
    assert_int_equal(hear(item), PLK_ERR_MALFORMED); // a sender's handle
    item.handle = 9;
    assert_int_equal(hear(item), PLK_ERR_MALFORMED);
    for (uint32_t type = 0; type < 32; type++) {
        for (uint32_t index = 0; index < 4; index++) {
            struct plk_queue_record answer = {.type = PLK_QUEUE_DONE, .tag = type << 24 | index};
            bool known = type == PLK_QUEUE_SUB && index < 1; // one of before
            assert_int_equal(hear(answer), known ? PLK_ERR_OK : PLK_ERR_MALFORMED);
            answer.type = PLK_QUEUE_CELL;
            assert_int_equal(hear(answer), PLK_ERR_MALFORMED);
            answer.type = PLK_QUEUE_TOKEN;
            assert_int_equal(hear(answer), PLK_ERR_MALFORMED);
        }
    }
    assert_int_equal(hear((struct plk_queue_record){.type = PLK_QUEUE_REPLACED, .handle = 2}), PLK_ERR_MALFORMED);
    assert_int_equal(hear((struct plk_queue_record){.type = PLK_QUEUE_PUT, .handle = 1}), PLK_ERR_MALFORMED);
    assert_state(MINE + 1, READY);
    assert_state(YOURS + 1, READY);
    struct plk_queue_client_event event;
    struct plk_queue_record bye = {.type = PLK_QUEUE_BYE, .wait_ms = 777};
    assert_int_equal(plk_queue_client_receive(c, now_us, &bye, &event), PLK_ERR_OK);
    assert_int_equal(event.number, 777);
}

static void a_relay_that_sends_too_much_is_refused(void **state) {
    (void)state;
    durable_at_once = false;
    add_own(1, true);
    up();
    talk();
    struct plk_queue_record item = {.type = PLK_QUEUE_ITEM, .handle = 1};
    item.cell.bytes = plk_bytes(cell, sizeof cell);
    for (uint64_t i = 1; i <= PLK_QUEUE_CLIENT_AHEAD; i++) {
        item.cell.number = i;
        assert_int_equal(hear(item), PLK_ERR_OK);
        assert_int_equal(hear(item), PLK_ERR_OK); // the same again is passed over
    }
    item.cell.number = 99;
    assert_int_equal(hear(item), PLK_ERR_MALFORMED);
    plk_queue_client_ack(c, MINE + 1, 5);
    talk();
    assert_int_equal(hear(item), PLK_ERR_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(cells_go_from_sender_to_owner),
        TEST(nothing_is_acknowledged_before_it_is_durable),
        TEST(puts_survive_channels),
        TEST(what_waits_is_bounded),
        TEST(only_what_fits_is_said),
        TEST(a_full_queue_is_told),
        TEST(a_queue_that_is_gone_is_told),
        TEST(a_busy_relay_is_given_time),
        TEST(every_command_bears_later),
        TEST(a_queue_that_came_too_fast_is_made_later),
        TEST(a_cancelled_put_says_nothing),
        TEST(the_overwritable_cell_is_written_and_read),
        TEST(a_guest_gets_a_token),
        TEST(a_handle_may_be_used_at_once),
        TEST(a_place_is_not_used_again_while_answers_name_it),
        TEST(what_nobody_asked_for_is_refused),
        TEST(a_relay_that_sends_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
