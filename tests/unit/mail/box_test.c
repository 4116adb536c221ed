// SPDX-License-Identifier: MIT
// Mail as stories of Alice and Bob who are never there at the same time: relays keep what waits (DESIGN 3.7, 3.8).
#include "unit/mail/box_story.h"

static void a_letter_is_kept_and_then_delivered(void **state) {
    struct plk_message_row row = {.row = 0};
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "read this when you are back");
    put_all(ALICE);
    assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_STORED);
    assert_int_equal(row.stored, 2);
    assert_int_equal(row.stored_of, 2);
    assert_int_equal(boxes.queue[0][BOB].count, 1);
    assert_int_equal(boxes.queue[1][BOB].count, 1);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
    assert_int_equal(alice->counts.messages, 7); // hers and his three of before
    assert_false(plk_mail_needs_link(alice->mail));
    mail_check_end(&pair, ALICE);
}

static void acks_are_gathered_and_end(void **state) {
    (void)state;
    nobody_is_there();
    write_many(ALICE, 200);
    write_many(BOB, 10);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    mail_check_end(&pair, BOB);
    assert_true(boxes.letters[ALICE] == 200 && boxes.letters[BOB] == 10);
    assert_in_range(boxes.notes[BOB], 1, 8);
    unsigned notes = boxes.notes[ALICE] + boxes.notes[BOB];
    // The second copies are acknowledged once more within the hour, then never again.
    for (int i = 0; i < 3; i++) {
        mail_boxes_tick(&pair, 2 * PLK_HOUR);
        assert_true(mail_boxes_run(&pair, &boxes));
    }
    assert_in_range(boxes.notes[ALICE] + boxes.notes[BOB], notes, notes + 2);
    notes = boxes.notes[ALICE] + boxes.notes[BOB];
    for (int i = 0; i < 50; i++) {
        mail_boxes_tick(&pair, PLK_DAY);
        assert_true(mail_boxes_run(&pair, &boxes));
    }
    assert_int_equal(boxes.notes[ALICE] + boxes.notes[BOB], notes);
    assert_int_equal(pair.rekeys, 1);
}

static void nothing_goes_into_a_box_while_a_link_is_up(void **state) {
    struct plk_bytes record;
    uint64_t letter;
    (void)state;
    nobody_is_there();
    write_many(ALICE, 1);
    mail_flush(&pair, alice);
    mail_connect(&pair);
    assert_false(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    mail_cut(&pair);
    assert_true(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    assert_true(letter != 0);
    assert_false(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    plk_mail_box_close(alice->mail);
    plk_mail_box_retry(alice->mail, false);
    assert_false(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    end_well();
}

static void a_full_queue_is_told_and_tried_again(void **state) {
    struct plk_message_row row = {.row = 0};
    (void)state;
    nobody_is_there();
    boxes.queue[0][BOB].closed = boxes.queue[1][BOB].closed = true;
    uint64_t number = mail_text(&pair, ALICE, "no room");
    put_all(ALICE);
    assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_QUEUED);
    assert_int_equal(row.reason, PLK_ERR_LIMIT);
    unsigned put = boxes.put, states = alice->counts.states;
    put_all(ALICE);
    assert_int_equal(boxes.put, put); // not before it is to be tried again
    mail_boxes_retry(&pair, ALICE, false);
    put_all(ALICE);
    assert_int_equal(boxes.put, put + 1);
    assert_int_equal(alice->counts.states, states); // the same reason is not told twice
    boxes.queue[1][BOB].closed = false;
    mail_boxes_retry(&pair, ALICE, false);
    put_all(ALICE);
    assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_STORED);
    assert_int_equal(row.stored, 1);
    assert_int_equal(row.stored_of, 2);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
}

static void what_is_kept_is_not_put_again_after_a_restart(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX];
    nobody_is_there();
    memset(text, 'x', sizeof text);
    mail_write(&pair, ALICE, PLK_BODY_TEXT, plk_bytes(text, sizeof text)); // its ciphertext has a row of its own
    write_many(ALICE, 5);
    put_all(ALICE);
    assert_int_equal(boxes.letters[ALICE], 6);
    mail_boxes_crash(&pair, &boxes, ALICE);
    put_all(ALICE);
    assert_int_equal(boxes.letters[ALICE], 6);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(boxes.letters[ALICE], 6);
}

static void answers_for_letters_that_are_gone_do_nothing(void **state) {
    struct plk_bytes record;
    uint64_t letter;
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "soon delivered");
    mail_flush(&pair, alice);
    assert_true(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    end_well();
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    size_t ops = plk_batch_count(alice->open);
    plk_mail_boxed(alice->mail, &turn, letter, 2, 2, PLK_ERR_OK);
    plk_mail_boxed(alice->mail, &turn, letter, 0, 2, PLK_ERR_LIMIT);
    assert_int_equal(plk_batch_count(alice->open), ops);
    mail_flush(&pair, alice);
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
}

static void more_copies_and_fewer(void **state) {
    struct plk_message_row row = {.row = 0};
    struct plk_bytes record;
    uint64_t letter;
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "one by one");
    mail_flush(&pair, alice);
    assert_true(plk_mail_box_next(alice->mail, alice->durable_n, SIZE_MAX, &record, &letter));
    for (unsigned k = 1; k <= 3; k++) {
        struct plk_mail_turn turn = mail_turn(&pair, alice);
        plk_mail_boxed(alice->mail, &turn, letter, k, 3, PLK_ERR_OK);
        mail_flush(&pair, alice);
        assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_STORED);
        assert_int_equal(row.stored, k);
    }
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    plk_mail_boxed(alice->mail, &turn, letter, 0, 3, PLK_ERR_LOST);
    mail_flush(&pair, alice);
    assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_QUEUED);
    assert_int_equal(row.reason, PLK_ERR_LOST);
    assert_int_equal(row.stored, 0);
    end_well();
}

