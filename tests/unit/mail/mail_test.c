// SPDX-License-Identifier: MIT
// Mail as stories of Alice and Bob: ordinary days (DESIGN 3.8).
#include "unit/mail/story.h"

static void offline_then_online(void **state) {
    (void)state;
    write_many(ALICE, 5);
    mail_flush(&pair, alice);
    assert_int_equal(mail_state(alice, 1), PLK_STATE_QUEUED);
    assert_int_equal(plk_mail_undelivered(alice->mail), 5);
    assert_true(plk_mail_needs_link(alice->mail));
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 5);
    assert_int_equal(alice->counts.delivered, 5);
    assert_int_equal(alice->counts.sent, 0); // delivered sooner
    assert_int_equal(pair.rekeys, 1);        // the first contact
}

static void both_write_at_once(void **state) {
    (void)state;
    mail_connect(&pair);
    for (int i = 0; i < 50; i++) {
        write_many(ALICE, 3);
        write_many(BOB, 2);
        assert_true(mail_run(&pair));
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 150);
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 100);
    assert_int_equal(pair.rekeys, 1);
}

static void nothing_leaves_before_it_is_durable(void **state) {
    (void)state;
    acquaint();
    mail_text(&pair, ALICE, "not yet");
    mail_close(&pair, alice);
    mail_give_out(&pair, alice);
    assert_int_equal(alice->out[1].len, 0);
    mail_store(&pair, alice, 1);
    mail_give_out(&pair, alice);
    assert_true(alice->out[1].len > 0);
    mail_carry(&pair, ALICE, 1, SIZE_MAX);
    mail_close(&pair, bob);
    mail_give_out(&pair, bob);
    assert_int_equal(bob->out[0].len, 0); // no ack of what may be lost
    mail_store(&pair, bob, 1);
    mail_give_out(&pair, bob);
    assert_true(bob->out[0].len > 0);
    end_well();
}

static void sent_is_told_only_when_delivery_takes_long(void **state) {
    (void)state;
    acquaint();
    assert_int_equal(plk_mail_deadline(alice->mail, pair.now), 0); // ages are looked at once after the start
    struct plk_mail_turn first = mail_turn(&pair, alice);
    plk_mail_tick(alice->mail, &first);
    uint64_t row = mail_text(&pair, ALICE, "slow");
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    plk_mail_left(alice->mail, pair.now, alice->given_len - 1);
    assert_int_equal(plk_mail_deadline(alice->mail, pair.now) > pair.now.mono_us + PLK_SECOND, true);
    plk_mail_left(alice->mail, pair.now, alice->given_len);
    assert_int_equal(plk_mail_deadline(alice->mail, pair.now), pair.now.mono_us + PLK_MAIL_SENT_AFTER_US);
    for (int i = 0; i < 2; i++) {
        mail_wait(&pair, PLK_MAIL_SENT_AFTER_US);
        struct plk_mail_turn turn = mail_turn(&pair, alice);
        plk_mail_tick(alice->mail, &turn);
        mail_flush(&pair, alice);
    }
    assert_int_equal(mail_state(alice, row), PLK_STATE_SENT);
    assert_int_equal(alice->counts.sent, 1);
    end_well();
    assert_int_equal(mail_state(alice, row), PLK_STATE_DELIVERED);
}

static void control_messages_come_once_and_in_order(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        mail_text(&pair, ALICE, "text");
        mail_write(&pair, ALICE, PLK_BODY_PROFILE, plk_bytes_text("Alice"));
        mail_write(&pair, ALICE, 4000, plk_bytes_text("of a later version"));
    }
    mail_flush(&pair, alice);
    assert_int_equal(plk_mail_undelivered(alice->mail), 10);
    end_well();
    assert_int_equal(bob->disk.tables[PLK_TABLE_event].count, 20);
    assert_int_equal(bob->counts.controls, 20);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 10);
    assert_int_equal(alice->counts.taken, 20); // and she knows
    assert_int_equal(bob->counts.taken, 0);
}

