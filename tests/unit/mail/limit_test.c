// SPDX-License-Identifier: MIT
// Mail as stories of large numbers and of limits: memory is bounded, no call grows with the outbox.
#include "unit/mail/story.h"

static void five_thousand_in_the_outbox(void **state) {
    (void)state;
    write_many(ALICE, 2000);
    mail_flush(&pair, alice);
    size_t used = alice->mem.used;
    write_many(ALICE, 3000);
    mail_flush(&pair, alice);
    assert_true(alice->mem.used < used + 100000); // they are not in memory
    mail_crash(&pair, alice);
    assert_true(alice->mem.used < used + 100000);
    assert_int_equal(plk_mail_undelivered(alice->mail), 5000);
    mail_connect(&pair);
    while (plk_mail_undelivered(alice->mail) > 2500) {
        mail_flush(&pair, alice);
        mail_give_out(&pair, alice);
        mail_carry(&pair, ALICE, 1, 30000);
        mail_flush(&pair, bob);
        mail_give_out(&pair, bob);
        mail_carry(&pair, BOB, 0, SIZE_MAX);
    }
    mail_crash(&pair, alice);
    mail_crash(&pair, bob);
    write_many(ALICE, 10); // behind those that are on disk
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 5010);
    assert_int_equal(pair.rekeys, 1);
}

static void a_page_may_end_between_two_rows_of_a_message(void **state) {
    (void)state;
    static uint8_t text[40000];
    memset(text, 'x', sizeof text);
    mail_connect(&pair);
    write_many(ALICE, PLK_MAIL_PAGE - 1);
    for (int i = 0; i < 4; i++) mail_write(&pair, ALICE, PLK_BODY_TEXT, plk_bytes(text, sizeof text)); // two rows each
    mail_flush(&pair, alice);
    assert_int_equal(alice->disk.tables[PLK_TABLE_outbox].count, PLK_MAIL_PAGE - 1 + 8);
    mail_cut(&pair);
    for (int i = 0; i < 600; i++) mail_text(&pair, ALICE, "small");
    mail_flush(&pair, alice);
    for (int i = 0; i < 3; i++) {
        mail_connect(&pair);
        mail_flush(&pair, alice);
        mail_crash(&pair, alice);
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), PLK_MAIL_PAGE - 1 + 604);
}

static void no_more_than_512_are_encrypted_ahead(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX];
    mail_connect(&pair);
    write_many(ALICE, 700);
    mail_flush(&pair, alice);
    uint64_t before = alice->records;
    mail_give_out(&pair, alice);
    assert_int_equal(alice->records - before, PLK_MAIL_UNACKED_MAX + 1); // and the pulse
    end_well();
    memset(text, 'x', sizeof text);
    mail_connect(&pair);
    for (int i = 0; i < 40; i++) mail_write(&pair, ALICE, PLK_BODY_TEXT, plk_bytes(text, sizeof text));
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    assert_true(alice->out[1].len < PLK_MAIL_UNACKED_BYTES_MAX + PLK_RATCHET_SEALED_MAX);
    end_well();
    assert_int_equal(pair.rekeys, 1);
}

static void one_way_traffic_turns_the_ratchet(void **state) {
    (void)state;
    acquaint();
    uint32_t chain = plk_mail_ratchet(alice->mail)->send_id;
    uint64_t records = bob->records;
    for (int i = 0; i < 100; i++) {
        write_many(ALICE, 30);
        assert_true(mail_run(&pair));
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 3003);
    assert_int_equal(bob->records - records >= 3000 / PLK_MAIL_PULSE_EVERY, true);
    assert_int_equal(bob->records - records <= 3000 / PLK_MAIL_PULSE_EVERY + 1, true);
    assert_true(plk_mail_ratchet(alice->mail)->send_id >= chain + 3000 / PLK_MAIL_PULSE_EVERY - 1);
    assert_int_equal(pair.rekeys, 1);
}

static void a_pulse_on_request(void **state) {
    (void)state;
    acquaint();
    uint64_t records = alice->records;
    plk_mail_pulse(alice->mail);
    assert_true(mail_run(&pair));
    assert_int_equal(alice->records, records + 1);
    plk_mail_pulse(alice->mail);
    mail_text(&pair, ALICE, "this turns it as well");
    assert_true(mail_run(&pair));
    assert_int_equal(alice->records, records + 2);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
}

