// SPDX-License-Identifier: MIT
// Who is answered, and with what: names and origins that are not ours get nothing.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "host/web/answer.h"

static const uint8_t page[] = {1, 2, 3}, script[] = {4, 5};
static const struct plk_asset assets[] = {
    {"/index.html", "text/html; charset=utf-8", "\"aa\"", false, page, sizeof page},
    {"/assets/x.js", "text/javascript; charset=utf-8", "\"bb\"", true, script, sizeof script},
};
static const struct plk_answer_site site = {.port = 7470, .assets = assets, .count = 2};
static struct plk_answer answer;

#define OWN "Host: 127.0.0.1:7470\r\nAccept-Encoding: gzip\r\n"
#define SOCKET \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static unsigned asks(const char *line, const char *fields) {
    char text[1024];
    struct plk_http_head head = {.method = PLK_HTTP_OTHER};
    size_t used = 0;
    snprintf(text, sizeof text, "%s HTTP/1.1\r\n%s\r\n", line, fields);
    enum plk_http_found found = plk_http_read(plk_bytes_text(text), &head, &used);
    plk_answer_make(&answer, &site, found, &head);
    assert_true(answer.head_len > 4 && memcmp(answer.head + answer.head_len - 4, "\r\n\r\n", 4) == 0);
    return answer.status;
}

static bool says(const char *field) { return strstr(answer.head, field) != NULL; }

static void files_are_given(void **state) {
    (void)state;
    assert_int_equal(asks("GET /", OWN), 200);
    assert_ptr_equal(answer.body.at, page);
    assert_true(says("Cache-Control: no-cache\r\n") && says("ETag: \"aa\"\r\n") && says("Content-Length: 3\r\n"));
    assert_true(says("connect-src ws://127.0.0.1:7470;") && says("default-src 'none'") &&
                says("frame-ancestors 'none'"));
    assert_int_equal(asks("GET /assets/x.js", OWN), 200);
    assert_true(says("immutable") && says("text/javascript") && says("Content-Encoding: gzip\r\n"));
    assert_int_equal(asks("HEAD /index.html", OWN), 200);
    assert_int_equal(answer.body.len, 0);
    assert_true(says("Content-Length: 3\r\n"));
    assert_int_equal(asks("GET /", OWN "If-None-Match: \"aa\"\r\n"), 304);
    assert_int_equal(asks("GET /", OWN "If-None-Match: \"bb\"\r\n"), 200);
    assert_int_equal(asks("GET /assets", OWN), 404);
    assert_int_equal(asks("GET //", OWN), 404);
    assert_int_equal(asks("POST /", OWN), 405);
    assert_int_equal(asks("GET /", "Host: 127.0.0.1:7470\r\n"), 406);
}

static void other_names_are_not_answered(void **state) {
    static const char *const names[] = {"localhost:7470",          "127.0.0.1",      "127.0.0.1:7471",
                                        "evil.example:7470",       "[::1]:7470",     "127.0.0.1:747",
                                        "127.0.0.1:7470.evil.com", "127.0.0.1:07470"};
    char fields[256];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(fields, sizeof fields, "Host: %s\r\nAccept-Encoding: gzip\r\n" SOCKET, names[i]);
        assert_int_equal(asks("GET /", fields), 421);
        assert_int_equal(asks("GET /api", fields), 421);
    }
}

static void other_pages_are_not_answered(void **state) {
    static const char *const fields[] = {"Origin: http://127.0.0.1:7471\r\n",
                                         "Origin: http://localhost:7470\r\n",
                                         "Origin: https://127.0.0.1:7470\r\n",
                                         "Origin: null\r\n",
                                         "Origin: \r\n",
                                         "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
                                         "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n",
                                         "Sec-Fetch-Site: same-site\r\n"};
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        snprintf(text, sizeof text, OWN SOCKET "%s", fields[i]);
        assert_int_equal(asks("GET /", text), 403);
        assert_int_equal(asks("GET /assets/x.js", text), 403);
        assert_int_equal(asks("GET /api", text), 403);
    }
    // A link that leads here is followed.
    assert_int_equal(asks("GET /", OWN "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"), 200);
    assert_int_equal(asks("GET /assets/x.js", OWN "Origin: http://127.0.0.1:7470\r\nSec-Fetch-Site: same-origin\r\n"),
                     200);
}

static void a_socket_is_for_the_own_page(void **state) {
    (void)state;
    assert_int_equal(asks("GET /api", OWN SOCKET "Origin: http://127.0.0.1:7470\r\n"), 101);
    assert_true(says("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_int_equal(asks("GET /api", OWN SOCKET), 403);
    assert_int_equal(asks("GET /api", OWN "Origin: http://127.0.0.1:7470\r\n"), 426);
    assert_int_equal(asks("GET /index.html", OWN SOCKET "Origin: http://127.0.0.1:7470\r\n"), 200);
}

static void what_is_no_request_is_told_so(void **state) {
    (void)state;
    assert_int_equal(asks("GET", OWN), 400);
    assert_int_equal(asks("GET /", OWN "Content-Length: 7\r\n"), 413);
    assert_int_equal(asks("GET /", "Accept: x\r\n"), 400);
    plk_answer_make(&answer, &site, PLK_HTTP_TOO_LONG, &(struct plk_http_head){.gzip = false});
    assert_int_equal(answer.status, 431);
    plk_answer_make(&answer, &site, PLK_HTTP_VERSION, &(struct plk_http_head){.gzip = false});
    assert_int_equal(answer.status, 505);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_given),
        cmocka_unit_test(other_names_are_not_answered),
        cmocka_unit_test(other_pages_are_not_answered),
        cmocka_unit_test(a_socket_is_for_the_own_page),
        cmocka_unit_test(what_is_no_request_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
