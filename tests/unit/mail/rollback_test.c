// SPDX-License-Identifier: MIT
// Mail as stories of stores that went back in time, were cloned or restored: never a false `delivered`, nothing lost
// that either side still has, nothing twice (DESIGN 3.8).
#include "unit/mail/story.h"

static struct toy_disk before;

static int clear(void **state) {
    toy_clear(&before);
    return tear_down(state);
}

#undef STORY
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, clear)

static void the_sender_was_rolled_back(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &alice->disk);
    write_many(ALICE, 5);
    assert_true(mail_run(&pair));
    mail_roll_back(&pair, alice, &before);
    uint64_t row = mail_text(&pair, ALICE, "another under an old number");
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(mail_state(alice, row), PLK_STATE_QUEUED); // Bob has its number, but not this
    assert_true(plk_mail_is_stopped(alice->mail));
    assert_int_equal(alice->counts.own_rollbacks, 1);
    assert_int_equal(alice->counts.rekeys, 1);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 9); // Bob keeps what Alice has lost
    assert_int_equal(pair.rekeys, 2);
}

static void rolled_back_with_letters_under_way(void **state) {
    (void)state;
    acquaint();
    mail_cut(&pair);
    write_many(ALICE, 5);
    mail_flush(&pair, alice);
    toy_clone(&before, &alice->disk); // five are queued
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 8);
    mail_roll_back(&pair, alice, &before);
    write_many(ALICE, 2);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 10); // the five were copies
}

static void rolled_back_again_and_again(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        mail_connect(&pair);
        write_many(ALICE, 2);
        assert_true(mail_run(&pair));
        if (i % 2 == 0) {
            toy_clone(&before, &alice->disk);
        } else {
            mail_roll_back(&pair, alice, &before);
        }
        write_many(i % 3 == 0 ? BOB : ALICE, 2);
        end_well();
    }
}

static void the_receiver_was_rolled_back(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 40);
    mail_write(&pair, ALICE, PLK_BODY_PROFILE, plk_bytes_text("Alice"));
    assert_true(mail_run(&pair));
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 43);
    mail_roll_back(&pair, bob, &before);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(alice->counts.rollbacks, 1);
    assert_int_equal(alice->counts.own_rollbacks, 0);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 43); // read from Alice's history
    assert_true(alice->counts.queued_again >= 40);
    assert_int_equal(pair.rekeys, 2);
    // And it does not come again at the next re-key.
    unsigned again = alice->counts.queued_again;
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    end_well();
    assert_int_equal(alice->counts.queued_again, again);
}

static void the_receiver_lost_several_epochs(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    for (int i = 0; i < 3; i++) {
        write_many(ALICE, 7);
        mail_flush(&pair, alice);
        mail_connect(&pair);
        mail_flush(&pair, alice);
        mail_give_out(&pair, alice);
        mail_carry(&pair, ALICE, 1, 900);
        mail_key(&pair, i & 1, PLK_MAIL_BEGIN_REKEY);
        write_many(ALICE, 4);
        end_well();
    }
    mail_roll_back(&pair, bob, &before);
    write_many(ALICE, 3);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3 + 33 + 3);
}

// Alice has written nothing since the re-key: only what Bob says on the next link tells that he has lost letters.
static void the_receiver_fell_behind_a_rekey_and_nobody_writes(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 4);
    assert_true(mail_run(&pair));
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    mail_roll_back(&pair, bob, &before);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(alice->counts.rollbacks, 1);
    assert_int_equal(alice->counts.own_rollbacks, 0);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 7);
    assert_int_equal(pair.rekeys, 3); // the first contact, the one that was lost, the one that mends it
}

// What Bob has lost is known, and waits for letters that are numbered already: they are read first, whoever starts again.
static void a_resync_waits_for_what_is_numbered(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 4);
    assert_true(mail_run(&pair));
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    mail_roll_back(&pair, bob, &before);
    write_many(ALICE, 2);
    mail_connect(&pair);
    mail_flush(&pair, alice);
    mail_give_out(&pair, bob);
    mail_carry(&pair, BOB, 0, SIZE_MAX);
    assert_int_equal(alice->counts.rollbacks, 1);
    mail_flush(&pair, alice);
    mail_crash(&pair, alice);
    assert_true(plk_mail_is_open(alice->mail));
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 9);
}

