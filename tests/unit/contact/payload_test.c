// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/profile.h"
#include "support/people.h"
#include "wire/tlv.h"

static uint8_t bytes[PLK_PAYLOAD_MAX + 4096], again[PLK_PAYLOAD_MAX + 4096];
static struct person alice;

static struct plk_bytes encode(uint8_t *out, const struct plk_payload *payload) {
    struct plk_writer w = plk_writer(out, sizeof bytes);
    plk_payload_encode(&w, payload);
    return plk_writer_bytes(&w);
}

static struct plk_payload full(void) {
    static uint8_t filler[PLK_PAYLOAD_ENVELOPE_MAX] = {1};
    struct plk_payload p = alice.payload;
    p.about = plk_bytes_text("Sails.\nReads.");
    p.queues = plk_bytes(filler, 100);
    p.envelope_count = 2;
    p.envelopes[0] = plk_bytes(filler, 5);
    p.envelopes[1] = plk_bytes(filler, 60000);
    p.ack = plk_bytes(filler, 40);
    p.reset_kem = plk_bytes(filler, PLK_PAYLOAD_KEM_MAX);
    p.has_replaces = true;
    memset(p.replaces, 9, sizeof p.replaces);
    p.continues = true;
    p.order = UINT64_C(1) << 62;
    return p;
}

static void a_full_one_comes_back(void **state) {
    (void)state;
    struct plk_payload p = full(), read;
    struct plk_bytes first = encode(bytes, &p);
    assert_int_equal(plk_payload_decode(first, &read), PLK_ERR_OK);
    assert_true(plk_bytes_equal(read.about, p.about));
    assert_int_equal(read.envelope_count, 2);
    assert_int_equal(read.envelopes[1].len, 60000);
    assert_memory_equal(read.replaces, p.replaces, sizeof p.replaces);
    assert_int_equal(read.incarnation, p.incarnation);
    assert_int_equal(read.reset.number, 1);
    assert_true(read.continues && read.order == p.order);
    assert_true(plk_bytes_equal(encode(again, &read), first));
}

static void a_bare_one_comes_back(void **state) {
    (void)state;
    struct plk_payload p = {0}, read;
    p.device[0] = p.epoch[0] = 1;
    struct plk_bytes first = encode(bytes, &p);
    assert_int_equal(plk_payload_decode(first, &read), PLK_ERR_OK);
    assert_false(read.has_reset || read.has_replaces || read.continues || read.order != 0);
    assert_int_equal(read.name.len + read.about.len + read.places.count + read.envelope_count + read.ack.len, 0);
}

static void odd_addresses_are_left_out(void **state) {
    (void)state;
    struct plk_payload p = alice.payload, read;
    p.places.count = PLK_PLACES_MAX;
    for (uint8_t i = 0; i < PLK_PLACES_MAX; i++) p.places.at[i] = people_place(i, i % 2);
    assert_int_equal(plk_payload_decode(encode(bytes, &p), &read), PLK_ERR_OK);
    assert_int_equal(read.places.count, PLK_PLACES_MAX / 2);
    assert_int_equal(read.places.at[0].addr.ip[3], 1);
    p.places.count = 1; // none is left
    assert_int_equal(plk_payload_decode(encode(bytes, &p), &read), PLK_ERR_OK);
    assert_int_equal(read.places.count, 0);
}

static void what_everyone_must_say(void **state) {
    (void)state;
    static const uint8_t eight[32] = {1};
    for (unsigned missing = 2; missing <= 5; missing++) {
        struct plk_writer w = plk_writer(bytes, sizeof bytes);
        struct plk_payload read;
        if (missing != 3) plk_tlv_put(&w, 3, plk_bytes(eight, 8));
        if (missing != 4) plk_tlv_put(&w, 4, plk_bytes(eight, 8));
        if (missing != 5) plk_tlv_put(&w, 5, plk_bytes(eight, 32));
        plk_tlv_put(&w, 1000, plk_bytes(eight, 9)); // of a later version
        assert_int_equal(plk_payload_decode(plk_writer_bytes(&w), &read),
                         missing == 2 ? PLK_ERR_OK : PLK_ERR_MALFORMED);
    }
}

