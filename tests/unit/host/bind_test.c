// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/bind.h"
#include "host/home.h"
#include "support/tempdir.h"

static void expect(const char *listen, uint8_t family, uint16_t port, bool wanted_any) {
    struct plk_addr addr;
    struct plk_fault fault;
    bool any;
    assert_int_equal(plk_bind_parse(listen, &addr, &any, &fault), PLK_FAULT_NONE);
    assert_int_equal(addr.family, family);
    assert_int_equal(addr.port, port);
    assert_int_equal(any, wanted_any);
}

static void addresses_are_read(void **state) {
    (void)state;
    expect("127.0.0.1:7000", 4, 7000, false);
    expect("0.0.0.0:1", 4, 1, false);
    expect("[::1]:65535", 6, 65535, false);
    expect("[fe80::1]:0", 6, 0, false);
    expect(":7000", 0, 7000, true);
    expect("7000", 0, 7000, true);
    expect("*:7000", 0, 7000, true);
    static const char *const wrong[] = {"",
                                        ":",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1:7x",
                                        "::1:7000",
                                        "[::1]",
                                        "[]:1",
                                        "[127.0.0.1]:1",
                                        "localhost:1",
                                        "127.0.0.1: 7",
                                        "1.2.3:4",
                                        "[::1:7000",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct plk_addr addr;
        struct plk_fault fault;
        bool any;
        if (plk_bind_parse(wrong[i], &addr, &any, &fault) != PLK_FAULT_LISTEN) fail_msg("taken: %s", wrong[i]);
        assert_true(strlen(fault.line) > 10);
    }
}

static void all_four_sockets_have_one_port(void **state) {
    (void)state;
    struct plk_bound bound;
    struct plk_fault fault;
    struct plk_bind_config config = {.listen = ":0", .home = "/nowhere"};
    assert_int_equal(plk_bind(&bound, &config, &fault), PLK_FAULT_NONE);
    assert_true(bound.udp4 >= 0 && bound.tcp4 >= 0);
    assert_true(bound.udp4_port != 0);
    assert_int_equal(bound.tcp_port, bound.udp4_port);
    if (bound.udp6 >= 0) assert_int_equal(bound.udp6_port, bound.udp4_port);
    assert_int_equal(bound.only.family, 0);
    plk_bound_close(&bound);
    assert_int_equal(bound.udp4, -1);
    config.listen = "127.0.0.1:0";
    config.no_tcp = true;
    assert_int_equal(plk_bind(&bound, &config, &fault), PLK_FAULT_NONE);
    assert_int_equal(bound.tcp4, -1);
    assert_int_equal(bound.udp6, -1);
    assert_int_equal(bound.tcp_port, 0);
    assert_int_equal(bound.only.family, 4);
    plk_bound_close(&bound);
}

static void a_port_is_chosen_once_and_passed_over_while_taken(void **state) {
    (void)state;
    char home[64];
    struct plk_bound first, second;
    struct plk_fault fault;
    tempdir_make(home);
    struct plk_bind_config config = {.home = home};
    assert_int_equal(plk_bind(&first, &config, &fault), PLK_FAULT_NONE);
    unsigned long kept = plk_home_number_read(home, PLK_BIND_PORT_NAME);
    assert_int_equal(first.udp4_port, kept);
    assert_int_equal(plk_bind(&second, &config, &fault), PLK_FAULT_NONE); // taken by the first
    assert_int_not_equal(second.udp4_port, kept);
    assert_int_equal(plk_home_number_read(home, PLK_BIND_PORT_NAME), kept);
    plk_bound_close(&second);
    plk_bound_close(&first);
    assert_int_equal(plk_bind(&second, &config, &fault), PLK_FAULT_NONE);
    assert_int_equal(second.udp4_port, kept);
    plk_bound_close(&second);
    tempdir_remove(home);
}

static void a_taken_port_is_refused_whole(void **state) {
    (void)state;
    struct plk_bound first, second;
    struct plk_fault fault;
    struct plk_bind_config tcp_only = {.listen = "127.0.0.1:0", .home = "/nowhere", .no_udp = true};
    assert_int_equal(plk_bind(&first, &tcp_only, &fault), PLK_FAULT_NONE);
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", first.tcp_port);
    struct plk_bind_config config = {.listen = listen, .home = "/nowhere"};
    assert_int_equal(plk_bind(&second, &config, &fault), PLK_FAULT_LISTEN); // UDP would have been free
    assert_non_null(strstr(fault.line, "taken"));
    assert_int_equal(second.udp4, -1);
    plk_bound_close(&first);
    assert_int_equal(plk_bind(&second, &config, &fault), PLK_FAULT_NONE);
    plk_bound_close(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(all_four_sockets_have_one_port),
        cmocka_unit_test(a_port_is_chosen_once_and_passed_over_while_taken),
        cmocka_unit_test(a_taken_port_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