static void a_resync_survives_crashes(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 100);
    assert_true(mail_run(&pair));
    mail_roll_back(&pair, bob, &before);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    write_many(ALICE, 5);
    for (int i = 0; i < 30; i++) {
        mail_connect(&pair);
        mail_flush(&pair, bob);
        mail_give_out(&pair, bob);
        mail_carry(&pair, BOB, 0, SIZE_MAX);
        for (int k = 0; k < i % 5; k++) {
            mail_close(&pair, alice);
            mail_store(&pair, alice, 1);
        }
        mail_give_out(&pair, alice);
        mail_carry(&pair, ALICE, 1, 2000);
        mail_crash(&pair, i % 3 == 0 ? bob : alice);
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 108);
}

static void the_peer_is_on_a_new_device(void **state) {
    (void)state;
    acquaint();
    mail_cut(&pair);
    write_many(ALICE, 4);
    mail_flush(&pair, alice);
    // Bob's new device has the contact and no mail.
    struct toy_disk empty = {.writes = 0};
    mail_stop(&pair, bob);
    toy_clone(&bob->disk, &empty);
    memset(bob->device, 0xcc, sizeof bob->device);
    mail_new(bob);
    uint8_t secret[32] = {7}, prekey[32] = {6}, public[32], epoch[2][PLK_EPOCH_LEN] = {{1}, {2}};
    struct plk_ratchet ratchet;
    plk_dh_public(public, prekey);
    assert_int_equal(plk_ratchet_init_initiator(&ratchet, plk_bytes(secret, 32), public), PLK_ERR_OK);
    struct plk_mail_turn turn = mail_turn(&pair, bob);
    plk_mail_begin(bob->mail, &turn, PLK_MAIL_BEGIN_FIRST, &ratchet, epoch[0]);
    mail_flush(&pair, bob);
    plk_ratchet_init_responder(&ratchet, plk_bytes(secret, 32), prekey);
    turn = mail_turn(&pair, alice);
    plk_mail_begin(alice->mail, &turn, PLK_MAIL_BEGIN_RESTORED, &ratchet, epoch[1]);
    mail_flush(&pair, alice);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4); // what was not delivered, and nothing else
    assert_int_equal(alice->counts.queued_again, 0);
    assert_int_equal(plk_mail_undelivered(alice->mail), 0);
    assert_int_equal(alice->counts.rekeys + bob->counts.rekeys, 0);

    // "Resync from 0" is a valid request: of the epoch before.
    uint8_t record[1 + PLK_RESYNC_LEN_MAX] = {PLK_CONTROL_RESYNC};
    const struct toy_table *link = &alice->disk.tables[PLK_TABLE_link];
    struct plk_resync resync = {.from = 0};
    for (size_t i = 0; i < link->count; i++) {
        if (link->rows[i].key.at[4] == 0x41 && link->rows[i].key.at[8] == 1)
            memcpy(resync.epoch, link->rows[i].value.at + 1, 8);
    }
    memcpy(resync.device, alice->device, PLK_DEVICE_LEN);
    struct plk_writer w = plk_writer(record + 1, PLK_RESYNC_LEN_MAX);
    plk_message_resync_encode(&w, &resync);
    for (int i = 0; i < 2; i++) { // once an hour
        assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, 1 + w.len)), PLK_ERR_OK);
        assert_true(mail_run(&pair));
        assert_int_equal(alice->counts.queued_again, 3 + 4);
    }
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 7);
    mail_check_now(&pair, ALICE);
}

// A contact out of a backup: what is written before the re-key waits.
static void written_before_there_is_a_ratchet(void **state) {
    (void)state;
    uint8_t epoch[PLK_EPOCH_LEN] = {5};
    struct toy_disk empty = {.writes = 0};
    acquaint();
    mail_stop(&pair, bob);
    toy_clone(&bob->disk, &empty);
    memset(bob->device, 0xcc, sizeof bob->device);
    mail_new(bob);
    struct plk_mail_turn turn = mail_turn(&pair, bob);
    plk_mail_begin(bob->mail, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch);
    assert_true(plk_mail_has_begun(bob->mail));
    assert_false(plk_mail_has_ratchet(bob->mail));
    mail_text(&pair, BOB, "before the re-key");
    mail_flush(&pair, bob);
    mail_crash(&pair, bob);
    assert_false(plk_mail_has_ratchet(bob->mail));
    mail_text(&pair, BOB, "and another");
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_RESTORED);
    assert_true(plk_mail_has_ratchet(bob->mail));
    mail_text(&pair, BOB, "after it");
    mail_flush(&pair, bob);
    mail_crash(&pair, bob);
    mail_heal(&pair);
    mail_check_end(&pair, BOB); // what Bob had from Alice is lost with his machine
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 3 + 3);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 0);
}