// A bare payload with one more entry.
static enum plk_err with(uint64_t type, const void *value, size_t len) {
    static const uint8_t eight[32] = {1};
    struct plk_payload read, untouched;
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    if (type < 3) plk_tlv_put(&w, type, plk_bytes(value, len));
    plk_tlv_put(&w, 3, type == 3 ? plk_bytes(value, len) : plk_bytes(eight, 8));
    plk_tlv_put(&w, 4, type == 4 ? plk_bytes(value, len) : plk_bytes(eight, 8));
    plk_tlv_put(&w, 5, type == 5 ? plk_bytes(value, len) : plk_bytes(eight, 32));
    if (type > 5) plk_tlv_put(&w, type, plk_bytes(value, len));
    assert_false(w.failed);
    memset(&read, 0xee, sizeof read);
    untouched = read;
    enum plk_err err = plk_payload_decode(plk_writer_bytes(&w), &read);
    if (err != PLK_ERR_OK) assert_memory_equal(&read, &untouched, sizeof read);
    return err;
}

static void what_nobody_says(void **state) {
    (void)state;
    static const uint8_t zero[PLK_PAYLOAD_MAX];
    static const uint8_t reset[38] = {0, 0, 0, 1, 5};
    static uint8_t envelopes[PLK_PAYLOAD_ENVELOPES_MAX * 2 + 2];
    for (size_t i = 0; i < sizeof envelopes; i++) envelopes[i] = 1;
    assert_int_equal(with(1, "Bob", 3), PLK_ERR_OK);
    assert_int_equal(with(1, "", 0), PLK_ERR_MALFORMED);
    assert_int_equal(with(1, " Bob", 4), PLK_ERR_MALFORMED);
    assert_int_equal(with(2, "", 0), PLK_ERR_MALFORMED);
    assert_int_equal(with(2, "\xff", 1), PLK_ERR_MALFORMED);
    assert_int_equal(with(3, zero, 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(3, reset, 7), PLK_ERR_MALFORMED);
    assert_int_equal(with(4, zero, 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(5, zero, 33), PLK_ERR_MALFORMED);
    assert_int_equal(with(6, zero, 1), PLK_ERR_MALFORMED); // no places: left out
    assert_int_equal(with(7, reset, 37), PLK_ERR_OK);
    assert_int_equal(with(7, reset, 36), PLK_ERR_MALFORMED);
    assert_int_equal(with(7, reset, 38), PLK_ERR_MALFORMED);
    assert_int_equal(with(7, zero, 37), PLK_ERR_MALFORMED); // number 0 is the persona key
    assert_int_equal(with(8, zero, PLK_PAYLOAD_QUEUES_MAX), PLK_ERR_OK);
    assert_int_equal(with(8, zero, PLK_PAYLOAD_QUEUES_MAX + 1), PLK_ERR_MALFORMED);
    assert_int_equal(with(9, envelopes, 16), PLK_ERR_OK);
    assert_int_equal(with(9, envelopes, 18), PLK_ERR_MALFORMED); // nine
    assert_int_equal(with(9, envelopes, 15), PLK_ERR_MALFORMED); // cut
    assert_int_equal(with(9, zero, 1), PLK_ERR_MALFORMED);       // an empty one
    assert_int_equal(with(9, "", 0), PLK_ERR_MALFORMED);
    assert_int_equal(with(10, zero, PLK_PAYLOAD_ACK_MAX + 1), PLK_ERR_MALFORMED);
    assert_int_equal(with(11, zero, 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(12, zero, 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(12, reset, 8), PLK_ERR_OK);
    assert_int_equal(with(13, "\1", 1), PLK_ERR_OK);
    assert_int_equal(with(13, "\1\1", 2), PLK_ERR_MALFORMED);
    assert_int_equal(with(13, zero, 1), PLK_ERR_MALFORMED); // it is left out instead
    assert_int_equal(with(13, "", 0), PLK_ERR_MALFORMED);
    assert_int_equal(with(14, zero, 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(14, "\x40\0\0\0\0\0\0", 8), PLK_ERR_OK);
    assert_int_equal(with(14, "\x40\0\0\0\0\0\0\1", 8), PLK_ERR_MALFORMED);
    assert_int_equal(with(15, zero, 99), PLK_ERR_OK);
    assert_int_equal(with(15, zero, PLK_PAYLOAD_MAX), PLK_ERR_MALFORMED);
}

// ---- what is told to contacts later: the profile

static void a_profile_row_comes_back(void **state) {
    (void)state;
    struct plk_profile profile, read;
    struct plk_writer w = plk_writer(bytes, PLK_PROFILE_ROW_MAX), w2 = plk_writer(again, PLK_PROFILE_ROW_MAX);
    assert_int_equal(plk_profile_make(&profile, NULL, plk_bytes_text("Alice"), 5, &alice.rng), PLK_ERR_OK);
    char about[PLK_ABOUT_MAX];
    memset(about, 'a', sizeof about);
    assert_int_equal(plk_profile_rename(&profile, plk_bytes(NULL, 0), plk_bytes(about, sizeof about)), PLK_ERR_OK);
    plk_profile_encode(&w, &profile);
    assert_int_equal(plk_profile_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    plk_profile_encode(&w2, &read);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
    assert_true(plk_bytes_equal(plk_profile_name(&read), plk_bytes_text("Alice")));
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(plk_profile_decode(plk_bytes(bytes, len), &read), PLK_ERR_CORRUPT);
    }
    bytes[0]++;
    assert_int_equal(plk_profile_decode(plk_writer_bytes(&w), &read), PLK_ERR_CORRUPT);
}

static void a_profile_is_made_and_renamed(void **state) {
    (void)state;
    struct plk_profile profile = {0}, untouched = {0};
    uint8_t seed[32] = {7};
    assert_int_equal(plk_profile_make(&profile, seed, plk_bytes(NULL, 0), 5, &alice.rng), PLK_ERR_EMPTY);
    assert_int_equal(plk_profile_make(&profile, seed, plk_bytes_text(" "), 5, &alice.rng), PLK_ERR_INVALID);
    assert_memory_equal(&profile, &untouched, sizeof profile);
    assert_int_equal(plk_profile_make(&profile, seed, plk_bytes_text("Al"), 5, &alice.rng), PLK_ERR_OK);
    assert_memory_equal(profile.seed, seed, 32);
    untouched = profile;
    assert_int_equal(plk_profile_rename(&profile, plk_bytes_text("Ok"), plk_bytes_text("\x01")), PLK_ERR_INVALID);
    assert_memory_equal(&profile, &untouched, sizeof profile);
    assert_int_equal(plk_profile_rename(&profile, plk_bytes_text("Alice"), plk_bytes_text("")), PLK_ERR_OK);
    assert_int_equal(profile.name_len, 5);

    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    struct plk_profile_body body = {.name = plk_bytes_text("Alice"), .about = plk_bytes_text("x")}, read;
    plk_profile_body_encode(&w, &body);
    assert_int_equal(plk_profile_body_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_true(plk_bytes_equal(read.name, body.name) && plk_bytes_equal(read.about, body.about) &&
                read.avatar.len == 0);
    assert_int_equal(plk_profile_body_decode(plk_bytes(bytes, w.len - 1), &read), PLK_ERR_MALFORMED);
    assert_int_equal(plk_profile_body_decode(plk_bytes("\0\0\0", 3), &read), PLK_ERR_MALFORMED);
    assert_int_equal(plk_profile_body_decode(plk_bytes("\x01\n\0\0", 4), &read), PLK_ERR_MALFORMED);

    // A picture: no GIF, nothing that is none, and not more than there may be.
    static uint8_t large[PLK_PROFILE_BODY_MAX], gif[] = "GIF89a\x01\0\x01\0", png[PLK_AVATAR_MAX + 1];
    memcpy(png, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40", 24);
    body.avatar = plk_bytes(png, PLK_AVATAR_MAX);
    w = plk_writer(large, sizeof large);
    plk_profile_body_encode(&w, &body);
    assert_int_equal(plk_profile_body_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_true(plk_bytes_equal(read.avatar, body.avatar));
    assert_int_equal(plk_profile_check_avatar(plk_bytes(png, sizeof png)), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_profile_check_avatar(plk_bytes(gif, sizeof gif - 1)), PLK_ERR_INVALID);
    assert_int_equal(plk_profile_check_avatar(plk_bytes_text("<svg>")), PLK_ERR_INVALID);
}

static int make_people(void **state) {
    (void)state;
    person_make(&alice, 1, "Alice");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_addresses_are_left_out),
        cmocka_unit_test(a_full_one_comes_back),
        cmocka_unit_test(a_bare_one_comes_back),
        cmocka_unit_test(what_everyone_must_say),
        cmocka_unit_test(what_nobody_says),
        cmocka_unit_test(a_profile_row_comes_back),
        cmocka_unit_test(a_profile_is_made_and_renamed),
    };
    return cmocka_run_group_tests(tests, make_people, NULL);
}
