// SPDX-License-Identifier: MIT
// What is done to messages after they were written. They are named by seq, and told to the node by their origin.
#include "api/call.h"
#include "wire/mark.h"
#include "wire/message.h"

static void on_done(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else
        plk_call_err(call, output->result.err, NULL);
}

// The row as it is now; false: the call has failed.
static bool find(struct plk_call *call, uint32_t contact, uint64_t seq, struct plk_message_row *row, bool *gone) {
    struct plk_history_page page = {0};
    enum plk_err err = plk_history_message(call->history, contact, seq, &page);
    if (err == PLK_ERR_OK && page.count == 1) {
        *row = page.rows[0];
        row->payload = plk_bytes(NULL, 0);
        *gone = page.marks[0].deleted || page.marks[0].expired;
    }
    plk_history_page_free(&page);
    bool shown = err == PLK_ERR_OK && row->kind < PLK_BODY_PROFILE;
    if (err == PLK_ERR_NOT_FOUND || (err == PLK_ERR_OK && !shown))
        plk_call_err(call, PLK_ERR_NOT_FOUND, "there is no message of this number");
    else if (err != PLK_ERR_OK)
        plk_call_err(call, err, NULL);
    return shown;
}

static void name(struct plk_command *command, const struct plk_message_row *row) {
    command->row = row->row;
    command->has_target = true;
    command->target_direction = row->direction;
    command->target = row->origin;
}

// Whether the other side knows the message by a name: notices are made here.
static bool is_shared(const struct plk_message_row *row) {
    return row->kind != PLK_BODY_NOTICE && row->origin.seq <= PLK_MESSAGE_SEQ_MAX;
}

bool plk_method_target(struct plk_call *call, uint64_t seq, struct plk_command *command) {
    struct plk_message_row row = {.row = 0};
    bool gone = false;
    if (!find(call, command->contact, seq, &row, &gone)) return false;
    if (!is_shared(&row) || gone) {
        plk_call_err(call, PLK_ERR_INVALID,
                     gone ? "this message was deleted" : "this is no message of yours or theirs");
        return false;
    }
    name(command, &row);
    return true;
}

void plk_method_react(struct plk_call *call) {
    struct plk_contact_row contact;
    struct plk_bytes emoji = plk_call_text(call, "emoji");
    if (emoji.len > PLK_MARK_EMOJI_MAX) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "`emoji` is longer than %d bytes", PLK_MARK_EMOJI_MAX);
        return;
    }
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {.kind = PLK_CMD_REACT, .contact = contact.contact, .text = emoji};
    if (plk_method_target(call, plk_call_count(call, "seq"), &command)) plk_call_command(call, &command, on_done);
}

void plk_method_edit(struct plk_call *call) {
    struct plk_contact_row contact;
    struct plk_bytes text = plk_call_text(call, "text");
    if (text.len == 0 || text.len > PLK_MARK_TEXT_MAX) {
        bool empty = text.len == 0;
        plk_call_err(call, empty ? PLK_ERR_EMPTY : PLK_ERR_TOO_LONG,
                     empty ? "there is no text: `delete` takes it away" : "the text is too long: %d bytes is the most",
                     PLK_MARK_TEXT_MAX);
        return;
    }
    if (!plk_call_contact(call, &contact)) return;
    struct plk_message_row row = {.row = 0};
    bool gone = false;
    struct plk_command command = {.kind = PLK_CMD_EDIT, .contact = contact.contact, .text = text};
    if (!find(call, contact.contact, plk_call_count(call, "seq"), &row, &gone)) return;
    bool own = row.direction == PLK_OUT && row.kind == PLK_BODY_TEXT && is_shared(&row);
    if (!own || gone || row.state == PLK_STATE_CANCELLED) {
        plk_call_err(call, PLK_ERR_INVALID, own ? "this message is gone" : "only a text of your own can be changed");
        return;
    }
    name(&command, &row);
    plk_call_command(call, &command, on_done);
}

void plk_method_delete(struct plk_call *call) {
    struct plk_contact_row contact;
    struct plk_message_row row = {.row = 0};
    bool both = plk_call_flag(call, "both"), gone = false;
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {.kind = PLK_CMD_DELETE, .contact = contact.contact, .flag = both};
    if (!find(call, contact.contact, plk_call_count(call, "seq"), &row, &gone)) return;
    if (both && (row.direction != PLK_OUT || !is_shared(&row))) {
        plk_call_err(call, PLK_ERR_INVALID, "only a message of your own can be deleted for both");
        return;
    }
    name(&command, &row);
    plk_call_command(call, &command, on_done);
}

void plk_method_timer(struct plk_call *call) {
    struct plk_contact_row contact;
    uint64_t seconds = plk_call_count(call, "seconds");
    if (seconds > PLK_MARK_TIMER_MAX_S) {
        plk_call_err(call, PLK_ERR_INVALID, "`seconds` is at most %lu, a year", (unsigned long)PLK_MARK_TIMER_MAX_S);
        return;
    }
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {.kind = PLK_CMD_TIMER, .contact = contact.contact, .seconds = (uint32_t)seconds};
    plk_call_command(call, &command, on_done);
}

void plk_method_receipts(struct plk_call *call) {
    struct plk_contact_row contact;
    if (!plk_call_contact(call, &contact)) return;
    struct plk_command command = {
        .kind = PLK_CMD_RECEIPTS, .contact = contact.contact, .flag = plk_call_flag(call, "on")};
    plk_call_command(call, &command, on_done);
}
