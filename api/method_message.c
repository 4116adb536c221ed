// SPDX-License-Identifier: MIT
#include "api/client.h"
#include "api/json.h"
#include "api/shapes.h"
#include "api/wait.h"

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

// The same of a page that goes on after its end: the first ones.
static void cut_to_fit(struct plk_history_page *page) {
    size_t bytes = 0, count = 0;
    for (; count < page->count; count++) {
        bytes += page->rows[count].payload.len + PLK_MESSAGE_HEAD_MAX;
        if (bytes > PLK_API_HISTORY_BYTES_MAX && count > 0) break;
    }
    if (count < page->count) page->more = true;
    page->count = count;
}

static void answer_page(struct plk_call *call, struct plk_history_page *page, const struct plk_contact_row *contact,
                        bool onwards) {
    struct plk_history_contacts contacts = {0};
    if (contact == NULL) plk_history_contacts(call->history, &contacts);
    json_t *list = json_array();
    // A page of all contacts goes on at a place that only its end names, so it is given whole.
    if (onwards) cut_to_fit(page);
    size_t first = contact != NULL && !onwards ? first_that_fits(page) : 0;
    for (size_t i = first; i < page->count; i++) {
        const struct plk_message_row *row = &page->rows[i];
        const struct plk_contact_row *of = contact != NULL ? contact : contact_of(&contacts, row->contact);
        if (of != NULL) json_array_append_new(list, plk_json_message(row, of, &page->marks[i]));
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
    if (plk_call_count(call, "after") > 0 && (search.len > 0 || plk_call_has(call, "before"))) {
        plk_call_fail(call, PLK_CALL_PARAMS, "`after` goes with neither `before` nor `search`");
        return;
    }
    if (!all && !plk_call_contact(call, &contact)) return;
    struct plk_history_query query = {.contact = contact.contact,
                                      .before_row = plk_call_count(call, "before"),
                                      .after_row = plk_call_count(call, "after"),
                                      .below_at = plk_call_count(call, "at"),
                                      .limit = (uint32_t)limit,
                                      .search = search};
    struct plk_history_page page = {0};
    enum plk_err err = plk_history_read(call->history, &query, &page);
    if (err == PLK_ERR_OK)
        answer_page(call, &page, all ? NULL : &contact, query.after_row > 0);
    else
        plk_call_err(call, err, NULL);
    plk_history_page_free(&page);
}
