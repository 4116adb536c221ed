// SPDX-License-Identifier: MIT
// The ratchet as stories of two people; each hearing also checks what support/talker.h says.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "unit/ratchet/story.h"

// ---- reading

static void alice_writes_bob_reads(void **state) {
    (void)state;
    tells(&alice, &bob, true);
    for (int i = 0; i < 100; i++) tells(&alice, &bob, false);
    assert_int_equal(bob.skipped.count, 0);
    assert_int_equal(bob.mem.used, 0); // in order, nothing is kept
}

static void they_take_turns(void **state) {
    (void)state;
    for (int i = 0; i < 30; i++) {
        round_trip();
        tells(&bob, &alice, false);
        talker_restart(&alice);
        talker_restart(&bob);
    }
    assert_int_equal(alice.ratchet.send_id, 30);
    assert_int_equal(bob.ratchet.recv_id, 30);
}

static void an_empty_and_the_longest_text(void **state) {
    (void)state;
    static uint8_t out[PLK_RATCHET_SEALED_MAX + 1], text[PLK_RATCHET_TEXT_MAX + 1], back[PLK_RATCHET_TEXT_MAX];
    struct plk_ratchet_place place;
    struct plk_ratchet_got got;
    assert_int_equal(
        plk_ratchet_encrypt(&alice.ratchet, &alice.rng, plk_bytes(NULL, 0), plk_bytes(NULL, 0), out, &place),
        PLK_ERR_OK);
    assert_int_equal(plk_ratchet_decrypt(&bob.ratchet, &bob.skipped, 0, plk_bytes(NULL, 0),
                                         plk_bytes(out, PLK_RATCHET_OVERHEAD), NULL, &got),
                     PLK_ERR_OK);
    assert_int_equal(got.text_len, 0);
    memset(text, 'x', sizeof text);
    assert_int_equal(
        plk_ratchet_encrypt(&alice.ratchet, &alice.rng, talker_ad(), plk_bytes(text, sizeof text), out, &place),
        PLK_ERR_TOO_LONG);
    assert_int_equal(
        plk_ratchet_encrypt(&alice.ratchet, &alice.rng, talker_ad(), plk_bytes(text, sizeof text - 1), out, &place),
        PLK_ERR_OK);
    assert_int_equal(place.n, 1);
    assert_int_equal(plk_ratchet_decrypt(&bob.ratchet, &bob.skipped, 0, talker_ad(),
                                         plk_bytes(out, PLK_RATCHET_SEALED_MAX), back, &got),
                     PLK_ERR_OK);
    assert_int_equal(got.text_len, PLK_RATCHET_TEXT_MAX);
    assert_memory_equal(back, text, got.text_len);
}

static void letters_overtake_each_other(void **state) {
    (void)state;
    enum { COUNT = 100 };
    struct post posts[COUNT];
    for (int i = 0; i < COUNT; i++) write_to(&alice, &posts[i]);
    for (int i = 0; i < COUNT; i++) { // 37 and 100 share no factor: every one once
        struct plk_ratchet_got got = reads(&bob, &posts[(i + 1) * 37 % COUNT]);
        assert_int_equal(got.stepped, i == 0);
        if (i % 7 == 0) talker_restart(&bob);
    }
    assert_int_equal(bob.skipped.count, 0);
    assert_int_equal(bob.disk_count, 0);
}

static void some_are_lost_and_one_comes_much_later(void **state) {
    (void)state;
    struct post lost[10], post;
    for (int i = 0; i < 10; i++) {
        write_to(&alice, &lost[i]);
        write_to(&alice, &post);
        reads(&bob, &post);
    }
    assert_int_equal(bob.skipped.count, 10);
    write_to(&alice, &post); // the last of her chain: only the next chain's header tells that it exists
    tells(&bob, &alice, true);
    tells(&alice, &bob, true);
    assert_int_equal(bob.skipped.count, 11);
    talker_restart(&bob);
    assert_true(reads(&bob, &lost[4]).late);
    struct plk_ratchet_got got = reads(&bob, &post);
    assert_true(got.late && !got.stepped);
    assert_int_equal(got.place.n, 20);
    tells(&alice, &bob, false);
    assert_int_equal(bob.skipped.count, 9);
    refuses(&bob, &lost[4], PLK_ERR_SPENT);
}