static void kinds_of_a_later_version_are_kept(void **state) {
    (void)state;
    struct plk_message_row *rows;
    mail_write(&pair, ALICE, 17, plk_bytes_text("a poll, perhaps"));
    end_well();
    assert_int_equal(mail_history(&bob->disk, PLK_IN, &rows), 1);
    assert_int_equal(rows[0].kind, 17);
    assert_int_equal(rows[0].state, PLK_STATE_RECEIVED);
    free(rows);
}

static void the_longest_body_and_one_more(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX + 1];
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = plk_bytes(text, sizeof text)};
    uint64_t row;
    assert_int_equal(plk_mail_send(alice->mail, &turn, &body, &row), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_batch_count(alice->open), 0);
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 40; i++) mail_write(&pair, ALICE, PLK_BODY_TEXT, plk_bytes(text, PLK_BODY_MAX));
    mail_flush(&pair, alice);
    mail_crash(&pair, alice);
    mail_connect(&pair);
    mail_flush(&pair, alice);
    mail_crash(&pair, alice); // ciphertexts that have rows of their own
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 40);
    assert_int_equal(pair.rekeys, 1);
}

static void a_reply_names_its_target(void **state) {
    (void)state;
    struct plk_message_row *rows;
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    struct plk_mail_body body = {.id = {1}, .kind = PLK_BODY_TEXT, .payload = plk_bytes("yes", 3), .has_target = true};
    uint64_t row;
    body.target = (struct plk_origin){.device = {1}, .epoch = {2}, .seq = 3};
    assert_int_equal(plk_mail_send(alice->mail, &turn, &body, &row), PLK_ERR_OK);
    mail_flush(&pair, alice);
    mail_crash(&pair, alice);
    end_well();
    assert_int_equal(mail_history(&bob->disk, PLK_IN, &rows), 1);
    assert_true(rows[0].has_target);
    assert_memory_equal(&rows[0].target, &body.target, sizeof body.target);
    free(rows);
}

static void a_note_is_sent_to_nobody(void **state) {
    (void)state;
    acquaint();
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    uint64_t row = plk_mail_note(alice->mail, &turn, PLK_BODY_NOTICE, plk_bytes("moved", 5));
    assert_int_equal(row, 7);
    end_well();
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 4);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3);
    assert_int_equal(mail_text(&pair, ALICE, "next"), 8);
}

// ---- giving up ------------------------------------------------------------------------------------------------------

static enum plk_err cancel(struct mail_side *side, uint64_t row) {
    struct plk_mail_turn turn = mail_turn(&pair, side);
    enum plk_err err = plk_mail_cancel(side->mail, &turn, row);
    mail_flush(&pair, side);
    return err;
}

static void cancelling_what_never_left(void **state) {
    (void)state;
    write_many(ALICE, 4);
    mail_write(&pair, ALICE, PLK_BODY_PROFILE, plk_bytes_text("Alice"));
    assert_int_equal(cancel(alice, 2), PLK_ERR_OK);
    assert_int_equal(mail_state(alice, 2), PLK_STATE_CANCELLED);
    assert_int_equal(cancel(alice, 2), PLK_ERR_NOT_FOUND);
    assert_int_equal(cancel(alice, 0), PLK_ERR_NOT_FOUND);
    assert_int_equal(cancel(alice, 99), PLK_ERR_NOT_FOUND);
    assert_int_equal(plk_mail_undelivered(alice->mail), 3);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3);
    assert_int_equal(cancel(alice, 1), PLK_ERR_NOT_FOUND);
    // Origins and numbers differ from here on.
    write_many(ALICE, 3);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 6);
    assert_int_equal(pair.rekeys, 1);
}

