// SPDX-License-Identifier: MIT
// Messages, pictures, what happens to them, events.
#include "api/shapes_inside.h"

static const struct plk_field send_params_fields[] = {
    CONTACT_PARAM,
    TEXT("text", 0, "1 to 60,000 bytes"),
    TEXT("id", OPTIONAL, "the caller's own, up to 128 bytes: the same id sends once, however often it is called"),
    WORD("wait", OPTIONAL, PLK_SHAPES_WAIT_WORDS, "answer only when this state is reached or passed"),
    COUNT("timeout_ms", OPTIONAL, "of `wait`; 30,000 if missing"),
    COUNT("reply_to", OPTIONAL, "the seq of the message that it answers"),
};
static const struct plk_field sent_fields[] = {
    TEXT("id", 0, "of the message, 32 hexadecimal digits"),
    TEXT("contact", 0, "its name here"),
    COUNT("seq", 0, "its number in the conversation"),
    WORD("state", 0, STATE_WORDS, "where it is"),
    FLAG("repeated", 0, "this caller's id was sent before; nothing new was made"),
    COUNT("stored", OPTIONAL, "state `stored`: relays that keep it"),
    COUNT("stored_of", OPTIONAL, "state `stored`: relays that were asked"),
    FLAG("timed_out", 0, "the state that was waited for is not reached; the message is still on its way"),
    COUNT("took_ms", NULLABLE, "from sending to delivery; null if not delivered"),
    WORD("path", NULLABLE, PATH_WORDS, "how it travelled, if it was waited for"),
};
static const struct plk_field cancel_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", 0, "of the message"),
};
static const struct plk_field history_params_fields[] = {
    TEXT("contact", OPTIONAL, "a contact's name or PeerID; missing, with `search`: all contacts"),
    COUNT("limit", OPTIONAL, "messages at most, 1 to 1,000; 50 if missing"),
    COUNT("before", OPTIONAL, "only messages with a lower seq"),
    COUNT("after", OPTIONAL, "the first messages with a higher seq; not with `before` or `search`"),
    TEXT("search", OPTIONAL, "only messages with this text in it, capitals or not"),
    COUNT("at", OPTIONAL, "searching all contacts: `next_at` of the page before"),
};
static const struct plk_field picture_send_params_fields[] = {
    CONTACT_PARAM,
    WORD("type", 0, IMAGE_WORDS, "of the data"),
    COUNT("width", 0, "in dots, 1 to 65,535"),
    COUNT("height", 0, "in dots, 1 to 65,535"),
    TEXT("data", 0, "at most 1,048,576 bytes, base64"),
    TEXT("preview", OPTIONAL,
         "a small JPEG or WebP that is shown until the rest is there; at most 4,096 bytes, base64"),
    TEXT("text", OPTIONAL, "a caption, at most 4,000 bytes"),
    COUNT("reply_to", OPTIONAL, "the seq of the message that it answers"),
    TEXT("id", OPTIONAL, "the caller's own, up to 128 bytes: the same id sends once, however often it is called"),
};
static const struct plk_field picture_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", 0, "of the message"),
};
static const struct plk_field avatar_params_fields[] = {
    TEXT("contact", OPTIONAL, "a contact's name or PeerID; missing: one's own"),
};
static const struct plk_field image_fields[] = {
    WORD("type", 0, IMAGE_WORDS, "by its head"),
    TEXT("data", 0, "base64"),
};
static const struct plk_field picture_fields[] = {
    WORD("type", 0, IMAGE_WORDS, "as the sender says it"),
    COUNT("width", 0, "in dots"),
    COUNT("height", 0, "in dots"),
    COUNT("size", 0, "bytes"),
    FLAG("complete", 0, "all of it is here: `picture` gives it"),
    TEXT("preview", 0, "a small JPEG or WebP, base64; may be empty"),
};
static const struct plk_field react_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", 0, "of the message, either side's"),
    TEXT("emoji", 0, "at most 32 bytes; empty takes the reaction back"),
};
static const struct plk_field edit_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", 0, "of one's own message"),
    TEXT("text", 0, "1 to 59,999 bytes: what it says from now on"),
};
static const struct plk_field delete_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seq", 0, "of the message"),
    FLAG("both", 0, "for both sides, of one's own message; false: only here, nothing is sent"),
};
static const struct plk_field timer_params_fields[] = {
    CONTACT_PARAM,
    COUNT("seconds", 0, "what either side writes from now on vanishes that long after it was seen; 0: it stays"),
};
static const struct plk_field receipts_params_fields[] = {
    CONTACT_PARAM,
    FLAG("on", 0, "whether the contact is told what of its was read"),
};
static const struct plk_field reply_fields[] = {
    COUNT("seq", 0, "of the message that is answered; 0, and nothing else: it is not here any more"),
    TEXT("id", OPTIONAL, "of that message"),
    WORD("direction", OPTIONAL, "in|out", "out: from here"),
    WORD("kind", OPTIONAL, KIND_WORDS, "as of a message"),
    TEXT("text", OPTIONAL, "its first 200 characters"),
};
static const struct plk_field reaction_fields[] = {
    WORD("by", 0, "me|them", "whose it is"),
    TEXT("emoji", 0, "at most 32 bytes"),
};
#define MESSAGE(flags, event_words)                                                                                   \
    WORD("event", 0, event_words, "what this object is"), TEXT("id", flags, "of the message, 32 hexadecimal digits"), \
        TEXT("contact", (flags) | ((flags) ? NULLABLE : 0), "the contact's name here"),                               \
        TEXT("contact_id", (flags) | ((flags) ? NULLABLE : 0), "its PeerID"),                                         \
        WORD("direction", flags, "in|out", "out: from here"),                                                         \
        COUNT("seq", flags, "its number in the conversation, both directions counted"),                               \
        COUNT("time_ms", flags, "the sender's clock, Unix time in milliseconds"),                                     \
        COUNT("received_ms", flags, "in: committed here; out: delivered, 0 before"),                                  \
        WORD("state", flags, STATE_WORDS, "where it is"),                                                             \
        COUNT("stored", OPTIONAL, "state `stored`: relays that keep it"),                                             \
        COUNT("stored_of", OPTIONAL, "state `stored`: relays that were asked"),                                       \
        TEXT("reason", OPTIONAL, "why a state stepped back"),                                                         \
        WORD("kind", flags, KIND_WORDS, "notice: made here; unknown: from a newer version"),                          \
        TEXT("text", (flags) | OPTIONAL, "what it says, a caption; nothing if it was deleted"),                       \
        OBJECT("picture", OPTIONAL, picture, "of kind `picture`"),                                                    \
        OBJECT("reply_to", OPTIONAL, reply, "the message that it answers"),                                           \
        OBJECT("reactions", OPTIONAL | LIST, reaction, "one's own and the contact's"),                                \
        COUNT("edited_ms", OPTIONAL, "when its text was changed last, by the writer's clock"),                        \
        FLAG("deleted", OPTIONAL, "it was deleted, here or for both"),                                                \
        COUNT("lifetime_s", OPTIONAL, "it vanishes that long after it was seen (in) or delivered (out)"),             \
        COUNT("expires_ms", OPTIONAL, "when that will be, Unix time in milliseconds; once it is known")
