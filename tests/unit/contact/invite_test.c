// SPDX-License-Identifier: MIT
// The life of one's own invites.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/people.h"

static struct person alice;
static struct plk_invite invite;
static const uint8_t hash_a[32] = {1}, hash_b[32] = {2};

static int begin(void **state) {
    (void)state;
    person_make(&alice, 1, "Alice");
    plk_invite_make(&invite, 7, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, 1000, &alice.rng);
    return 0;
}

// Written and read again, as over a restart.
static void restart(void) {
    uint8_t key[PLK_INVITE_KEY_LEN], row[PLK_INVITE_ROW_MAX];
    struct plk_writer w = plk_writer(row, sizeof row);
    struct plk_invite before = invite;
    plk_invite_key(key, invite.number);
    plk_invite_encode(&w, &invite);
    assert_false(w.failed);
    memset(&invite, 0xee, sizeof invite);
    assert_int_equal(plk_invite_decode(plk_bytes(key, sizeof key), plk_writer_bytes(&w), &invite), PLK_ERR_OK);
    assert_int_equal(invite.number, before.number);
    assert_int_equal(invite.kind, before.kind);
    assert_int_equal(invite.state, before.state);
    assert_memory_equal(invite.secret, before.secret, 32);
    assert_memory_equal(invite.psk, before.psk, 16);
    assert_memory_equal(invite.device, before.device, 8);
    assert_memory_equal(invite.blob_hash, before.blob_hash, 32);
    assert_true(invite.sequence == before.sequence && invite.expires_ms == before.expires_ms);
    assert_int_equal(invite.contact, before.contact);
    assert_true(invite.relay_only == before.relay_only);
}

static void the_link_stays_the_same(void **state) {
    (void)state;
    char before[PLK_INVITE_LINK_TEXT_MAX], after[PLK_INVITE_LINK_TEXT_MAX];
    size_t before_len, after_len;
    assert_int_equal(plk_invite_text(&invite, &alice.persona, &alice.payload.places, before, &before_len), PLK_ERR_OK);
    restart();
    assert_int_equal(plk_invite_text(&invite, &alice.persona, &alice.payload.places, after, &after_len), PLK_ERR_OK);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    struct plk_places none = {0}, many = {.count = PLK_PLACES_MAX};
    assert_int_equal(plk_invite_text(&invite, &alice.persona, &none, after, &after_len), PLK_ERR_NO_ADDRESS);
    for (uint8_t i = 0; i < PLK_PLACES_MAX; i++) many.at[i] = people_place(i, 9);
    assert_int_equal(plk_invite_text(&invite, &alice.persona, &many, after, &after_len), PLK_ERR_OK);
    struct plk_invite_link link;
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX], session[32], other[32];
    assert_int_equal(plk_invite_link_decode(plk_bytes(after, after_len), raw, &link), PLK_ERR_OK);
    assert_int_equal(link.places.count, PLK_INVITE_PLACES_MAX);
    assert_memory_equal(link.psk, invite.psk, 16);
    plk_invite_session_psk(session, invite.psk);
    plk_invite_session_psk(other, link.psk);
    assert_memory_equal(session, other, 32);
    assert_memory_not_equal(session, invite.psk, 16);
}

static void it_is_used_once(void **state) {
    (void)state;
    assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS), PLK_ERR_OK);
    plk_invite_spend(&invite, hash_a, 3);
    for (int round = 0; round < 2; round++) {
        static const uint8_t zero[32];
        assert_memory_equal(invite.secret, zero, 32);
        assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS), PLK_ERR_REPLAYED);
        assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS + 5000), PLK_ERR_REPLAYED); // it was in time
        assert_int_equal(plk_invite_meet(&invite, hash_b, PEOPLE_NOW_MS), PLK_ERR_USED);
        assert_false(plk_invite_is_over(&invite, PEOPLE_NOW_MS + 5000));
        restart();
    }
    plk_invite_close(&invite);
    restart();
    assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS), PLK_ERR_USED);
    assert_int_equal(plk_invite_meet(&invite, hash_b, PEOPLE_NOW_MS), PLK_ERR_USED);
    assert_false(plk_invite_is_over(&invite, PEOPLE_NOW_MS + 999));
    assert_true(plk_invite_is_over(&invite, PEOPLE_NOW_MS + 1000));
}

static void it_expires(void **state) {
    (void)state;
    assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS + 999), PLK_ERR_OK);
    assert_int_equal(plk_invite_meet(&invite, hash_a, PEOPLE_NOW_MS + 1000), PLK_ERR_EXPIRED);
    assert_true(plk_invite_is_over(&invite, PEOPLE_NOW_MS + 1000));
    plk_invite_close(&invite);
    assert_int_equal(invite.state, PLK_INVITE_OPEN);
    plk_invite_make(&invite, 8, PLK_LINK_KIND_ADDRESS, alice.device, PEOPLE_NOW_MS, UINT64_MAX, &alice.rng);
    assert_true(invite.expires_ms == UINT64_MAX);
    restart();
}

// What remains of a spent invite does not lead back to its prekey.
static void two_invites_share_nothing(void **state) {
    (void)state;
    struct plk_invite other;
    uint8_t a[32], b[32];
    plk_invite_make(&other, 8, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, 1000, &alice.rng);
    plk_invite_prekey(&invite, a);
    plk_invite_prekey(&other, b);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(invite.psk, other.psk, 16);
    assert_memory_not_equal(a, invite.psk, 16);
}

static void a_damaged_row(void **state) {
    (void)state;
    uint8_t key[PLK_INVITE_KEY_LEN], row[PLK_INVITE_ROW_MAX];
    struct plk_invite read, untouched;
    memset(&read, 0xee, sizeof read);
    untouched = read;
    plk_invite_key(key, 7);
    for (int spent = 0; spent < 2; spent++) {
        struct plk_writer w = plk_writer(row, sizeof row);
        plk_invite_encode(&w, &invite);
        for (size_t len = 0; len < w.len; len++) {
            assert_int_equal(plk_invite_decode(plk_bytes(key, 4), plk_bytes(row, len), &read), PLK_ERR_CORRUPT);
        }
        assert_int_equal(plk_invite_decode(plk_bytes(key, 3), plk_writer_bytes(&w), &read), PLK_ERR_CORRUPT);
        for (size_t at = 0; at < 3; at++) {
            uint8_t kept = row[at];
            row[at] = 9;
            assert_int_equal(plk_invite_decode(plk_bytes(key, 4), plk_writer_bytes(&w), &read), PLK_ERR_CORRUPT);
            row[at] = kept;
        }
        assert_memory_equal(&read, &untouched, sizeof read);
        if (spent == 0) plk_invite_spend(&invite, hash_a, 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_link_stays_the_same, begin),
        cmocka_unit_test_setup(it_is_used_once, begin),
        cmocka_unit_test_setup(it_expires, begin),
        cmocka_unit_test_setup(two_invites_share_nothing, begin),
        cmocka_unit_test_setup(a_damaged_row, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