static void cancelling_too_late(void **state) {
    (void)state;
    acquaint();
    uint64_t row = mail_text(&pair, ALICE, "gone");
    assert_int_equal(cancel(alice, row), PLK_ERR_TOO_LATE);
    mail_crash(&pair, alice);
    assert_int_equal(cancel(alice, row), PLK_ERR_TOO_LATE);
    mail_key(&pair, BOB, PLK_MAIL_BEGIN_REKEY);
    assert_int_equal(cancel(alice, row), PLK_ERR_TOO_LATE);
    end_well();
}

// Two who wait for their rows: one is read after the other, and neither takes the other's place.
static void cancelling_two_on_disk(void **state) {
    (void)state;
    write_many(ALICE, 2000);
    mail_flush(&pair, alice);
    enum plk_err first = PLK_ERR_BUSY, second = PLK_ERR_BUSY;
    for (unsigned i = 0; i < 4 && (first == PLK_ERR_BUSY || second == PLK_ERR_BUSY); i++) {
        struct plk_mail_turn turn = mail_turn(&pair, alice);
        if (first == PLK_ERR_BUSY) first = plk_mail_cancel(alice->mail, &turn, 1900);
        if (second == PLK_ERR_BUSY) second = plk_mail_cancel(alice->mail, &turn, 1901);
        mail_flush(&pair, alice);
    }
    assert_int_equal(first, PLK_ERR_OK);
    assert_int_equal(second, PLK_ERR_OK);
    assert_int_equal(mail_state(alice, 1900), PLK_STATE_CANCELLED);
    assert_int_equal(mail_state(alice, 1901), PLK_STATE_CANCELLED);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1998);
}

static void cancelling_what_is_only_on_disk(void **state) {
    (void)state;
    write_many(ALICE, 2000);
    mail_flush(&pair, alice);
    assert_int_equal(cancel(alice, 1900), PLK_ERR_BUSY);
    assert_int_equal(cancel(alice, 1900), PLK_ERR_OK);
    assert_int_equal(cancel(alice, 1900), PLK_ERR_BUSY);
    assert_int_equal(cancel(alice, 1900), PLK_ERR_NOT_FOUND);
    assert_int_equal(cancel(alice, 1800), PLK_ERR_BUSY); // and never asked again
    assert_int_equal(mail_state(alice, 1900), PLK_STATE_CANCELLED);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1999);
}

// ---- first contact --------------------------------------------------------------------------------------------------

