// SPDX-License-Identifier: MIT
// Answers by SSDP: only the router's own, that lead to the router itself, are of use.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "host/upnp.h"

static const struct plk_addr router = {.family = 4, .ip = {192, 168, 1, 1}};

static bool reads(const char *text, char url[PLK_UPNP_URL_MAX]) {
    return plk_upnp_read_answer(text, strlen(text), &router, url);
}

static void an_answer_says_where_the_router_is_described(void **state) {
    char url[PLK_UPNP_URL_MAX];
    (void)state;
    assert_true(reads("HTTP/1.1 200 OK\r\nST: x\r\nLocation: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n", url));
    assert_string_equal(url, "http://192.168.1.1:5000/rootDesc.xml");
    assert_true(reads("HTTP/1.1 200 OK\nLOCATION:http://192.168.1.1/d", url)); // as some send it
    assert_string_equal(url, "http://192.168.1.1/d");
}

static void one_that_leads_elsewhere_is_none(void **state) {
    char url[PLK_UPNP_URL_MAX];
    (void)state;
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.10:80/\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1@example.com/\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION: https://192.168.1.1/\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1.example.com/\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 404 no\r\nLOCATION: http://192.168.1.1/\r\n\r\n", url));
    assert_false(reads("NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nST: x\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/a b\r\n\r\n", url));
    assert_false(reads("HTTP/1.1 200 OK\r\nLOCATION:", url));
    assert_false(reads("", url));
}

static void a_url_that_is_too_long_is_none(void **state) {
    char text[600] = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/", url[PLK_UPNP_URL_MAX];
    (void)state;
    size_t len = strlen(text);
    memset(text + len, 'a', sizeof text - len);
    assert_false(plk_upnp_read_answer(text, sizeof text, &router, url));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_says_where_the_router_is_described),
        cmocka_unit_test(one_that_leads_elsewhere_is_none),
        cmocka_unit_test(a_url_that_is_too_long_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
