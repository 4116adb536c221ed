// SPDX-License-Identifier: MIT
// `send` with `wait`: calls that are answered when their message reaches a state, or when their time is over.
#include "api/wait.h"

#include "api/client.h"
#include "api/json.h"

#include <stdio.h>

bool plk_wait_reached(enum plk_state state, enum plk_state wanted) {
    switch (state) {
    case PLK_STATE_FAILED:
    case PLK_STATE_CANCELLED:
        return true; // nothing more will come
    case PLK_STATE_RECEIVED:
    case PLK_STATE_SEEN:
        return true;
    default:
        return state >= wanted;
    }
}

// An event ended the wait of a call that made its message: the event tells all.
static void answer_event(struct plk_call *call, enum plk_state state) {
    struct plk_contact_view view = {0};
    bool delivered = state == PLK_STATE_DELIVERED || state == PLK_STATE_READ;
    uint64_t now_us = plk_host_now(call->host).mono_us;
    plk_node_contact(plk_host_node(call->host), call->contact, &view);
    plk_wait_answer(call, &(struct plk_wait_answer){.name = plk_bytes(view.row.name, view.row.name_len),
                                                    .state = state,
                                                    .delivered = delivered,
                                                    .took_ms = (now_us - call->started_us) / PLK_MS,
                                                    .path = delivered ? view.path : PLK_PATH_NONE});
}

// Otherwise, and where relays keep it, the row does. What is in it is never older than the event that spoke of it.
static void answer(struct plk_call *call, enum plk_state state, bool timed_out) {
    struct plk_contact_view view = {0};
    struct plk_history_page page = {0};
    uint64_t took_ms = 0;
    uint8_t stored = 0, stored_of = 0;
    plk_node_contact(plk_host_node(call->host), call->contact, &view);
    if (plk_history_message(plk_host_history(call->host), call->contact, call->row, &page) == PLK_ERR_OK &&
        page.count == 1) {
        const struct plk_message_row *row = &page.rows[0];
        state = row->state;
        stored = row->stored;
        stored_of = row->stored_of;
        if (row->received_ms >= row->time_ms) took_ms = row->received_ms - row->time_ms;
    }
    plk_history_page_free(&page);
    bool delivered = state == PLK_STATE_DELIVERED || state == PLK_STATE_READ;
    plk_wait_answer(call, &(struct plk_wait_answer){.name = plk_bytes(view.row.name, view.row.name_len),
                                                    .state = state,
                                                    .timed_out = timed_out && !plk_wait_reached(state, call->wanted),
                                                    .delivered = delivered,
                                                    .took_ms = took_ms,
                                                    .path = delivered ? view.path : PLK_PATH_NONE,
                                                    .stored = stored,
                                                    .stored_of = stored_of});
}

// ---- the answer -----------------------------------------------------------------------------------------------------

json_t *plk_wait_result(const struct plk_call *call, const struct plk_wait_answer *answer) {
    const char *path = plk_path_word_text(answer->path);
    json_t *took = answer->delivered ? json_integer((json_int_t)answer->took_ms) : json_null();
    json_t *object =
        json_pack("{s:o, s:o, s:I, s:s, s:b, s:b, s:o, s:s?}", "id", plk_json_id(call->message_id), "contact",
                  plk_json_text(answer->name), "seq", (json_int_t)call->row, "state", plk_json_state(answer->state),
                  "repeated", call->repeated, "timed_out", answer->timed_out, "took_ms", took, "path", path);
    if (answer->state == PLK_STATE_STORED) {
        json_object_set_new_nocheck(object, "stored", json_integer(answer->stored));
        json_object_set_new_nocheck(object, "stored_of", json_integer(answer->stored_of));
    }
    return object;
}

static const char *flag(bool is) { return is ? "true" : "false"; }

