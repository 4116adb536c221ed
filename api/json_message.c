// SPDX-License-Identifier: MIT
// Messages, and events of them, as people and scripts see them.
#include "api/json.h"

#include <stdlib.h>

#include "api/base64.h"

#define put plk_json_put
#define put_count plk_json_put_count
#define put_contact plk_json_put_contact

// Why a message is not where it was (DESIGN 6).
static const char *stepped_back(enum plk_err reason) {
    switch (reason) {
    case PLK_ERR_NOT_FOUND:
        return "a relay no longer had it";
    case PLK_ERR_LIMIT:
        return "what waits for this contact is as much as the relay keeps";
    case PLK_ERR_EXPIRED:
        return "a relay did not keep it any longer";
    case PLK_ERR_CLOSED:
        return "the relay that had it is gone";
    default:
        return plk_err_text(reason);
    }
}

static const char *kind_word(uint16_t kind) {
    if (kind == PLK_BODY_PICTURE) return "picture";
    return kind == PLK_BODY_TEXT ? "text" : kind == PLK_BODY_NOTICE ? "notice" : "unknown";
}

// All but the text, in the state that is given: an event tells the state of its time, the row that of now.
static json_t *message_head(const char *event, const struct plk_message_row *message,
                            const struct plk_contact_row *contact, enum plk_state state, uint8_t reason) {
    json_t *object = json_object();
    put(object, "event", json_string_nocheck(event));
    put(object, "id", plk_json_id(message->id));
    put_contact(object, contact);
    // What came is read as far as its conversation is; no row says it of itself.
    if (message->direction == PLK_IN && contact != NULL && state == PLK_STATE_RECEIVED &&
        message->row <= contact->read_row)
        state = PLK_STATE_SEEN;
    put(object, "direction", json_string_nocheck(message->direction == PLK_OUT ? "out" : "in"));
    put_count(object, "seq", message->row);
    put_count(object, "time_ms", message->time_ms);
    put_count(object, "received_ms", message->received_ms);
    put(object, "state", json_string_nocheck(plk_json_state(state)));
    if (state == PLK_STATE_STORED) {
        put_count(object, "stored", message->stored);
        put_count(object, "stored_of", message->stored_of);
    }
    if (reason != 0) put(object, "reason", json_string(stepped_back((enum plk_err)reason)));
    put(object, "kind", json_string_nocheck(kind_word(message->kind)));
    return object;
}

static json_t *text_of(uint16_t kind, struct plk_bytes payload) {
    bool shown = kind == PLK_BODY_TEXT || kind == PLK_BODY_NOTICE || kind == PLK_BODY_PICTURE;
    return shown ? plk_json_text(plk_picture_text(kind, payload)) : json_string("");
}

json_t *plk_json_base64(struct plk_bytes bytes) {
    size_t len = PLK_BASE64_TEXT_LEN(bytes.len);
    char *text = malloc(len + 1);
    plk_assert(text != NULL);
    plk_base64_encode(text, bytes);
    json_t *value = json_stringn_nocheck(text, len);
    free(text);
    return value;
}

const char *plk_json_picture_type(enum plk_picture_type type) {
    static const char *const words[PLK_PICTURE_TYPES] = {[PLK_PICTURE_JPEG] = "image/jpeg",
                                                         [PLK_PICTURE_PNG] = "image/png",
                                                         [PLK_PICTURE_WEBP] = "image/webp",
                                                         [PLK_PICTURE_GIF] = "image/gif"};
    plk_assert(type >= PLK_PICTURE_JPEG && type < PLK_PICTURE_TYPES);
    return words[type];
}

static void put_picture(json_t *object, const struct plk_message_row *message, const struct plk_history_marks *marks) {
    struct plk_picture picture;
    if (message->kind != PLK_BODY_PICTURE || plk_picture_decode(message->payload, &picture) != PLK_ERR_OK) return;
    json_t *put_in = json_object();
    put(put_in, "type", json_string_nocheck(plk_json_picture_type(picture.type)));
    put_count(put_in, "width", picture.width);
    put_count(put_in, "height", picture.height);
    put_count(put_in, "size", picture.size);
    put(put_in, "complete", json_boolean(marks != NULL && marks->whole));
    put(put_in, "preview", plk_json_base64(picture.preview));
    put(object, "picture", put_in);
}

