// SPDX-License-Identifier: MIT
// Bundles, identities, lists of places and TLVs: one encoding of each.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/bundle.h"
#include "wire/place.h"
#include "wire/tlv.h"

static struct plk_bundle some_bundle(void) {
    struct plk_bundle b = {.suite = 1, .min = 1, .max = 3, .sequence = 7, .expires_ms = 8};
    memset(b.identity.sign, 1, 32);
    memset(b.identity.dh, 2, 32);
    memset(b.prekey, 3, 32);
    memset(b.device, 4, sizeof b.device);
    memset(b.sig, 5, sizeof b.sig);
    return b;
}

static void a_bundle_comes_back(void **state) {
    (void)state;
    static const uint8_t kem[PLK_BUNDLE_KEM_MAX] = {9};
    static const size_t kem_lens[] = {0, 32, PLK_BUNDLE_KEM_MAX};
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[PLK_BUNDLE_MAX], again[PLK_BUNDLE_MAX];
        struct plk_bundle b = some_bundle(), read;
        struct plk_bytes body;
        b.kem = plk_bytes(kem, kem_lens[i]);
        struct plk_writer w = plk_writer(bytes, sizeof bytes), w2 = plk_writer(again, sizeof again);
        plk_bundle_encode(&w, &b);
        if (i == 0) assert_int_equal(w.len, PLK_BUNDLE_LEN);
        assert_int_equal(plk_bundle_decode(plk_writer_bytes(&w), &read, &body), PLK_ERR_OK);
        assert_int_equal(body.len, w.len - PLK_BUNDLE_SIG_LEN);
        assert_int_equal(read.kem.len, kem_lens[i]);
        plk_bundle_encode(&w2, &read);
        assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
    }
}

static enum plk_err decode_changed(size_t at, uint8_t value, size_t len) {
    uint8_t bytes[PLK_BUNDLE_LEN + 1] = {0};
    struct plk_bundle b = some_bundle(), read;
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_bundle_encode(&w, &b);
    bytes[at] = value;
    return plk_bundle_decode(plk_bytes(bytes, len), &read, NULL);
}

static void a_broken_bundle_is_refused(void **state) {
    (void)state;
    assert_int_equal(decode_changed(0, 1, PLK_BUNDLE_LEN), PLK_ERR_OK);
    assert_int_equal(decode_changed(0, 2, PLK_BUNDLE_LEN), PLK_ERR_TOO_NEW);
    assert_int_equal(decode_changed(0, 0, PLK_BUNDLE_LEN), PLK_ERR_MALFORMED);
    assert_int_equal(decode_changed(1, 0, PLK_BUNDLE_LEN), PLK_ERR_MALFORMED);   // min
    assert_int_equal(decode_changed(1, 4, PLK_BUNDLE_LEN), PLK_ERR_MALFORMED);   // above max
    assert_int_equal(decode_changed(3, 2, PLK_BUNDLE_LEN), PLK_ERR_MALFORMED);   // type of the first key
    assert_int_equal(decode_changed(103, 5, PLK_BUNDLE_LEN), PLK_ERR_MALFORMED); // KEM slot
    for (size_t len = 1; len < PLK_BUNDLE_LEN; len++) {
        assert_int_equal(decode_changed(0, 1, len), PLK_ERR_MALFORMED);
    }
    assert_int_equal(decode_changed(0, 1, PLK_BUNDLE_LEN + 1), PLK_ERR_MALFORMED);
}

static void an_identity_has_one_encoding(void **state) {
    (void)state;
    struct plk_bundle b = some_bundle();
    struct plk_identity read;
    uint8_t bytes[PLK_IDENTITY_LEN + 4];
    plk_identity_encode(bytes, &b.identity);
    assert_int_equal(plk_identity_decode(plk_bytes(bytes, PLK_IDENTITY_LEN), &read), PLK_ERR_OK);
    assert_memory_equal(&read, &b.identity, sizeof read);
    bytes[PLK_IDENTITY_LEN] = 3; // one more key
    bytes[PLK_IDENTITY_LEN + 1] = 0;
    assert_int_equal(plk_identity_decode(plk_bytes(bytes, PLK_IDENTITY_LEN + 2), &read), PLK_ERR_UNSUPPORTED);
    bytes[PLK_IDENTITY_LEN] = 2; // the same again
    assert_int_equal(plk_identity_decode(plk_bytes(bytes, PLK_IDENTITY_LEN + 2), &read), PLK_ERR_MALFORMED);
    assert_int_equal(plk_identity_decode(plk_bytes(bytes, PLK_IDENTITY_LEN - 1), &read), PLK_ERR_MALFORMED);
    uint8_t longer[PLK_IDENTITY_LEN + 1] = {0x40, 1, 32}; // type 1 as a longer varint
    memcpy(longer + 3, bytes + 2, PLK_IDENTITY_LEN - 2);
    assert_int_equal(plk_identity_decode(plk_bytes(longer, sizeof longer), &read), PLK_ERR_MALFORMED);
}