static void letters_cross(void **state) {
    (void)state;
    round_trip();
    struct post from_alice[3], from_bob[3];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++) write_to(&alice, &from_alice[i]);
        for (int i = 0; i < 3; i++) write_to(&bob, &from_bob[i]);
        for (int i = 2; i >= 0; i--) reads(&alice, &from_bob[i]);
        for (int i = 0; i < 3; i++) reads(&bob, &from_alice[i]);
    }
    assert_int_equal(alice.skipped.count + bob.skipped.count, 0);
}

static void the_first_letter_comes_last(void **state) {
    (void)state;
    struct post first, second;
    write_to(&alice, &first);
    write_to(&alice, &second);
    reads(&bob, &second);
    tells(&bob, &alice, true);
    tells(&alice, &bob, true);
    reads(&bob, &first);
}

// ---- rows

static void a_damaged_row_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) round_trip();
    tells(&alice, &bob, true);
    uint8_t row[PLK_RATCHET_ROW_MAX + 1], again[PLK_RATCHET_ROW_MAX];
    size_t len = plk_ratchet_encode(&bob.ratchet, row);
    struct plk_ratchet r, before;
    memset(&r, 0xee, sizeof r);
    before = r;
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, cut)), PLK_ERR_CORRUPT);
    }
    row[len] = 0;
    assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, len + 1)), PLK_ERR_CORRUPT);
    enum { NUMBERS = 2 + 10 * 32, COUNT = NUMBERS + 7 * 4, OLD = COUNT + 1 };
    // version; turn; peer_has above send_n; recv_id below an old chain; recv_floor above recv_n; too many old
    // chains; one fewer than follow; old chain 0; two in wrong order
    const size_t at[] = {0, 1, NUMBERS + 12, NUMBERS + 19, NUMBERS + 24, COUNT, COUNT, OLD + 3, OLD + 48 + 3};
    const uint8_t with[] = {2, 2, 1, 1, 1, 6, 4, 0, 1};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        uint8_t was = row[at[i]];
        row[at[i]] = with[i];
        assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, len)), PLK_ERR_CORRUPT);
        row[at[i]] = was;
    }
    assert_memory_equal(&r, &before, sizeof r);
    assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, len)), PLK_ERR_OK);
    assert_int_equal(plk_ratchet_encode(&r, again), len);
    assert_memory_equal(row, again, len);
}

static void a_fresh_row_with_numbers_is_refused(void **state) {
    (void)state;
    uint8_t row[PLK_RATCHET_ROW_MAX];
    struct plk_ratchet r;
    size_t len = plk_ratchet_encode(&bob.ratchet, row);
    enum { NUMBERS = 2 + 10 * 32 };
    assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, len)), PLK_ERR_OK);
    for (int number = 1; number < 7; number++) { // each but send_id: messages of no chain, or a chain without an answer
        row[NUMBERS + number * 4 + 3] = 1;
        assert_int_equal(plk_ratchet_decode(&r, plk_bytes(row, len)), PLK_ERR_CORRUPT);
        row[NUMBERS + number * 4 + 3] = 0;
    }
}

static void skipped_rows_of_another_ratchet_are_noticed(void **state) {
    (void)state;
    struct post post;
    uint8_t key[32] = {0}, text[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    tells(&alice, &bob, true);
    write_to(&alice, &post);
    plk_skipped_add(&bob.skipped, 1, 1, 0, key); // a number that is still to come
    assert_int_equal(plk_ratchet_decrypt(&bob.ratchet, &bob.skipped, 0, talker_ad(), sealed(&post), text, &got),
                     PLK_ERR_CORRUPT);
    plk_skipped_free(&bob.skipped);
    reads(&bob, &post);
}

static void a_row_with_a_bad_key_does_not_send(void **state) {
    (void)state;
    struct post post;
    memset(alice.ratchet.their_public, 0, 32);
    struct plk_ratchet before = alice.ratchet;
    assert_int_equal(talker_write(&alice, talker_ad(), &post.letter), PLK_ERR_CORRUPT);
    assert_memory_equal(&before, &alice.ratchet, sizeof before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(alice_writes_bob_reads),
        STORY(they_take_turns),
        STORY(an_empty_and_the_longest_text),
        STORY(letters_overtake_each_other),
        STORY(some_are_lost_and_one_comes_much_later),
        STORY(letters_cross),
        STORY(the_first_letter_comes_last),
        STORY(a_damaged_row_is_refused),
        STORY(a_fresh_row_with_numbers_is_refused),
        STORY(skipped_rows_of_another_ratchet_are_noticed),
        STORY(a_row_with_a_bad_key_does_not_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
