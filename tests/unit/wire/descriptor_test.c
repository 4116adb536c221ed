// SPDX-License-Identifier: MIT
// Descriptors of relays and lists of them, as bytes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/descriptor.h"

static uint8_t room[PLK_DESCRIPTORS_LEN_MAX + 1];

static struct plk_descriptor sample(uint8_t family) {
    struct plk_descriptor d = {.addr = {.family = family, .ip = {198, 51, 100, 7}, .port = 7447},
                               .admission = PLK_RELAY_ADMIT_OPEN,
                               .sequence = 3,
                               .expires_ms = 4};
    memset(d.relay, 1, sizeof d.relay);
    memset(d.sign, 2, sizeof d.sign);
    memset(d.sig, 5, sizeof d.sig);
    return d;
}

static struct plk_bytes encode(const struct plk_descriptor *d) {
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_descriptor_encode(&w, d);
    assert_false(w.failed);
    return plk_writer_bytes(&w);
}

static void it_comes_back_as_it_went(void **state) {
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct plk_descriptor d = sample(family), read;
        struct plk_bytes bytes = encode(&d);
        assert_int_equal(bytes.len, family == 4 ? PLK_DESCRIPTOR_MAX - 12 : PLK_DESCRIPTOR_MAX);
        assert_int_equal(plk_descriptor_decode(bytes, &read), PLK_ERR_OK);
        assert_memory_equal(read.relay, d.relay, 32);
        assert_memory_equal(read.sign, d.sign, 32);
        assert_memory_equal(read.sig, d.sig, sizeof d.sig);
        assert_true(plk_addr_equal(&read.addr, &d.addr));
        assert_int_equal(read.admission, d.admission);
        assert_int_equal(read.sequence, 3);
        assert_int_equal(read.expires_ms, 4);
        for (size_t len = 0; len < bytes.len; len++)
            assert_int_equal(plk_descriptor_decode(plk_bytes(room, len), &read), PLK_ERR_MALFORMED);
        assert_int_equal(plk_descriptor_decode(plk_bytes(room, bytes.len + 1), &read), PLK_ERR_MALFORMED);
    }
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    struct plk_descriptor d = sample(4), read;
    struct plk_bytes bytes = encode(&d);
    room[0] = 2;
    assert_int_equal(plk_descriptor_decode(bytes, &read), PLK_ERR_TOO_NEW);
    room[0] = 0;
    assert_int_equal(plk_descriptor_decode(bytes, &read), PLK_ERR_MALFORMED);
    d.sequence = 0;
    assert_int_equal(plk_descriptor_decode(encode(&d), &read), PLK_ERR_MALFORMED);
    d = sample(4);
    d.addr.port = 0;
    assert_int_equal(plk_descriptor_decode(encode(&d), &read), PLK_ERR_MALFORMED);
    d = sample(4);
    d.addr.ip[0] = 239; // multicast
    assert_int_equal(plk_descriptor_decode(encode(&d), &read), PLK_ERR_MALFORMED);
    d = sample(4);
    d.admission = (enum plk_relay_admission)4;
    assert_int_equal(plk_descriptor_decode(encode(&d), &read), PLK_ERR_MALFORMED);
}

static void a_list_has_at_most_sixteen(void **state) {
    (void)state;
    static const uint8_t text[3] = {7, 8, 9};
    struct plk_descriptors list = {.count = PLK_DESCRIPTORS_MAX}, read;
    for (unsigned i = 0; i < list.count; i++) list.at[i] = plk_bytes(text, 1 + i % 3);
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_descriptors_encode(&w, &list);
    assert_int_equal(plk_descriptors_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_int_equal(read.count, PLK_DESCRIPTORS_MAX);
    for (unsigned i = 0; i < list.count; i++) assert_true(plk_bytes_equal(read.at[i], list.at[i]));
    for (size_t len = 0; len < w.len; len++)
        assert_int_equal(plk_descriptors_decode(plk_bytes(room, len), &read), PLK_ERR_MALFORMED);
    assert_int_equal(plk_descriptors_decode(plk_bytes(room, w.len + 1), &read), PLK_ERR_MALFORMED);
    room[0] = PLK_DESCRIPTORS_MAX + 1;
    room[w.len] = 1;
    assert_int_equal(plk_descriptors_decode(plk_bytes(room, w.len + 2), &read), PLK_ERR_MALFORMED);
    static const uint8_t empty_one[] = {1, 0};
    assert_int_equal(plk_descriptors_decode(plk_bytes(empty_one, 2), &read), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_went),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(a_list_has_at_most_sixteen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
