// SPDX-License-Identifier: MIT
// Mail as stories of Alice and Bob who are never there at the same time: relays keep what waits (DESIGN 3.7, 3.8).
#include "ratchet/seen.h"
#include "support/mail_box.h"
#include "unit/mail/story.h"

static struct mail_boxes boxes;
static struct toy_disk before;

static int build(void **state) {
    boxes = (struct mail_boxes){.put = 0};
    return set_up(state);
}

static int clear(void **state) {
    mail_boxes_free(&boxes);
    toy_clear(&before);
    return tear_down(state);
}

#undef STORY
#define STORY(name) cmocka_unit_test_setup_teardown(name, build, clear)

static const struct plk_message_row *stored_row(const struct mail_side *side, uint64_t number,
                                                struct plk_message_row *row) {
    struct plk_message_row *rows;
    size_t count = mail_history(&side->disk, PLK_OUT, &rows);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].row == number) *row = rows[i];
    }
    free(rows);
    return row;
}

static void put_all(int from) {
    mail_flush(&pair, &pair.side[from]);
    while (mail_boxes_put(&pair, &boxes, from)) mail_flush(&pair, &pair.side[from]);
    mail_flush(&pair, &pair.side[from]);
}

static void fetch_all(int owner) {
    for (int r = 0; r < MAIL_RELAYS; r++) mail_boxes_fetch(&pair, &boxes, r, owner);
}

static void nobody_is_there(void) {
    acquaint();
    mail_cut(&pair);
    mail_boxes_open(&pair, &boxes, ALICE);
    mail_boxes_open(&pair, &boxes, BOB);
}

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

static void relays_that_lost_everything_cost_no_letter(void **state) {
    struct plk_message_row row = {.row = 0};
    (void)state;
    nobody_is_there();
    write_many(ALICE, 400);
    uint64_t number = mail_text(&pair, ALICE, "the last");
    put_all(ALICE);
    for (int r = 0; r < MAIL_RELAYS; r++) mail_queue_lose(&boxes.queue[r][BOB]);
    mail_boxes_retry(&pair, ALICE, true);
    mail_flush(&pair, alice);
    assert_int_equal(stored_row(alice, number, &row)->state, PLK_STATE_QUEUED);
    assert_int_equal(row.reason, PLK_ERR_LOST);
    mail_boxes_crash(&pair, &boxes, ALICE);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 404);
}

// A relay that drops one cell of several is found out by what the peer says it has.
static void a_relay_that_drops_one_is_found_out(void **state) {
    (void)state;
    nobody_is_there();
    boxes.queue[1][BOB].closed = true;
    for (int i = 0; i < 5; i++) {
        write_many(ALICE, 1);
        put_all(ALICE);
    }
    assert_int_equal(boxes.queue[0][BOB].count, 5);
    mail_queue_drop(&boxes.queue[0][BOB], 2);
    mail_boxes_tick(&pair, PLK_MINUTE);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(boxes.letters[ALICE], 6); // that one, and no other, once more
    mail_check_end(&pair, ALICE);
    assert_int_equal(pair.rekeys, 1);
}

static void cells_in_any_order_and_again(void **state) {
    (void)state;
    nobody_is_there();
    for (int i = 0; i < 30; i++) {
        write_many(ALICE, 1);
        put_all(ALICE);
    }
    for (unsigned i = 0; i < 200; i++) {
        size_t index = i * 17 % boxes.queue[i & 1][BOB].count;
        mail_boxes_read(&pair, &boxes, i & 1, BOB, index);
        if (i % 20 == 12) mail_flush(&pair, bob);
        if (i % 20 == 0) mail_boxes_crash(&pair, &boxes, BOB);
    }
    mail_flush(&pair, bob);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 33);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(pair.rekeys, 1);
}

static void a_relay_that_repeats_for_ever_costs_little(void **state) {
    (void)state;
    nobody_is_there();
    write_many(ALICE, 3);
    put_all(ALICE);
    struct plk_bytes cell = toy_copy(boxes.queue[0][BOB].cells[0]);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    unsigned notes = boxes.notes[BOB];
    for (int i = 0; i < 24 * 60; i++) { // a day, once a minute
        boxes.queue[0][BOB].cells[boxes.queue[0][BOB].count++] = toy_copy(cell);
        mail_boxes_fetch(&pair, &boxes, 0, BOB);
        mail_boxes_tick(&pair, PLK_MINUTE);
        put_all(BOB);
        fetch_all(ALICE);
    }
    assert_in_range(boxes.notes[BOB], notes + 1, notes + 26);
    assert_int_equal(boxes.notes[ALICE], 0); // acks of acks there are none
    free((void *)(uintptr_t)cell.at);
    end_well();
    assert_int_equal(pair.rekeys, 1);
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
    assert_int_equal(letter, 0);
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

static void a_rekey_and_what_follows_by_relays_alone(void **state) {
    (void)state;
    nobody_is_there();
    write_many(ALICE, 3);
    put_all(ALICE); // in the old ratchet, still to be read
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    write_many(ALICE, 2);
    write_many(BOB, 2);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    mail_check_end(&pair, BOB);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 8);
    assert_int_equal(pair.rekeys, 2);
}

