// SPDX-License-Identifier: MIT
// What the quick reader takes means the same to the JSON library, and what it must not take it leaves alone; the quick
// answer is the one that the library writes.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "api/request.h"
#include "api/wait.h"

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"send\",\"params\":"

static void assert_text(struct plk_bytes text, const char *want) {
    if (want == NULL)
        assert_null(text.at);
    else
        assert_true(text.at != NULL && plk_bytes_equal(text, plk_bytes_text(want)));
}

static void takes(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int64_t id;
        const char *contact, *text, *caller, *wait;
        bool has_timeout;
        uint64_t timeout_ms;
    } good[] = {
        {HEAD "{\"contact\":\"Bob\",\"text\":\"hi\"}}", 7, "Bob", "hi", NULL, NULL, false, 0},
        {HEAD "{\"text\":\"\",\"contact\":\"\"}}", 7, "", "", NULL, NULL, false, 0},
        {HEAD "{\"contact\":\"Bob\",\"text\":\"h\xc3\xa4/\x7f\",\"wait\":\"delivered\",\"timeout_ms\":0}}", 7, "Bob",
         "h\xc3\xa4/\x7f", NULL, "delivered", true, 0},
        {HEAD "{\"contact\":\"Bob\",\"text\":\"x\",\"id\":\"\"}}", 7, "Bob", "x", "", NULL, false, 0},
        {"{\"params\": {\"contact\": \"Bob\", \"text\": \"x\", \"id\": \"a1\", \"timeout_ms\": 999999999999999999}, "
         "\"method\": \"send\", \"id\": 999999999999999999, \"jsonrpc\": \"2.0\"}",
         999999999999999999, "Bob", "x", "a1", NULL, true, 999999999999999999},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct plk_request got;
        assert_true(plk_request_read(plk_bytes_text(good[i].line), &got));
        assert_int_equal(got.id, good[i].id);
        assert_text(got.send.contact, good[i].contact);
        assert_text(got.send.text, good[i].text);
        assert_text(got.send.id, good[i].caller);
        assert_text(got.send.wait, good[i].wait);
        assert_int_equal(got.send.has_timeout, good[i].has_timeout);
        assert_int_equal(got.send.timeout_ms, good[i].timeout_ms);
    }
}

static void leaves(void **state) {
    (void)state;
    static const char *const other[] = {
        "",
        "{",
        "{}",
        "[]",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\"}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\"}} ",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\"}}{",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",}}",
        HEAD "{,\"contact\":\"Bob\",\"text\":\"hi\"}}",
        HEAD "{\"contact\":\"Bob\"}}",
        HEAD "{\"text\":\"hi\"}}",
        HEAD "{}}",
        HEAD "[\"Bob\",\"hi\"]}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"a\\nb\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"a\\\"\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"a\tb\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"\xff\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"\xc0\x80\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"\xed\xa0\x80\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi}}",
        HEAD "{\"contact\":\"Bob\",\"text\":null}}",
        HEAD "{\"contact\":\"Bob\",\"text\":1}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"text\":\"hi\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"more\":\"hi\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"wait\":\"\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"wait\":\"read\"}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":-1}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":1.0}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":1e3}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":01}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":}}",
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"timeout_ms\":1000000000000000000}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"Send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"send\"}",
        "{\"id\":7,\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":7,\"method\":\"send\",\"params\":{\"contact\":\"Bob\",\"text\":\"hi\"}}",
    };
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct plk_request got;
        if (plk_request_read(plk_bytes_text(other[i]), &got)) fail_msg("taken: %s", other[i]);
    }
}

// Every beginning of a request is none.
static void leaves_what_is_cut(void **state) {
    (void)state;
    static const char line[] =
        HEAD "{\"contact\":\"Bob\",\"text\":\"hi\",\"id\":\"x\",\"wait\":\"sent\",\"timeout_ms\":12}}";
    struct plk_request got;
    assert_true(plk_request_read(plk_bytes_text(line), &got));
    for (size_t len = 0; len < sizeof line - 1; len++) assert_false(plk_request_read(plk_bytes(line, len), &got));
}

static void writes_the_same_answer(void **state) {
    (void)state;
    static const char *const names[] = {"Bob", "B\xc3\xb6\x62/", ""};
    for (unsigned i = 0; i < 24; i++) {
        struct plk_call call = {.id = json_integer(i * 1000003), .row = i * 7919, .repeated = i % 2 == 0};
        for (size_t k = 0; k < PLK_ID_LEN; k++) call.message_id[k] = (uint8_t)(i * 37 + k * 17);
        struct plk_wait_answer answer = {.name = plk_bytes_text(names[i % 3]),
                                         .state = i % 4 < 2 ? PLK_STATE_QUEUED : PLK_STATE_DELIVERED,
                                         .timed_out = i % 5 == 0,
                                         .delivered = i % 4 >= 2,
                                         .took_ms = i * 13,
                                         .path = i % 4 >= 2 ? PLK_PATH_LAN : PLK_PATH_NONE};
        char line[PLK_WAIT_LINE_MAX];
        size_t len = plk_wait_line(&call, &answer, line);
        assert_true(len > 0);
        json_t *object =
            json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id", call.id, "result", plk_wait_result(&call, &answer));
        char *want = json_dumps(object, JSON_COMPACT);
        assert_int_equal(len, strlen(want));
        assert_memory_equal(line, want, len);
        free(want);
        json_decref(object);
    }
}

static void leaves_other_answers(void **state) {
    (void)state;
    static const char *const names[] = {"B\"b", "B\\b", "B\nb", "B\xff"};
    char line[PLK_WAIT_LINE_MAX];
    struct plk_call call = {.id = json_integer(1)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(plk_wait_line(&call, &(struct plk_wait_answer){.name = plk_bytes_text(names[i])}, line), 0);
    }
    json_decref(call.id);
    call.id = json_string("1");
    assert_int_equal(plk_wait_line(&call, &(struct plk_wait_answer){.name = plk_bytes_text("Bob")}, line), 0);
    json_decref(call.id);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes),
        cmocka_unit_test(leaves),
        cmocka_unit_test(leaves_what_is_cut),
        cmocka_unit_test(writes_the_same_answer),
        cmocka_unit_test(leaves_other_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
