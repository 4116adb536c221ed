// SPDX-License-Identifier: MIT
// Descriptors of relays: who signed them, and for how long they hold.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/descriptor.h"

#define NOW UINT64_C(1800000000000)

static uint8_t room[PLK_DESCRIPTOR_MAX];

static struct plk_bytes made(uint64_t expires_ms) {
    static const uint8_t secret[32] = {9};
    uint8_t seed[32];
    struct plk_descriptor d = {.addr = {.family = 4, .ip = {198, 51, 100, 7}, .port = 7447},
                               .admission = PLK_RELAY_ADMIT_OPEN,
                               .sequence = 1,
                               .expires_ms = expires_ms};
    plk_dh_public(d.relay, secret);
    plk_descriptor_seed(seed, secret);
    plk_descriptor_sign(&d, seed);
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_descriptor_encode(&w, &d);
    return plk_writer_bytes(&w);
}

static void any_changed_byte_is_found(void **state) {
    (void)state;
    struct plk_descriptor d;
    struct plk_bytes bytes = made(NOW + 1);
    assert_int_equal(plk_descriptor_check(bytes, NOW, &d), PLK_ERR_OK);
    for (size_t i = 0; i < bytes.len; i++) {
        room[i] ^= 1;
        assert_int_not_equal(plk_descriptor_check(bytes, NOW, &d), PLK_ERR_OK);
        room[i] ^= 1;
    }
    assert_int_equal(plk_descriptor_check(bytes, NOW, &d), PLK_ERR_OK);
}

static void it_holds_for_some_days(void **state) {
    (void)state;
    struct plk_descriptor d;
    assert_int_equal(plk_descriptor_check(made(NOW), NOW, &d), PLK_ERR_EXPIRED);
    assert_int_equal(plk_descriptor_check(made(NOW + PLK_DESCRIPTOR_LIFE_MAX_MS), NOW, &d), PLK_ERR_OK);
    assert_int_equal(plk_descriptor_check(made(NOW + PLK_DESCRIPTOR_LIFE_MAX_MS + 1), NOW, &d), PLK_ERR_EXPIRED);
    assert_int_equal(plk_descriptor_check(made(UINT64_MAX), NOW, &d), PLK_ERR_EXPIRED);
}

static uint64_t prefix(uint8_t family, uint8_t a, uint8_t b, uint8_t last, uint16_t port) {
    struct plk_addr addr = {.family = family, .ip = {a, b, 1, last}, .port = port};
    if (family == 6) addr.ip[15] = last;
    return plk_descriptor_prefix(&addr);
}

static void neighbours_have_one_prefix(void **state) {
    (void)state;
    assert_true(prefix(4, 45, 1, 1, 1) == prefix(4, 45, 1, 2, 9));
    assert_true(prefix(4, 45, 1, 1, 1) != prefix(4, 45, 2, 1, 1));
    assert_true(prefix(6, 0x20, 1, 1, 1) == prefix(6, 0x20, 1, 1, 9));
    assert_true(prefix(4, 127, 0, 1, 1) != prefix(4, 127, 0, 1, 2)); // what nobody else can have is told apart
    assert_true(prefix(4, 10, 0, 1, 1) != prefix(4, 10, 0, 2, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_changed_byte_is_found),
        cmocka_unit_test(it_holds_for_some_days),
        cmocka_unit_test(neighbours_have_one_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