static json_t *reply(const struct plk_history_marks *marks) {
    json_t *object = json_object();
    put_count(object, "seq", marks->reply.row);
    if (marks->reply.row == 0) return object; // it is not here any more
    put(object, "id", plk_json_id(marks->reply.id));
    put(object, "direction", json_string_nocheck(marks->reply.direction == PLK_OUT ? "out" : "in"));
    put(object, "kind", json_string_nocheck(kind_word(marks->reply.kind)));
    put(object, "text", marks->reply.kind < PLK_BODY_PROFILE ? plk_json_text(marks->reply.text) : json_string(""));
    return object;
}

static json_t *reactions(const struct plk_history_marks *marks) {
    static const char *const by[] = {[PLK_MARK_ME] = "me", [PLK_MARK_THEM] = "them"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct plk_bytes emoji = plk_bytes(marks->reactions[i].emoji, marks->reactions[i].len);
        if (emoji.len > 0)
            json_array_append_new(list, json_pack("{s:s, s:o}", "by", by[i], "emoji", plk_json_text(emoji)));
    }
    return list;
}

static void put_marks(json_t *object, const struct plk_message_row *message, const struct plk_history_marks *marks) {
    if (message->lifetime_s > 0) put_count(object, "lifetime_s", message->lifetime_s);
    if (marks == NULL) return;
    json_t *list = reactions(marks);
    if (json_array_size(list) > 0) put(object, "reactions", json_incref(list));
    json_decref(list);
    if (marks->has_reply) put(object, "reply_to", reply(marks));
    if (marks->edited_ms > 0) put_count(object, "edited_ms", marks->edited_ms);
    if (marks->deleted || marks->expired) put(object, "deleted", json_true());
    if (marks->expires_ms > 0) put_count(object, "expires_ms", marks->expires_ms);
}

json_t *plk_json_message(const struct plk_message_row *message, const struct plk_contact_row *contact,
                         const struct plk_history_marks *marks) {
    enum plk_state state = marks != NULL && marks->read ? PLK_STATE_READ : message->state;
    json_t *object = message_head("message", message, contact, state, message->reason);
    put(object, "text", text_of(message->kind, message->payload));
    put_picture(object, message, marks);
    put_marks(object, message, marks);
    return object;
}

// ---- events ---------------------------------------------------------------------------------------------------------

json_t *plk_json_message_event(const struct plk_history_event *event, const struct plk_contact_row *contact) {
    bool is_state = event->event.kind == PLK_EVENT_STATE;
    if (!event->has_message) { // deleted since
        json_t *object = json_object();
        put(object, "event", json_string_nocheck(is_state ? "state" : "message"));
        put_contact(object, contact);
        put_count(object, "seq", event->event.row);
        put(object, "removed", json_true());
        return object;
    }
    json_t *object =
        message_head(is_state ? "state" : "message", &event->message, contact, event->event.state, event->event.reason);
    if (is_state) return object;
    put(object, "text", text_of(event->message.kind, event->message.payload));
    put_picture(object, &event->message, &event->marks);
    put_marks(object, &event->message, &event->marks);
    return object;
}

static const char *change_word(uint8_t change) {
    static const char *const words[PLK_CHANGE_COUNT] = {
        [PLK_CHANGE_EDITED] = "edited",   [PLK_CHANGE_REACTED] = "reacted", [PLK_CHANGE_DELETED] = "deleted",
        [PLK_CHANGE_EXPIRED] = "expired", [PLK_CHANGE_PICTURE] = "picture", [PLK_CHANGE_READ] = "read",
        [PLK_CHANGE_TIMER] = "timer"};
    return change < PLK_CHANGE_COUNT ? words[change] : NULL;
}

json_t *plk_json_change_event(const struct plk_history_event *event, const struct plk_contact_row *contact) {
    const char *what = change_word(event->event.reason);
    // Of a message that is not there (yet): it will be told as it is.
    if (what == NULL || (event->event.has_target && !event->has_message)) return NULL;
    json_t *object = json_object();
    put(object, "event", json_string_nocheck("change"));
    put_contact(object, contact);
    put(object, "what", json_string_nocheck(what));
    if (event->has_message) put_count(object, "seq", event->message.row);
    if (contact != NULL && event->event.reason == PLK_CHANGE_TIMER) put_count(object, "timer_s", contact->timer_s);
    bool shown = event->has_message && !event->marks.expired && event->event.reason != PLK_CHANGE_READ;
    if (shown && contact != NULL) put(object, "message", plk_json_message(&event->message, contact, &event->marks));
    return object;
}
