// SPDX-License-Identifier: MIT
// A request line becomes exactly one answer, or none for a notification, whatever is in it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "api/api.h"
#include "api/call.h"

struct heard {
    size_t calls;
    json_t *answer;
};

static void hear(void *ctx, struct plk_call *call, const json_t *answer) {
    (void)call;
    struct heard *heard = ctx;
    heard->calls++;
    json_decref(heard->answer);
    heard->answer = answer != NULL ? json_deep_copy(answer) : NULL;
}

// The answer to a line; NULL for a notification.
static json_t *ask_bytes(struct plk_bytes line) {
    struct heard heard = {0};
    struct plk_call context = {.owner = &heard, .sink = hear};
    plk_call_run(&context, line);
    assert_int_equal(heard.calls, 1);
    return heard.answer;
}

static json_int_t code_of(struct plk_bytes line) {
    json_t *answer = ask_bytes(line);
    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
    assert_null(json_object_get(answer, "result"));
    json_t *error = json_object_get(answer, "error");
    assert_true(json_string_length(json_object_get(error, "message")) > 0);
    json_int_t code = json_integer_value(json_object_get(error, "code"));
    json_decref(answer);
    return code;
}

static void refuses(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int code;
    } bad[] = {
        {"", PLK_CALL_PARSE},
        {"{", PLK_CALL_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"id\"}", PLK_CALL_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":9223372036854775808,\"method\":\"id\"}", PLK_CALL_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"\\u0000\",\"method\":\"id\"}", PLK_CALL_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"id\"}", PLK_CALL_PARSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\"} {}", PLK_CALL_PARSE},
        {"1", PLK_CALL_REQUEST},
        {"[]", PLK_CALL_REQUEST},
        {"{}", PLK_CALL_REQUEST},
        {"{\"id\":1,\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"id\"}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\",\"params\":1}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\",\"more\":1}", PLK_CALL_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", PLK_CALL_NO_METHOD},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ID\"}", PLK_CALL_NO_METHOD},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":{\"contact\":\"Bob\"}}", PLK_CALL_PARAMS},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\",\"params\":[1]}", PLK_CALL_PARAMS},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":[\"Bob\",\"x\"]}", PLK_CALL_NOT_HERE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}", PLK_CALL_NOT_HERE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"contacts\"}", PLK_ERR_NO_PROFILE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_int_t code = code_of(plk_bytes_text(bad[i].line));
        if (code != bad[i].code) fail_msg("%s: %d instead of %d", bad[i].line, (int)code, bad[i].code);
    }
    assert_int_equal(code_of(plk_bytes("{\"a\":\0}", 7)), PLK_CALL_PARSE);
}

// Nesting that would eat the stack of a reader that is not careful.
static void refuses_depth(void **state) {
    (void)state;
    static char deep[PLK_CALL_REQUEST_MAX];
    memset(deep, '[', sizeof deep);
    assert_int_equal(code_of(plk_bytes(deep, sizeof deep)), PLK_CALL_PARSE);
}

static void ids_come_back(void **state) {
    (void)state;
    static const char *const ids[] = {"1", "-9223372036854775808", "9223372036854775807", "\"\"",
                                      "\"caller \xc3\xa9\""};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char line[200];
        snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"rpc.discover\"}", ids[i]);
        json_t *answer = ask_bytes(plk_bytes_text(line)), *id = json_loads(ids[i], JSON_DECODE_ANY, NULL);
        assert_true(json_equal(json_object_get(answer, "id"), id));
        assert_non_null(json_object_get(answer, "result"));
        json_decref(answer);
        json_decref(id);
    }
}

static void notification_is_not_answered(void **state) {
    (void)state;
    assert_null(ask_bytes(plk_bytes_text("{\"jsonrpc\":\"2.0\",\"method\":\"rpc.discover\"}")));
    assert_null(ask_bytes(plk_bytes_text("{\"jsonrpc\":\"2.0\",\"method\":\"no such\"}")));
}

static void without_a_node(void **state) {
    (void)state;
    json_t *answer = plk_api_offline(NULL, "rpc.discover", NULL);
    assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "result"), "openrpc")), "1.3.2");
    json_decref(answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(refuses), cmocka_unit_test(refuses_depth),
                                       cmocka_unit_test(ids_come_back), cmocka_unit_test(notification_is_not_answered),
                                       cmocka_unit_test(without_a_node)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
