// SPDX-License-Identifier: MIT
// What the quick reader takes the JSON library takes too, as the same request of the same shape.
#include <string.h>

#include "api/request.h"
#include "api/shapes.h"

static void same_text(const json_t *params, const char *name, struct plk_bytes text) {
    const json_t *value = json_object_get(params, name);
    plk_assert((value != NULL) == (text.at != NULL));
    if (value == NULL) return;
    plk_assert(plk_bytes_equal(plk_bytes(json_string_value(value), json_string_length(value)), text));
}

static void same(const json_t *line, const struct plk_request *request) {
    const json_t *params = json_object_get(line, "params"), *timeout = json_object_get(params, "timeout_ms");
    char why[PLK_SHAPE_WHY_MAX];
    plk_assert(json_object_size(line) == 4 && json_is_integer(json_object_get(line, "id")));
    plk_assert(json_integer_value(json_object_get(line, "id")) == request->id);
    plk_assert(strcmp(json_string_value(json_object_get(line, "jsonrpc")), "2.0") == 0);
    plk_assert(strcmp(json_string_value(json_object_get(line, "method")), "send") == 0);
    plk_assert(plk_shape_check(&plk_shape_send_params, params, why));
    same_text(params, "contact", request->send.contact);
    same_text(params, "text", request->send.text);
    same_text(params, "id", request->send.id);
    same_text(params, "wait", request->send.wait);
    plk_assert((timeout != NULL) == request->send.has_timeout);
    plk_assert(json_integer_value(timeout) == (json_int_t)request->send.timeout_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct plk_request request;
    if (!plk_request_read(plk_bytes(data, len), &request)) return 0;
    json_t *line = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    plk_assert(line != NULL);
    same(line, &request);
    json_decref(line);
    return 0;
}
