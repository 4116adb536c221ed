// SPDX-License-Identifier: MIT
// Two contacts who have lost each other's ratchet. The smaller PeerID is found out, not assumed.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/rekey.h"
#include "support/people.h"

// One side: the person, its row about the other, and what a re-key leaves.
struct side {
    struct person person;
    struct plk_recovery recovery;
    struct plk_rekey_pending pending;
    struct plk_rekey_opened opened;
    uint8_t answer[PLK_REKEY_ANSWER_MAX];
    size_t answer_len;
    struct plk_rekey_done done;
};

static struct side alice, bob;

static int begin(void **state) {
    (void)state;
    static const uint8_t secret[32] = {0x5e};
    memset(&alice, 0, sizeof alice);
    memset(&bob, 0, sizeof bob);
    person_make(&alice.person, 1, "Alice");
    person_make(&bob.person, 2, "Bob");
    person_recovery(&alice.person, &bob.person, secret, &alice.recovery);
    person_recovery(&bob.person, &alice.person, secret, &bob.recovery);
    return 0;
}

static void save(struct side *s) {
    uint8_t row[PLK_RECOVERY_ROW_MAX], again[PLK_RECOVERY_ROW_MAX];
    struct plk_writer w = plk_writer(row, sizeof row), w2 = plk_writer(again, sizeof again);
    plk_recovery_encode(&w, &s->recovery);
    assert_false(w.failed);
    assert_int_equal(plk_recovery_decode(plk_writer_bytes(&w), &s->recovery), PLK_ERR_OK);
    plk_recovery_encode(&w2, &s->recovery);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
}

static void save_pending(struct side *s) {
    uint8_t row[PLK_REKEY_PENDING_MAX];
    struct plk_rekey_pending before = s->pending;
    struct plk_writer w = plk_writer(row, sizeof row);
    plk_rekey_pending_encode(&w, &s->pending);
    assert_false(w.failed);
    memset(&s->pending, 0xee, sizeof s->pending);
    assert_int_equal(plk_rekey_pending_decode(plk_writer_bytes(&w), &s->pending), PLK_ERR_OK);
    assert_int_equal(s->pending.request_len, before.request_len);
    assert_memory_equal(s->pending.request, before.request, before.request_len);
    assert_memory_equal(s->pending.ephemeral, before.ephemeral, sizeof before.ephemeral);
    assert_memory_equal(s->pending.link_secret, before.link_secret, 32);
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(plk_rekey_pending_decode(plk_bytes(row, len), &before), PLK_ERR_CORRUPT);
    }
}

static void ask(struct side *s, uint64_t now_ms) {
    struct plk_payload mine = person_plain(&s->person);
    assert_int_equal(plk_rekey_ask(&s->person.persona, &s->recovery, &s->person.rng, now_ms, &mine,
                                   s->person.link_secret, &s->pending),
                     PLK_ERR_OK);
    save(s);
    save_pending(s);
}

static struct plk_bytes request(const struct side *s) { return plk_bytes(s->pending.request, s->pending.request_len); }

static enum plk_err open_request(struct side *s, struct plk_bytes bytes) {
    struct plk_recovery before = s->recovery;
    enum plk_err err = plk_rekey_open(&s->person.persona, &s->recovery, bytes, &s->opened);
    assert_memory_equal(&before, &s->recovery, sizeof before);
    return err;
}

static void answer(struct side *s) {
    struct plk_payload mine = person_plain(&s->person);
    assert_int_equal(
        plk_rekey_answer(&s->recovery, &s->person.rng, &s->opened, &mine, s->answer, &s->answer_len, &s->done),
        PLK_ERR_OK);
    save(s);
}

static enum plk_err finish(struct side *s, const struct side *from) {
    uint8_t text[PLK_REKEY_PAYLOAD_MAX];
    struct plk_payload theirs;
    struct plk_recovery before = s->recovery;
    enum plk_err err = plk_rekey_finish(&s->person.persona, &s->recovery, &s->pending,
                                        plk_bytes(from->answer, from->answer_len), text, &theirs, &s->done);
    if (err != PLK_ERR_OK) assert_memory_equal(&before, &s->recovery, sizeof before);
    if (err == PLK_ERR_OK) {
        save(s);
        assert_memory_equal(theirs.link_public, from->person.payload.link_public, 32);
    }
    return err;
}