// The link of the re-key dies when only one of them has heard what the other has.
static void settled_on_one_side_only(void **state) {
    (void)state;
    nobody_is_there();
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    mail_connect(&pair);
    for (int i = 0; i < 2; i++) {
        mail_flush(&pair, &pair.side[i]);
        mail_give_out(&pair, &pair.side[i]);
    }
    mail_carry(&pair, ALICE, 0, SIZE_MAX);
    mail_carry(&pair, ALICE, 1, SIZE_MAX);
    mail_flush(&pair, bob);
    mail_cut(&pair);
    write_many(ALICE, 2);
    write_many(BOB, 2);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    mail_check_end(&pair, BOB);
    assert_int_equal(pair.rekeys, 2);
}

static void what_cannot_be_read_is_encrypted_anew(void **state) {
    (void)state;
    nobody_is_there();
    toy_clone(&before, &bob->disk);
    uint64_t number = mail_text(&pair, ALICE, "unreadable");
    put_all(ALICE);
    uint8_t *at = (uint8_t *)(uintptr_t)boxes.queue[0][BOB].cells[0].at;
    // As if Bob's keys for it were gone: the bytes are others, and so is the hash; Alice is told of her own.
    uint8_t hash[PLK_MESSAGE_HASH_LEN];
    struct plk_bytes cell = boxes.queue[0][BOB].cells[0];
    size_t prefix = (size_t)1 << (at[0] >> 6);
    plk_seen_hash(hash, plk_bytes(at + prefix, cell.len - prefix));
    for (int r = 0; r < MAIL_RELAYS; r++) mail_queue_lose(&boxes.queue[r][BOB]);
    uint8_t control[1 + PLK_MESSAGE_HASH_LEN] = {PLK_CONTROL_UNREADABLE};
    memcpy(control + 1, hash, sizeof hash);
    mail_connect(&pair);
    mail_take_record(&pair, alice, 0, plk_bytes(control, sizeof control));
    mail_cut(&pair);
    mail_flush(&pair, alice);
    assert_int_equal(mail_state(alice, number), PLK_STATE_QUEUED);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(boxes.letters[ALICE], 2);
}

// Bob's store goes back to before he wrote; his new letters come under numbers that Alice has seen used.
static void a_rolled_back_writer_by_relays(void **state) {
    (void)state;
    nobody_is_there();
    toy_clone(&before, &bob->disk);
    write_many(BOB, 4);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_roll_back(&pair, bob, &before);
    mail_boxes_open(&pair, &boxes, BOB);
    write_many(BOB, 2);
    for (int i = 0; i < 12 && !bob->wants_rekey && !alice->wants_rekey; i++) {
        assert_true(mail_boxes_run(&pair, &boxes));
        mail_boxes_tick(&pair, 2 * PLK_HOUR);
    }
    assert_true(bob->wants_rekey || alice->wants_rekey);
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 9);
    mail_check_end(&pair, BOB);
}

// Bob's store goes back to before he read; what he says he has is less than he once acknowledged, and names what was
// sent since.
static void a_rolled_back_reader_by_relays(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 4);
    assert_true(mail_run(&pair)); // acknowledged on the link: his ratchet has not moved
    mail_cut(&pair);
    mail_boxes_open(&pair, &boxes, ALICE);
    mail_roll_back(&pair, bob, &before);
    mail_boxes_open(&pair, &boxes, BOB);
    write_many(ALICE, 2);
    assert_true(mail_boxes_run(&pair, &boxes));
    assert_true(alice->wants_rekey);
    assert_int_equal(alice->counts.rollbacks, 1);
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, ALICE);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 9);
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
        STORY(relays_that_lost_everything_cost_no_letter),
        STORY(a_relay_that_drops_one_is_found_out),
        STORY(cells_in_any_order_and_again),
        STORY(a_relay_that_repeats_for_ever_costs_little),
        STORY(an_ack_that_is_owed_survives_a_crash),
        STORY(an_ack_waits_for_what_it_says),
        STORY(no_relay_took_the_ack),
        STORY(kept_for_a_month),
        STORY(a_rekey_and_what_follows_by_relays_alone),
        STORY(settled_on_one_side_only),
        STORY(what_cannot_be_read_is_encrypted_anew),
        STORY(a_rolled_back_writer_by_relays),
        STORY(a_rolled_back_reader_by_relays),
        STORY(the_limit_holds_for_boxes_too),
        STORY(one_way_for_thousands_of_letters),
        STORY(a_control_record_needs_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
