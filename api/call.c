// SPDX-License-Identifier: MIT
#include "api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/client.h"
#include "api/shapes.h"
#include "contact/persona.h"

static void unlink_call(struct plk_call *call) {
    if (call->at == NULL) return;
    *call->at = call->after;
    if (call->after != NULL) call->after->at = call->at;
    call->at = NULL;
}

static void call_free(struct plk_call *call) {
    unlink_call(call);
    json_decref(call->id);
    json_decref(call->params);
    free(call);
}

// ---- answers --------------------------------------------------------------------------------------------------------

static void finish(struct plk_call *call, json_t *answer) {
    if (!call->told) call->sink(call->owner, call, call->id != NULL ? answer : NULL);
    json_decref(answer);
    call_free(call);
}

void plk_call_answer(struct plk_call *call, json_t *result) {
    finish(call, json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", call->id, "result", result));
}

void plk_call_answer_line(struct plk_call *call, struct plk_bytes line) {
    if (!call->told) call->sink_line(call->owner, call, line);
    call_free(call);
}

json_t *plk_call_error(const json_t *id, int code, const char *name, const char *line) {
    json_t *error = json_pack("{s:i, s:s}", "code", code, "message", line);
    if (name != NULL) json_object_set_new(error, "data", json_pack("{s:s}", "name", name));
    json_t *copy = id != NULL ? json_deep_copy(id) : json_null();
    return json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id", copy, "error", error);
}

static void fail(struct plk_call *call, int code, const char *name, const char *line) {
    json_t *answer = plk_call_error(call->id, code, name, line);
    // A line that quotes what was no UTF-8 cannot be JSON; the code still tells.
    if (answer == NULL) answer = plk_call_error(call->id, code, name, "failed");
    finish(call, answer);
}

void plk_call_fail(struct plk_call *call, int code, const char *format, ...) {
    char line[PLK_CALL_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fail(call, code, NULL, line);
}

void plk_call_fail_named(struct plk_call *call, int code, const char *name, const char *line) {
    fail(call, code, name, line);
}

void plk_call_err(struct plk_call *call, enum plk_err err, const char *format, ...) {
    char line[PLK_CALL_LINE_MAX];
    if (format != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof line, format, args);
        va_end(args);
    }
    fail(call, (int)err, plk_err_name(err), format != NULL ? line : plk_err_text(err));
}

void plk_call_fault(struct plk_call *call, const struct plk_fault *fault) {
    static const char *const names[] = {
        [PLK_FAULT_NONE] = "NONE",
        [PLK_FAULT_HOME] = "HOME",
        [PLK_FAULT_IN_USE] = "IN_USE",
        [PLK_FAULT_NO_STORE] = "NO_STORE",
        [PLK_FAULT_WRONG_PASSPHRASE] = "WRONG_PASSPHRASE",
        [PLK_FAULT_CORRUPT] = "CORRUPT",
        [PLK_FAULT_TOO_NEW] = "TOO_NEW",
        [PLK_FAULT_FULL] = "FULL",
        [PLK_FAULT_LOCKED] = "LOCKED",
        [PLK_FAULT_UNSUPPORTED] = "UNSUPPORTED",
        [PLK_FAULT_LISTEN] = "LISTEN",
        [PLK_FAULT_SYSTEM] = "SYSTEM",
    };
    fail(call, PLK_CALL_HOST, names[fault->kind], fault->line);
}

// ---- a request ------------------------------------------------------------------------------------------------------

// By-position parameters get the names of their places.
static json_t *named_params(const struct plk_shape *shape, const json_t *list) {
    if (json_array_size(list) > shape->count) return NULL;
    json_t *object = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_object_set(object, shape->fields[i].name, json_array_get(list, i));
    }
    return object;
}

static bool take_params(struct plk_call *call, json_t *params) {
    char why[PLK_SHAPE_WHY_MAX];
    if (params == NULL)
        call->params = json_object();
    else if (json_is_array(params))
        call->params = named_params(call->method->params, params);
    else
        call->params = json_incref(params);
    if (call->params == NULL) {
        plk_call_fail(call, PLK_CALL_PARAMS, "there are too many parameters");
        return false;
    }
    if (!plk_shape_check(call->method->params, call->params, why)) {
        plk_call_fail(call, PLK_CALL_PARAMS, "%s", why);
        return false;
    }
    return true;
}