// Bob has read and committed it; his process dies before the ack is made.
static void an_ack_that_is_owed_survives_a_crash(void **state) {
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "did you get this?");
    put_all(ALICE);
    fetch_all(BOB);
    assert_true(plk_mail_owes(bob->mail));
    assert_int_equal(boxes.notes[BOB], 0);
    mail_crash(&pair, bob);
    assert_true(plk_mail_owes(bob->mail));
    mail_boxes_open(&pair, &boxes, BOB);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
    assert_false(plk_mail_owes(bob->mail));
    mail_boxes_crash(&pair, &boxes, BOB);
    assert_false(plk_mail_owes(bob->mail));
}

// Bob's ack is on its way to relays that do not answer at once; his process dies before they have (tests/process/relay_postgres.py:
// their disk stalled). Before, he had nothing more to say, and Alice did not hear of it until they met or a day had passed.
static void an_ack_that_no_relay_has_yet_survives_a_crash(void **state) {
    struct plk_bytes record;
    uint64_t letter;
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "and this?");
    put_all(ALICE);
    fetch_all(BOB);
    mail_boxes_tick(&pair, PLK_MAIL_ACK_MAX_US);
    mail_flush(&pair, bob);
    assert_true(plk_mail_box_next(bob->mail, bob->durable_n, SIZE_MAX, &record, &letter));
    assert_true(letter == PLK_MAIL_LETTER_ACKS);
    assert_false(plk_mail_owes(bob->mail));
    mail_crash(&pair, bob);
    assert_true(plk_mail_owes(bob->mail));
    mail_boxes_open(&pair, &boxes, BOB);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
    mail_boxes_crash(&pair, &boxes, BOB);
    assert_false(plk_mail_owes(bob->mail));
    end_well();
}

// One ack for three hundred is carried out in steps, a batch each. The cell that brought it is gone from the relays, and remembered as seen, with
// the first; Alice's process dies after that one. Before, she heard of the others only when they met
// (tests/process/kill_relays.py).
static void the_rest_of_an_ack_survives_a_crash(void **state) {
    (void)state;
    nobody_is_there();
    write_many(ALICE, 300);
    put_all(ALICE);
    fetch_all(BOB);
    mail_boxes_tick(&pair, PLK_MAIL_ACK_MAX_US);
    put_all(BOB);
    assert_true(boxes.queue[0][ALICE].count > 0);
    mail_boxes_read(&pair, &boxes, 0, ALICE, 0);
    mail_close(&pair, alice);
    assert_true(alice->pending_count > 1);
    mail_store(&pair, alice, 1);
    for (int r = 0; r < MAIL_RELAYS; r++) mail_queue_lose(&boxes.queue[r][ALICE]);
    mail_boxes_crash(&pair, &boxes, ALICE);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(plk_mail_undelivered(alice->mail), 0);
    mail_boxes_crash(&pair, &boxes, ALICE); // and there is nothing left of it
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 303);
}

