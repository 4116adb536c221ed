// SPDX-License-Identifier: MIT
// The list of queues that one side hands to the other: it comes back as it was, and nothing else is one.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/queue_list.h"

static struct plk_queue_offer some_offer(uint8_t fill, size_t host_len) {
    struct plk_queue_offer offer = {.host_len = (uint8_t)host_len, .port = 7447};
    memset(offer.relay, fill, sizeof offer.relay);
    memset(offer.host, 'r', host_len);
    memset(offer.sid, fill + 1, sizeof offer.sid);
    memset(offer.sender, fill + 2, sizeof offer.sender);
    memset(offer.envelope, fill + 3, sizeof offer.envelope);
    return offer;
}

static size_t encode(const struct plk_queue_list *list, uint8_t out[PLK_QUEUE_LIST_LEN_MAX]) {
    struct plk_writer w = plk_writer(out, PLK_QUEUE_LIST_LEN_MAX);
    plk_queue_list_encode(&w, list);
    assert_false(w.failed);
    return w.len;
}

static void a_list_comes_back(void **state) {
    (void)state;
    for (uint8_t count = 0; count <= PLK_QUEUE_LIST_OFFERS_MAX; count++) {
        uint8_t bytes[PLK_QUEUE_LIST_LEN_MAX];
        struct plk_queue_list list = {.count = count}, read;
        for (uint8_t i = 0; i < count; i++) list.at[i] = some_offer(i, i % 2 ? 1 : PLK_RELAY_HOST_MAX);
        size_t len = encode(&list, bytes);
        assert_int_equal(plk_queue_list_decode(plk_bytes(bytes, len), &read), PLK_ERR_OK);
        assert_memory_equal(&read, &list, sizeof list);
    }
}

static void no_part_of_a_list_is_one_and_nothing_may_follow(void **state) {
    (void)state;
    uint8_t bytes[PLK_QUEUE_LIST_LEN_MAX] = {0};
    struct plk_queue_list list = {.count = 2, .at = {some_offer(1, 9), some_offer(5, 4)}}, read = {.count = 77};
    size_t len = encode(&list, bytes);
    for (size_t part = 0; part < len; part++) {
        assert_int_equal(plk_queue_list_decode(plk_bytes(bytes, part), &read), PLK_ERR_MALFORMED);
    }
    assert_int_equal(plk_queue_list_decode(plk_bytes(bytes, len + 1), &read), PLK_ERR_MALFORMED);
    assert_int_equal(read.count, 77);
}

static void values_that_cannot_be(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {
        {0, PLK_QUEUE_LIST_OFFERS_MAX + 1}, // count
        {33, 0},                            // host length
        {33, PLK_RELAY_HOST_MAX + 1},       // likewise
        {34, ' '},                          // in the host
        {37, 0x7f},                         // likewise
    };
    uint8_t good[PLK_QUEUE_LIST_LEN_MAX], bytes[PLK_QUEUE_LIST_LEN_MAX];
    struct plk_queue_list list = {.count = 1, .at = {some_offer(1, 4)}}, read;
    size_t len = encode(&list, good);
    assert_int_equal(plk_queue_list_decode(plk_bytes(good, len), &read), PLK_ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(bytes, good, len);
        bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal(plk_queue_list_decode(plk_bytes(bytes, len), &read), PLK_ERR_MALFORMED);
    }
    memcpy(bytes, good, len);
    memset(bytes + 38, 0, 2); // port
    assert_int_equal(plk_queue_list_decode(plk_bytes(bytes, len), &read), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_comes_back),
        cmocka_unit_test(no_part_of_a_list_is_one_and_nothing_may_follow),
        cmocka_unit_test(values_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
