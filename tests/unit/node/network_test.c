// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/network.h"

#define MANY 40 // more than are kept

static struct plk_network network;
static struct plk_interface faces[MANY];
static struct plk_input input;

static int set_up(void **state) {
    (void)state;
    memset(&network, 0, sizeof network);
    memset(faces, 0, sizeof faces);
    memset(&input, 0, sizeof input);
    input.kind = PLK_IN_NETWORK;
    input.network.interfaces = faces;
    input.network.udp4_port = 4004;
    input.network.udp6_port = 6006;
    input.network.tcp_port = 8008;
    return 0;
}

static void face4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t bits) {
    struct plk_interface *face = &faces[input.network.count++];
    face->addr = (struct plk_addr){.family = 4, .ip = {a, b, c, d}};
    face->prefix_bits = bits;
}

static void face6(uint8_t first, uint8_t second, uint8_t last, uint32_t scope) {
    struct plk_interface *face = &faces[input.network.count++];
    face->addr = (struct plk_addr){.family = 6, .ip = {first, second}, .scope = scope};
    face->addr.ip[15] = last;
    face->prefix_bits = 64;
}

static unsigned listed(struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX]) {
    plk_network_set(&network, &input);
    return plk_network_listed(&network, list);
}

static void only_a_change_is_news(void **state) {
    (void)state;
    assert_true(plk_network_set(&network, &input)); // even that there is none
    assert_false(plk_network_set(&network, &input));
    face4(11, 0, 0, 2, 24);
    assert_true(plk_network_set(&network, &input));
    assert_false(plk_network_set(&network, &input));
    faces[0].prefix_bits = 16; // others are neighbours now
    assert_true(plk_network_set(&network, &input));
    input.network.tcp_port = 0;
    assert_true(plk_network_set(&network, &input));
    input.network.udp6_port++;
    assert_true(plk_network_set(&network, &input));
    assert_int_equal(network.sequence, 5);
}

static void more_interfaces_than_are_kept(void **state) {
    (void)state;
    for (unsigned i = 0; i < MANY; i++) face4(11, 0, (uint8_t)i, 2, 24);
    assert_true(plk_network_set(&network, &input));
    assert_int_equal(network.count, PLK_NETWORK_INTERFACES);
    assert_false(plk_network_set(&network, &input));
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    assert_int_equal(plk_network_listed(&network, list), PLK_FRAME_ADDRESSES_MAX);
}

static void public_addresses_stand_before_private_ones(void **state) {
    (void)state;
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    face4(127, 0, 0, 1, 8);
    face4(192, 168, 1, 5, 24);
    face6(0xfe, 0x80, 1, 3);
    face6(0x2a, 0x01, 9, 0);
    assert_int_equal(listed(list), 4);
    assert_int_equal(list[0].addr.family, 6);
    assert_int_equal(list[0].transport, PLK_UDP);
    assert_int_equal(list[0].addr.port, 6006);
    assert_int_equal(list[1].transport, PLK_TCP);
    assert_int_equal(list[1].addr.port, 8008);
    assert_int_equal(list[2].addr.ip[0], 192);
    assert_int_equal(list[2].addr.port, 4004);
}

static void loopback_is_told_only_when_there_is_nothing_else(void **state) {
    (void)state;
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    face4(127, 0, 0, 1, 8);
    assert_int_equal(listed(list), 2);
    assert_int_equal(list[0].addr.ip[0], 127);
    face6(0xfe, 0x80, 1, 3); // a link-local address is of no use to others, and so does not count
    assert_int_equal(listed(list), 2);
    assert_int_equal(list[0].addr.ip[0], 127);
    face4(10, 1, 2, 3, 8);
    assert_int_equal(listed(list), 2);
    assert_int_equal(list[0].addr.ip[0], 10);
}

static void what_is_not_bound_is_not_told(void **state) {
    (void)state;
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    face4(11, 0, 0, 2, 24);
    face6(0x2a, 0x01, 9, 0);
    input.network.udp4_port = 0;
    assert_int_equal(listed(list), 3);
    assert_int_equal(list[0].transport, PLK_TCP);
    input.network.udp6_port = input.network.tcp_port = 0;
    assert_int_equal(listed(list), 0);
    struct plk_places places;
    plk_network_places(&network, &places);
    assert_int_equal(places.count, 0);
}

static void neighbours_are_those_of_own_prefixes_and_loopback(void **state) {
    (void)state;
    face4(192, 168, 1, 5, 24);
    face4(11, 9, 9, 9, 0); // a prefix that is not known makes nobody a neighbour
    plk_network_set(&network, &input);
    const struct plk_addr near = {.family = 4, .port = 1, .ip = {192, 168, 1, 77}};
    const struct plk_addr far = {.family = 4, .port = 1, .ip = {192, 168, 2, 77}};
    const struct plk_addr self = {.family = 4, .port = 1, .ip = {127, 5, 5, 5}};
    assert_true(plk_network_is_lan(&network, &near));
    assert_false(plk_network_is_lan(&network, &far));
    assert_true(plk_network_is_lan(&network, &self));
    struct plk_addr_rules rules = plk_network_rules(&network, false);
    assert_true(plk_addr_allowed(&near, &rules));
    assert_false(plk_addr_allowed(&far, &rules));
    assert_false(plk_addr_allowed(&self, &rules));
    rules = plk_network_rules(&network, true);
    assert_true(plk_addr_allowed(&self, &rules));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_a_change_is_news, set_up),
        cmocka_unit_test_setup(more_interfaces_than_are_kept, set_up),
        cmocka_unit_test_setup(public_addresses_stand_before_private_ones, set_up),
        cmocka_unit_test_setup(loopback_is_told_only_when_there_is_nothing_else, set_up),
        cmocka_unit_test_setup(what_is_not_bound_is_not_told, set_up),
        cmocka_unit_test_setup(neighbours_are_those_of_own_prefixes_and_loopback, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
