// SPDX-License-Identifier: MIT
// Requests are read as RFC 9112 says, or refused.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "host/web/http.h"

static struct plk_http_head head;
static size_t used;

static enum plk_http_found reads(const char *text) {
    head = (struct plk_http_head){.method = PLK_HTTP_OTHER};
    used = 0;
    return plk_http_read(plk_bytes_text(text), &head, &used);
}

static void assert_text(struct plk_bytes bytes, const char *text) {
    assert_non_null(bytes.at);
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.at, text, bytes.len);
}

static void a_request_is_read(void **state) {
    static const char text[] =
        "GET /assets/a.js?v=1 HTTP/1.1\r\nHost: 127.0.0.1:7470\r\naccept-ENCODING: br, gzip;q=0.5\r\n"
        "If-None-Match: \"x\"\r\nX-Other:\t a b \r\nSec-Fetch-Site: none\r\n\r\nrest";
    (void)state;
    assert_int_equal(reads(text), PLK_HTTP_DONE);
    assert_int_equal(used, sizeof text - 1 - strlen("rest"));
    assert_int_equal(head.method, PLK_HTTP_GET);
    assert_text(head.path, "/assets/a.js");
    assert_text(head.host, "127.0.0.1:7470");
    assert_text(head.if_none_match, "\"x\"");
    assert_text(head.fetch_site, "none");
    assert_true(head.gzip);
    assert_false(head.upgrade);
    assert_null(head.origin.at);
}

static void in_pieces_it_is_the_same(void **state) {
    static const char text[] = "HEAD / HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n\r\n";
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(plk_http_read(plk_bytes(text, len), &head, &used), PLK_HTTP_MORE);
    assert_int_equal(reads(text), PLK_HTTP_DONE);
    assert_int_equal(head.method, PLK_HTTP_HEAD);
    assert_text(head.origin, "null");
}

static void an_upgrade_is_known(void **state) {
    static const char format[] =
        "GET /api HTTP/1.1\r\nHost: a\r\nUpgrade: %s\r\nConnection: %s\r\nSec-WebSocket-Key: %s\r\n"
        "Sec-WebSocket-Version: %s\r\n\r\n";
    static const struct {
        const char *upgrade, *connection, *key, *version;
        bool is;
    } rows[] = {{"websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13", true},
                {"WebSocket", "keep-alive, upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13", true},
                {"h2c", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13", false},
                {"websocket", "close", "dGhlIHNhbXBsZSBub25jZQ==", "13", false},
                {"websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ", "13", false},
                {"websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "8", false}};
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, format, rows[i].upgrade, rows[i].connection, rows[i].key, rows[i].version);
        assert_int_equal(reads(text), PLK_HTTP_DONE);
        assert_int_equal(head.upgrade, rows[i].is);
    }
}

static void what_is_not_right_is_refused(void **state) {
    static const struct {
        const char *text;
        enum plk_http_found found;
    } rows[] = {
        {"\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\nHost: a\n\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\rHost: a", PLK_HTTP_BAD},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET /\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", PLK_HTTP_VERSION},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", PLK_HTTP_VERSION},
        {"GET / HTTP/1.1\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\norigin: b\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\n: a\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", PLK_HTTP_BAD},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", PLK_HTTP_BODY},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", PLK_HTTP_BODY},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", PLK_HTTP_DONE},
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", PLK_HTTP_DONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) assert_int_equal(reads(rows[i].text), rows[i].found);
}

static void a_head_has_an_end(void **state) {
    static char text[PLK_HTTP_HEAD_MAX + 64];
    (void)state;
    size_t len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(text + len, 'x', sizeof text - len - 1);
    text[PLK_HTTP_HEAD_MAX - 1] = '\0';
    assert_int_equal(reads(text), PLK_HTTP_MORE);
    text[PLK_HTTP_HEAD_MAX - 1] = 'x';
    assert_int_equal(reads(text), PLK_HTTP_TOO_LONG);
    len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < PLK_HTTP_FIELDS_MAX; i++) len += (size_t)snprintf(text + len, sizeof text - len, "A: b\r\n");
    snprintf(text + len, sizeof text - len, "\r\n");
    assert_int_equal(reads(text), PLK_HTTP_TOO_LONG);
}

static void lists_are_read(void **state) {
    (void)state;
    assert_true(plk_http_list_has(plk_bytes_text("br, GZIP"), "gzip"));
    assert_true(plk_http_list_has(plk_bytes_text("gzip ; q=1.0"), "gzip"));
    assert_false(plk_http_list_has(plk_bytes_text("gzip;q=0"), "gzip"));
    assert_false(plk_http_list_has(plk_bytes_text("gzip;q=0.000,br"), "gzip"));
    assert_false(plk_http_list_has(plk_bytes_text("xgzip, gzipx"), "gzip"));
    assert_false(plk_http_list_has(plk_bytes(NULL, 0), "gzip"));
}

// RFC 6455, section 1.3.
static void a_key_is_answered(void **state) {
    char out[PLK_HTTP_ACCEPT_LEN];
    (void)state;
    plk_http_accept(out, plk_bytes_text("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_memory_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", sizeof out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read),   cmocka_unit_test(in_pieces_it_is_the_same),
        cmocka_unit_test(an_upgrade_is_known), cmocka_unit_test(what_is_not_right_is_refused),
        cmocka_unit_test(a_head_has_an_end),   cmocka_unit_test(lists_are_read),
        cmocka_unit_test(a_key_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