static const struct plk_field message_fields[] = {MESSAGE(0, "message")};
static const struct plk_field history_fields[] = {
    OBJECT("messages", LIST, message, "oldest first"),
    FLAG("more", 0, "there is, or may be, something before; with `after`: after"),
    COUNT("next_before", 0, "`before` of the page before this one"),
    COUNT("next_at", 0, "`at` of it, searching all contacts"),
};
static const struct plk_field watch_params_fields[] = {
    COUNT("since", OPTIONAL, "begin after this event; missing: with what comes next"),
};
static const struct plk_field watching_fields[] = {
    COUNT("since", 0, "events come from the one after this"),
    FLAG("gap", 0, "not all after the one asked for are kept: read contacts and histories anew, then go on"),
};
static const struct plk_field event_fields[] = {
    COUNT("n", 0, "the event's number; resume with it. Of `path`, `relay` and `node`: that of the last durable event"),
    MESSAGE(OPTIONAL, "message|state|change|contact|request|path|relay|node"),
    COUNT("number", OPTIONAL, "contact, request: the contact's number here"),
    WORD("node", OPTIONAL, NODE_WORDS, "node: its state; while it is not `ready` other events wait"),
    FLAG("removed", OPTIONAL, "contact, relay: it is no more"),
    FLAG("verified", OPTIONAL, "contact, request"),
    FLAG("request", OPTIONAL, "contact, request"),
    FLAG("blocked", OPTIONAL, "contact, request"),
    FLAG("pinned", OPTIONAL, "contact, request"),
    FLAG("muted", OPTIONAL, "contact, request"),
    COUNT("read_seq", OPTIONAL, "contact, request: what came up to this message was read here"),
    COUNT("timer_s", OPTIONAL,
          "contact, request, change `timer`: what is written now vanishes that long after it was seen"),
    FLAG("receipts", OPTIONAL, "contact, request: it is told what of its was read here"),
    WORD("what", OPTIONAL, "edited|reacted|deleted|expired|picture|read|timer",
         "change: what has changed; read: everything outgoing up to `seq` was read there"),
    OBJECT("message", OPTIONAL, message, "change: the message as it is now; not of `expired`, `read` and `timer`"),
    PRESENCE(OPTIONAL),
    OBJECT("relay", OPTIONAL, relay, "relay: as it is now, or was"),
};

SHAPE(send_params, "SendParams")
SHAPE(sent, "Sent")
SHAPE(cancel_params, "CancelParams")
SHAPE(history_params, "HistoryParams")
SHAPE(picture_send_params, "PictureSendParams")
SHAPE(picture_params, "PictureParams")
SHAPE(avatar_params, "AvatarParams")
SHAPE(image, "Image")
SHAPE(picture, "Picture")
SHAPE(reply, "Reply")
SHAPE(reaction, "Reaction")
SHAPE(message, "Message")
SHAPE(react_params, "ReactParams")
SHAPE(edit_params, "EditParams")
SHAPE(delete_params, "DeleteParams")
SHAPE(timer_params, "TimerParams")
SHAPE(receipts_params, "ReceiptsParams")
SHAPE(history, "History")
SHAPE(watch_params, "WatchParams")
SHAPE(watching, "Watching")
SHAPE(event, "Event")
