// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "base/addr.h"

static struct plk_addr at(const char *text, uint16_t port) {
    struct plk_addr addr = {.family = strchr(text, ':') != NULL ? 6 : 4, .port = port};
    assert_int_equal(inet_pton(addr.family == 4 ? AF_INET : AF_INET6, text, addr.ip), 1);
    return addr;
}

static void assert_class(const char *text, enum plk_addr_class expected) {
    struct plk_addr addr = at(text, 7447);
    if (plk_addr_class(&addr) != expected) fail_msg("%s is of class %d", text, plk_addr_class(&addr));
    addr.port = 0;
    assert_int_equal(plk_addr_class(&addr), PLK_ADDR_REFUSED);
}

// The first and the last address of each block, and their neighbours.
static void classes_of_ipv4(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum plk_addr_class expected;
    } table[] = {
        {"0.0.0.0", PLK_ADDR_REFUSED},
        {"0.255.255.255", PLK_ADDR_REFUSED},
        {"1.0.0.0", PLK_ADDR_GLOBAL},
        {"9.255.255.255", PLK_ADDR_GLOBAL},
        {"10.0.0.0", PLK_ADDR_PRIVATE},
        {"10.255.255.255", PLK_ADDR_PRIVATE},
        {"11.0.0.0", PLK_ADDR_GLOBAL},
        {"100.63.255.255", PLK_ADDR_GLOBAL},
        {"100.64.0.0", PLK_ADDR_PRIVATE},
        {"100.127.255.255", PLK_ADDR_PRIVATE},
        {"100.128.0.0", PLK_ADDR_GLOBAL},
        {"126.255.255.255", PLK_ADDR_GLOBAL},
        {"127.0.0.0", PLK_ADDR_LOOPBACK},
        {"127.0.0.1", PLK_ADDR_LOOPBACK},
        {"127.255.255.255", PLK_ADDR_LOOPBACK},
        {"128.0.0.0", PLK_ADDR_GLOBAL},
        {"169.253.255.255", PLK_ADDR_GLOBAL},
        {"169.254.0.0", PLK_ADDR_LINK_LOCAL},
        {"169.254.255.255", PLK_ADDR_LINK_LOCAL},
        {"169.255.0.0", PLK_ADDR_GLOBAL},
        {"172.15.255.255", PLK_ADDR_GLOBAL},
        {"172.16.0.0", PLK_ADDR_PRIVATE},
        {"172.31.255.255", PLK_ADDR_PRIVATE},
        {"172.32.0.0", PLK_ADDR_GLOBAL},
        {"192.167.255.255", PLK_ADDR_GLOBAL},
        {"192.168.0.0", PLK_ADDR_PRIVATE},
        {"192.168.255.255", PLK_ADDR_PRIVATE},
        {"192.169.0.0", PLK_ADDR_GLOBAL},
        {"223.255.255.255", PLK_ADDR_GLOBAL},
        {"224.0.0.0", PLK_ADDR_REFUSED},
        {"239.255.255.255", PLK_ADDR_REFUSED},
        {"240.0.0.0", PLK_ADDR_REFUSED},
        {"255.255.255.255", PLK_ADDR_REFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) assert_class(table[i].text, table[i].expected);
}

static void classes_of_ipv6(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum plk_addr_class expected;
    } table[] = {
        {"::", PLK_ADDR_REFUSED},
        {"::1", PLK_ADDR_LOOPBACK},
        {"::2", PLK_ADDR_REFUSED},
        {"::192.0.2.1", PLK_ADDR_REFUSED},
        {"::ffff:192.0.2.1", PLK_ADDR_REFUSED},
        {"2001:db8::1", PLK_ADDR_GLOBAL},
        {"64:ff9b::192.0.2.1", PLK_ADDR_GLOBAL},
        {"fbff:ffff::1", PLK_ADDR_GLOBAL},
        {"fc00::", PLK_ADDR_PRIVATE},
        {"fdff:ffff::1", PLK_ADDR_PRIVATE},
        {"fe00::1", PLK_ADDR_GLOBAL},
        {"fe7f:ffff::1", PLK_ADDR_GLOBAL},
        {"fe80::", PLK_ADDR_LINK_LOCAL},
        {"febf:ffff::1", PLK_ADDR_LINK_LOCAL},
        {"fec0::1", PLK_ADDR_GLOBAL},
        {"ff00::", PLK_ADDR_REFUSED},
        {"ff02::1", PLK_ADDR_REFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) assert_class(table[i].text, table[i].expected);
}