static void a_chain_that_nobody_hears_ends_in_a_rekey(void **state) {
    (void)state;
    acquaint();
    unsigned count = 0;
    for (; !plk_mail_is_stopped(alice->mail) && count < 2000; count++) {
        plk_mail_pulse(alice->mail);
        mail_flush(&pair, alice);
        mail_give_out(&pair, alice); // Bob takes nothing
        if (count == PLK_RATCHET_SOFT_AHEAD + 20) {
            // Past 800 no new text is encrypted.
            uint64_t records = alice->records;
            mail_text(&pair, ALICE, "later");
            mail_flush(&pair, alice);
            mail_give_out(&pair, alice);
            assert_int_equal(alice->records, records);
        }
    }
    assert_true(plk_mail_is_stopped(alice->mail));
    assert_true(count > PLK_RATCHET_SOFT_AHEAD + 20 && count <= PLK_RATCHET_HARD_AHEAD);
    end_well();
    assert_int_equal(alice->counts.why, PLK_MAIL_WHY_AHEAD);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
}

// A peer that leaves a gap and never fills it.
static void what_is_held_is_bounded(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX];
    memset(text, 'x', sizeof text);
    acquaint();
    size_t used = bob->mem.used;
    mail_text(&pair, ALICE, "this one is missing");
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    alice->out[1].len = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 16; i++) mail_write(&pair, ALICE, PLK_BODY_TEXT, plk_bytes(text, sizeof text));
        mail_flush(&pair, alice);
        mail_give_out(&pair, alice);
        mail_carry(&pair, ALICE, 1, SIZE_MAX);
        mail_flush(&pair, bob);
    }
    // What is held, and the batch that all of one round went into.
    size_t most = PLK_MAIL_HELD_BYTES_MAX + PLK_MAIL_UNACKED_BYTES_MAX + 8 * PLK_RATCHET_SEALED_MAX;
    assert_true(bob->mem.used < used + most);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 68);
}

static void generations_without_end(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        write_many(ALICE, 2);
        mail_flush(&pair, alice);
        mail_connect(&pair);
        mail_flush(&pair, alice);
        mail_key(&pair, i & 1, PLK_MAIL_BEGIN_REKEY);
        if (i % 7 == 6) end_well();
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 40);
    assert_true(alice->disk.tables[PLK_TABLE_ratchet].count <= PLK_MAIL_OLDER_MAX + 1);
    assert_true(alice->disk.tables[PLK_TABLE_link].count <= 1 + PLK_MAIL_GENERATIONS_MAX + PLK_MAIL_STREAMS_MAX);
    mail_wait(&pair, 8 * PLK_DAY);
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    plk_mail_tick(alice->mail, &turn);
    mail_flush(&pair, alice);
    assert_int_equal(alice->disk.tables[PLK_TABLE_ratchet].count, 1); // older ones are readable for 7 days
    mail_crash(&pair, alice);
    write_many(BOB, 3);
    end_well();
}

static void a_rekey_is_wanted_once_an_hour(void **state) {
    (void)state;
    acquaint();
    uint8_t record[PLK_ACKS_LEN_MAX + 1] = {PLK_CONTROL_ACKS};
    struct plk_ack a = {.contiguous = 99};
    struct plk_writer w = plk_writer(record + 1, PLK_ACKS_LEN_MAX);
    memcpy(a.device, alice->device, PLK_DEVICE_LEN);
    memcpy(a.epoch, plk_mail_epoch(alice->mail), PLK_EPOCH_LEN);
    plk_message_acks_encode(&w, &a, 1);
    for (int i = 0; i < 3; i++) mail_take_record(&pair, alice, 0, plk_bytes(record, 1 + w.len));
    assert_int_equal(alice->counts.rekeys, 1);
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    plk_mail_tick(alice->mail, &turn);
    mail_flush(&pair, alice);
    assert_int_equal(alice->counts.rekeys, 1);
    assert_true(plk_mail_deadline(alice->mail, pair.now) <= pair.now.mono_us + PLK_HOUR);
    mail_wait(&pair, PLK_HOUR);
    turn = mail_turn(&pair, alice);
    plk_mail_tick(alice->mail, &turn);
    mail_flush(&pair, alice);
    assert_int_equal(alice->counts.rekeys, 2);
    pair.now.wall_ms -= 30 * UINT64_C(86400000); // a clock that goes back does not silence it
    turn = mail_turn(&pair, alice);
    plk_mail_tick(alice->mail, &turn);
    mail_flush(&pair, alice);
    assert_int_equal(alice->counts.rekeys, 3);
    end_well();
}

