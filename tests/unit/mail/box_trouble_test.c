// SPDX-License-Identifier: MIT
// Relays that drop, repeat, reorder and lose; stores that went back, and re-keys, without a link (DESIGN 3.8).
#include "ratchet/seen.h"
#include "unit/mail/box_story.h"

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

// Bob has never heard Alice in this ratchet, and Alice has nothing to write: what she puts lets him begin.
static void whoever_cannot_write_yet_is_spoken_to(void **state) {
    (void)state;
    write_many(BOB, 2);
    mail_boxes_open(&pair, &boxes, BOB);
    mail_flush(&pair, bob);
    assert_false(mail_boxes_put(&pair, &boxes, BOB));
    mail_boxes_open(&pair, &boxes, ALICE);
    assert_true(mail_boxes_run(&pair, &boxes));
    mail_check_end(&pair, BOB);
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 2);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(relays_that_lost_everything_cost_no_letter),
        STORY(a_relay_that_drops_one_is_found_out),
        STORY(cells_in_any_order_and_again),
        STORY(a_relay_that_repeats_for_ever_costs_little),
        STORY(a_rekey_and_what_follows_by_relays_alone),
        STORY(whoever_cannot_write_yet_is_spoken_to),
        STORY(settled_on_one_side_only),
        STORY(what_cannot_be_read_is_encrypted_anew),
        STORY(a_rolled_back_writer_by_relays),
        STORY(a_rolled_back_reader_by_relays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
