// SPDX-License-Identifier: MIT
// The OpenRPC document (https://spec.open-rpc.org, 1.3.2), built from the tables.
#include "api/call.h"
#include "api/shapes.h"

static json_t *param_list(const struct plk_shape *shape) {
    json_t *list = json_array();
    for (size_t i = 0; i < shape->count; i++) {
        const struct plk_field *field = &shape->fields[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o}", "name", field->name, "description", field->help,
                                              "required", !(field->flags & PLK_FIELD_OPTIONAL), "schema",
                                              plk_shape_field_schema(field)));
    }
    return list;
}

static json_t *method_object(const struct plk_method *method) {
    json_t *result = method->result == &plk_shape_document
                         ? json_pack("{s:s}", "type", "object")
                         : json_pack("{s:s+}", "$ref", "#/components/schemas/", method->result->name);
    return json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:o}, s:b, s:b}", "name", method->name, "summary", method->help,
                     "paramStructure", "either", "params", param_list(method->params), "result", "name",
                     method->result->name, "schema", result, "x-unix-socket-only",
                     (method->flags & PLK_METHOD_LOCAL) != 0, "x-without-node",
                     (method->flags & PLK_METHOD_OFFLINE) != 0);
}

static json_t *error_list(void) {
    json_t *list = json_array();
    for (int err = 1; err < PLK_ERR_COUNT; err++) {
        json_array_append_new(list, json_pack("{s:i, s:s, s:{s:s}}", "code", err, "message", plk_err_text(err), "data",
                                              "name", plk_err_name(err)));
    }
    return list;
}

json_t *plk_method_openrpc(void) {
    json_t *list = json_array();
    for (size_t i = 0; plk_method_at(i) != NULL; i++) json_array_append_new(list, method_object(plk_method_at(i)));
    json_t *schemas = json_object();
#define SCHEMA(c, json) \
    if (&plk_shape_##c != &plk_shape_document) json_object_set_new(schemas, json, plk_shape_schema(&plk_shape_##c));
    PLK_SHAPES_LIST(SCHEMA)
#undef SCHEMA
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o}, s:o, s:s}", "openrpc", "1.3.2", "info", "title",
                     "PeerLink", "version", "1", "description",
                     "JSON-RPC 2.0, one object a line, on the node's Unix socket. Events come as notifications of the "
                     "method `event`, whose params are an Event.",
                     "methods", list, "components", "schemas", schemas, "x-errors", error_list(), "x-event", "Event");
}
