// SPDX-License-Identifier: MIT
// IPv4 behind a prefix of IPv6: the examples of RFC 6052, section 2.4, each prefix learned as RFC 7050 says.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "host/nat64.h"

static struct plk_addr at(const char *text, uint16_t port) {
    struct plk_addr addr = {.family = strchr(text, ':') != NULL ? 6 : 4, .port = port};
    assert_int_equal(inet_pton(addr.family == 4 ? AF_INET : AF_INET6, text, addr.ip), 1);
    return addr;
}

// A machine with these addresses, and what it hears of the name.
static bool is_at(struct plk_nat64 *nat64, const char *first, const char *second) {
    struct plk_interface list[2] = {{.addr = at(first, 0)}, {.addr = at(second, 0)}};
    return plk_nat64_network(nat64, list, 2);
}

static void answer(struct plk_nat64 *nat64, const char *text) {
    struct plk_addr addrs[3] = {at("192.0.0.170", 1), at("2001:db8::7", 1), at(text, 1)};
    plk_nat64_answer(nat64, addrs, 3);
}

static void each_length_of_a_prefix(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"2001:db8:c000:aa::", "2001:db8:c000:221::"},
        {"2001:db8:1c0:0:aa::", "2001:db8:1c0:2:21::"},
        {"2001:db8:122:c000:0:aa00::", "2001:db8:122:c000:2:2100::"},
        {"2001:db8:122:3c0:0:ab::", "2001:db8:122:3c0:0:221::"},
        {"2001:db8:122:344:c0:0:aa00::", "2001:db8:122:344:c0:2:2100::"},
        {"2001:db8:122:344::192.0.0.171", "2001:db8:122:344::192.0.2.33"},
        {"64:ff9b::192.0.0.170", "64:ff9b::192.0.2.33"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plk_nat64 nat64 = {.bits = 0};
        assert_true(is_at(&nat64, "::1", "2001:db8::2"));
        answer(&nat64, cases[i][0]);
        assert_true(plk_nat64_on(&nat64));
        struct plk_addr v4 = at("192.0.2.33", 7447), out = plk_nat64_out(&nat64, &v4), want = at(cases[i][1], 7447);
        if (!plk_addr_equal(&out, &want)) fail_msg("not %s", cases[i][1]);
        assert_true(plk_nat64_in(&nat64, &out));
        assert_true(plk_addr_equal(&out, &v4));
    }
}

static void what_is_not_translated(void **state) {
    (void)state;
    struct plk_nat64 nat64 = {.bits = 0};
    struct plk_addr v4 = at("192.0.2.33", 1), out = plk_nat64_out(&nat64, &v4);
    assert_int_equal(out.family, 4);
    is_at(&nat64, "2001:db8::2", "fe80::1");
    answer(&nat64, "64:ff9b::192.0.0.170");
    static const char *const others[] = {"192.168.1.2", "127.0.0.1", "2001:db8::9", "100.64.0.1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) { // a router's own network is not behind its prefix
        struct plk_addr other = at(others[i], 5);
        out = plk_nat64_out(&nat64, &other);
        assert_true(plk_addr_equal(&out, &other));
        assert_false(plk_nat64_in(&nat64, &out));
    }
    struct plk_addr inside = at("64:ff9b::192.168.1.2", 5);
    assert_false(plk_nat64_in(&nat64, &inside));
}

static void only_where_there_is_no_ipv4(void **state) {
    (void)state;
    struct plk_nat64 nat64 = {.bits = 0};
    assert_false(is_at(&nat64, "::1", "127.0.0.1"));
    assert_false(is_at(&nat64, "2001:db8::2", "192.168.1.2"));
    assert_true(is_at(&nat64, "2001:db8::2", "127.0.0.1"));
    answer(&nat64, "2001:db8::8"); // no such router
    assert_false(plk_nat64_on(&nat64));
    answer(&nat64, "64:ff9b::192.0.0.170");
    assert_true(plk_nat64_on(&nat64));
    assert_false(is_at(&nat64, "2001:db8::2", "192.168.1.2")); // another network
    assert_false(plk_nat64_on(&nat64));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_length_of_a_prefix),
        cmocka_unit_test(what_is_not_translated),
        cmocka_unit_test(only_where_there_is_no_ipv4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
