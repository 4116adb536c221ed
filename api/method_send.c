// SPDX-License-Identifier: MIT
// `send`: the one method that programs call thousands of times a second.
#include "api/client.h"
#include "api/json.h"
#include "api/shapes.h"
#include "api/wait.h"

static enum plk_state wanted_state(struct plk_bytes word) {
    if (word.len == 0) return (enum plk_state)0;
    for (int state = PLK_STATE_QUEUED; state <= PLK_STATE_DELIVERED; state++) {
        if (plk_bytes_equal(word, plk_bytes_text(plk_json_state((enum plk_state)state)))) return (enum plk_state)state;
    }
    return PLK_STATE_QUEUED;
}

// Whether lengths are within the limits; on false the call has failed.
static bool fits(struct plk_call *call, const struct plk_send *send) {
    if (send->text.len == 0) {
        plk_call_err(call, PLK_ERR_EMPTY, "there is no text to send");
    } else if (send->id.len > PLK_CALLER_ID_MAX) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "`id` is longer than %d bytes", PLK_CALLER_ID_MAX);
    } else if (send->text.len > PLK_BODY_MAX) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "the text is too long: %zu bytes, and %d is the most", send->text.len,
                     PLK_BODY_MAX);
    } else if (send->id.at != NULL && send->id.len == 0) {
        plk_call_err(call, PLK_ERR_EMPTY, "`id` is empty");
    } else {
        return true;
    }
    return false;
}

static void fail(struct plk_call *call, enum plk_err err) {
    switch (err) {
    case PLK_ERR_BLOCKED:
        plk_call_err(call, err, "this contact is blocked: `peerlink unblock` comes first");
        break;
    case PLK_ERR_INVALID:
        plk_call_err(call, err, "nothing can be sent to this contact now");
        break;
    default:
        plk_call_err(call, err, NULL);
    }
}

static void on_sent(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err != PLK_ERR_OK) {
        fail(call, output->result.err);
        return;
    }
    call->row = output->result.row;
    call->repeated = output->result.repeated;
    memcpy(call->message_id, output->result.id, PLK_ID_LEN);
    if (call->wanted != 0) {
        plk_wait_add(call, output->result.state);
        return;
    }
    struct plk_contact_view view = {0};
    plk_node_contact(plk_host_node(call->host), call->contact, &view);
    plk_wait_answer(call, &(struct plk_wait_answer){.name = plk_bytes(view.row.name, view.row.name_len),
                                                    .state = output->result.state});
}

void plk_method_send_request(struct plk_call *call, const struct plk_send *send) {
    struct plk_contact_row contact;
    if (!fits(call, send) || !plk_call_contact_named(call, send->contact, &contact)) return;
    uint64_t timeout_ms = send->has_timeout ? send->timeout_ms : PLK_API_WAIT_DEFAULT_MS;
    if (timeout_ms > PLK_DAY / PLK_MS * 365) timeout_ms = PLK_DAY / PLK_MS * 365;
    call->contact = contact.contact;
    call->wanted = wanted_state(send->wait);
    call->started_us = plk_host_now(call->host).mono_us;
    call->deadline_us = call->started_us + timeout_ms * PLK_MS;
    struct plk_command command = {
        .kind = PLK_CMD_SEND, .contact = contact.contact, .text = send->text, .caller_id = send->id};
    if (send->reply_to > 0 && !plk_method_target(call, send->reply_to, &command)) return;
    plk_call_command(call, &command, on_sent);
}

void plk_method_send_command(struct plk_call *call, const struct plk_command *command) {
    call->contact = command->contact;
    call->started_us = plk_host_now(call->host).mono_us;
    plk_call_command(call, command, on_sent);
}

void plk_method_send(struct plk_call *call) {
    struct plk_send send = {.contact = plk_call_text(call, "contact"),
                            .text = plk_call_text(call, "text"),
                            .id = plk_call_text(call, "id"),
                            .wait = plk_call_text(call, "wait"),
                            .has_timeout = plk_call_has(call, "timeout_ms"),
                            .timeout_ms = plk_call_count(call, "timeout_ms"),
                            .reply_to = plk_call_count(call, "reply_to")};
    plk_method_send_request(call, &send);
}