// Both hold the same, and can write: who asked writes first.
static void they_understand(struct side *asked, struct side *answered) {
    struct plk_mem mem = people_mem();
    struct plk_skipped skipped;
    struct plk_ratchet_place place;
    struct plk_ratchet_got got;
    uint8_t sealed[100 + 2], text[2];
    assert_memory_equal(asked->done.first.link_psk, answered->done.first.link_psk, 32);
    assert_memory_equal(asked->done.first.line, answered->done.first.line, 8);
    assert_memory_equal(asked->done.first.recovery, asked->recovery.secret, 32);
    assert_memory_equal(answered->done.first.recovery, asked->recovery.secret, 32);
    assert_true(plk_ratchet_can_send(&asked->done.first.ratchet));
    assert_false(plk_ratchet_can_send(&answered->done.first.ratchet));
    plk_skipped_init(&skipped, &mem);
    struct side *from = asked, *to = answered;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(plk_ratchet_encrypt(&from->done.first.ratchet, &from->person.rng, plk_bytes(NULL, 0),
                                             plk_bytes("hi", 2), sealed, &place),
                         PLK_ERR_OK);
        assert_int_equal(plk_ratchet_decrypt(&to->done.first.ratchet, &skipped, 0, plk_bytes(NULL, 0),
                                             plk_bytes(sealed, sizeof sealed), text, &got),
                         PLK_ERR_OK);
        assert_memory_equal(text, "hi", 2);
        from = answered;
        to = asked;
    }
    plk_skipped_free(&skipped);
}

static void rekey(struct side *asks, struct side *answers, uint64_t now_ms) {
    ask(asks, now_ms);
    assert_int_equal(open_request(answers, request(asks)), PLK_ERR_OK);
    answer(answers);
    assert_int_equal(finish(asks, answers), PLK_ERR_OK);
    they_understand(asks, answers);
}

static void with_the_newest_reset_key(void **state) {
    (void)state;
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_int_equal(bob.opened.number, 1);
    assert_false(alice.done.moved || bob.done.moved);
    assert_int_equal(alice.recovery.lines, 2);
    assert_int_equal(bob.recovery.lines, 2);
    struct plk_rekey_done first = alice.done;
    rekey(&bob, &alice, PEOPLE_NOW_MS + 1);
    assert_memory_not_equal(first.first.link_psk, alice.done.first.link_psk, 32);
}

static void with_the_persona_key_when_the_newest_is_lost(void **state) {
    (void)state;
    bob.recovery.reset_count = 0; // from a backup older than the reset key
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_int_equal(bob.opened.number, 0);
    bob.recovery.reset_count = 1;
    bob.recovery.resets[0] = bob.person.reset;
    alice.recovery.reset.number = 0; // only the persona key is known: one variant
    rekey(&alice, &bob, PEOPLE_NOW_MS + 1);
    assert_int_equal(bob.opened.number, 0);
    assert_true(alice.pending.request_len < 800);
}