// JSON-RPC 2.0, section 4: version, method, id, and nothing that is not known.
static bool take_request(struct plk_call *call, const json_t *request, const char **method, json_t **params) {
    json_t *version = NULL, *id = NULL;
    if (!json_is_object(request)) {
        bool batch = json_is_array(request);
        plk_call_fail(call, PLK_CALL_REQUEST, "%s",
                      batch ? "no batches: send one request a line" : "a request is an object");
        return false;
    }
    id = json_object_get(request, "id");
    bool usable = id == NULL || json_is_string(id) || json_is_integer(id);
    json_decref(call->id);
    call->id = usable ? json_incref(id) : json_null();
    *params = json_object_get(request, "params");
    *method = json_string_value(json_object_get(request, "method"));
    version = json_object_get(request, "jsonrpc");
    size_t known = (id != NULL) + (*params != NULL) + (*method != NULL) + (version != NULL);
    const char *why = !usable ? "`id` must be a text or a whole number"
                      : !json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0
                          ? "`jsonrpc` must be \"2.0\""
                      : *method == NULL ? "`method` must be a text"
                      : *params != NULL && !json_is_object(*params) && !json_is_array(*params)
                          ? "`params` must be an object or a list"
                      : known != json_object_size(request) ? "there is a name in the request that is not known here"
                                                           : NULL;
    if (why == NULL) return true;
    // Section 5: what is no request is answered, even where it looks like a notification.
    if (call->id == NULL) call->id = json_null();
    plk_call_fail(call, PLK_CALL_REQUEST, "%s", why);
    return false;
}

// A window says who it is before anything else, and never hears what would be the whole profile (DESIGN 6).
static bool window_may(struct plk_call *call) {
    const struct plk_client *client = call->owner;
    if (!client->known && !(call->method->flags & PLK_METHOD_LOGIN))
        plk_call_fail(call, PLK_CALL_NOT_HERE, "log in first");
    else if (call->method->flags & PLK_METHOD_LOCAL)
        plk_call_fail(call, PLK_CALL_NOT_HERE, "this is for the Unix socket only, not for a page");
    else
        return true;
    return false;
}

static bool may_run(struct plk_call *call) {
    if (call->window && !window_may(call)) return false;
    if (call->host == NULL && !(call->method->flags & PLK_METHOD_OFFLINE)) {
        plk_call_fail(call, PLK_CALL_NOT_HERE, "this needs a running node");
        return false;
    }
    return call->method->flags & PLK_METHOD_EMPTY ? true : plk_call_ready(call);
}

static void run_send(struct plk_call *call, const struct plk_request *request) {
    call->id = json_integer((json_int_t)request->id);
    call->method = plk_method_find("send");
    if (may_run(call)) plk_method_send_request(call, &request->send);
}

void plk_call_run(const struct plk_call *context, struct plk_bytes line) {
    struct plk_call *call = calloc(1, sizeof *call);
    plk_assert(call != NULL);
    *call = *context;
    struct plk_request quick;
    if (plk_request_read(line, &quick)) {
        run_send(call, &quick);
        return;
    }
    call->id = json_null(); // what cannot be read has no id, and is answered with null
    json_error_t error;
    const char *method = NULL;
    json_t *params = NULL;
    json_t *request =
        line.len > 0 ? json_loadb((const char *)line.at, line.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error)
                     : NULL;
    if (request == NULL) {
        plk_call_fail(call, PLK_CALL_PARSE, "this line is not JSON: %s", line.len > 0 ? error.text : "it is empty");
        return;
    }
    if (take_request(call, request, &method, &params)) {
        call->method = plk_method_find(method);
        if (call->method == NULL)
            plk_call_fail(call, PLK_CALL_NO_METHOD, "there is no method of this name");
        else if (take_params(call, params) && may_run(call))
            call->method->run(call);
    }
    json_decref(request);
}

// ---- for methods ----------------------------------------------------------------------------------------------------

static void command_result(void *ctx, const struct plk_output *output) {
    struct plk_call *call = ctx;
    unlink_call(call);
    if (call->told)
        call_free(call);
    else
        call->on_result(call, output);
}

void plk_call_command(struct plk_call *call, const struct plk_command *command, plk_call_result *on_result) {
    struct plk_call **list = &call->api->commands;
    call->on_result = on_result;
    enum plk_err err = plk_host_command(call->host, command, command_result, call);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    call->at = list;
    call->after = *list;
    if (call->after != NULL) call->after->at = &call->after;
    *list = call;
}

