// SPDX-License-Identifier: MIT
// Mail as stories of crashes, copies, gaps and damaged keys: what the write-ahead rule of DESIGN 3.4 is for.
#include "unit/mail/story.h"

#include "ratchet/seen.h"

// ---- crashes --------------------------------------------------------------------------------------------------------

// One small conversation, in steps between which either process can die.
static void first_steps(unsigned step) {
    switch (step) {
    case 0:
        mail_text(&pair, ALICE, "one");
        break;
    case 1:
        mail_close(&pair, alice);
        break;
    case 2:
        mail_connect(&pair);
        break;
    case 3:
        mail_close(&pair, alice);
        break;
    case 4:
        mail_store(&pair, alice, 1);
        break;
    case 5:
        mail_store(&pair, alice, 8);
        break;
    case 6:
        mail_give_out(&pair, alice);
        break;
    case 7:
        mail_carry(&pair, ALICE, 1, SIZE_MAX);
        break;
    case 8:
        mail_text(&pair, BOB, "two");
        break;
    default:
        mail_close(&pair, bob);
        break;
    }
}

static void last_steps(unsigned step) {
    switch (step) {
    case 10:
        mail_store(&pair, bob, 8);
        break;
    case 11:
        mail_give_out(&pair, bob);
        break;
    case 12:
        mail_carry(&pair, BOB, 1, SIZE_MAX);
        break;
    case 13:
        mail_carry(&pair, BOB, 0, SIZE_MAX);
        break;
    case 14:
        mail_close(&pair, alice);
        break;
    case 15:
        mail_store(&pair, alice, 8);
        break;
    case 16:
        mail_give_out(&pair, alice);
        break;
    case 17:
        mail_carry(&pair, ALICE, 0, SIZE_MAX);
        break;
    default:
        mail_flush(&pair, bob);
        break;
    }
}

static bool do_step(unsigned step) {
    if (step > 18) return false;
    if (step < 10) {
        first_steps(step);
    } else {
        last_steps(step);
    }
    mail_check_now(&pair, ALICE);
    mail_check_now(&pair, BOB);
    return true;
}

static void crash_before_stored_at_every_step(void **state) {
    (void)state;
    for (unsigned crash = 0; crash <= 19; crash++) {
        for (int who = 0; who < 3; who++) {
            mail_pair_free(&pair);
            mail_pair_init(&pair);
            for (unsigned step = 0; step < crash; step++) do_step(step);
            if (who != BOB) mail_crash(&pair, alice);
            if (who != ALICE) mail_crash(&pair, bob);
            mail_check_now(&pair, ALICE);
            mail_check_now(&pair, BOB);
            for (unsigned step = 0; do_step(step); step++) continue;
            end_well();
            assert_int_equal(pair.rekeys, 1); // no crash costs a ratchet
        }
    }
}

static void what_was_not_durable_was_never_said(void **state) {
    (void)state;
    acquaint();
    mail_text(&pair, ALICE, "lost with the process");
    mail_crash(&pair, alice);
    assert_int_equal(mail_count(&alice->disk, PLK_OUT), 3);
    uint64_t row = mail_text(&pair, ALICE, "its number is free again");
    end_well();
    assert_int_equal(mail_state(alice, row), PLK_STATE_DELIVERED);
    assert_int_equal(pair.rekeys, 1);
}

static void crashes_in_the_middle_of_thousands(void **state) {
    (void)state;
    uint64_t random = 1;
    for (unsigned i = 0; i < 60; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        write_many((random >> 33) & 1 ? ALICE : BOB, 20);
        mail_connect(&pair);
        mail_flush(&pair, alice);
        mail_give_out(&pair, alice);
        mail_carry(&pair, ALICE, 1, (random >> 40) % 4000);
        mail_flush(&pair, bob);
        mail_give_out(&pair, bob);
        mail_carry(&pair, BOB, (random >> 34) & 1, (random >> 50) % 3000);
        mail_crash(&pair, &pair.side[(random >> 35) & 1]);
    }
    end_well();
    assert_int_equal(mail_count(&alice->disk, PLK_OUT) + mail_count(&bob->disk, PLK_OUT) > 600, true);
    assert_int_equal(pair.rekeys, 1);
}

// ---- the identical bytes --------------------------------------------------------------------------------------------

static struct plk_bytes what_alice_sends(void) {
    mail_flush(&pair, alice);
    mail_connect(&pair);
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    return toy_copy(plk_buf_bytes(&alice->out[1]));
}

static void let_go(struct plk_bytes bytes) { free((void *)(uintptr_t)bytes.at); }

static void a_retry_repeats_the_identical_bytes(void **state) {
    (void)state;
    acquaint();
    mail_cut(&pair);
    mail_text(&pair, ALICE, "again and again");
    struct plk_bytes first = what_alice_sends();
    assert_true(first.len > 100);
    for (int i = 0; i < 3; i++) {
        if (i == 1) mail_crash(&pair, alice);
        struct plk_bytes next = what_alice_sends();
        assert_true(plk_bytes_equal(first, next));
        let_go(next);
    }
    let_go(first);
    end_well();
}

