// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/config.h"
#include "api/json.h"
#include "api/relay_words.h"
#include "wire/relay_name.h"

void plk_method_relay_list(struct plk_call *call) {
    plk_call_answer(call, json_pack("{s:o}", "relays", plk_json_relays(plk_host_node(call->host))));
}

static void on_added(struct plk_call *call, const struct plk_output *output) {
    enum plk_err err = output->result.err;
    if (err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:o, s:b}", "address", plk_json_text(output->result.text), "known",
                                        output->result.repeated));
    else
        plk_call_err(call, err, "%s", plk_relay_words(err));
}

void plk_method_relay_add(struct plk_call *call) {
    struct plk_command command = {.kind = PLK_CMD_RELAY_ADD, .text = plk_call_text(call, "relay")};
    plk_call_command(call, &command, on_added);
}

static void on_removed(struct plk_call *call, const struct plk_output *output) {
    enum plk_err err = output->result.err;
    if (err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else if (err == PLK_ERR_NOT_FOUND)
        plk_call_err(call, err, "this is none of your relays: `peerlink relay list` shows them");
    else
        plk_call_err(call, err, "%s", plk_relay_words(err));
}

void plk_method_relay_remove(struct plk_call *call) {
    struct plk_command command = {.kind = PLK_CMD_RELAY_REMOVE, .text = plk_call_text(call, "relay")};
    plk_call_command(call, &command, on_removed);
}

// ---- serving others ---------------------------------------------------------------------------------------------------

static const char *mode_word(enum plk_serve_mode mode) {
    static const char *const words[] = {"auto", "off", "contacts", "public"};
    return words[mode];
}

json_t *plk_method_serve_object(const struct plk_host *host) {
    struct plk_host_serve_status status;
    char host_text[PLK_ADDR_TEXT_MAX], name_text[PLK_RELAY_NAME_TEXT_MAX];
    json_t *address = json_null(), *name = json_null();
    plk_host_serve_status(host, &status);
    if (status.addr.family != 0) {
        size_t len = plk_addr_text(&status.addr, host_text);
        struct plk_relay_name parts = {.host = plk_bytes(host_text, len), .port = status.addr.port};
        memcpy(parts.key, status.key, sizeof parts.key);
        plk_relay_name_encode(&parts, name_text, &len);
        address = plk_json_place(parts.host, parts.port);
        name = json_stringn(name_text, len);
    }
    return json_pack("{s:s, s:b, s:s?, s:o, s:o, s:I, s:I}", "mode", mode_word(status.mode), "on", status.on, "why",
                     status.fault.kind != PLK_FAULT_NONE ? status.fault.line : NULL, "address", address, "name", name,
                     "clients", (json_int_t)status.clients, "stored_bytes", (json_int_t)status.stored_bytes);
}

void plk_method_relay_serve(struct plk_call *call) {
    char word[16];
    struct plk_bytes text = plk_call_text(call, "mode");
    enum plk_serve_mode mode = PLK_SERVE_AUTO; // the shape lets nothing but its words through
    struct plk_fault fault = {.kind = PLK_FAULT_NONE};
    if (text.at != NULL) {
        snprintf(word, sizeof word, "%.*s", (int)text.len, (const char *)text.at);
        (void)plk_config_serve(word, &mode);
        if (plk_host_serve(call->host, mode, &fault) != PLK_FAULT_NONE) {
            plk_call_fault(call, &fault);
            return;
        }
    }
    plk_call_answer(call, plk_method_serve_object(call->host));
}
