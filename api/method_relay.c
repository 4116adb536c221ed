// SPDX-License-Identifier: MIT
#include "api/call.h"
#include "api/json.h"
#include "api/relay_words.h"

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