// Answers now; what its method says later is heard by nobody.
static void tell(struct plk_call *call, int code, const char *name, const char *line) {
    if (call->told) return;
    json_t *answer = plk_call_error(call->id, code, name, line);
    call->sink(call->owner, call, call->id != NULL ? answer : NULL);
    call->told = true;
    json_decref(answer);
}

void plk_call_tell_stalled(struct plk_call *first) {
    static const char line[] =
        "the disk is full or locked: this is done as soon as there is room, if the node runs until then";
    for (struct plk_call *call = first; call != NULL; call = call->after) {
        tell(call, PLK_ERR_STALLED, plk_err_name(PLK_ERR_STALLED), line);
    }
}

void plk_call_let_go(struct plk_call *first) {
    while (first != NULL) {
        struct plk_call *call = first;
        first = call->after;
        unlink_call(call);
        tell(call, PLK_CALL_NO_NODE, NULL, "the node is stopping; this may be done all the same");
        call->api = NULL;
    }
}

struct plk_bytes plk_call_text(const struct plk_call *call, const char *name) {
    const json_t *value = json_object_get(call->params, name);
    return value != NULL ? plk_bytes(json_string_value(value), json_string_length(value)) : plk_bytes(NULL, 0);
}

uint64_t plk_call_count(const struct plk_call *call, const char *name) {
    return (uint64_t)json_integer_value(json_object_get(call->params, name));
}

bool plk_call_flag(const struct plk_call *call, const char *name) {
    return json_is_true(json_object_get(call->params, name));
}

bool plk_call_has(const struct plk_call *call, const char *name) { return json_object_get(call->params, name) != NULL; }

static enum plk_err find_stored(struct plk_history *history, struct plk_bytes name, struct plk_contact_row *row) {
    enum plk_err err = plk_history_find_contact(history, name, row);
    uint8_t peer_id[PLK_PEER_ID_LEN];
    if (err != PLK_ERR_NOT_FOUND || plk_persona_id_parse(peer_id, name) != PLK_ERR_OK) return err;
    struct plk_history_contacts contacts = {0};
    err = plk_history_contacts(history, &contacts);
    if (err == PLK_ERR_OK) err = PLK_ERR_NOT_FOUND;
    for (size_t i = 0; i < contacts.count; i++) {
        if (memcmp(contacts.contacts[i].row.peer_id, peer_id, sizeof peer_id) != 0) continue;
        *row = contacts.contacts[i].row;
        err = PLK_ERR_OK;
    }
    plk_history_contacts_free(&contacts);
    return err;
}

bool plk_call_contact(struct plk_call *call, struct plk_contact_row *row) {
    return plk_call_contact_named(call, plk_call_text(call, "contact"), row);
}

bool plk_call_contact_named(struct plk_call *call, struct plk_bytes name, struct plk_contact_row *row) {
    enum plk_err err = PLK_ERR_OK;
    if (call->host != NULL) {
        uint32_t contact = 0;
        struct plk_contact_view view;
        const struct plk_node *node = plk_host_node(call->host);
        err = plk_node_find_contact(node, name, &contact);
        if (err == PLK_ERR_OK) err = plk_node_contact(node, contact, &view);
        if (err == PLK_ERR_OK) *row = view.row;
    } else {
        err = find_stored(call->history, name, row);
    }
    if (err == PLK_ERR_NOT_FOUND) {
        plk_call_err(call, err, "there is no contact called \"%.*s\"", (int)(name.len < 80 ? name.len : 80),
                     (const char *)name.at);
    } else if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
    }
    return err == PLK_ERR_OK;
}

bool plk_call_ready(struct plk_call *call) {
    if (call->host == NULL) {
        if (call->history != NULL) return true;
        plk_call_err(call, PLK_ERR_NO_PROFILE, NULL);
        return false;
    }
    if (plk_host_locked(call->host)) {
        plk_call_err(call, PLK_ERR_LOCKED, "the profile is locked: `peerlink open` asks for the passphrase");
        return false;
    }
    switch (plk_node_state(plk_host_node(call->host))) {
    case PLK_NODE_READY:
        return true;
    case PLK_NODE_EMPTY:
        plk_call_err(call, PLK_ERR_NO_PROFILE, "there is no profile yet: make one with `peerlink init`");
        return false;
    case PLK_NODE_CORRUPT:
        plk_call_err(call, PLK_ERR_CORRUPT, NULL);
        return false;
    case PLK_NODE_LOADING:
        break;
    }
    plk_call_fail(call, PLK_CALL_NO_NODE, "the node is still starting, try again");
    return false;
}
