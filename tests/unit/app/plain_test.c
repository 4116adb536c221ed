// SPDX-License-Identifier: MIT
// What a peer wrote does nothing to the terminal.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plain.h"

static char *printed(const char *text, int indent) {
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);
    assert_non_null(file);
    plk_plain_print(file, text, indent);
    fclose(file);
    return out;
}

static void expect(const char *text, int indent, const char *wanted) {
    char *out = printed(text, indent);
    if (strcmp(out, wanted) != 0) fail_msg("%s became %s", text, out);
    free(out);
}

static void text_stays(void **state) {
    (void)state;
    expect("hello, 你好, Привет, \xf0\x9f\x98\x80", -1, "hello, 你好, Привет, \xf0\x9f\x98\x80");
    // A family of people is joined by zero width joiners, which are part of it.
    expect("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", -1, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7");
    expect("one\ntwo", 4, "one\n    two");
    expect("one\ntwo", -1, "one\xe2\x90\x8atwo");
    expect("a\tb", -1, "a b");
}

static void controls_are_pictures(void **state) {
    (void)state;
    expect("\x1b[31mred\x1b]0;title\x07", -1, "␛[31mred␛]0;title␇");
    expect("over\rwritten\x08\x7f", -1, "over␍written␈␡");
    expect("\xc2\x9b"
           "31m",
           -1,
           "\xef\xbf\xbd"
           "31m"); // CSI in one character
    expect("\xe2\x80\xaegnp.exe", -1, "\xef\xbf\xbdgnp.exe");
    expect("\xe2\x81\xa6x\xe2\x81\xa9\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8", -1,
           "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

// A path on the command line may be anything: never read past its end, never let through.
static void broken_bytes(void **state) {
    (void)state;
    expect("\xff", -1, "\xef\xbf\xbd");
    expect("\xe2\x82", -1, "\xef\xbf\xbd\xef\xbf\xbd");
    expect("\xf0\x9f", -1, "\xef\xbf\xbd\xef\xbf\xbd");
    expect("a\xc3", -1, "a\xef\xbf\xbd");
    expect("\x9b", -1, "\xef\xbf\xbd");
}

static void no_byte_gets_through(void **state) {
    (void)state;
    for (int c = 1; c < 0x20; c++) {
        char text[2] = {(char)c, '\0'};
        char *out = printed(text, -1);
        for (const char *at = out; *at != '\0'; at++) assert_true((unsigned char)*at >= 0x20);
        free(out);
    }
}

static void message_line(void **state) {
    (void)state;
    char *out = NULL;
    size_t len = 0;
    setenv("TZ", "UTC", 1);
    tzset();
    json_t *message =
        json_pack("{s:s, s:s, s:i, s:I, s:s, s:s, s:s}", "direction", "out", "contact", "Bob", "seq", 3, "time_ms",
                  (json_int_t)1700000000000, "kind", "text", "text", "hi\x1b", "state", "queued");
    FILE *file = open_memstream(&out, &len);
    plk_plain_message(file, message);
    fclose(file);
    assert_string_equal(out, "3  2023-11-14 22:13  you: hi␛  (waiting on this device)\n");
    free(out);
    json_decref(message);
}

static void words(void **state) {
    (void)state;
    assert_string_equal(plk_plain_path("lan"), "directly");
    assert_string_equal(plk_plain_path("udp-punched"), "directly");
    assert_string_equal(plk_plain_path("tcp-direct"), "directly, over TCP");
    assert_string_equal(plk_plain_path("relay"), "through a relay");
    assert_string_equal(plk_plain_path(NULL), "");
}

typedef void plk_print(FILE *to, const json_t *object);

static void says(plk_print *print, json_t *object, const char *wanted) {
    char *out = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&out, &len);
    assert_non_null(object);
    assert_non_null(file);
    print(file, object);
    fclose(file);
    assert_string_equal(out, wanted);
    free(out);
    json_decref(object);
}

static void states(void **state) {
    (void)state;
    says(plk_plain_state, json_pack("{s:s}", "state", "sent"), "waiting on this device");
    says(plk_plain_state, json_pack("{s:s}", "state", "delivered"), "delivered");
    says(plk_plain_state,
         json_pack("{s:s, s:s, s:i, s:i}", "state", "stored", "contact", "B\x1bob", "stored", 1, "stored_of", 2),
         "kept for B␛ob on a relay");
    says(plk_plain_state,
         json_pack("{s:s, s:s, s:i, s:i}", "state", "stored", "contact", "Bob", "stored", 2, "stored_of", 2),
         "kept for Bob on 2 relays");
    says(plk_plain_state, json_pack("{s:s, s:s}", "state", "queued", "reason", "a relay no longer had it"),
         "waiting on this device: a relay no longer had it");
}

static void relays(void **state) {
    (void)state;
    says(plk_plain_relay, json_pack("{s:b, s:s, s:f}", "connected", 1, "transport", "udp", "rtt_ms", 12.34),
         "connected over UDP, 12.3 ms");
    says(plk_plain_relay, json_pack("{s:b, s:s, s:i}", "connected", 1, "transport", "tcp", "refused", 2),
         "connected over TCP; keeps nothing for you: it asks for a token, or for one that is good for more");
    says(plk_plain_relay, json_pack("{s:b, s:i}", "connected", 0, "failures", 1), "does not answer (1 attempt)");
    says(plk_plain_relay, json_pack("{s:b, s:i, s:b}", "connected", 0, "failures", 0, "adopted", 1),
         "not connected; taken over from the first link");
    says(plk_plain_relay, json_pack("{s:b, s:i, s:b}", "connected", 0, "failures", 0, "learned", 1),
         "not connected; learned from another relay");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_stays),   cmocka_unit_test(controls_are_pictures),
                                       cmocka_unit_test(broken_bytes), cmocka_unit_test(no_byte_gets_through),
                                       cmocka_unit_test(message_line), cmocka_unit_test(words),
                                       cmocka_unit_test(states),       cmocka_unit_test(relays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