static void two_clones_of_one_profile(void **state) {
    (void)state;
    acquaint();
    toy_clone(&before, &alice->disk);
    write_many(ALICE, 3);
    assert_true(mail_run(&pair));
    struct toy_disk first = {.writes = 0};
    toy_clone(&first, &alice->disk);
    mail_roll_back(&pair, alice, &before); // the clone comes online
    uint64_t row = mail_text(&pair, ALICE, "from the clone");
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_not_equal(mail_state(alice, row), PLK_STATE_DELIVERED);
    assert_true(plk_mail_is_stopped(alice->mail) || plk_mail_is_stopped(bob->mail));
    end_well();
    mail_roll_back(&pair, alice, &first); // and the first again
    mail_text(&pair, ALICE, "from the first");
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    end_well();
    toy_clear(&first);
}

// Bob forgets a letter and gets one of the clone's under its number: what the first calls delivered is not there.
static void a_clone_wrote_under_the_same_number(void **state) {
    (void)state;
    struct toy_disk first = {.writes = 0}, other = {.writes = 0};
    acquaint();
    toy_clone(&before, &alice->disk);
    toy_clone(&other, &bob->disk);
    uint64_t row = mail_text(&pair, ALICE, "from the first");
    assert_true(mail_run(&pair));
    assert_int_equal(mail_state(alice, row), PLK_STATE_DELIVERED);
    toy_clone(&first, &alice->disk);
    mail_roll_back(&pair, bob, &other);
    mail_roll_back(&pair, alice, &before);
    mail_text(&pair, ALICE, "from the clone");
    end_well();
    assert_int_equal(pair.rekeys, 1);
    mail_roll_back(&pair, alice, &first);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 5);
    unsigned again = alice->counts.queued_again, rekeys = pair.rekeys;
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    end_well();
    assert_int_equal(alice->counts.queued_again, again);
    assert_int_equal(pair.rekeys, rekeys + 1);
    toy_clear(&first);
    toy_clear(&other);
}

static void both_were_rolled_back(void **state) {
    (void)state;
    struct toy_disk other = {.writes = 0};
    acquaint();
    toy_clone(&before, &alice->disk);
    toy_clone(&other, &bob->disk);
    write_many(ALICE, 5);
    write_many(BOB, 5);
    assert_true(mail_run(&pair));
    mail_roll_back(&pair, alice, &before);
    mail_roll_back(&pair, bob, &other);
    write_many(ALICE, 2);
    write_many(BOB, 2);
    end_well();
    toy_clear(&other);
}

// Bob's ack takes more than one batch, and he is rolled back meanwhile: what he says then counts, not what he said before.
static void rolled_back_while_its_ack_is_carried_out(void **state) {
    (void)state;
    struct plk_bytes record;
    static const uint8_t nothing[] = {PLK_CONTROL_ACKS, 0};
    toy_clone(&before, &bob->disk);
    acquaint();
    write_many(ALICE, PLK_MAIL_DELIVER_STEP + 50);
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    mail_carry(&pair, ALICE, 1, SIZE_MAX);
    mail_flush(&pair, bob);
    mail_give_out(&pair, bob);
    plk_message_feed_push(&alice->in[0], plk_buf_bytes(&bob->out[0]));
    assert_int_equal(plk_message_feed_next(&alice->in[0], &record), PLK_ERR_OK);
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    assert_int_equal(plk_mail_on_control(alice->mail, &turn, record), PLK_ERR_OK);
    assert_int_equal(plk_mail_undelivered(alice->mail), 50);
    mail_roll_back(&pair, bob, &before);
    plk_mail_link_up(alice->mail);
    assert_int_equal(plk_mail_on_control(alice->mail, &turn, plk_bytes(nothing, sizeof nothing)), PLK_ERR_OK);
    mail_settle(&pair, alice);
    assert_int_equal(alice->counts.rollbacks, 1);
    assert_int_equal(plk_mail_undelivered(alice->mail), 50);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3 + PLK_MAIL_DELIVER_STEP + 50);
}

// Bob keeps eight streams. He says so with the have, also while nothing of the newest is durable: the oldest is no loss.
static void a_forgotten_stream_is_no_loss(void **state) {
    (void)state;
    acquaint();
    for (int i = 1; i < PLK_MAIL_STREAMS_MAX; i++) {
        mail_key(&pair, i & 1, PLK_MAIL_BEGIN_REKEY);
        write_many(ALICE, 1);
        end_well();
    }
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    write_many(ALICE, 1);
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    mail_carry(&pair, ALICE, 1, SIZE_MAX);
    mail_connect(&pair);
    mail_give_out(&pair, bob);
    mail_carry(&pair, BOB, 0, SIZE_MAX);
    assert_int_equal(alice->counts.rollbacks, 0);
    end_well();
    assert_int_equal(alice->counts.queued_again, 0);
}