static void places_come_back(void **state) {
    (void)state;
    struct plk_places places = {.count = 3}, read;
    places.at[0] = (struct plk_place){PLK_UDP, {.family = 4, .ip = {192, 168, 1, 2}, .port = 5}};
    places.at[1] = (struct plk_place){PLK_TCP, {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, 1}, .port = 65535}};
    places.at[2] = (struct plk_place){PLK_TLS, {.family = 4, .ip = {127, 0, 0, 1}, .port = 443}};
    uint8_t bytes[PLK_PLACES_LEN_MAX];
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_places_write(&w, &places);
    assert_int_equal(w.len, plk_places_len(&places));
    struct plk_reader r = plk_reader(plk_writer_bytes(&w));
    plk_places_read(&r, &read, 3);
    assert_true(plk_reader_done(&r));
    assert_memory_equal(&read, &places, sizeof read);
    r = plk_reader(plk_writer_bytes(&w));
    plk_places_read(&r, &read, 2); // more than are wanted
    assert_true(r.failed);
    assert_int_equal(read.count, 0);
}

static bool reads_places(const uint8_t *bytes, size_t len) {
    struct plk_places read;
    struct plk_reader r = plk_reader(plk_bytes(bytes, len));
    plk_places_read(&r, &read, PLK_PLACES_MAX);
    return plk_reader_done(&r);
}

static void places_that_are_none(void **state) {
    (void)state;
    uint8_t good[9] = {1, PLK_UDP, 4, 192, 0, 2, 1, 0, 80};
    assert_true(reads_places(good, sizeof good));
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{1, 0}, {1, 4}, {2, 5}, {3, 224}, {8, 0}, {0, 2}, {0, 17}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t bytes[9];
        memcpy(bytes, good, sizeof bytes);
        bytes[wrong[i].at] = wrong[i].value;
        assert_false(reads_places(bytes, sizeof bytes));
    }
    static const uint8_t mapped[21] = {1, PLK_UDP, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0, 80};
    assert_false(reads_places(mapped, sizeof mapped)); // IPv4 has a shorter form
}

static void tlvs_rise(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t len, entries;
        bool done;
    } lists[] = {
        {{0}, 0, 0, true},           {{1, 0}, 2, 1, true}, {{1, 0, 2, 1, 9}, 5, 2, true},
        {{2, 0, 1, 0}, 4, 1, false}, // falls
        {{1, 0, 1, 0}, 4, 1, false}, // twice
        {{0, 0}, 2, 0, false},       // types count from 1
        {{1, 3, 9, 9}, 4, 0, false}, // cut
        {{1}, 1, 0, false},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct plk_reader r = plk_reader(plk_bytes(lists[i].bytes, lists[i].len));
        struct plk_tlv entry;
        uint64_t last = 0;
        size_t entries = 0;
        while (plk_tlv_next(&r, &last, &entry)) entries++;
        assert_int_equal(entries, lists[i].entries);
        assert_int_equal(plk_reader_done(&r), lists[i].done);
    }
}

static void versions_meet(void **state) {
    (void)state;
    uint8_t version = 99;
    assert_int_equal(plk_version_meet(0, 5, &version), PLK_ERR_MALFORMED);
    assert_int_equal(plk_version_meet(2, 1, &version), PLK_ERR_MALFORMED);
    assert_int_equal(plk_version_meet(PLK_VERSION_MAX + 1, 255, &version), PLK_ERR_TOO_NEW);
    assert_int_equal(version, 99);
    assert_int_equal(plk_version_meet(1, 255, &version), PLK_ERR_OK);
    assert_int_equal(version, PLK_VERSION_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_comes_back),
        cmocka_unit_test(a_broken_bundle_is_refused),
        cmocka_unit_test(an_identity_has_one_encoding),
        cmocka_unit_test(places_come_back),
        cmocka_unit_test(places_that_are_none),
        cmocka_unit_test(tlvs_rise),
        cmocka_unit_test(versions_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
