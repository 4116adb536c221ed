// SPDX-License-Identifier: MIT
// A beacon means something to who has its key, from where it was sent, and to nobody else.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/beacon_tag.h"

static const struct plk_addr here = {.family = 4, .ip = {192, 168, 1, 20}, .port = 40000};
static const uint8_t nonce[PLK_BEACON_NONCE_LEN] = {1, 2, 3};

static void the_tag_depends_on_all_that_it_is_made_of(void **state) {
    uint8_t key[PLK_BEACON_KEY_LEN], other[PLK_BEACON_KEY_LEN], hint[16] = {7}, again[PLK_BEACON_NONCE_LEN];
    (void)state;
    plk_beacon_key(key, hint);
    hint[0]++;
    plk_beacon_key(other, hint);
    uint32_t tag = plk_beacon_tag(key, nonce, &here);
    assert_int_equal(plk_beacon_tag(key, nonce, &here), tag);
    assert_int_not_equal(plk_beacon_tag(other, nonce, &here), tag);
    memcpy(again, nonce, sizeof again);
    again[15]++;
    assert_int_not_equal(plk_beacon_tag(key, again, &here), tag);
    struct plk_addr there = here;
    there.port++;
    assert_int_not_equal(plk_beacon_tag(key, nonce, &there), tag);
    there = here;
    there.ip[3]++;
    assert_int_not_equal(plk_beacon_tag(key, nonce, &there), tag);
    there = (struct plk_addr){.family = 6, .ip = {0xfe, 0x80}, .port = 40000, .scope = 3};
    tag = plk_beacon_tag(key, nonce, &there);
    there.scope = 9; // means nothing to another machine
    assert_int_equal(plk_beacon_tag(key, nonce, &there), tag);
}

static void a_beacon_is_144_bytes(void **state) {
    uint8_t bytes[PLK_BEACON_LEN + 1], room[PLK_BEACON_LEN];
    struct plk_beacon beacon;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        enum plk_err err = plk_beacon_decode(plk_bytes(bytes, len), &beacon);
        assert_int_equal(err, len == PLK_BEACON_LEN ? PLK_ERR_OK : PLK_ERR_MALFORMED);
    }
    assert_int_equal(plk_beacon_decode(plk_bytes(bytes, PLK_BEACON_LEN), &beacon), PLK_ERR_OK);
    assert_int_equal(beacon.tags[0], (uint32_t)bytes[16] << 24 | bytes[17] << 16 | bytes[18] << 8 | bytes[19]);
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_beacon_encode(&w, &beacon);
    assert_memory_equal(room, bytes, sizeof room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tag_depends_on_all_that_it_is_made_of),
        cmocka_unit_test(a_beacon_is_144_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