// ---- lies -----------------------------------------------------------------------------------------------------------

static enum plk_err ack(uint64_t contiguous, uint8_t chain, struct plk_ack_range range) {
    uint8_t record[PLK_ACKS_LEN_MAX + 1] = {PLK_CONTROL_ACKS};
    struct plk_ack a = {.contiguous = contiguous, .ranges = {range}};
    struct plk_writer w = plk_writer(record + 1, PLK_ACKS_LEN_MAX);
    a.range_count = range.first > 0;
    memcpy(a.device, alice->device, PLK_DEVICE_LEN);
    memcpy(a.epoch, plk_mail_epoch(alice->mail), PLK_EPOCH_LEN);
    memset(a.chain, chain, sizeof a.chain);
    plk_message_acks_encode(&w, &a, 1);
    return mail_take_record(&pair, alice, 0, plk_bytes(record, 1 + w.len));
}

static void an_ack_that_does_not_fit_stops(void **state) {
    (void)state;
    static const uint64_t claims[] = {3, 4, 5, 9, PLK_MESSAGE_SEQ_MAX}; // 3 are acknowledged, 5 are sent
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        mail_pair_free(&pair);
        mail_pair_init(&pair);
        acquaint();
        write_many(ALICE, 2);
        mail_flush(&pair, alice);
        assert_int_equal(ack(claims[i], 0x55, (struct plk_ack_range){0, 0}), PLK_ERR_OK);
        assert_int_equal(alice->counts.delivered, 3);
        assert_int_equal(alice->counts.rollbacks, 1);
        assert_true(plk_mail_is_stopped(alice->mail));
        struct plk_bytes record;
        assert_false(plk_mail_next(alice->mail, alice->durable_n, &record));
        end_well();
    }
}

static void ranges_never_deliver(void **state) {
    (void)state;
    acquaint();
    write_many(ALICE, 5);
    mail_flush(&pair, alice);
    assert_int_equal(ack(0, 0, (struct plk_ack_range){2, PLK_MESSAGE_SEQ_MAX}), PLK_ERR_OK);
    assert_int_equal(alice->counts.delivered, 3);
    end_well();
}

// It names the new stream, and nothing of it: that is no proof of what it had of the one before.
static void a_have_of_the_new_stream_alone_hides_no_loss(void **state) {
    (void)state;
    toy_clone(&before, &bob->disk);
    acquaint();
    mail_roll_back(&pair, bob, &before);
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(alice->counts.rollbacks, 1);
    mail_key(&pair, ALICE, PLK_MAIL_BEGIN_REKEY);
    mail_connect(&pair);
    assert_int_equal(ack(0, 0, (struct plk_ack_range){0, 0}), PLK_ERR_OK);
    mail_text(&pair, ALICE, "in the new stream");
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
}

// Its ciphertext lies in a row of its own, which is read when the message has been encrypted under the new keys already: the bytes of before were
// kept under the new hash then, and what the peer reported as unreadable was never found.
static void a_large_one_is_encrypted_anew_while_it_is_read(void **state) {
    (void)state;
    static char large[50001];
    memset(large, 'x', sizeof large - 1);
    acquaint();
    toy_clone(&before, &bob->disk);
    write_many(ALICE, 2);
    assert_true(mail_run(&pair));
    mail_cut(&pair);
    mail_connect(&pair);
    mail_text(&pair, ALICE, large);
    mail_text(&pair, ALICE, large); // with two of history, a half of the page ends between the two rows of the first
    mail_flush(&pair, alice);
    mail_roll_back(&pair, bob, &before);
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 7);
    assert_int_equal(bob->errs[PLK_ERR_FORGED], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(the_sender_was_rolled_back),
        STORY(rolled_back_with_letters_under_way),
        STORY(rolled_back_again_and_again),
        STORY(the_receiver_was_rolled_back),
        STORY(the_receiver_lost_several_epochs),
        STORY(the_receiver_fell_behind_a_rekey_and_nobody_writes),
        STORY(a_resync_waits_for_what_is_numbered),
        STORY(a_resync_survives_crashes),
        STORY(the_peer_is_on_a_new_device),
        STORY(written_before_there_is_a_ratchet),
        STORY(two_clones_of_one_profile),
        STORY(a_clone_wrote_under_the_same_number),
        STORY(both_were_rolled_back),
        STORY(a_forgotten_stream_is_no_loss),
        STORY(rolled_back_while_its_ack_is_carried_out),
        STORY(an_ack_that_does_not_fit_stops),
        STORY(ranges_never_deliver),
        STORY(a_have_of_the_new_stream_alone_hides_no_loss),
        STORY(a_large_one_is_encrypted_anew_while_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