static void an_ack_waits_for_what_it_says(void **state) {
    struct plk_bytes record;
    uint64_t letter;
    (void)state;
    nobody_is_there();
    mail_boxes_tick(&pair, 0);
    write_many(ALICE, 1);
    put_all(ALICE);
    mail_boxes_read(&pair, &boxes, 0, BOB, 0);
    uint64_t due = plk_mail_deadline(bob->mail, pair.now);
    assert_in_range(due - pair.now.mono_us, PLK_MAIL_ACK_MIN_US, PLK_MAIL_ACK_MAX_US);
    mail_boxes_tick(&pair, PLK_MAIL_ACK_MAX_US);
    mail_close(&pair, bob);
    assert_false(plk_mail_box_next(bob->mail, bob->durable_n, SIZE_MAX, &record, &letter));
    mail_store(&pair, bob, 8);
    assert_true(plk_mail_box_next(bob->mail, bob->durable_n, SIZE_MAX, &record, &letter));
    assert_true(letter == PLK_MAIL_LETTER_ACKS);
    end_well();
}

static void no_relay_took_the_ack(void **state) {
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "hello?");
    put_all(ALICE);
    boxes.queue[0][ALICE].closed = boxes.queue[1][ALICE].closed = true;
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_STORED);
    boxes.queue[0][ALICE].closed = false;
    mail_boxes_retry(&pair, BOB, false);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
}

static void kept_for_a_month(void **state) {
    (void)state;
    nobody_is_there();
    uint64_t number = mail_text(&pair, ALICE, "when you are back from the mountains");
    put_all(ALICE);
    for (int i = 0; i < 28 * 4; i++) mail_boxes_tick(&pair, 6 * PLK_HOUR);
    put_all(ALICE);
    assert_int_equal(boxes.letters[ALICE], 1);
    for (int i = 0; i < 8; i++) {
        mail_boxes_tick(&pair, 6 * PLK_HOUR);
        put_all(ALICE);
        assert_int_equal(mail_state(alice, number), PLK_STATE_STORED);
    }
    assert_int_equal(boxes.letters[ALICE], 2); // put again before relays delete it, once
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_state(alice, number), PLK_STATE_DELIVERED);
    mail_check_end(&pair, ALICE);
}

static void the_limit_holds_for_boxes_too(void **state) {
    (void)state;
    nobody_is_there();
    write_many(ALICE, 700);
    put_all(ALICE);
    assert_int_equal(boxes.letters[ALICE], PLK_MAIL_UNACKED_MAX);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 703);
    assert_int_equal(pair.rekeys, 1);
}

// One writes, the other only acknowledges, for longer than a chain may run: each turns the other's ratchet.
static void one_way_for_thousands_of_letters(void **state) {
    (void)state;
    nobody_is_there();
    for (int i = 0; i < 1000; i++) {
        write_many(ALICE, 2);
        put_all(ALICE);
        fetch_all(BOB);
        mail_boxes_tick(&pair, 5 * PLK_SECOND);
        put_all(BOB);
        fetch_all(ALICE);
    }
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(pair.rekeys, 1);
    assert_false(plk_mail_is_stopped(alice->mail) || plk_mail_is_stopped(bob->mail));
}

static void a_control_record_needs_a_link(void **state) {
    (void)state;
    acquaint();
    mail_cut(&pair);
    uint8_t record[2] = {PLK_CONTROL_ACKS, 0};
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, 2)), PLK_ERR_CLOSED);
    end_well();
    assert_int_equal(pair.rekeys, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_letter_is_kept_and_then_delivered),
        STORY(acks_are_gathered_and_end),
        STORY(nothing_goes_into_a_box_while_a_link_is_up),
        STORY(a_full_queue_is_told_and_tried_again),
        STORY(what_is_kept_is_not_put_again_after_a_restart),
        STORY(answers_for_letters_that_are_gone_do_nothing),
        STORY(more_copies_and_fewer),
        STORY(an_ack_that_is_owed_survives_a_crash),
        STORY(an_ack_that_no_relay_has_yet_survives_a_crash),
        STORY(the_rest_of_an_ack_survives_a_crash),
        STORY(an_ack_waits_for_what_it_says),
        STORY(no_relay_took_the_ack),
        STORY(kept_for_a_month),
        STORY(the_limit_holds_for_boxes_too),
        STORY(one_way_for_thousands_of_letters),
        STORY(a_control_record_needs_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
