// SPDX-License-Identifier: MIT
#include "api/client.h"
#include "api/json.h"
#include "api/shapes.h"
#include "api/wait.h"

// ---- send -----------------------------------------------------------------------------------------------------------

static enum plk_state wanted_state(struct plk_bytes word) {
    if (word.len == 0) return (enum plk_state)0;
    for (int state = PLK_STATE_QUEUED; state <= PLK_STATE_DELIVERED; state++) {
        if (plk_bytes_equal(word, plk_bytes_text(plk_json_state((enum plk_state)state)))) return (enum plk_state)state;
    }
    return PLK_STATE_QUEUED;
}

static void fail_send(struct plk_call *call, enum plk_err err) {
    struct plk_bytes text = plk_call_text(call, "text");
    switch (err) {
    case PLK_ERR_TOO_LONG:
        if (plk_call_text(call, "id").len > PLK_CALLER_ID_MAX) {
            plk_call_err(call, err, "`id` is longer than %d bytes", PLK_CALLER_ID_MAX);
        } else {
            plk_call_err(call, err, "the text is too long: %zu bytes, and %d is the most", text.len, PLK_BODY_MAX);
        }
        break;
    case PLK_ERR_EMPTY:
        plk_call_err(call, err, "there is no text to send");
        break;
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
        fail_send(call, output->result.err);
        return;
    }
    struct plk_contact_view view = {0};
    plk_node_contact(plk_host_node(call->host), call->contact, &view);
    call->row = output->result.row;
    call->repeated = output->result.repeated;
    memcpy(call->message_id, output->result.id, PLK_ID_LEN);
    if (call->wanted != 0) {
        plk_wait_add(call, output->result.state);
        return;
    }
    plk_wait_answer(call, &(struct plk_wait_answer){.name = plk_bytes(view.row.name, view.row.name_len),
                                                    .state = output->result.state});
}

void plk_method_send(struct plk_call *call) {
    struct plk_contact_row contact;
    struct plk_bytes text = plk_call_text(call, "text"), id = plk_call_text(call, "id");
    if (text.len == 0 || text.len > PLK_BODY_MAX || id.len > PLK_CALLER_ID_MAX) {
        fail_send(call, text.len == 0 ? PLK_ERR_EMPTY : PLK_ERR_TOO_LONG);
        return;
    }
    if (plk_call_has(call, "id") && id.len == 0) {
        plk_call_err(call, PLK_ERR_EMPTY, "`id` is empty");
        return;
    }
    if (!plk_call_contact(call, &contact)) return;
    uint64_t timeout_ms =
        plk_call_has(call, "timeout_ms") ? plk_call_count(call, "timeout_ms") : PLK_API_WAIT_DEFAULT_MS;
    if (timeout_ms > PLK_DAY / PLK_MS * 365) timeout_ms = PLK_DAY / PLK_MS * 365;
    call->contact = contact.contact;
    call->wanted = wanted_state(plk_call_text(call, "wait"));
    call->deadline_us = plk_host_now(call->host).mono_us + timeout_ms * PLK_MS;
    struct plk_command command = {.kind = PLK_CMD_SEND, .contact = contact.contact, .text = text, .caller_id = id};
    plk_call_command(call, &command, on_sent);
}

// ---- cancel ---------------------------------------------------------------------------------------------------------

static void on_cancelled(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else if (output->result.err == PLK_ERR_NOT_FOUND)
        plk_call_err(call, output->result.err, "there is no message of this number that waits");
    else
        plk_call_err(call, output->result.err, NULL);
}

void plk_method_cancel(struct plk_call *call) {
    struct plk_contact_row contact;
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {
        .kind = PLK_CMD_CANCEL, .contact = contact.contact, .row = plk_call_count(call, "seq")};
    plk_call_command(call, &command, on_cancelled);
}

// ---- history --------------------------------------------------------------------------------------------------------

// Pages of all contacts name each message's own.
static const struct plk_contact_row *contact_of(const struct plk_history_contacts *contacts, uint32_t number) {
    for (size_t i = 0; i < contacts->count; i++) {
        if (contacts->contacts[i].row.contact == number) return &contacts->contacts[i].row;
    }
    return NULL;
}

// The newest messages of a page that fit one answer; what is cut off before them is the next page.
static size_t first_that_fits(const struct plk_history_page *page) {
    size_t bytes = 0, first = page->count;
    while (first > 0) {
        bytes += page->rows[first - 1].payload.len + PLK_MESSAGE_HEAD_MAX;
        if (bytes > PLK_API_HISTORY_BYTES_MAX && first < page->count) break;
        first--;
    }
    return first;
}

static void answer_page(struct plk_call *call, struct plk_history_page *page, const struct plk_contact_row *contact) {
    struct plk_history_contacts contacts = {0};
    if (contact == NULL) plk_history_contacts(call->history, &contacts);
    json_t *list = json_array();
    // A page of all contacts goes on at a place that only its end names, so it is given whole.
    size_t first = contact != NULL ? first_that_fits(page) : 0;
    for (size_t i = first; i < page->count; i++) {
        const struct plk_message_row *row = &page->rows[i];
        const struct plk_contact_row *of = contact != NULL ? contact : contact_of(&contacts, row->contact);
        if (of != NULL) json_array_append_new(list, plk_json_message(row, of));
    }
    uint64_t before = first > 0 ? page->rows[first].row : page->next_before;
    plk_call_answer(call, json_pack("{s:o, s:b, s:I, s:I}", "messages", list, "more", page->more || first > 0,
                                    "next_before", (json_int_t)before, "next_at", (json_int_t)page->next_at));
    plk_history_contacts_free(&contacts);
}

void plk_method_history(struct plk_call *call) {
    struct plk_contact_row contact = {0};
    bool all = !plk_call_has(call, "contact");
    struct plk_bytes search = plk_call_text(call, "search");
    uint64_t limit = plk_call_has(call, "limit") ? plk_call_count(call, "limit") : PLK_HISTORY_LIMIT_DEFAULT;
    if (limit < 1 || limit > PLK_HISTORY_LIMIT_MAX) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`limit` must be 1 to %d", PLK_HISTORY_LIMIT_MAX);
        return;
    }
    if (all && search.len == 0) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`contact` is missing");
        return;
    }
    if (!all && !plk_call_contact(call, &contact)) return;
    struct plk_history_query query = {.contact = contact.contact,
                                      .before_row = plk_call_count(call, "before"),
                                      .below_at = plk_call_count(call, "at"),
                                      .limit = (uint32_t)limit,
                                      .search = search};
    struct plk_history_page page = {0};
    enum plk_err err = plk_history_read(call->history, &query, &page);
    if (err == PLK_ERR_OK)
        answer_page(call, &page, all ? NULL : &contact);
    else
        plk_call_err(call, err, NULL);
    plk_history_page_free(&page);
}