static void a_copy_is_acknowledged_again(void **state) {
    (void)state;
    acquaint();
    mail_cut(&pair);
    mail_text(&pair, ALICE, "twice");
    struct plk_bytes bytes = what_alice_sends();
    mail_carry(&pair, ALICE, 1, SIZE_MAX);
    mail_flush(&pair, bob);
    mail_give_out(&pair, bob);
    bob->out[0].len = 0; // the ack is lost
    mail_connect(&pair);
    assert_true(mail_run(&pair));
    assert_int_equal(alice->counts.delivered, 4);
    plk_message_feed_push(&bob->in[1], bytes);
    struct plk_bytes record;
    assert_int_equal(plk_message_feed_next(&bob->in[1], &record), PLK_ERR_OK);
    assert_int_equal(mail_take_record(&pair, bob, 1, record), PLK_ERR_REPLAYED);
    mail_flush(&pair, bob);
    mail_give_out(&pair, bob);
    assert_true(bob->out[0].len > 0);
    let_go(bytes);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
}

// ---- unreadable -----------------------------------------------------------------------------------------------------

static size_t record_at(struct plk_bytes bytes, unsigned index, struct plk_bytes *record) {
    struct plk_reader r = plk_reader(bytes);
    for (unsigned i = 0; i <= index; i++) *record = plk_reader_sized(&r, PLK_CIPHERTEXT_RECORD_MAX);
    assert_false(r.failed);
    return bytes.len - r.left;
}

// Bob says that he cannot read the first ciphertext that is on its way, and it is gone.
static void cannot_read_the_first(void) {
    uint8_t report[1 + PLK_MESSAGE_HASH_LEN] = {PLK_CONTROL_UNREADABLE};
    struct plk_bytes record;
    mail_flush(&pair, alice);
    mail_give_out(&pair, alice);
    size_t len = record_at(plk_buf_bytes(&alice->out[1]), 0, &record);
    plk_seen_hash(report + 1, record);
    plk_buf_drop_front(&alice->out[1], len);
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(report, sizeof report)), PLK_ERR_OK);
}

static void unreadable_is_encrypted_again(void **state) {
    (void)state;
    acquaint();
    write_many(ALICE, 3);
    cannot_read_the_first();
    assert_true(mail_run(&pair));
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 6);
    assert_int_equal(alice->counts.delivered, 6);
    end_well();
    assert_int_equal(pair.rekeys, 1);
}

static void unreadable_and_a_crash(void **state) {
    (void)state;
    acquaint();
    write_many(ALICE, 3);
    cannot_read_the_first();
    mail_crash(&pair, alice); // before the new ciphertext was durable: the old one is repeated
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 6);
    assert_int_equal(pair.rekeys, 1);
}

static void unreadable_twice_asks_for_a_rekey(void **state) {
    (void)state;
    acquaint();
    mail_text(&pair, ALICE, "cannot be read");
    cannot_read_the_first();
    assert_false(plk_mail_is_stopped(alice->mail));
    cannot_read_the_first();
    assert_int_equal(alice->counts.rekeys, 1);
    assert_int_equal(alice->counts.why, PLK_MAIL_WHY_UNREADABLE);
    assert_true(plk_mail_is_stopped(alice->mail));
    mail_flush(&pair, alice);
    mail_crash(&pair, alice);
    assert_true(plk_mail_is_stopped(alice->mail)); // it is not forgotten
    end_well();
    assert_int_equal(pair.rekeys, 2);
    assert_false(plk_mail_is_stopped(alice->mail));
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
}

static void unreadable_too_often_asks_for_a_rekey(void **state) {
    (void)state;
    acquaint();
    write_many(ALICE, PLK_MAIL_UNREADABLE_MAX + 1);
    for (unsigned i = 0; i <= PLK_MAIL_UNREADABLE_MAX; i++) {
        assert_false(plk_mail_is_stopped(alice->mail));
        cannot_read_the_first();
    }
    assert_true(plk_mail_is_stopped(alice->mail));
    end_well();
}

static void forged_bytes_are_reported(void **state) {
    (void)state;
    uint8_t bytes[300] = {1, 0, 80};
    uint8_t hash[PLK_MESSAGE_HASH_LEN];
    struct plk_bytes record;
    acquaint();
    assert_int_equal(mail_take_record(&pair, bob, 1, plk_bytes(bytes, 50)), PLK_ERR_MALFORMED);
    assert_int_not_equal(mail_take_record(&pair, bob, 1, plk_bytes(bytes, sizeof bytes)), PLK_ERR_OK);
    assert_int_not_equal(mail_take_record(&pair, bob, 1, plk_bytes(bytes, sizeof bytes)), PLK_ERR_OK);
    assert_int_equal(plk_batch_count(bob->open), 0);
    plk_seen_hash(hash, plk_bytes(bytes, sizeof bytes));
    assert_true(plk_mail_next_control(bob->mail, bob->durable_n, &record));
    assert_int_equal(record.len, 2 + sizeof hash);
    assert_int_equal(record.at[1], PLK_CONTROL_UNREADABLE);
    assert_memory_equal(record.at + 2, hash, sizeof hash);
    assert_false(plk_mail_next_control(bob->mail, bob->durable_n, &record)); // said once
    end_well();
}