// Store operations per message, as mail.h promises.
static void store_operations_are_few(void **state) {
    (void)state;
    acquaint();
    size_t alice_before = alice->disk.writes;
    size_t bob_before = bob->disk.writes;
    for (int i = 0; i < 10; i++) {
        write_many(ALICE, 100);
        assert_true(mail_run(&pair));
    }
    // Per message: message, outbox, patch; and a share of what a batch has once.
    assert_true(alice->disk.writes - alice_before < 3 * 1000 + 400);
    assert_true(bob->disk.writes - bob_before < 1 * 1000 + 400);
    end_well();
}

// ---- damaged rows ---------------------------------------------------------------------------------------------------

static void a_row_that_is_cut_is_noticed(void **state) {
    (void)state;
    static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link};
    acquaint();
    write_many(ALICE, 3);
    mail_flush(&pair, alice);
    mail_stop(&pair, alice);
    for (size_t t = 0; t < 3; t++) {
        struct toy_table *table = &alice->disk.tables[tables[t]];
        for (size_t i = 0; i < table->count; i++) {
            table->rows[i].value.len--;
            assert_int_equal(mail_start(&pair, alice), PLK_ERR_CORRUPT);
            mail_stop(&pair, alice);
            table->rows[i].value.len++;
        }
    }
    assert_int_equal(mail_start(&pair, alice), PLK_ERR_OK);
    end_well();
}

static void a_row_that_is_missing_is_noticed(void **state) {
    (void)state;
    struct toy_disk whole = {.writes = 0};
    acquaint();
    mail_flush(&pair, alice);
    mail_stop(&pair, alice);
    toy_clone(&whole, &alice->disk);
    struct toy_table *ratchets = &alice->disk.tables[PLK_TABLE_ratchet];
    toy_cut(ratchets, 0, 1);
    assert_int_equal(mail_start(&pair, alice), PLK_ERR_CORRUPT);
    mail_stop(&pair, alice);
    for (size_t i = 0; i < 2; i++) { // counters, sending
        toy_clone(&alice->disk, &whole);
        toy_cut(&alice->disk.tables[PLK_TABLE_link], i, i + 1);
        assert_int_equal(mail_start(&pair, alice), PLK_ERR_CORRUPT);
        mail_stop(&pair, alice);
    }
    toy_clone(&alice->disk, &whole);
    assert_int_equal(mail_start(&pair, alice), PLK_ERR_OK);
    end_well();
    toy_clear(&whole);
}

static void rows_of_others_are_ignored(void **state) {
    (void)state;
    uint8_t key[6] = {0, 0, 0, MAIL_CONTACT, 0x10, 1};
    assert_int_equal(plk_mail_load(alice->mail, PLK_TABLE_link, plk_bytes(key, 6), plk_bytes(NULL, 0)), PLK_ERR_OK);
    assert_int_equal(plk_mail_load(alice->mail, PLK_TABLE_blob, plk_bytes(key, 6), plk_bytes(NULL, 0)), PLK_ERR_OK);
    assert_int_equal(plk_mail_load(alice->mail, PLK_TABLE_event, plk_bytes(key, 6), plk_bytes(NULL, 0)), PLK_ERR_OK);
    key[3]++;
    key[4] = 0x40;
    assert_int_equal(plk_mail_load(alice->mail, PLK_TABLE_link, plk_bytes(key, 5), plk_bytes(NULL, 0)), PLK_ERR_OK);
    key[3]--;
    assert_int_equal(plk_mail_load(alice->mail, PLK_TABLE_link, plk_bytes(key, 5), plk_bytes(NULL, 0)),
                     PLK_ERR_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(five_thousand_in_the_outbox),
        STORY(a_page_may_end_between_two_rows_of_a_message),
        STORY(no_more_than_512_are_encrypted_ahead),
        STORY(one_way_traffic_turns_the_ratchet),
        STORY(a_pulse_on_request),
        STORY(a_chain_that_nobody_hears_ends_in_a_rekey),
        STORY(what_is_held_is_bounded),
        STORY(generations_without_end),
        STORY(a_rekey_is_wanted_once_an_hour),
        STORY(store_operations_are_few),
        STORY(a_row_that_is_cut_is_noticed),
        STORY(a_row_that_is_missing_is_noticed),
        STORY(rows_of_others_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
