// SPDX-License-Identifier: MIT
// Links, contacts, conversations.
#include "api/shapes_inside.h"

static const struct plk_field invite_params_fields[] = {
    WORD("kind", OPTIONAL, "auto|inline|one-time|address", "auto: one-time, or inline where there is no relay"),
    FLAG("relay_only", OPTIONAL,
         "whoever comes by it is reached through your own relays only, from the first packet on"),
};
static const struct plk_field invite_fields[] = {
    TEXT("link", 0, "the invite link"),
    WORD("kind", 0, "inline|one-time|address", "what it is"),
};
static const struct plk_field add_params_fields[] = {
    TEXT("link", 0, "an invite link; text around it is passed over"),
    TEXT("name", OPTIONAL, "how to call the contact"),
    TEXT("message", OPTIONAL, "a first message"),
    FLAG("relay_only", OPTIONAL, "it is reached through your own relays only, from the first packet on"),
};
static const struct plk_field added_fields[] = {
    TEXT("name", 0, "how it is called here; provisional until its profile arrives"),
    TEXT("id", 0, "its PeerID"),
    FLAG("known", 0, "it was a contact before: the conversation goes on, with new keys as soon as it answers"),
};
static const struct plk_field contact_fields[] = {
    TEXT("name", 0, "how it is called here"),
    TEXT("id", 0, "its PeerID"),
    FLAG("verified", 0, "the safety number was compared"),
    FLAG("request", 0, "it asks to be a contact"),
    FLAG("blocked", 0, "nothing of it is let in"),
    FLAG("relay_only", 0, "it is reached through your own relays only"),
    FLAG("pinned", 0, "it is shown before the others"),
    FLAG("muted", 0, "nothing is said when something comes from it"),
    COUNT("read_seq", 0, "what came up to this message was read here"),
    COUNT("timer_s", 0, "what is written now vanishes that long after it was seen; 0: it stays"),
    FLAG("receipts", 0, "it is told what of its was read here"),
    WORD("state", 0, "added|request|active|refused", "added: its side has not answered the link yet"),
    TEXT("profile_name", 0, "how it calls itself; may be empty"),
    AVATAR,
    COUNT("number", 0, "of this contact here, never reused"),
    COUNT("undelivered", 0, "messages that it has not committed yet"),
    COUNT("last_seq", 0, "the newest message of the conversation; 0: none"),
};
static const struct plk_field contacts_fields[] = {OBJECT("contacts", LIST, contact, "by number")};
static const struct plk_field conversation_fields[] = {
    TEXT("name", 0, "how it is called here"),
    TEXT("id", 0, "its PeerID"),
    FLAG("verified", 0, "the safety number was compared"),
    FLAG("request", 0, "it asks to be a contact"),
    FLAG("blocked", 0, "nothing of it is let in"),
    FLAG("pinned", 0, "it is shown before the others"),
    FLAG("muted", 0, "nothing is said when something comes from it"),
    COUNT("read_seq", 0, "what came up to this message was read here"),
    COUNT("timer_s", 0, "what is written now vanishes that long after it was seen; 0: it stays"),
    FLAG("receipts", 0, "it is told what of its was read here"),
    WORD("state", 0, "added|request|active|refused", "added: its side has not answered the link yet"),
    TEXT("profile_name", 0, "how it calls itself; may be empty"),
    AVATAR,
    COUNT("number", 0, "of this contact here, never reused"),
    PRESENCE(0),
    COUNT("last_seen_ms", 0, "Unix time in milliseconds; 0: never"),
    FLAG("damaged", 0, "what is stored of it cannot be read"),
    COUNT("undelivered", 0, "messages that it has not committed yet"),
    COUNT("unread", 0, "messages of its that were not read here, of the newest 2,000"),
    COUNT("last_seq", 0, "the newest message of the conversation; 0: none"),
    OBJECT("last", NULLABLE, message, "the newest message that is shown; null: none"),
};
static const struct plk_field conversations_fields[] = {
    COUNT("last_event", 0, "the number of the last durable event: `watch` from it on misses nothing"),
    OBJECT("conversations", LIST, conversation, "by number"),
};
static const struct plk_field read_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", OPTIONAL, "what came up to this message was read; missing: all of it"),
};
static const struct plk_field mark_params_fields[] = {
    CONTACT_PARAM,
    FLAG("pinned", OPTIONAL, "it is shown before the others"),
    FLAG("muted", OPTIONAL, "nothing is said when something comes from it"),
};
static const struct plk_field qr_params_fields[] = {TEXT("text", 0, "1 to 2,000 bytes")};
static const struct plk_field qr_fields[] = {
    COUNT("size", 0, "dots a side, without the margin of four that has to be around it"),
    TEXT("rows", LIST, "each a row of 0 and 1; 1 is dark"),
};
static const struct plk_field rename_params_fields[] = {
    CONTACT_PARAM,
    TEXT("name", 0, "the new name, 1 to 64 bytes"),
};
static const struct plk_field path_params_fields[] = {
    CONTACT_PARAM,
    WORD("mode", 0, "auto|relay-only",
         "auto: by the best way there is; relay-only: neither it nor its relays ever see your address"),
};
static const struct plk_field verify_params_fields[] = {
    CONTACT_PARAM,
    FLAG("verified", OPTIONAL, "false takes it back; true if missing"),
};
static const struct plk_field safety_fields[] = {
    TEXT("name", 0, "how it is called here"),
    TEXT("safety", 0, "60 digits in twelve groups, the same on both sides"),
    FLAG("verified", 0, "they were compared"),
};

SHAPE(invite_params, "InviteParams")
SHAPE(invite, "Invite")
SHAPE(add_params, "AddParams")
SHAPE(added, "Added")
SHAPE(contact, "Contact")
SHAPE(contacts, "Contacts")
SHAPE(conversation, "Conversation")
SHAPE(conversations, "Conversations")
SHAPE(read_params, "ReadParams")
SHAPE(mark_params, "MarkParams")
SHAPE(qr_params, "QrParams")
SHAPE(qr, "Qr")
SHAPE(rename_params, "RenameParams")
SHAPE(path_params, "PathParams")
SHAPE(verify_params, "VerifyParams")
SHAPE(safety, "Safety")
