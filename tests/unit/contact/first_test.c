// SPDX-License-Identifier: MIT
// Alice invites, Bob joins, Mallory is in between.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/joining.h"
#include "contact/record.h"
#include "contact/slot.h"
#include "support/people.h"

static struct plk_mem mem;
static struct person alice, bob, mallory;
static struct plk_invite invite;
static uint8_t bundle_bytes[PLK_BUNDLE_LEN], prekey[32];
static struct plk_buf blob;
static struct plk_first bobs;

static struct plk_bytes bundle(void) { return plk_bytes(bundle_bytes, sizeof bundle_bytes); }

// Bob has read the link and made his blob, with a text.
static int begin(void **state) {
    (void)state;
    mem = people_mem();
    person_make(&alice, 1, "Alice");
    person_make(&bob, 2, "Bob");
    person_make(&mallory, 3, "Mallory");
    bob.payload.envelope_count = 1;
    bob.payload.envelopes[0] = plk_bytes_text("hello");
    plk_invite_make(&invite, 1, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, PLK_INVITE_LIFE_MS, &alice.rng);
    plk_invite_bundle(&invite, &alice.persona, bundle_bytes);
    plk_invite_prekey(&invite, prekey);
    return plk_first_make(&mem, &bob.rng, &bob.persona, invite.psk, bundle(), &bob.payload, &blob, &bobs);
}

static int end(void **state) {
    (void)state;
    plk_buf_free(&mem, &blob);
    return mem.used == 0 ? 0 : -1;
}

static enum plk_err open_as(const struct person *who, struct plk_bytes bytes, struct plk_first_opened *opened) {
    return plk_first_open(&mem, &who->persona, invite.psk, prekey, bundle(), PEOPLE_NOW_MS, bytes, opened);
}

static void refuses(struct plk_bytes bytes, enum plk_err expected) {
    struct plk_first_opened opened, untouched;
    memset(&opened, 0xee, sizeof opened);
    untouched = opened;
    size_t used = mem.used;
    assert_int_equal(open_as(&alice, bytes, &opened), expected);
    assert_memory_equal(&opened, &untouched, sizeof opened);
    assert_int_equal(mem.used, used);
}

static void two_people_meet(void **state) {
    (void)state;
    struct plk_first_opened opened;
    struct plk_buf acceptance = {0}, text = {0};
    struct plk_ratchet_place place;
    struct plk_payload theirs;
    uint8_t hash[32];
    assert_int_equal(open_as(&alice, plk_buf_bytes(&blob), &opened), PLK_ERR_OK);
    assert_memory_equal(opened.peer_id, bob.persona.peer_id, 32);
    assert_memory_equal(&opened.identity, &bob.persona.identity, sizeof opened.identity);
    assert_true(plk_bytes_equal(opened.payload.name, plk_bytes_text("Bob")));
    assert_true(plk_bytes_equal(opened.payload.envelopes[0], plk_bytes_text("hello")));
    assert_memory_equal(opened.first.recovery, bobs.recovery, 32);
    assert_memory_equal(opened.first.link_psk, bobs.link_psk, 32);
    assert_memory_equal(opened.first.line, bobs.line, 8);
    assert_memory_not_equal(bobs.recovery, bobs.link_psk, 32);

    plk_first_hash(hash, plk_buf_bytes(&blob));
    assert_int_equal(
        plk_first_accept(&mem, &alice.rng, &opened.first.ratchet, hash, &alice.payload, &acceptance, &place),
        PLK_ERR_OK);
    assert_int_equal(place.n, 0);
    assert_int_equal(plk_first_read_acceptance(&mem, &bobs.ratchet, hash, PEOPLE_NOW_MS, plk_buf_bytes(&acceptance),
                                               &text, &theirs, &place),
                     PLK_ERR_OK);
    assert_true(plk_bytes_equal(theirs.name, plk_bytes_text("Alice")));
    assert_memory_equal(theirs.link_public, alice.payload.link_public, 32);
    plk_buf_free(&mem, &text);
    plk_buf_free(&mem, &acceptance);
    plk_first_opened_free(&mem, &opened);
}