static void a_report_of_nothing_known_has_no_effect(void **state) {
    (void)state;
    uint8_t record[1 + PLK_MESSAGE_HASH_LEN] = {PLK_CONTROL_UNREADABLE, 1, 2, 3};
    acquaint();
    mail_text(&pair, ALICE, "fine");
    mail_flush(&pair, alice);
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, sizeof record)), PLK_ERR_OK);
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, 5)), PLK_ERR_MALFORMED);
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, 0)), PLK_ERR_MALFORMED);
    record[0] = PLK_CONTROL_NODE;
    assert_int_equal(mail_take_record(&pair, alice, 0, plk_bytes(record, sizeof record)), PLK_ERR_UNSUPPORTED);
    assert_int_equal(plk_batch_count(alice->open), 0);
    end_well();
    assert_int_equal(pair.rekeys, 1);
}

// ---- gaps -----------------------------------------------------------------------------------------------------------

static void gaps_are_held_and_filled_in_order(void **state) {
    (void)state;
    static const unsigned order[] = {4, 2, 7, 0, 1, 6, 3, 5};
    struct plk_bytes record;
    acquaint();
    mail_cut(&pair);
    write_many(ALICE, 8);
    struct plk_bytes bytes = what_alice_sends();
    alice->out[1].len = 0;
    for (unsigned i = 0; i < 8; i++) {
        record_at(bytes, order[i], &record);
        assert_int_equal(mail_take_record(&pair, bob, 1, record), PLK_ERR_OK);
        mail_flush(&pair, bob);
        if (i == 3) assert_int_equal(mail_count(&bob->disk, PLK_IN), 4);
        if (i % 3 == 2) {
            mail_crash(&pair, bob);
            mail_connect(&pair);
            alice->out[1].len = 0;
        }
    }
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 11);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, 0);
    let_go(bytes);
    end_well();
}

static void what_the_peer_holds_is_not_repeated(void **state) {
    (void)state;
    struct plk_bytes record;
    acquaint();
    mail_cut(&pair);
    write_many(ALICE, 6);
    struct plk_bytes bytes = what_alice_sends();
    for (unsigned i = 2; i < 6; i++) {
        record_at(bytes, i, &record);
        mail_take_record(&pair, bob, 1, record);
    }
    mail_flush(&pair, bob);
    assert_int_equal(alice->counts.delivered, 3);
    mail_connect(&pair);
    mail_give_out(&pair, bob);
    mail_carry(&pair, BOB, 0, SIZE_MAX);
    assert_int_equal(alice->counts.delivered, 3); // held is not delivered
    uint64_t before = alice->records;
    assert_true(mail_run(&pair));
    assert_int_equal(alice->records - before, 2);
    assert_int_equal(alice->counts.delivered, 9);
    let_go(bytes);
    end_well();
}

static void the_same_inputs_give_the_same_bytes(void **state) {
    (void)state;
    uint8_t first[PLK_HASH_LEN], second[PLK_HASH_LEN];
    for (int i = 0; i < 2; i++) {
        mail_pair_free(&pair);
        mail_pair_init(&pair);
        acquaint();
        mail_text(&pair, ALICE, "the same");
        mail_text(&pair, BOB, "the same");
        mail_flush(&pair, alice);
        mail_flush(&pair, bob);
        mail_give_out(&pair, alice);
        mail_give_out(&pair, bob);
        struct plk_bytes parts[] = {plk_buf_bytes(&alice->out[0]), plk_buf_bytes(&alice->out[1]),
                                    plk_buf_bytes(&bob->out[0]), plk_buf_bytes(&bob->out[1])};
        plk_hash(i == 0 ? first : second, parts, 4);
    }
    assert_memory_equal(first, second, sizeof first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(crash_before_stored_at_every_step),
        STORY(what_was_not_durable_was_never_said),
        STORY(crashes_in_the_middle_of_thousands),
        STORY(a_retry_repeats_the_identical_bytes),
        STORY(a_copy_is_acknowledged_again),
        STORY(unreadable_is_encrypted_again),
        STORY(unreadable_and_a_crash),
        STORY(unreadable_twice_asks_for_a_rekey),
        STORY(unreadable_too_often_asks_for_a_rekey),
        STORY(forged_bytes_are_reported),
        STORY(a_report_of_nothing_known_has_no_effect),
        STORY(gaps_are_held_and_filled_in_order),
        STORY(what_the_peer_holds_is_not_repeated),
        STORY(the_same_inputs_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
