// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/entropy.h"
#include "host/tcp_streams.h"

#define MANY 1000

static struct plk_tcp_stream all[MANY];

static struct plk_addr v4(uint8_t last) { return (struct plk_addr){.family = 4, .ip = {192, 0, 2, last}, .port = 9}; }
static struct plk_addr v6(uint8_t net, uint8_t host) {
    struct plk_addr addr = {.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8}, .port = 9};
    addr.ip[7] = net;
    addr.ip[15] = host;
    return addr;
}

static void add(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream, uint32_t id, struct plk_addr remote) {
    *stream = (struct plk_tcp_stream){.id = id, .remote = remote, .accepted = (id >> 31) != 0};
    plk_tcp_streams_add(streams, stream);
}

static void test_many_are_found_and_walked(void **state) {
    (void)state;
    struct plk_tcp_streams streams;
    plk_tcp_streams_init(&streams);
    for (uint32_t i = 0; i < MANY; i++) add(&streams, &all[i], (i % 2) << 31 | i, v4((uint8_t)(i % 50)));
    assert_int_equal(streams.count, MANY);
    assert_int_equal(streams.accepted, MANY / 2);
    for (uint32_t i = 0; i < MANY; i++) assert_ptr_equal(plk_tcp_streams_find(&streams, (i % 2) << 31 | i), &all[i]);
    assert_null(plk_tcp_streams_find(&streams, MANY));
    all[7].closing = true; // its number is free for the core
    assert_null(plk_tcp_streams_find(&streams, UINT32_C(1) << 31 | 7));
    size_t walked = 0;
    for (struct plk_tcp_stream *s = plk_tcp_streams_next(&streams, NULL), *next; s != NULL; s = next, walked++) {
        next = plk_tcp_streams_next(&streams, s);
        plk_tcp_streams_remove(&streams, s);
    }
    assert_int_equal(walked, MANY);
    assert_int_equal(streams.count + streams.accepted, 0);
    plk_tcp_streams_free(&streams);
}

static void test_a_site_is_an_ipv4_address_or_a_64(void **state) {
    (void)state;
    struct plk_tcp_streams streams;
    plk_tcp_streams_init(&streams);
    const struct plk_addr here = v4(1), near = v4(2), net = v6(1, 1), same_net = v6(1, 2), other_net = v6(2, 1);
    add(&streams, &all[0], UINT32_C(1) << 31, here);
    add(&streams, &all[1], UINT32_C(1) << 31 | 1, net);
    add(&streams, &all[2], UINT32_C(1) << 31 | 2, same_net);
    add(&streams, &all[3], 3, here); // an own one does not count
    assert_int_equal(plk_tcp_streams_of_site(&streams, &here), 1);
    assert_int_equal(plk_tcp_streams_of_site(&streams, &near), 0);
    assert_int_equal(plk_tcp_streams_of_site(&streams, &same_net), 2);
    assert_int_equal(plk_tcp_streams_of_site(&streams, &other_net), 0);
    plk_tcp_streams_remove(&streams, &all[1]);
    assert_int_equal(plk_tcp_streams_of_site(&streams, &net), 1);
    for (size_t i = 0; i < 4; i++)
        if (i != 1) plk_tcp_streams_remove(&streams, &all[i]);
    plk_tcp_streams_free(&streams);
}

static void test_who_waits_longest_is_due_first(void **state) {
    (void)state;
    struct plk_tcp_streams streams;
    plk_tcp_streams_init(&streams);
    const struct plk_addr second = v4(1);
    assert_true(plk_tcp_streams_deadline_ms(&streams) == UINT64_MAX);
    for (uint32_t i = 0; i < 3; i++) {
        add(&streams, &all[i], UINT32_C(1) << 31 | i, v4((uint8_t)i));
        plk_tcp_streams_wait(&streams, &all[i], PLK_TCP_WAIT_STRANGER, 100 + i);
    }
    assert_ptr_equal(plk_tcp_streams_stranger(&streams, NULL), &all[0]);
    assert_ptr_equal(plk_tcp_streams_stranger(&streams, &second), &all[1]);
    assert_null(plk_tcp_streams_due(&streams, 99));
    plk_tcp_streams_wait(&streams, &all[0], PLK_TCP_WAIT_NONE, 0); // it was answered
    assert_int_equal(plk_tcp_streams_deadline_ms(&streams), 101);
    plk_tcp_streams_wait(&streams, &all[2], PLK_TCP_WAIT_CLOSING, 50);
    assert_ptr_equal(plk_tcp_streams_due(&streams, 60), &all[2]);
    plk_tcp_streams_remove(&streams, &all[2]);
    assert_ptr_equal(plk_tcp_streams_due(&streams, 101), &all[1]);
    assert_int_equal(streams.waits[PLK_TCP_WAIT_STRANGER].count, 1);
    plk_tcp_streams_remove(&streams, &all[1]);
    plk_tcp_streams_remove(&streams, &all[0]);
    plk_tcp_streams_free(&streams);
}

static void test_written_ones_are_taken_once(void **state) {
    (void)state;
    struct plk_tcp_streams streams;
    plk_tcp_streams_init(&streams);
    for (uint32_t i = 0; i < 3; i++) add(&streams, &all[i], i, v4(1));
    for (uint32_t i = 0; i < 3; i++) plk_tcp_streams_wrote(&streams, &all[i]);
    plk_tcp_streams_wrote(&streams, &all[1]);  // again
    plk_tcp_streams_remove(&streams, &all[1]); // and gone before it was taken
    assert_ptr_equal(plk_tcp_streams_take_written(&streams), &all[2]);
    assert_ptr_equal(plk_tcp_streams_take_written(&streams), &all[0]);
    assert_null(plk_tcp_streams_take_written(&streams));
    plk_tcp_streams_remove(&streams, &all[0]);
    plk_tcp_streams_remove(&streams, &all[2]);
    plk_tcp_streams_free(&streams);
}

int main(void) {
    plk_entropy_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_are_found_and_walked),
        cmocka_unit_test(test_a_site_is_an_ipv4_address_or_a_64),
        cmocka_unit_test(test_who_waits_longest_is_due_first),
        cmocka_unit_test(test_written_ones_are_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