static void an_acceptance_is_for_one_blob(void **state) {
    (void)state;
    struct plk_first_opened opened;
    struct plk_buf acceptance = {0}, text = {0};
    struct plk_ratchet_place place;
    struct plk_payload theirs;
    struct plk_ratchet before = bobs.ratchet;
    uint8_t hash[32];
    assert_int_equal(open_as(&alice, plk_buf_bytes(&blob), &opened), PLK_ERR_OK);
    plk_first_hash(hash, plk_buf_bytes(&blob));
    assert_int_equal(
        plk_first_accept(&mem, &alice.rng, &opened.first.ratchet, hash, &alice.payload, &acceptance, &place),
        PLK_ERR_OK);
    hash[0] ^= 1;
    assert_int_equal(plk_first_read_acceptance(&mem, &bobs.ratchet, hash, PEOPLE_NOW_MS, plk_buf_bytes(&acceptance),
                                               &text, &theirs, &place),
                     PLK_ERR_FORGED);
    hash[0] ^= 1;
    acceptance.at[acceptance.len - 1] ^= 1;
    assert_int_equal(plk_first_read_acceptance(&mem, &bobs.ratchet, hash, PEOPLE_NOW_MS, plk_buf_bytes(&acceptance),
                                               &text, &theirs, &place),
                     PLK_ERR_FORGED);
    assert_int_equal(plk_first_read_acceptance(&mem, &bobs.ratchet, hash, PEOPLE_NOW_MS, plk_bytes("\x01", 1), &text,
                                               &theirs, &place),
                     PLK_ERR_MALFORMED);
    assert_int_equal(text.len, 0);
    assert_memory_equal(&before, &bobs.ratchet, sizeof before);
    plk_buf_free(&mem, &acceptance);
    plk_first_opened_free(&mem, &opened);
}

static void mallory_changes_or_cuts_the_blob(void **state) {
    (void)state;
    for (size_t i = 0; i < blob.len; i++) {
        blob.at[i] ^= 1;
        struct plk_first_opened opened;
        enum plk_err err = open_as(&alice, plk_buf_bytes(&blob), &opened);
        assert_int_not_equal(err, PLK_ERR_OK);
        if (i >= 69) assert_true(err == PLK_ERR_FORGED || (i < 180 && err != PLK_ERR_SELF)); // behind the head
        blob.at[i] ^= 1;
    }
    for (size_t len = 0; len < blob.len; len++) {
        struct plk_first_opened opened;
        enum plk_err err = open_as(&alice, plk_bytes(blob.at, len), &opened);
        assert_true(err == PLK_ERR_MALFORMED || err == PLK_ERR_FORGED);
    }
    blob.at[0] = 2; // version
    refuses(plk_buf_bytes(&blob), PLK_ERR_MALFORMED);
    blob.at[0] = 1;
    blob.at[1] = 2; // suite
    refuses(plk_buf_bytes(&blob), PLK_ERR_TOO_NEW);
    blob.at[1] = 1;
    blob.at[2] = blob.at[3] = PLK_VERSION_MAX + 1;
    refuses(plk_buf_bytes(&blob), PLK_ERR_TOO_NEW);
    blob.at[2] = blob.at[3] = 1;
    blob.at[2] = 0;
    refuses(plk_buf_bytes(&blob), PLK_ERR_MALFORMED);
    blob.at[2] = 1;
    blob.at[3] = PLK_VERSION_MAX + 1; // claims to speak more than was bound
    refuses(plk_buf_bytes(&blob), PLK_ERR_FORGED);
}

static void mallory_lacks_the_psk_or_the_keys(void **state) {
    (void)state;
    struct plk_first_opened opened;
    struct plk_invite other;
    uint8_t other_bundle[PLK_BUNDLE_LEN];
    // She has seen the bundle but not the link: another psk.
    struct plk_buf forged = {0};
    struct plk_first first;
    uint8_t psk[16] = {1};
    assert_int_equal(
        plk_first_make(&mem, &mallory.rng, &mallory.persona, psk, bundle(), &mallory.payload, &forged, &first),
        PLK_ERR_OK);
    refuses(plk_buf_bytes(&forged), PLK_ERR_FORGED);
    plk_buf_free(&mem, &forged);

    // The blob goes to another invite of Alice's, and to Mallory, who relayed it.
    plk_invite_make(&other, 2, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, PLK_INVITE_LIFE_MS, &alice.rng);
    plk_invite_bundle(&other, &alice.persona, other_bundle);
    assert_int_equal(plk_first_open(&mem, &alice.persona, invite.psk, prekey, plk_bytes(other_bundle, PLK_BUNDLE_LEN),
                                    PEOPLE_NOW_MS, plk_buf_bytes(&blob), &opened),
                     PLK_ERR_FORGED);
    uint8_t other_prekey[32];
    plk_invite_prekey(&other, other_prekey);
    assert_int_equal(plk_first_open(&mem, &alice.persona, invite.psk, other_prekey, bundle(), PEOPLE_NOW_MS,
                                    plk_buf_bytes(&blob), &opened),
                     PLK_ERR_FORGED);
    assert_int_equal(open_as(&mallory, plk_buf_bytes(&blob), &opened), PLK_ERR_FORGED);
}