size_t plk_wait_line(const struct plk_call *call, const struct plk_wait_answer *answer, char line[PLK_WAIT_LINE_MAX]) {
    char id[2 * PLK_ID_LEN + 1], took[24] = "null";
    if (answer->state == PLK_STATE_STORED || !json_is_integer(call->id) || !plk_request_is_plain(answer->name))
        return 0;
    plk_json_id_text(id, call->message_id);
    if (answer->delivered) snprintf(took, sizeof took, "%llu", (unsigned long long)answer->took_ms);
    const char *path = plk_path_word_text(answer->path), *quote = path != NULL ? "\"" : "";
    int len = snprintf(line, PLK_WAIT_LINE_MAX,
                       "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":{\"id\":\"%s\",\"contact\":\"%.*s\",\"seq\":%llu,"
                       "\"state\":\"%s\",\"repeated\":%s,\"timed_out\":%s,\"took_ms\":%s,\"path\":%s%s%s}}",
                       (long long)json_integer_value(call->id), id, (int)answer->name.len,
                       (const char *)answer->name.at, (unsigned long long)call->row, plk_json_state(answer->state),
                       flag(call->repeated), flag(answer->timed_out), took, quote, path != NULL ? path : "null", quote);
    return len > 0 && len < PLK_WAIT_LINE_MAX ? (size_t)len : 0;
}

void plk_wait_answer(struct plk_call *call, const struct plk_wait_answer *answer) {
    char line[PLK_WAIT_LINE_MAX];
    size_t len = plk_wait_line(call, answer, line);
    if (len > 0)
        plk_call_answer_line(call, plk_bytes(line, len));
    else
        plk_call_answer(call, plk_wait_result(call, answer));
}

// ---- those who wait -------------------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer) { plk_wait_timer(timer->data); }

static void set_timer(struct plk_api *api) {
    uint64_t first_us = PLK_NEVER, now_us = plk_host_now(api->host).mono_us;
    for (struct plk_call *call = api->waiting; call != NULL; call = call->next) {
        first_us = plk_earlier(first_us, call->deadline_us);
    }
    if (first_us == PLK_NEVER)
        uv_timer_stop(&api->timer);
    else
        uv_timer_start(&api->timer, on_timer, first_us > now_us ? (first_us - now_us) / PLK_MS + 1 : 0, 0);
}

// Of a caller's id that was sent before, the row may be further than the result says, which then tells nothing.
static bool is_reached(const struct plk_call *call, enum plk_state state) {
    struct plk_history_page page = {0};
    bool reached = plk_wait_reached(state, call->wanted);
    if (!reached && call->repeated &&
        plk_history_message(plk_host_history(call->host), call->contact, call->row, &page) == PLK_ERR_OK &&
        page.count == 1) {
        reached = plk_wait_reached(page.rows[0].state, call->wanted);
    }
    plk_history_page_free(&page);
    return reached;
}

void plk_wait_add(struct plk_call *call, enum plk_state state) {
    struct plk_api *api = call->api;
    if (is_reached(call, state)) {
        answer(call, state, false);
        return;
    }
    if (api->waiting_count >= PLK_WAIT_MAX) {
        plk_call_fail(call, PLK_CALL_TOO_MANY, "too many calls wait already; the message is queued");
        return;
    }
    call->next = api->waiting;
    api->waiting = call;
    api->waiting_count++;
    set_timer(api);
}

static struct plk_call *take_out(struct plk_api *api, struct plk_call **at) {
    struct plk_call *call = *at;
    *at = call->next;
    api->waiting_count--;
    return call;
}

void plk_wait_event(struct plk_api *api, const struct plk_event_row *event) {
    size_t before = api->waiting_count;
    for (struct plk_call **at = &api->waiting; *at != NULL;) {
        struct plk_call *call = *at;
        if (call->contact == event->contact && call->row == event->row &&
            plk_wait_reached(event->state, call->wanted)) {
            take_out(api, at);
            if (call->repeated || event->state == PLK_STATE_STORED)
                answer(call, event->state, false);
            else
                answer_event(call, event->state);
        } else {
            at = &call->next;
        }
    }
    if (api->waiting_count != before) set_timer(api);
}

void plk_wait_timer(struct plk_api *api) {
    uint64_t now_us = plk_host_now(api->host).mono_us;
    for (struct plk_call **at = &api->waiting; *at != NULL;) {
        if ((*at)->deadline_us <= now_us)
            answer(take_out(api, at), PLK_STATE_QUEUED, true);
        else
            at = &(*at)->next;
    }
    set_timer(api);
}

void plk_wait_drop(struct plk_api *api, const struct plk_client *client) {
    for (struct plk_call **at = &api->waiting; *at != NULL;) {
        if (client == NULL || (*at)->owner == client) {
            struct plk_call *call = take_out(api, at);
            if (plk_host_locked(api->host))
                plk_call_err(call, PLK_ERR_LOCKED, "the profile was locked; the message is queued");
            else
                plk_call_fail(call, PLK_CALL_NO_NODE, "the node is stopping; the message is queued");
        } else {
            at = &(*at)->next;
        }
    }
}