static void no_family_is_refused(void **state) {
    (void)state;
    struct plk_addr none = {.port = 1}, odd = {.family = 5, .ip = {1, 2, 3, 4}, .port = 1};
    assert_int_equal(plk_addr_class(&none), PLK_ADDR_REFUSED);
    assert_int_equal(plk_addr_class(&odd), PLK_ADDR_REFUSED);
}

static void assert_same(struct plk_addr a, struct plk_addr b, bool same_ip, bool equal) {
    assert_int_equal(plk_addr_same_ip(&a, &b), same_ip);
    assert_int_equal(plk_addr_same_ip(&b, &a), same_ip);
    assert_int_equal(plk_addr_equal(&a, &b), equal);
    assert_int_equal(plk_addr_equal(&b, &a), equal);
}

static void equality(void **state) {
    (void)state;
    assert_same(at("192.0.2.1", 5), at("192.0.2.1", 5), true, true);
    assert_same(at("192.0.2.1", 5), at("192.0.2.1", 6), true, false);
    assert_same(at("192.0.2.1", 5), at("192.0.2.2", 5), false, false);
    assert_same(at("2001:db8::1", 5), at("2001:db8::1", 5), true, true);
    assert_same(at("2001:db8::1", 5), at("2001:db8::1:1", 5), false, false);
    struct plk_addr v4 = {.family = 4, .ip = {32, 1, 13, 184}, .port = 5},
                    v6 = {.family = 6, .ip = {32, 1, 13, 184}, .port = 5};
    assert_same(v4, v6, false, false);
    struct plk_addr left = v4; // what lies behind the four bytes of an IPv4 address counts for nothing
    left.ip[9] = 1;
    assert_same(v4, left, true, true);
}

static void the_scope_counts_for_link_local_addresses(void **state) {
    (void)state;
    struct plk_addr a = at("fe80::1", 5), b = at("fe80::1", 5), c = at("2001:db8::1", 5), d = c;
    a.scope = 2;
    b.scope = 3;
    d.scope = 3;
    assert_same(a, b, false, false);
    assert_same(c, d, true, true);
    b.port = 0; // not yet known: still another interface
    assert_same(a, b, false, false);
    b.scope = 2;
    assert_same(a, b, true, false);
}

static void prefixes(void **state) {
    (void)state;
    struct plk_addr net = at("192.168.5.0", 0), in = at("192.168.5.77", 1), out = at("192.168.4.255", 1);
    assert_true(plk_addr_in_prefix(&in, &net, 24));
    assert_false(plk_addr_in_prefix(&out, &net, 24));
    assert_true(plk_addr_in_prefix(&out, &net, 23));
    assert_true(plk_addr_in_prefix(&out, &net, 0));
    assert_false(plk_addr_in_prefix(&in, &net, 26));
    assert_true(plk_addr_in_prefix(&in, &in, 32));
    assert_false(plk_addr_in_prefix(&in, &in, 33));
    struct plk_addr net6 = at("2001:db8:0:8000::", 0), in6 = at("2001:db8:0:ffff::1", 1),
                    out6 = at("2001:db8:0:7fff::1", 1);
    assert_true(plk_addr_in_prefix(&in6, &net6, 49));
    assert_false(plk_addr_in_prefix(&out6, &net6, 49));
    assert_true(plk_addr_in_prefix(&out6, &net6, 48));
    assert_true(plk_addr_in_prefix(&in6, &in6, 128));
    assert_false(plk_addr_in_prefix(&in6, &in6, 129));
    assert_false(plk_addr_in_prefix(&in, &net6, 0));
}