// She has psk and link, and says she is Bob: his public keys, her DH secret.
static void mallory_cannot_be_bob(void **state) {
    (void)state;
    struct plk_buf forged = {0};
    struct plk_first first;
    struct plk_persona mask = mallory.persona;
    mask.identity = bob.persona.identity;
    assert_int_equal(plk_first_make(&mem, &mallory.rng, &mask, invite.psk, bundle(), &mallory.payload, &forged, &first),
                     PLK_ERR_OK);
    refuses(plk_buf_bytes(&forged), PLK_ERR_FORGED);
    plk_buf_free(&mem, &forged);
}

static void nobody_meets_themselves(void **state) {
    (void)state;
    struct plk_buf own = {0};
    struct plk_first first;
    assert_int_equal(
        plk_first_make(&mem, &alice.rng, &alice.persona, invite.psk, bundle(), &alice.payload, &own, &first),
        PLK_ERR_SELF);
    assert_int_equal(own.len, 0);
    struct plk_persona mask = alice.persona;
    mask.identity.sign[0] ^= 1; // a mask that only fools the joiner's own check
    assert_int_equal(plk_first_make(&mem, &alice.rng, &mask, invite.psk, bundle(), &alice.payload, &own, &first),
                     PLK_ERR_OK);
    plk_buf_free(&mem, &own);
}

static void a_bundle_with_a_bad_key(void **state) {
    (void)state;
    struct plk_buf made = {0};
    struct plk_first first, untouched;
    memset(bundle_bytes + 71, 0, 32); // prekey
    memset(&first, 0xee, sizeof first);
    untouched = first;
    size_t used = mem.used;
    assert_int_equal(plk_first_make(&mem, &bob.rng, &bob.persona, invite.psk, bundle(), &bob.payload, &made, &first),
                     PLK_ERR_FORGED);
    assert_memory_equal(&first, &untouched, sizeof first);
    assert_int_equal(mem.used, used);
    bundle_bytes[0] = 9;
    assert_int_equal(plk_first_make(&mem, &bob.rng, &bob.persona, invite.psk, bundle(), &bob.payload, &made, &first),
                     PLK_ERR_TOO_NEW);
}

static void a_long_text_fits_and_a_longer_does_not(void **state) {
    (void)state;
    static uint8_t text[PLK_PAYLOAD_ENVELOPE_MAX], filler[PLK_PAYLOAD_KEM_MAX];
    struct plk_payload payload = bob.payload;
    struct plk_first first;
    struct plk_first_opened opened;
    struct plk_buf large = {0};
    payload.envelopes[0] = plk_bytes(text, sizeof text);
    assert_int_equal(plk_first_make(&mem, &bob.rng, &bob.persona, invite.psk, bundle(), &payload, &large, &first),
                     PLK_ERR_OK);
    assert_true(large.len <= PLK_FIRST_BLOB_MAX);
    assert_int_equal(open_as(&alice, plk_buf_bytes(&large), &opened), PLK_ERR_OK);
    assert_int_equal(opened.payload.envelopes[0].len, sizeof text);
    plk_first_opened_free(&mem, &opened);
    plk_buf_free(&mem, &large);
    payload.queues = payload.ack = plk_bytes(filler, 1000);
    payload.reset_kem = plk_bytes(filler, sizeof filler);
    assert_int_equal(plk_first_make(&mem, &bob.rng, &bob.persona, invite.psk, bundle(), &payload, &large, &first),
                     PLK_ERR_TOO_LONG);
    assert_int_equal(large.len, 0);
    static uint8_t garbage[PLK_FIRST_BLOB_MAX + 1] = {1, 1, 1, 1};
    refuses(plk_bytes(garbage, sizeof garbage), PLK_ERR_MALFORMED);
}

