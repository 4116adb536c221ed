// SPDX-License-Identifier: MIT
// A profile for a node that runs without one: made new, or restored.
#include <stdlib.h>

#include "api/base64.h"
#include "api/call.h"
#include "api/json.h"
#include "contact/words.h"

// Once there is a profile; before, the store can still be made anew under a passphrase.
static bool prepare(struct plk_call *call) {
    struct plk_fault fault = {0};
    struct plk_bytes passphrase = plk_call_text(call, "passphrase");
    if (plk_host_locked(call->host)) {
        plk_call_err(call, PLK_ERR_EXISTS, "this home has a profile already, which is locked");
        return false;
    }
    enum plk_node_state state = plk_node_state(plk_host_node(call->host));
    if (state == PLK_NODE_READY) {
        plk_call_err(call, PLK_ERR_EXISTS, "this home has a profile already");
        return false;
    }
    if (state != PLK_NODE_EMPTY) {
        plk_call_fail(call, PLK_CALL_NO_NODE, "the node is still starting, try again");
        return false;
    }
    if (passphrase.len == 0 || plk_host_protect(call->host, passphrase, &fault) == PLK_FAULT_NONE) return true;
    plk_call_fault(call, &fault);
    return false;
}

static void on_made(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        plk_method_id(call);
    else if (output->result.err == PLK_ERR_FORGED)
        plk_call_err(call, PLK_ERR_FORGED, "this backup was made under other words, or is damaged");
    else if (output->result.err == PLK_ERR_MALFORMED)
        plk_call_err(call, PLK_ERR_MALFORMED, "this file is not a backup");
    else
        plk_call_err(call, output->result.err, NULL);
}

void plk_method_init(struct plk_call *call) {
    if (!prepare(call)) return;
    struct plk_command command = {.kind = PLK_CMD_INIT, .name = plk_call_text(call, "name")};
    plk_call_command(call, &command, on_made);
}

void plk_method_restore(struct plk_call *call) {
    uint8_t seed[32];
    unsigned wrong = 0;
    struct plk_bytes text = plk_call_text(call, "backup");
    enum plk_err err = plk_words_decode(plk_call_text(call, "words"), seed, &wrong);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    size_t len = 0;
    uint8_t *sealed = malloc(text.len + 1);
    plk_assert(sealed != NULL);
    if (!plk_base64_decode(sealed, &len, text)) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`backup` is not base64");
    } else if (prepare(call)) {
        struct plk_command command = {
            .kind = PLK_CMD_INIT, .seed = plk_bytes(seed, sizeof seed), .backup = plk_bytes(sealed, len)};
        plk_call_command(call, &command, on_made);
    }
    plk_mem_wipe(seed, sizeof seed);
    free(sealed);
}
