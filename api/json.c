// SPDX-License-Identifier: MIT
#include "api/json.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "contact/persona.h"
#include "wire/relay_name.h"

// ---- values ---------------------------------------------------------------------------------------------------------

// The length of the UTF-8 character at the front, 0 if there is none.
static size_t character_len(struct plk_bytes text) {
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (plk_bytes_is_utf8(plk_bytes(text.at, len))) return len;
    }
    return 0;
}

json_t *plk_json_text(struct plk_bytes text) {
    if (text.len == 0) return json_string("");
    if (plk_bytes_is_utf8(text)) return json_stringn_nocheck((const char *)text.at, text.len);
    char *out = malloc(text.len * 3);
    plk_assert(out != NULL);
    size_t out_len = 0;
    while (text.len > 0) {
        size_t len = character_len(text);
        memcpy(out + out_len, len > 0 ? (const char *)text.at : "\xef\xbf\xbd", len > 0 ? len : 3);
        out_len += len > 0 ? len : 3;
        text = plk_bytes(text.at + (len > 0 ? len : 1), text.len - (len > 0 ? len : 1));
    }
    json_t *value = json_stringn_nocheck(out, out_len);
    free(out);
    return value;
}

void plk_json_id_text(char text[2 * PLK_ID_LEN + 1], const uint8_t id[PLK_ID_LEN]) {
    for (size_t i = 0; i < PLK_ID_LEN; i++) {
        text[2 * i] = "0123456789abcdef"[id[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
    }
    text[2 * PLK_ID_LEN] = 0;
}

json_t *plk_json_id(const uint8_t id[PLK_ID_LEN]) {
    char text[2 * PLK_ID_LEN + 1];
    plk_json_id_text(text, id);
    return json_stringn_nocheck(text, 2 * PLK_ID_LEN);
}

json_t *plk_json_peer_id(const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    char text[PLK_PERSONA_ID_TEXT_MAX];
    plk_persona_id_text(text, peer_id);
    return json_stringn_nocheck(text, sizeof text);
}

json_t *plk_json_addr(const struct plk_addr *addr) {
    char ip[INET6_ADDRSTRLEN] = "?", text[PLK_JSON_ADDR_MAX];
    inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->ip, ip, sizeof ip);
    snprintf(text, sizeof text, addr->family == 6 ? "[%s]:%u" : "%s:%u", ip, addr->port);
    return json_string(text);
}

json_t *plk_json_ms(uint64_t us) { return us == 0 ? json_null() : json_real((double)us / 1000.0); }

const char *plk_json_state(enum plk_state state) {
    switch (state) {
    case PLK_STATE_QUEUED:
        return "queued";
    case PLK_STATE_SENT:
        return "sent";
    case PLK_STATE_STORED:
        return "stored";
    case PLK_STATE_DELIVERED:
        return "delivered";
    case PLK_STATE_READ:
    case PLK_STATE_SEEN:
        return "read";
    case PLK_STATE_FAILED:
        return "failed";
    case PLK_STATE_CANCELLED:
        return "cancelled";
    case PLK_STATE_RECEIVED:
        return "received";
    }
    return "queued";
}

const char *plk_json_transport(enum plk_transport transport) {
    return transport == PLK_TCP ? "tcp" : transport == PLK_TLS ? "tls" : "udp";
}

// ---- relays -----------------------------------------------------------------------------------------------------------

json_t *plk_json_place(struct plk_bytes host, uint16_t port) {
    char text[PLK_RELAY_NAME_TEXT_MAX];
    size_t len = 0;
    struct plk_relay_name name = {.host = host, .port = port};
    plk_relay_name_encode(&name, text, &len);
    return json_stringn(text, (size_t)((const char *)memchr(text, '#', len) - text));
}

// The contact whose node it is.
static json_t *friend_of(const struct plk_node *node, const struct plk_relay_view *relay) {
    struct plk_contact_view contact;
    if (relay->friend == 0 || plk_node_contact(node, relay->friend, &contact) != PLK_ERR_OK) return json_null();
    return plk_json_text(plk_bytes(contact.row.name, contact.row.name_len));
}

json_t *plk_json_relay(const struct plk_node *node, const struct plk_relay_view *relay) {
    char text[PLK_RELAY_NAME_TEXT_MAX];
    size_t len = 0;
    struct plk_relay_name name = {.host = relay->host, .port = relay->port};
    memcpy(name.key, relay->key, sizeof name.key);
    plk_relay_name_encode(&name, text, &len);
    const char *mark = memchr(text, '#', len);
    bool up = relay->connected;
    return json_pack("{s:s%, s:b, s:s%, s:b, s:b, s:o, s:s?, s:o, s:o, s:i, s:i, s:i}", "address", text,
                     (size_t)(mark - text), "connected", up, "name", text, len, "adopted", relay->adopted, "learned",
                     relay->learned, "friend", friend_of(node, relay), "transport",
                     up ? plk_json_transport(relay->transport) : NULL, "remote",
                     up ? plk_json_addr(&relay->addr) : json_null(), "rtt_ms", plk_json_ms(up ? relay->rtt_us : 0),
                     "queues", relay->queues, "refused", relay->refused, "failures", relay->failures);
}

json_t *plk_json_relays(const struct plk_node *node) {
    struct plk_relay_view relay;
    json_t *list = json_array();
    for (size_t i = 0; plk_node_relay(node, i, &relay); i++) json_array_append_new(list, plk_json_relay(node, &relay));
    return list;
}

// ---- objects --------------------------------------------------------------------------------------------------------

void plk_json_put(json_t *object, const char *name, json_t *value) { json_object_set_new_nocheck(object, name, value); }

void plk_json_put_count(json_t *object, const char *name, uint64_t value) {
    plk_json_put(object, name, json_integer((json_int_t)(value & INT64_MAX)));
}

void plk_json_put_contact(json_t *object, const struct plk_contact_row *contact) {
    plk_json_put(object, "contact",
                 contact != NULL ? plk_json_text(plk_bytes(contact->name, contact->name_len)) : json_null());
    plk_json_put(object, "contact_id", contact != NULL ? plk_json_peer_id(contact->peer_id) : json_null());
}

#define put plk_json_put
#define put_count plk_json_put_count
#define put_contact plk_json_put_contact

// ---- contacts -------------------------------------------------------------------------------------------------------

static const char *contact_state(enum plk_contact_state state) {
    switch (state) {
    case PLK_CONTACT_ADDED:
        return "added";
    case PLK_CONTACT_REQUEST:
        return "request";
    case PLK_CONTACT_ACTIVE:
        return "active";
    case PLK_CONTACT_REFUSED:
        return "refused";
    }
    return "active";
}

static void put_flags(json_t *object, const struct plk_contact_row *row) {
    put(object, "verified", json_boolean(row->verified));
    put(object, "request", json_boolean(row->state == PLK_CONTACT_REQUEST));
    put(object, "blocked", json_boolean(row->blocked));
    put(object, "relay_only", json_boolean(row->relay_only));
    put(object, "pinned", json_boolean(row->pinned));
    put(object, "muted", json_boolean(row->muted));
    put_count(object, "read_seq", row->read_row);
    put_count(object, "timer_s", row->timer_s);
    put(object, "receipts", json_boolean(!row->silent));
}

json_t *plk_json_contact(const struct plk_contact_row *row) {
    json_t *object = json_object();
    put(object, "name", plk_json_text(plk_bytes(row->name, row->name_len)));
    put(object, "id", plk_json_peer_id(row->peer_id));
    put_flags(object, row);
    put(object, "state", json_string_nocheck(contact_state(row->state)));
    put(object, "profile_name", plk_json_text(plk_bytes(row->profile_name, row->profile_name_len)));
    put_count(object, "number", row->contact);
    return object;
}

void plk_json_presence(json_t *object, const struct plk_contact_view *view) {
    const char *path = plk_path_word_text(view->path);
    put(object, "online", json_boolean(view->online));
    put(object, "path", path != NULL ? json_string_nocheck(path) : json_null());
    put(object, "path_transport",
        path != NULL ? json_string_nocheck(plk_json_transport(view->transport)) : json_null());
    put(object, "rtt_ms", plk_json_ms(view->rtt_us));
    put(object, "relay_only", json_boolean(view->row.relay_only));
    put(object, "hindrance", view->hindrance != NULL ? json_string_nocheck(view->hindrance) : json_null());
}

// ---- events ---------------------------------------------------------------------------------------------------------

static json_t *contact_event(const struct plk_event_row *event, const struct plk_contact_view *contact) {
    json_t *object = json_object();
    put(object, "event", json_string_nocheck(event->kind == PLK_EVENT_REQUEST ? "request" : "contact"));
    put_contact(object, contact != NULL ? &contact->row : NULL);
    put_count(object, "number", event->contact);
    if (contact != NULL)
        put_flags(object, &contact->row);
    else
        put(object, "removed", json_true());
    if (event->reason != 0) put(object, "reason", json_string(plk_err_text((enum plk_err)event->reason)));
    return object;
}

static json_t *path_event(const struct plk_contact_view *contact) {
    json_t *object = json_object();
    put(object, "event", json_string_nocheck("path"));
    put_contact(object, contact != NULL ? &contact->row : NULL);
    if (contact != NULL) plk_json_presence(object, contact);
    return object;
}

json_t *plk_json_event(const struct plk_history_event *event, const struct plk_contact_view *contact) {
    json_t *object = NULL;
    switch (event->event.kind) {
    case PLK_EVENT_MESSAGE:
    case PLK_EVENT_STATE:
        object = plk_json_message_event(event, contact != NULL ? &contact->row : NULL);
        break;
    case PLK_EVENT_CHANGE:
        object = plk_json_change_event(event, contact != NULL ? &contact->row : NULL);
        break;
    case PLK_EVENT_CONTACT:
    case PLK_EVENT_REQUEST:
        object = contact_event(&event->event, contact);
        break;
    case PLK_EVENT_PATH:
        object = path_event(contact);
        break;
    case PLK_EVENT_RELAY:
        break; // plk_json_relay_event
    }
    if (object != NULL) put_count(object, "n", event->event.n);
    return object;
}

json_t *plk_json_relay_event(const struct plk_node *node, uint64_t n, const struct plk_relay_view *relay,
                             bool removed) {
    json_t *object = json_pack("{s:s, s:o}", "event", "relay", "relay", plk_json_relay(node, relay));
    if (removed) put(object, "removed", json_true());
    put_count(object, "n", n);
    return object;
}