static void assert_identical(const struct plk_addr *a, const struct plk_addr *b) {
    assert_int_equal(a->family, b->family);
    assert_memory_equal(a->ip, b->ip, sizeof a->ip);
    assert_int_equal(a->port, b->port);
    assert_int_equal(a->scope, b->scope);
}

static void they_go_over_the_wire(void **state) {
    (void)state;
    const struct plk_addr addrs[] = {at("192.0.2.1", 0x1234), at("0.0.0.0", 0), at("2001:db8::1", 65535), at("::", 1)};
    const size_t lengths[] = {7, 7, 19, 19};
    uint8_t out[19];
    for (size_t i = 0; i < 4; i++) {
        struct plk_writer w = plk_writer(out, sizeof out);
        plk_addr_write(&w, &addrs[i]);
        assert_int_equal(w.len, lengths[i]);
        assert_int_equal(out[0], addrs[i].family);
        struct plk_reader r = plk_reader(plk_writer_bytes(&w));
        struct plk_addr back = plk_addr_read(&r);
        assert_true(plk_reader_done(&r));
        assert_identical(&back, &addrs[i]);
        for (size_t cut = 0; cut < lengths[i]; cut++) {
            r = plk_reader(plk_bytes(out, cut));
            assert_int_equal(plk_addr_read(&r).family, 0);
            assert_true(r.failed);
        }
    }
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_addr_write(&w, &addrs[0]);
    assert_memory_equal(out, "\4\300\0\2\1\22\64", 7);
}

static void the_scope_stays_at_home(void **state) {
    (void)state;
    struct plk_addr addr = at("fe80::1", 9);
    uint8_t out[19];
    addr.scope = 77;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_addr_write(&w, &addr);
    struct plk_reader r = plk_reader(plk_writer_bytes(&w));
    assert_int_equal(plk_addr_read(&r).scope, 0);
}

static void other_families_are_refused(void **state) {
    (void)state;
    uint8_t bytes[32] = {0};
    for (unsigned family = 0; family < 256; family++) {
        bytes[0] = (uint8_t)family;
        struct plk_reader r = plk_reader(plk_bytes(bytes, sizeof bytes));
        struct plk_addr addr = plk_addr_read(&r);
        assert_int_equal(r.failed, family != 4 && family != 6);
        assert_int_equal(addr.family, r.failed ? 0 : family);
    }
}

static void a_mapped_address_is_read_as_ipv4(void **state) {
    (void)state;
    struct plk_addr mapped = at("::ffff:192.0.2.1", 80), plain = at("192.0.2.1", 80);
    uint8_t out[19];
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_addr_write(&w, &mapped);
    struct plk_reader r = plk_reader(plk_writer_bytes(&w));
    struct plk_addr back = plk_addr_read(&r);
    assert_identical(&back, &plain);
}

static void the_ip_as_text(void **state) {
    (void)state;
    static const struct {
        struct plk_addr addr;
        const char *text;
    } all[] = {
        {{.family = 4, .ip = {192, 0, 2, 1}, .port = 9}, "192.0.2.1"},
        {{.family = 4, .ip = {255, 255, 255, 255}}, "255.255.255.255"},
        {{.family = 6, .ip = {0x20, 1, 0x0d, 0xb8, [15] = 1}}, "2001:db8:0:0:0:0:0:1"},
        {{.family = 6, .ip = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {{.family = 0}, ""},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char out[PLK_ADDR_TEXT_MAX];
        size_t len = plk_addr_text(&all[i].addr, out);
        assert_int_equal(len, strlen(all[i].text));
        assert_memory_equal(out, all[i].text, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_of_ipv4),
        cmocka_unit_test(classes_of_ipv6),
        cmocka_unit_test(no_family_is_refused),
        cmocka_unit_test(equality),
        cmocka_unit_test(the_scope_counts_for_link_local_addresses),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(they_go_over_the_wire),
        cmocka_unit_test(the_scope_stays_at_home),
        cmocka_unit_test(other_families_are_refused),
        cmocka_unit_test(a_mapped_address_is_read_as_ipv4),
        cmocka_unit_test(the_ip_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