static void after_reset_keys_were_refreshed(void **state) {
    (void)state;
    struct plk_reset_public made;
    uint8_t body[PLK_RECOVERY_RESET_LEN];
    for (uint32_t i = 2; i < 8; i++) {
        struct plk_writer w = plk_writer(body, sizeof body);
        struct plk_reset_public read;
        plk_recovery_refresh(&bob.recovery, &bob.person.rng, &made);
        save(&bob);
        assert_int_equal(made.number, i);
        plk_recovery_reset_encode(&w, &made);
        for (size_t len = 0; len < w.len; len++) {
            assert_int_equal(plk_recovery_reset_decode(plk_bytes(body, len), &read), PLK_ERR_MALFORMED);
        }
        assert_int_equal(plk_recovery_reset_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
        assert_int_equal(plk_recovery_learn(&alice.recovery, &read), PLK_ERR_OK);
        assert_int_equal(plk_recovery_learn(&alice.recovery, &read), PLK_ERR_STALE);
        if (i == 4) rekey(&alice, &bob, PEOPLE_NOW_MS);
    }
    assert_int_equal(bob.recovery.reset_count, PLK_RECOVERY_RESETS_MAX);
    assert_false(plk_recovery_settle(&bob.recovery, 5)); // one and the one before: all three are kept
    assert_true(plk_recovery_settle(&bob.recovery, 7));
    assert_int_equal(bob.recovery.reset_count, 2);
    assert_false(plk_recovery_settle(&bob.recovery, 7));
    uint8_t secret[32];
    assert_int_equal(plk_recovery_reset_secret(&bob.recovery, &bob.person.persona, 5, secret), PLK_ERR_NOT_FOUND);
    assert_int_equal(plk_recovery_reset_secret(&bob.recovery, &bob.person.persona, 6, secret), PLK_ERR_OK);
    assert_int_equal(plk_recovery_reset_secret(&bob.recovery, &bob.person.persona, 0, secret), PLK_ERR_OK);
    assert_memory_equal(secret, bob.person.persona.dh_secret, 32);
    made.number = 0;
    assert_int_equal(plk_recovery_learn(&alice.recovery, &made), PLK_ERR_INVALID);
    rekey(&alice, &bob, PEOPLE_NOW_MS + 1);
    assert_int_equal(bob.opened.number, 7);
}

static void a_newer_key_that_comes_meanwhile_does_no_harm(void **state) {
    (void)state;
    struct plk_reset_public made;
    ask(&alice, PEOPLE_NOW_MS);
    plk_recovery_refresh(&bob.recovery, &bob.person.rng, &made);
    assert_int_equal(plk_recovery_learn(&alice.recovery, &made), PLK_ERR_OK);
    assert_int_equal(open_request(&bob, request(&alice)), PLK_ERR_OK);
    answer(&bob);
    assert_int_equal(finish(&alice, &bob), PLK_ERR_OK);
    they_understand(&alice, &bob);
}

static void repeats_and_old_requests(void **state) {
    (void)state;
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_int_equal(open_request(&bob, request(&alice)), PLK_ERR_REPLAYED);
    struct side older = alice;
    older.recovery.sent = 0;
    ask(&older, 5); // a clock that was set back
    assert_int_equal(open_request(&bob, request(&older)), PLK_ERR_STALE);
    assert_false(plk_rekey_heard(&older.recovery, UINT64_MAX));
    assert_true(plk_rekey_heard(&older.recovery, bob.recovery.seen));
    ask(&older, 5);
    assert_int_equal(open_request(&bob, request(&older)), PLK_ERR_OK);
    ask(&older, 5); // the counter grows although the clock stands
    assert_true(older.recovery.sent == bob.recovery.seen + 2);
    assert_false(plk_rekey_heard(&older.recovery, UINT64_MAX));
    assert_false(plk_rekey_heard(&older.recovery, older.recovery.sent - 1)); // then there was no reason to refuse
    older.recovery.sent = PLK_RECOVERY_COUNTER_MAX;
    struct plk_payload mine = person_plain(&older.person);
    assert_int_equal(plk_rekey_ask(&older.person.persona, &older.recovery, &older.person.rng, 5, &mine,
                                   older.person.link_secret, &older.pending),
                     PLK_ERR_LIMIT);
}

static void an_answer_is_to_one_request(void **state) {
    (void)state;
    ask(&alice, PEOPLE_NOW_MS);
    assert_int_equal(open_request(&bob, request(&alice)), PLK_ERR_OK);
    answer(&bob);
    ask(&alice, PEOPLE_NOW_MS + 1);
    assert_int_equal(finish(&alice, &bob), PLK_ERR_STALE);
}

static void every_changed_bit_is_noticed(void **state) {
    (void)state;
    ask(&alice, PEOPLE_NOW_MS);
    size_t second = 13 + (alice.pending.request_len - 13) / 2; // where the other variant begins
    for (size_t i = 0; i < alice.pending.request_len; i++) {
        alice.pending.request[i] ^= 1;
        enum plk_err err = open_request(&bob, request(&alice));
        // What only the second variant says is not looked at when the first opens, as long as its front is whole.
        if (err == PLK_ERR_OK) assert_int_equal(bob.opened.number, i < second ? 0 : 1);
        if (i < 13 + 37) assert_int_not_equal(err, PLK_ERR_OK);
        alice.pending.request[i] ^= 1;
    }
    for (size_t len = 0; len < alice.pending.request_len; len++) {
        assert_int_equal(open_request(&bob, plk_bytes(alice.pending.request, len)), PLK_ERR_MALFORMED);
    }
    assert_int_equal(open_request(&bob, request(&alice)), PLK_ERR_OK);
    answer(&bob);
    for (size_t i = 0; i < bob.answer_len; i++) {
        bob.answer[i] ^= 1;
        assert_int_not_equal(finish(&alice, &bob), PLK_ERR_OK);
        bob.answer[i] ^= 1;
    }
    size_t whole = bob.answer_len;
    for (bob.answer_len = 0; bob.answer_len < whole; bob.answer_len++) {
        enum plk_err err = finish(&alice, &bob);
        assert_true(err == PLK_ERR_MALFORMED || err == PLK_ERR_FORGED);
    }
    assert_int_equal(finish(&alice, &bob), PLK_ERR_OK);
}

// On the way, the variant for the newest key is taken out, so that the older key has to do.
static void a_variant_cannot_be_taken_out(void **state) {
    (void)state;
    ask(&alice, PEOPLE_NOW_MS);
    size_t variant = (alice.pending.request_len - 13) / 2;
    memmove(alice.pending.request + 13, alice.pending.request + 13 + variant, variant);
    alice.pending.request_len -= variant;
    alice.pending.request[12] = 1;
    assert_int_equal(open_request(&bob, request(&alice)), PLK_ERR_FORGED);
}

// Mallory has a stolen recovery secret, and no key of Alice's.
static void the_recovery_secret_alone_is_not_enough(void **state) {
    (void)state;
    struct side mallory = alice;
    struct person other;
    person_make(&other, 9, "Mallory");
    mallory.person.persona = other.persona;
    memcpy(mallory.person.persona.peer_id, alice.person.persona.peer_id, 32);
    ask(&mallory, PEOPLE_NOW_MS);
    assert_int_equal(open_request(&bob, request(&mallory)), PLK_ERR_FORGED);

    ask(&alice, PEOPLE_NOW_MS); // and cannot answer in Bob's place
    struct side false_bob = bob;
    false_bob.person.persona = other.persona;
    memcpy(false_bob.person.persona.peer_id, bob.person.persona.peer_id, 32);
    false_bob.recovery.reset_count = 0;
    assert_int_equal(open_request(&false_bob, request(&alice)), PLK_ERR_FORGED);

    struct side stranger = alice; // the keys without the recovery secret
    stranger.recovery.secret[0] ^= 1;
    ask(&stranger, PEOPLE_NOW_MS);
    assert_int_equal(open_request(&bob, request(&stranger)), PLK_ERR_FORGED);
}

static void crossing_requests(void **state) {
    (void)state;
    bool alice_smaller = memcmp(alice.person.persona.peer_id, bob.person.persona.peer_id, 32) < 0;
    struct side *smaller = alice_smaller ? &alice : &bob, *larger = alice_smaller ? &bob : &alice;
    const uint8_t *s = smaller->person.persona.peer_id, *l = larger->person.persona.peer_id;
    ask(smaller, PEOPLE_NOW_MS);
    ask(larger, PEOPLE_NOW_MS);
    assert_int_equal(open_request(smaller, request(larger)), PLK_ERR_OK);
    assert_int_equal(plk_rekey_decide(s, l, true), PLK_REKEY_INSIST);
    assert_int_equal(plk_rekey_decide(s, l, false), PLK_REKEY_ANSWER);
    assert_int_equal(open_request(larger, request(smaller)), PLK_ERR_OK);
    assert_int_equal(plk_rekey_decide(l, s, true), PLK_REKEY_ANSWER_AND_DROP);
    assert_int_equal(plk_rekey_decide(l, s, false), PLK_REKEY_ANSWER);
    answer(larger);
    assert_int_equal(finish(smaller, larger), PLK_ERR_OK);
    they_understand(smaller, larger);
}

// ---- other devices

static void a_restored_profile_moves(void **state) {
    (void)state;
    struct side old = alice;
    plk_persona_device(alice.person.payload.device, &alice.person.rng);
    alice.person.payload.has_replaces = true;
    memcpy(alice.person.payload.replaces, old.person.device, PLK_DEVICE_LEN);
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_true(bob.done.moved);
    assert_memory_equal(bob.recovery.device, alice.person.payload.device, PLK_DEVICE_LEN);
    assert_true(plk_recovery_is_refused(&bob.recovery, old.person.device));
    assert_false(plk_recovery_is_refused(&bob.recovery, alice.person.payload.device));

    ask(&old, PEOPLE_NOW_MS + 1); // the old device comes back
    assert_int_equal(open_request(&bob, request(&old)), PLK_ERR_MOVED);
    ask(&bob, PEOPLE_NOW_MS + 2);
    assert_int_equal(open_request(&old, request(&bob)), PLK_ERR_OK);
    answer(&old);
    assert_int_equal(finish(&bob, &old), PLK_ERR_MOVED);

    rekey(&alice, &bob, PEOPLE_NOW_MS + 3); // the same device again has not moved
    assert_false(bob.done.moved);
    assert_false(
        plk_recovery_is_refused(&bob.recovery, alice.person.payload.device)); // though it names the old one again
    assert_memory_equal(bob.recovery.device, alice.person.payload.device, PLK_DEVICE_LEN);
    rekey(&alice, &bob, PEOPLE_NOW_MS + 4);
    assert_true(plk_recovery_is_refused(&bob.recovery, old.person.device));
}

static void both_sides_are_restored(void **state) {
    (void)state;
    struct side *sides[2] = {&alice, &bob};
    for (size_t i = 0; i < 2; i++) {
        struct plk_payload *p = &sides[i]->person.payload;
        memcpy(p->replaces, p->device, PLK_DEVICE_LEN);
        p->has_replaces = true;
        plk_persona_device(p->device, &sides[i]->person.rng);
        sides[i]->recovery.reset_count = 0;
    }
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_true(alice.done.moved && bob.done.moved);
}

static void devices_in_a_row(void **state) {
    (void)state;
    uint8_t device[PLK_DEVICE_LEN] = {1};
    for (uint8_t i = 0; i < 10; i++) {
        device[0]++;
        plk_recovery_replace(&bob.recovery, device);
        assert_memory_equal(bob.recovery.device, device, sizeof device);
        save(&bob);
    }
    assert_int_equal(bob.recovery.refused_count, PLK_RECOVERY_REFUSED_MAX);
    device[0]--;
    assert_true(plk_recovery_is_refused(&bob.recovery, device));
    bob.recovery.refused_count = 0;
    device[0]--; // a device that replaced one which Bob never met
    plk_persona_device(alice.person.payload.device, &alice.person.rng);
    alice.person.payload.has_replaces = true;
    memcpy(alice.person.payload.replaces, device, sizeof device);
    rekey(&alice, &bob, PEOPLE_NOW_MS);
    assert_true(plk_recovery_is_refused(&bob.recovery, device));
    assert_int_equal(bob.recovery.refused_count, 2);
}

static void requests_that_are_none(void **state) {
    (void)state;
    ask(&alice, PEOPLE_NOW_MS);
    static const struct {
        size_t at;
        uint8_t value;
        enum plk_err err;
    } wrong[] = {{0, 2, PLK_ERR_TOO_NEW},      {0, 0, PLK_ERR_MALFORMED},  {1, 2, PLK_ERR_TOO_NEW},
                 {1, 0, PLK_ERR_MALFORMED},    {2, 0, PLK_ERR_MALFORMED},  {3, 0, PLK_ERR_MALFORMED},
                 {4, 0xff, PLK_ERR_MALFORMED}, {12, 0, PLK_ERR_MALFORMED}, {12, 3, PLK_ERR_MALFORMED},
                 {12, 1, PLK_ERR_MALFORMED}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t bytes[PLK_REKEY_REQUEST_MAX];
        memcpy(bytes, alice.pending.request, alice.pending.request_len);
        bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(open_request(&bob, plk_bytes(bytes, alice.pending.request_len)), wrong[i].err);
    }
    uint8_t row[PLK_RECOVERY_ROW_MAX];
    struct plk_writer w = plk_writer(row, sizeof row);
    plk_recovery_encode(&w, &bob.recovery);
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(plk_recovery_decode(plk_bytes(row, len), &alice.recovery), PLK_ERR_CORRUPT);
    }
    row[113] = PLK_RECOVERY_REFUSED_MAX + 1;
    assert_int_equal(plk_recovery_decode(plk_writer_bytes(&w), &alice.recovery), PLK_ERR_CORRUPT);
    row[113] = 0;
    row[114] = PLK_RECOVERY_RESETS_MAX + 1;
    assert_int_equal(plk_recovery_decode(plk_writer_bytes(&w), &alice.recovery), PLK_ERR_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(with_the_newest_reset_key, begin),
        cmocka_unit_test_setup(with_the_persona_key_when_the_newest_is_lost, begin),
        cmocka_unit_test_setup(after_reset_keys_were_refreshed, begin),
        cmocka_unit_test_setup(a_newer_key_that_comes_meanwhile_does_no_harm, begin),
        cmocka_unit_test_setup(repeats_and_old_requests, begin),
        cmocka_unit_test_setup(an_answer_is_to_one_request, begin),
        cmocka_unit_test_setup(every_changed_bit_is_noticed, begin),
        cmocka_unit_test_setup(a_variant_cannot_be_taken_out, begin),
        cmocka_unit_test_setup(the_recovery_secret_alone_is_not_enough, begin),
        cmocka_unit_test_setup(crossing_requests, begin),
        cmocka_unit_test_setup(a_restored_profile_moves, begin),
        cmocka_unit_test_setup(both_sides_are_restored, begin),
        cmocka_unit_test_setup(devices_in_a_row, begin),
        cmocka_unit_test_setup(requests_that_are_none, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