static void the_same_dice_make_the_same_bytes(void **state) {
    (void)state;
    struct plk_buf once = blob;
    blob = (struct plk_buf){0};
    assert_int_equal(begin(NULL), 0);
    // begin has started a fresh account of memory: give the old blob back to it by hand.
    assert_int_equal(once.len, blob.len);
    assert_memory_equal(once.at, blob.at, blob.len);
    mem.used += 2 * sizeof(size_t) + once.cap;
    plk_buf_free(&mem, &once);
}

static void two_who_open_each_others_links(void **state) {
    (void)state;
    uint8_t named[32], hash[32];
    assert_int_equal(plk_first_names(plk_buf_bytes(&blob), named), PLK_ERR_OK);
    plk_persona_bundle_hash(hash, bundle());
    assert_memory_equal(named, hash, sizeof hash);
    assert_int_equal(plk_first_names(plk_bytes(blob.at, 30), named), PLK_ERR_MALFORMED);
    const uint8_t *a = alice.persona.peer_id, *b = bob.persona.peer_id;
    assert_int_equal(plk_first_decide(a, b, false), PLK_FIRST_ACCEPT);
    assert_int_equal(plk_first_decide(b, a, false), PLK_FIRST_ACCEPT);
    bool a_first = memcmp(a, b, 32) < 0;
    assert_int_equal(plk_first_decide(a, b, true), a_first ? PLK_FIRST_INSIST : PLK_FIRST_ACCEPT_AND_DROP);
    assert_int_equal(plk_first_decide(b, a, true), a_first ? PLK_FIRST_ACCEPT_AND_DROP : PLK_FIRST_INSIST);
}

// ---- what the joiner keeps

static void a_joining_row_comes_back(void **state) {
    (void)state;
    struct plk_joining joining = {.expires_ms = 7, .reset = bob.reset}, read;
    uint8_t row[PLK_JOINING_ROW_MAX], again[PLK_JOINING_ROW_MAX];
    memcpy(joining.psk, invite.psk, 16);
    joining.identity = alice.persona.identity;
    memcpy(joining.recovery, bobs.recovery, 32);
    plk_first_hash(joining.blob_hash, plk_buf_bytes(&blob));
    joining.places.count = PLK_PLACES_MAX;
    for (uint8_t i = 0; i < PLK_PLACES_MAX; i++) {
        joining.places.at[i] = people_place(i, 5);
        joining.places.at[i].addr.family = 6;
    }
    struct plk_writer w = plk_writer(row, sizeof row), w2 = plk_writer(again, sizeof again);
    plk_joining_encode(&w, &joining);
    assert_false(w.failed);
    assert_int_equal(plk_joining_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    plk_joining_encode(&w2, &read);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(plk_joining_decode(plk_bytes(row, len), &read), PLK_ERR_CORRUPT);
    }
}