// As plk_first_make and plk_first_accept do: the texts travel inside ratchet message 0.
static void a_blob_carries_the_first_text(void **state) {
    (void)state;
    static struct mail_pair fresh;
    uint8_t secret[32] = {9}, prekey[32] = {8}, public[32], blob[1000];
    struct plk_ratchet ratchet;
    struct plk_writer w = plk_writer(blob, sizeof blob);
    struct plk_mail_body body = {.id = {1}, .kind = PLK_BODY_TEXT, .payload = plk_bytes("hello", 5)};
    uint64_t row;
    mail_pair_init(&fresh);
    mail_stop(&fresh, &fresh.side[0]);
    mail_stop(&fresh, &fresh.side[1]);
    for (int i = 0; i < 2; i++) {
        toy_clear(&fresh.side[i].disk);
        mail_new(&fresh.side[i]);
    }
    struct mail_side *joiner = &fresh.side[0];
    struct mail_side *inviter = &fresh.side[1];
    struct plk_mail_turn turn = mail_turn(&fresh, joiner);
    uint8_t epoch[2][PLK_EPOCH_LEN] = {{1}, {2}};
    assert_int_equal(plk_mail_send(joiner->mail, &turn, &body, &row), PLK_ERR_CLOSED);
    plk_mail_begin(joiner->mail, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch[0]);
    struct plk_writer small = plk_writer(blob, 20);
    assert_int_equal(plk_mail_wrap(joiner->mail, &turn, &body, &small, &row), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_mail_wrap(joiner->mail, &turn, &body, &w, &row), PLK_ERR_OK);
    plk_dh_public(public, prekey);
    assert_int_equal(plk_ratchet_init_initiator(&ratchet, plk_bytes(secret, 32), public), PLK_ERR_OK);
    plk_mail_set_ratchet(joiner->mail, &turn, &ratchet);
    mail_flush(&fresh, joiner);
    mail_crash(&fresh, joiner);
    mail_text(&fresh, 0, "and one more, while waiting");

    plk_ratchet_init_responder(&ratchet, plk_bytes(secret, 32), prekey);
    turn = mail_turn(&fresh, inviter);
    plk_mail_begin(inviter->mail, &turn, PLK_MAIL_BEGIN_FIRST, &ratchet, epoch[1]);
    assert_int_equal(plk_mail_adopt(inviter->mail, &turn, plk_bytes(blob, 20)), PLK_ERR_MALFORMED);
    assert_int_equal(plk_mail_adopt(inviter->mail, &turn, plk_writer_bytes(&w)), PLK_ERR_OK);
    assert_int_equal(plk_mail_adopt(inviter->mail, &turn, plk_writer_bytes(&w)), PLK_ERR_OK);
    uint8_t acks[PLK_ACKS_LEN_MAX];
    struct plk_writer a = plk_writer(acks, sizeof acks);
    plk_mail_acks(inviter->mail, &a);
    mail_flush(&fresh, inviter);
    assert_int_equal(mail_count(&inviter->disk, PLK_IN), 1);

    turn = mail_turn(&fresh, joiner);
    assert_int_equal(plk_mail_on_acks(joiner->mail, &turn, plk_writer_bytes(&a)), PLK_ERR_OK);
    mail_flush(&fresh, joiner);
    assert_int_equal(mail_state(joiner, row), PLK_STATE_DELIVERED);
    assert_int_equal(plk_mail_undelivered(joiner->mail), 1);
    mail_heal(&fresh);
    mail_check_end(&fresh, 0);
    mail_check_end(&fresh, 1);
    mail_pair_free(&fresh);
}

// The acceptance named no ack (or none came): the link says it, or the text is sent as any other.
static void a_blob_that_is_not_acknowledged(void **state) {
    (void)state;
    uint8_t blob[1000];
    struct plk_writer w = plk_writer(blob, sizeof blob);
    struct plk_mail_body body = {.id = {1}, .kind = PLK_BODY_TEXT, .payload = plk_bytes("hello", 5)};
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    uint64_t row;
    assert_int_equal(plk_mail_wrap(alice->mail, &turn, &body, &w, &row), PLK_ERR_OK);
    mail_flush(&pair, alice);
    mail_crash(&pair, alice);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1);
    assert_int_equal(mail_state(alice, row), PLK_STATE_DELIVERED);
}

static void removing_a_contact_leaves_nothing(void **state) {
    (void)state;
    acquaint();
    write_many(ALICE, 20);
    mail_flush(&pair, alice);
    mail_stop(&pair, alice);
    struct plk_batch *batch = plk_batch_new(&alice->mem);
    plk_mail_remove(MAIL_CONTACT, batch);
    toy_apply(&alice->disk, batch);
    plk_batch_free(batch);
    for (size_t t = 0; t < PLK_TABLE_COUNT; t++) assert_int_equal(alice->disk.tables[t].count, 0);
    mail_new(alice);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(offline_then_online),
        STORY(both_write_at_once),
        STORY(nothing_leaves_before_it_is_durable),
        STORY(sent_is_told_only_when_delivery_takes_long),
        STORY(control_messages_come_once_and_in_order),
        STORY(kinds_of_a_later_version_are_kept),
        STORY(the_longest_body_and_one_more),
        STORY(a_reply_names_its_target),
        STORY(a_note_is_sent_to_nobody),
        STORY(cancelling_what_never_left),
        STORY(cancelling_too_late),
        STORY(cancelling_two_on_disk),
        STORY(cancelling_what_is_only_on_disk),
        STORY(a_blob_carries_the_first_text),
        STORY(a_blob_that_is_not_acknowledged),

        STORY(removing_a_contact_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
