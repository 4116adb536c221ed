// SPDX-License-Identifier: MIT
// JSON of the things that people and scripts see, with the names of DESIGN 6. Each gives an object that the caller owns.
#ifndef PLK_API_JSON_H
#define PLK_API_JSON_H

#include <jansson.h>

#include "host/history.h"
#include "node/node.h"
#include "wire/picture.h"

#define PLK_JSON_ADDR_MAX 64

// Bytes that are no UTF-8 become U+FFFD, NUL included, one each.
json_t *plk_json_text(struct plk_bytes text);
void plk_json_id_text(char text[2 * PLK_ID_LEN + 1], const uint8_t id[PLK_ID_LEN]);
json_t *plk_json_id(const uint8_t id[PLK_ID_LEN]);                // 32 hexadecimal digits
json_t *plk_json_peer_id(const uint8_t peer_id[PLK_PEER_ID_LEN]); // 44 characters
json_t *plk_json_addr(const struct plk_addr *addr);               // "192.0.2.1:4000", "[2001:db8::1]:4000"
json_t *plk_json_ms(uint64_t us);                                 // a real; null for 0

const char *plk_json_state(enum plk_state state);
const char *plk_json_transport(enum plk_transport transport);

json_t *plk_json_place(struct plk_bytes host, uint16_t port); // of a relay: HOST:PORT
// An own relay, and all of them in their order.
json_t *plk_json_relay(const struct plk_node *node, const struct plk_relay_view *relay);
json_t *plk_json_relays(const struct plk_node *node);

// A message, with "event":"message"; contact is its contact's row.
// marks: what became of it since; NULL: nothing that is known.
json_t *plk_json_message(const struct plk_message_row *message, const struct plk_contact_row *contact,
                         const struct plk_history_marks *marks);

// undelivered and last_seq are set by whoever knows them.
json_t *plk_json_contact(const struct plk_contact_row *row);

// online, path, path_transport, rtt_ms into an object.
void plk_json_presence(json_t *object, const struct plk_contact_view *view);

// An event of `watch`; contact: NULL when it is no more. path events carry the view's presence.
// NULL: a relay's, which has its own; a change of a message that is not there.
json_t *plk_json_event(const struct plk_history_event *event, const struct plk_contact_view *contact);
json_t *plk_json_relay_event(const struct plk_node *node, uint64_t n, const struct plk_relay_view *relay, bool removed);

json_t *plk_json_avatar_mark(struct plk_bytes mark); // hexadecimal; of none: empty
json_t *plk_json_contact_avatar(struct plk_history *history, uint32_t contact);
json_t *plk_json_base64(struct plk_bytes bytes);
const char *plk_json_picture_type(enum plk_picture_type type); // "image/jpeg", ...

// Of its parts (json.c, json_message.c).
void plk_json_put(json_t *object, const char *name, json_t *value); // takes value
void plk_json_put_count(json_t *object, const char *name, uint64_t value);
void plk_json_put_contact(json_t *object, const struct plk_contact_row *contact);
json_t *plk_json_message_event(const struct plk_history_event *event, const struct plk_contact_row *contact);
json_t *plk_json_change_event(const struct plk_history_event *event, const struct plk_contact_row *contact);

#endif