static void a_joining_row_of_a_known_contact_has_its_ratchet(void **state) {
    (void)state;
    static struct plk_joining joining, read;
    uint8_t row[PLK_JOINING_ROW_MAX], again[PLK_JOINING_ROW_MAX];
    joining = (struct plk_joining){.identity = alice.persona.identity, .reset = bob.reset};
    struct plk_writer w = plk_writer(row, sizeof row), w2 = plk_writer(again, sizeof again);
    plk_joining_encode(&w, &joining);
    size_t without = w.len;
    joining.apart = true;
    joining.ratchet = bobs.ratchet;
    w = plk_writer(row, sizeof row);
    plk_joining_encode(&w, &joining);
    assert_int_equal(plk_joining_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_true(read.apart);
    assert_memory_equal(&read.ratchet, &bobs.ratchet, sizeof bobs.ratchet);
    plk_joining_encode(&w2, &read);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
    for (size_t len = 0; len < w.len; len++) {
        enum plk_err err = plk_joining_decode(plk_bytes(row, len), &read);
        assert_int_equal(err, len == without ? PLK_ERR_OK : PLK_ERR_CORRUPT);
    }
}

// ---- who was a contact before

static void recovery_begins_anew_and_forgets_no_device(void **state) {
    (void)state;
    static const uint8_t first[32] = {1}, second[32] = {2}, third[32] = {3};
    struct plk_recovery recovery = {.lines = 0};
    struct plk_payload theirs = alice.payload;
    bool moved = true;
    plk_recovery_renew(&recovery, &alice.persona.identity, first, &theirs, &moved);
    assert_false(moved);
    assert_int_equal(recovery.lines, 1);
    recovery.seen = recovery.sent = 9;
    theirs.has_reset = false;
    plk_recovery_renew(&recovery, &alice.persona.identity, second, &theirs, &moved);
    assert_false(moved);
    assert_int_equal(recovery.lines, 2);
    assert_int_equal(recovery.refused_count + recovery.reset.number + recovery.seen + recovery.sent, 0);
    assert_memory_equal(recovery.secret, second, 32);
    memset(theirs.device, 7, sizeof theirs.device);
    plk_recovery_renew(&recovery, &alice.persona.identity, third, &theirs, &moved);
    assert_true(moved && plk_recovery_is_refused(&recovery, alice.device));
    assert_memory_equal(recovery.device, theirs.device, PLK_DEVICE_LEN);
    plk_recovery_renew(&recovery, &alice.persona.identity, first, &theirs, &moved);
    assert_true(!moved && plk_recovery_is_refused(&recovery, alice.device));
    assert_int_equal(recovery.lines, 4);
}

static void slots_lie_together(void **state) {
    (void)state;
    uint8_t slot[PLK_SLOT_LEN], generation[PLK_SLOT_GENERATION_LEN];
    plk_slot_make(slot, 0x01020304, PLK_SLOT_BLOB);
    assert_memory_equal(slot, "\x01\x02\x03\x04\x55", sizeof slot);
    plk_slot_generation(generation, 1, 2, 3);
    assert_memory_equal(generation, "\0\0\0\1\x51\0\0\0\2\0\0\0\3", sizeof generation);
}

static void records_come_out_of_a_stream(void **state) {
    (void)state;
    uint8_t stream[64] = {0}, type, why;
    size_t taken;
    uint64_t counter;
    struct plk_bytes content;
    plk_record_head(stream, PLK_RECORD_REFUSED, PLK_RECORD_REFUSED_LEN);
    plk_record_refused_encode(stream + PLK_RECORD_HEAD_LEN, PLK_RECORD_WHY_STALE, 77);
    for (size_t len = 0; len < PLK_RECORD_HEAD_LEN + PLK_RECORD_REFUSED_LEN; len++) {
        assert_int_equal(plk_record_read(plk_bytes(stream, len), &taken, &type, &content), PLK_ERR_OK);
        assert_int_equal(taken, 0);
    }
    assert_int_equal(plk_record_read(plk_bytes(stream, sizeof stream), &taken, &type, &content), PLK_ERR_OK);
    assert_int_equal(taken, PLK_RECORD_HEAD_LEN + PLK_RECORD_REFUSED_LEN);
    assert_int_equal(type, PLK_RECORD_REFUSED);
    assert_int_equal(plk_record_refused_decode(content, &why, &counter), PLK_ERR_OK);
    assert_int_equal(why, PLK_RECORD_WHY_STALE);
    assert_int_equal(counter, 77);
    assert_int_equal(plk_record_refused_decode(plk_bytes(content.at, 8), &why, &counter), PLK_ERR_MALFORMED);
    stream[1] = 0xff;
    assert_int_equal(plk_record_read(plk_bytes(stream, sizeof stream), &taken, &type, &content), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_people_meet, begin, end),
        cmocka_unit_test_setup_teardown(an_acceptance_is_for_one_blob, begin, end),
        cmocka_unit_test_setup_teardown(mallory_changes_or_cuts_the_blob, begin, end),
        cmocka_unit_test_setup_teardown(mallory_lacks_the_psk_or_the_keys, begin, end),
        cmocka_unit_test_setup_teardown(mallory_cannot_be_bob, begin, end),
        cmocka_unit_test_setup_teardown(nobody_meets_themselves, begin, end),
        cmocka_unit_test_setup_teardown(a_bundle_with_a_bad_key, begin, end),
        cmocka_unit_test_setup_teardown(a_long_text_fits_and_a_longer_does_not, begin, end),
        cmocka_unit_test_setup_teardown(the_same_dice_make_the_same_bytes, begin, end),
        cmocka_unit_test_setup_teardown(two_who_open_each_others_links, begin, end),
        cmocka_unit_test_setup_teardown(a_joining_row_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(a_joining_row_of_a_known_contact_has_its_ratchet, begin, end),
        cmocka_unit_test_setup_teardown(recovery_begins_anew_and_forgets_no_device, begin, end),
        cmocka_unit_test(slots_lie_together),
        cmocka_unit_test(records_come_out_of_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
