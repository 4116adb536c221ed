// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/relay_offer.h"

static uint8_t bytes[PLK_RELAY_OFFER_LEN_MAX + 64];

static struct plk_relay_offer offer_of(unsigned places) {
    struct plk_relay_offer offer = {.serves = places > 0, .key = {1, 2, 3}};
    if (places > 0) offer.token[15] = 9;
    for (unsigned i = 0; i < places; i++) {
        struct plk_addr addr = {.family = 4, .ip = {203, 0, 113, (uint8_t)(i + 1)}, .port = (uint16_t)(7447 + i)};
        offer.places.at[offer.places.count++] = (struct plk_place){.transport = PLK_UDP, .addr = addr};
    }
    return offer;
}

static size_t encode(const struct plk_relay_offer *offer) {
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_relay_offer_write(&w, offer);
    assert_false(w.failed);
    return w.len;
}

static void refused(size_t len, enum plk_err err) {
    struct plk_relay_offer read = {.places.count = 77};
    assert_int_equal(plk_relay_offer_read(plk_bytes(bytes, len), &read), err);
    assert_int_equal(read.places.count, 77);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    for (unsigned count = 0; count <= PLK_RELAY_OFFER_PLACES_MAX; count++) {
        struct plk_relay_offer offer = offer_of(count), read;
        size_t len = encode(&offer);
        assert_true(len <= PLK_RELAY_OFFER_LEN_MAX);
        assert_int_equal(plk_relay_offer_read(plk_bytes(bytes, len), &read), PLK_ERR_OK);
        assert_int_equal(read.serves, count > 0);
        assert_memory_equal(read.key, offer.key, sizeof read.key);
        assert_memory_equal(read.token, offer.token, sizeof read.token);
        assert_int_equal(read.places.count, count);
        for (unsigned i = 0; i < count; i++)
            assert_true(plk_addr_equal(&read.places.at[i].addr, &offer.places.at[i].addr));
        for (size_t i = 0; i < len; i++) refused(i, PLK_ERR_MALFORMED); // cut off anywhere
        refused(len + 1, PLK_ERR_MALFORMED);
    }
}

static void what_is_none_is_refused(void **state) {
    (void)state;
    struct plk_relay_offer offer = offer_of(1);
    size_t len = encode(&offer), place = 2 + 32 + PLK_QUEUE_TOKEN_LEN;
    bytes[0] = 2;
    refused(len, PLK_ERR_TOO_NEW);
    bytes[0] = 0;
    refused(len, PLK_ERR_MALFORMED);
    encode(&offer);
    bytes[1] = 3;
    refused(len, PLK_ERR_MALFORMED);
    encode(&offer);
    bytes[place] = 0; // at no place
    refused(place + 1, PLK_ERR_MALFORMED);
    encode(&offer);
    bytes[place + 1] = PLK_TCP;
    refused(len, PLK_ERR_MALFORMED);
    encode(&offer);
    bytes[len - 2] = bytes[len - 1] = 0; // its port
    refused(len, PLK_ERR_MALFORMED);
    encode(&offer);
    bytes[place] = 5;
    refused(place + 1 + 5 * 8, PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
