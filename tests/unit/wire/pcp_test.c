// SPDX-License-Identifier: MIT
// PCP (RFC 6887) and NAT-PMP (RFC 6886) byte for byte, and what is not laid out as they say.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/natpmp.h"
#include "wire/pcp.h"

static const uint8_t map_request[PLK_PCP_MAP_LEN] = {
    2,    1,    0,    0,    0,   0,   0x04, 0xb0, 0,   0,   0,   0,   0,   0,   0,    0,    0,  0, 0xff, 0xff,
    192,  168,  1,    20,   'n', 'o', 'n',  'c',  'e', '1', '2', '3', '4', '5', '6',  '7',  17, 0, 0,    0,
    0x9c, 0x40, 0x9c, 0x41, 0,   0,   0,    0,    0,   0,   0,   0,   0,   0,   0xff, 0xff, 0,  0, 0,    0};
static const uint8_t map_response[PLK_PCP_MAP_LEN] = {
    2,    129,  0,    0,    0,   0,   0x02, 0x58, 0,   0,   0,   99,  0,   0,   0,    0,    0,  0, 0, 0,
    0,    0,    0,    0,    'n', 'o', 'n',  'c',  'e', '1', '2', '3', '4', '5', '6',  '7',  17, 0, 0, 0,
    0x9c, 0x40, 0xa0, 0x28, 0,   0,   0,    0,    0,   0,   0,   0,   0,   0,   0xff, 0xff, 46, 1, 1, 1};

static struct plk_addr v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {a, b, c, d}, .port = port};
}

static void a_request_is_these_bytes(void **state) {
    uint8_t room[64];
    struct plk_writer w = plk_writer(room, sizeof room);
    struct plk_pcp ask = {.opcode = PLK_PCP_MAP, .life_s = 1200, .client = v4(192, 168, 1, 20, 0), .has_map = true};
    (void)state;
    memcpy(ask.nonce, "nonce1234567", sizeof ask.nonce);
    ask.protocol = PLK_PCP_UDP;
    ask.internal_port = 40000;
    ask.external = v4(0, 0, 0, 0, 40001);
    plk_pcp_encode(&w, &ask);
    assert_int_equal(w.len, sizeof map_request);
    assert_memory_equal(room, map_request, sizeof map_request);
}

static void a_response_says_what_was_given(void **state) {
    struct plk_pcp m;
    struct plk_addr given = v4(46, 1, 1, 1, 41000);
    (void)state;
    assert_int_equal(plk_pcp_decode(plk_bytes(map_response, sizeof map_response), &m), PLK_ERR_OK);
    assert_true(m.response && m.has_map);
    assert_int_equal(m.result, PLK_PCP_SUCCESS);
    assert_int_equal(m.life_s, 600);
    assert_int_equal(m.epoch_s, 99);
    assert_int_equal(m.internal_port, 40000);
    assert_true(plk_addr_equal(&m.external, &given));
}

static void a_refusal_may_be_cut_and_a_success_may_not(void **state) {
    uint8_t copy[PLK_PCP_MAP_LEN];
    struct plk_pcp m;
    (void)state;
    memcpy(copy, map_response, sizeof copy);
    for (size_t len = 2; len < sizeof copy; len++) // a success without all of it
        assert_int_equal(plk_pcp_decode(plk_bytes(copy, len), &m), PLK_ERR_MALFORMED);
    copy[3] = PLK_PCP_UNSUPP_VERSION;
    assert_int_equal(plk_pcp_decode(plk_bytes(copy, PLK_PCP_HEADER_LEN), &m), PLK_ERR_OK);
    assert_false(m.has_map);
    assert_int_equal(plk_pcp_decode(plk_bytes(copy, PLK_PCP_HEADER_LEN - 4), &m), PLK_ERR_MALFORMED);
    copy[0] = 3;
    assert_int_equal(plk_pcp_decode(plk_bytes(copy, sizeof copy), &m), PLK_ERR_UNSUPPORTED);
}

static void options_are_walked_over(void **state) {
    uint8_t room[PLK_PCP_MESSAGE_MAX + 4] = {0};
    struct plk_pcp m;
    (void)state;
    memcpy(room, map_response, sizeof map_response);
    room[PLK_PCP_MAP_LEN] = 130;
    room[PLK_PCP_MAP_LEN + 3] = 5; // padded to 8
    assert_int_equal(plk_pcp_decode(plk_bytes(room, PLK_PCP_MAP_LEN + 12), &m), PLK_ERR_OK);
    assert_int_equal(plk_pcp_decode(plk_bytes(room, PLK_PCP_MAP_LEN + 8), &m), PLK_ERR_MALFORMED);
    assert_int_equal(plk_pcp_decode(plk_bytes(room, sizeof room), &m), PLK_ERR_MALFORMED); // too long
}

static void nat_pmp_is_these_bytes(void **state) {
    static const uint8_t request[] = {0, 2, 0, 0, 0x9c, 0x40, 0x9c, 0x41, 0, 0, 0x04, 0xb0};
    static const uint8_t response[] = {0, 130, 0, 0, 0, 0, 0, 99, 0x9c, 0x40, 0xa0, 0x28, 0, 0, 0x02, 0x58};
    static const uint8_t address[] = {0, 128, 0, 0, 0, 0, 0, 99, 46, 1, 1, 1};
    uint8_t room[32];
    struct plk_writer w = plk_writer(room, sizeof room);
    struct plk_natpmp m = {.op = PLK_NATPMP_MAP_TCP, .internal_port = 40000, .external_port = 40001, .life_s = 1200};
    (void)state;
    plk_natpmp_encode(&w, &m);
    assert_int_equal(w.len, sizeof request);
    assert_memory_equal(room, request, sizeof request);
    assert_int_equal(plk_natpmp_decode(plk_bytes(response, sizeof response), &m), PLK_ERR_OK);
    assert_true(m.response && m.op == PLK_NATPMP_MAP_TCP && m.epoch_s == 99 && m.life_s == 600);
    assert_int_equal(m.external_port, 41000);
    assert_int_equal(plk_natpmp_decode(plk_bytes(address, sizeof address), &m), PLK_ERR_OK);
    assert_int_equal(m.external.ip[0], 46);
    for (size_t len = 0; len < sizeof response; len++)
        assert_int_equal(plk_natpmp_decode(plk_bytes(response, len), &m), PLK_ERR_MALFORMED);
}

static void a_nat_pmp_refusal_needs_its_head_only(void **state) {
    static const uint8_t refusal[] = {0, 129, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct plk_natpmp m;
    (void)state;
    assert_int_equal(plk_natpmp_decode(plk_bytes(refusal, sizeof refusal), &m), PLK_ERR_OK);
    assert_int_equal(m.result, PLK_NATPMP_UNSUPP_VERSION);
    assert_int_equal(plk_natpmp_decode(plk_bytes(refusal, 8), &m), PLK_ERR_OK);
    assert_int_equal(plk_natpmp_decode(plk_bytes(refusal, 7), &m), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_these_bytes),
        cmocka_unit_test(a_response_says_what_was_given),
        cmocka_unit_test(a_refusal_may_be_cut_and_a_success_may_not),
        cmocka_unit_test(options_are_walked_over),
        cmocka_unit_test(nat_pmp_is_these_bytes),
        cmocka_unit_test(a_nat_pmp_refusal_needs_its_head_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
