// SPDX-License-Identifier: MIT
// What a list of conversations shows, and how far each was read.
#include "api/call.h"
#include "api/json.h"

// ---- the list -------------------------------------------------------------------------------------------------------

static json_t *last_message(struct plk_call *call, const struct plk_contact_row *row) {
    struct plk_history_query query = {.contact = row->contact, .limit = 1};
    struct plk_history_page page = {0};
    json_t *last = NULL;
    if (plk_history_read(call->history, &query, &page) == PLK_ERR_OK && page.count > 0)
        last = plk_json_message(&page.rows[0], row, &page.marks[0]);
    plk_history_page_free(&page);
    return last != NULL ? last : json_null();
}

static void put_count(json_t *object, const char *name, uint64_t value) {
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

// The store's row is the one that the messages beside it go with; the node's view tells what is no row.
static json_t *conversation(struct plk_call *call, const struct plk_history_contact *contact) {
    struct plk_contact_view view;
    uint64_t unread = 0;
    if (plk_node_contact(plk_host_node(call->host), contact->row.contact, &view) != PLK_ERR_OK) return NULL;
    plk_history_unread(call->history, contact->row.contact, contact->row.read_row, &unread);
    json_t *object = plk_json_contact(&contact->row);
    plk_json_presence(object, &view);
    put_count(object, "last_seen_ms", view.last_seen_ms);
    json_object_set_new(object, "damaged", json_boolean(view.damaged));
    json_object_set_new(object, "avatar", plk_json_contact_avatar(call->history, contact->row.contact));
    put_count(object, "undelivered", contact->undelivered);
    put_count(object, "unread", unread);
    put_count(object, "last_seq", contact->last_row);
    json_object_set_new(object, "last", last_message(call, &contact->row));
    return object;
}

void plk_method_conversations(struct plk_call *call) {
    struct plk_history_contacts contacts = {0};
    struct plk_history_events events = {0};
    // The number first: what comes while the rest is read is told again, rather than not at all.
    enum plk_err err = plk_history_events(call->history, INT64_MAX, 1, &events);
    uint64_t last_event = err == PLK_ERR_OK ? events.last : 0;
    plk_history_events_free(&events);
    if (err == PLK_ERR_OK) err = plk_history_contacts(call->history, &contacts);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < contacts.count; i++) {
        json_t *object = conversation(call, &contacts.contacts[i]);
        if (object != NULL) json_array_append_new(list, object);
    }
    plk_history_contacts_free(&contacts);
    plk_call_answer(call, json_pack("{s:I, s:o}", "last_event", (json_int_t)last_event, "conversations", list));
}

// ---- changes --------------------------------------------------------------------------------------------------------

static void on_done(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else
        plk_call_err(call, output->result.err, NULL);
}

// The newest row of a conversation. A mark beyond it would hold for what is not there yet.
static enum plk_err newest(struct plk_call *call, uint32_t contact, uint64_t *row) {
    struct plk_history_query query = {.contact = contact, .limit = 1};
    struct plk_history_page page = {0};
    enum plk_err err = plk_history_read(call->history, &query, &page);
    *row = err == PLK_ERR_OK && page.count > 0 ? page.rows[0].row : 0;
    plk_history_page_free(&page);
    return err;
}

void plk_method_read(struct plk_call *call) {
    struct plk_contact_row contact;
    uint64_t last = 0;
    if (!plk_call_contact(call, &contact)) return;
    enum plk_err err = newest(call, contact.contact, &last);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    uint64_t row = plk_call_has(call, "seq") ? plk_call_count(call, "seq") : last;
    struct plk_command command = {.kind = PLK_CMD_READ, .contact = contact.contact, .row = row < last ? row : last};
    err = plk_history_newest_in(call->history, contact.contact, command.row, &command.target);
    command.has_target = err == PLK_ERR_OK;
    plk_call_command(call, &command, on_done);
}

void plk_method_mark(struct plk_call *call) {
    struct plk_contact_row contact;
    bool pinned = plk_call_has(call, "pinned"), muted = plk_call_has(call, "muted");
    if (pinned == muted) {
        plk_call_fail(call, PLK_CALL_PARAMS, "one of `pinned` and `muted`");
        return;
    }
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {.kind = PLK_CMD_MARK, .contact = contact.contact};
    command.marks = pinned ? PLK_MARK_PINNED : PLK_MARK_MUTED;
    command.flag = plk_call_flag(call, pinned ? "pinned" : "muted");
    plk_call_command(call, &command, on_done);
}
