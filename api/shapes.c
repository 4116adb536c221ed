// SPDX-License-Identifier: MIT
#include "api/shapes.h"

#define OPTIONAL PLK_FIELD_OPTIONAL
#define NULLABLE PLK_FIELD_NULLABLE
#define LIST PLK_FIELD_LIST

#define TEXT(name, flags, help) \
    { name, PLK_FIELD_TEXT, flags, NULL, NULL, help }
#define WORD(name, flags, words, help) \
    { name, PLK_FIELD_TEXT, flags, NULL, words, help }
#define COUNT(name, flags, help) \
    { name, PLK_FIELD_COUNT, flags, NULL, NULL, help }
#define REAL(name, flags, help) \
    { name, PLK_FIELD_REAL, flags, NULL, NULL, help }
#define FLAG(name, flags, help) \
    { name, PLK_FIELD_FLAG, flags, NULL, NULL, help }
#define OBJECT(name, flags, shape, help) \
    { name, PLK_FIELD_OBJECT, flags, &plk_shape_##shape, NULL, help }

#define CONTACT_PARAM TEXT("contact", 0, "a contact's name or PeerID")
#define PATH_WORDS "lan|udp-direct|udp-punched|udp-mapped|tcp-direct|tcp-reverse|relay"
#define STATE_WORDS "queued|sent|stored|delivered|read|failed|cancelled|received"
#define KIND_WORDS "text|picture|notice|unknown"
#define IMAGE_WORDS "image/jpeg|image/png|image/webp|image/gif"
#define AVATAR TEXT("avatar", 0, "names the picture of its profile, hexadecimal; empty: it has none")
#define NODE_WORDS "loading|empty|locked|ready|corrupt"
#define SERVE_WORDS "auto|off|contacts|public"
#define NAT_WORDS "endpoint-independent|address-dependent|address-and-port-dependent|unknown"
// What tells a contact's presence; in `status`, `why` and the event `path`.
#define PRESENCE(flags)                                                                 \
    FLAG("online", flags, "something authenticated came from it within 2 minutes"),     \
        WORD("path", (flags) | NULLABLE, PATH_WORDS, "how its messages travel now"),    \
        WORD("path_transport", (flags) | NULLABLE, "udp|tcp|tls", "over what"),         \
        REAL("rtt_ms", (flags) | NULLABLE, "round trip of that path, in milliseconds"), \
        FLAG("relay_only", flags, "it is reached through your own relays only"),        \
        WORD("hindrance", (flags) | NULLABLE, "no-relay|unreachable|refused",           \
             "relay_only: no relay of yours answers, none reaches its relays, or they carry no more now; else null")

static const struct plk_field nothing_fields[] = {{0}};
static const struct plk_field contact_param_fields[] = {CONTACT_PARAM};
static const struct plk_field done_fields[] = {FLAG("done", 0, "always true")};
static const struct plk_field id_fields[] = {
    TEXT("id", 0, "the PeerID, 44 characters"),
    TEXT("name", 0, "how the profile calls itself"),
};

// ---- status ---------------------------------------------------------------------------------------------------------

static const struct plk_field mapped_fields[] = {
    WORD("protocol", 0, PLK_SHAPES_MAPPED_WORDS, "by which the router was asked"),
    WORD("transport", 0, "udp|tcp", "what it lets in"),
    TEXT("internal", 0, "ADDR:PORT of this node"),
    TEXT("external", 0, "ADDR:PORT at which the router says that it lets in"),
    FLAG("global", 0, "whether that can be reached from anywhere; false: another NAT is in front of the router"),
};
static const struct plk_field nat_fields[] = {
    WORD("mapping", 0, NAT_WORDS, "RFC 5780, section 4.3"),
    WORD("filtering", 0, NAT_WORDS, "RFC 5780, section 4.4"),
    TEXT("public", LIST, "ADDR:PORT at which the node may be seen from anywhere"),
    OBJECT("mapped", LIST, mapped, "ports that routers hold open for this node"),
    FLAG("upnp", 0, "whether this build asks them by UPnP-IGD, too"),
};
static const struct plk_field relay_fields[] = {
    TEXT("address", 0, "HOST:PORT"),
    FLAG("connected", 0, "whether there is a channel to it now"),
    TEXT("name", 0, "HOST:PORT#KEY, without a token"),
    FLAG("adopted", 0, "taken over from the first link that was opened, not added by the user"),
    FLAG("learned", 0, "taken because another own relay knew it, and fewer than two answered"),
    TEXT("friend", NULLABLE, "the contact whose node it is; null: nobody's that is known"),
    WORD("transport", NULLABLE, "udp|tcp|tls", "of the channel; null: there is none"),
    TEXT("remote", NULLABLE, "ADDR:PORT of the channel; null: there is none"),
    REAL("rtt_ms", NULLABLE, "its round trip, in milliseconds"),
    COUNT("queues", 0, "own queues there"),
    COUNT("refused", 0, "of them, those that it does not make: it asks for a token, or for one that is good for more"),
    COUNT("failures", 0, "attempts to connect in a row that failed"),
};
static const struct plk_field relays_fields[] = {
    OBJECT("relays", LIST, relay, "in the order in which they were added")};
static const struct plk_field relay_param_fields[] = {TEXT("relay", 0, "HOST:PORT#KEY, as a relay prints it")};
static const struct plk_field relay_named_fields[] = {TEXT("relay", 0, "HOST:PORT, as `relay.list` shows it")};
static const struct plk_field relay_added_fields[] = {
    TEXT("address", 0, "HOST:PORT"),
    FLAG("known", 0, "it was an own relay before; a token, or another address, is new"),
};
static const struct plk_field serve_params_fields[] = {
    WORD("mode", OPTIONAL, SERVE_WORDS, "from now on; kept, unless the config names one"),
};
static const struct plk_field serve_fields[] = {
    WORD("mode", 0, SERVE_WORDS, "as chosen; auto: contacts, once it is known that this node can be reached"),
    FLAG("on", 0, "whether others are served now"),
    TEXT("why", NULLABLE, "what is in the way, though it should be on; else null"),
    TEXT("address", NULLABLE, "HOST:PORT at which others find it; null: not on, or not known"),
    TEXT("name", NULLABLE, "HOST:PORT#KEY, without a token; null likewise"),
    COUNT("clients", 0, "connections to it now"),
    COUNT("stored_bytes", 0, "of what is kept for others"),
};
static const struct plk_field ports_fields[] = {
    COUNT("udp4", 0, "0: not bound"),
    COUNT("udp6", 0, "0: not bound"),
    COUNT("tcp", 0, "0: not bound"),
};
static const struct plk_field presence_fields[] = {
    TEXT("name", 0, "how it is called here"),
    TEXT("id", 0, "its PeerID"),
    PRESENCE(0),
    COUNT("undelivered", 0, "messages that it has not committed yet"),
    COUNT("last_seen_ms", 0, "Unix time in milliseconds; 0: never"),
    FLAG("damaged", 0, "what is stored of it cannot be read: nothing is sent or accepted; its history can be read"),
};
static const struct plk_field status_fields[] = {
    TEXT("id", NULLABLE, "the PeerID; null without a profile"),
    TEXT("name", NULLABLE, "how the profile calls itself"),
    WORD("state", 0, NODE_WORDS, "empty: there is no profile yet; locked: `unlock` opens it"),
    TEXT("web", NULLABLE, "where the page is; null: it is not served"),
    TEXT("version", 0, "of the program"),
    TEXT("home", 0, "the profile's directory"),
    TEXT("socket", 0, "the path of the Unix socket that answers this"),
    FLAG("encrypted", 0, "a passphrase protects the store"),
    FLAG("stalled", 0, "the disk is full or locked: nothing new is accepted"),
    COUNT("last_event", 0, "the number of the last durable event"),
    COUNT("unindexed", 0, "messages that the search index does not know yet; a search finds them all the same"),
    OBJECT("ports", 0, ports, "where the node listens"),
    OBJECT("nat", 0, nat, "what is in front of this machine"),
    OBJECT("relays", LIST, relay, "own relays"),
    OBJECT("serve", 0, serve, "the relay that this node is for others"),
    OBJECT("contacts", LIST, presence, "each contact and its path"),
};
static const struct plk_field way_fields[] = {
    WORD("transport", 0, "udp|tcp|tls|relay", "over what; relay: into a queue of the contact's"),
    TEXT("address", 0, "ADDR:PORT; of a relay HOST:PORT"),
    TEXT("source", 0, "configured, told, seen, beacon, or link: the relay is named by the link that was opened"),
    TEXT(
        "state", 0,
        "active, spare, checking, silent, refused, failed or waiting; of a contact with relay_only also unreachable, no-relay, "
        "and barred: an address"),
    TEXT("through", NULLABLE, "HOST:PORT of your own relay that carries what goes to that one"),
    COUNT("tries", 0, "attempts so far"),
    REAL("rtt_ms", NULLABLE, "round trip, in milliseconds"),
    REAL("last_heard_s", NULLABLE, "seconds since something authenticated came this way"),
    REAL("next_try_s", NULLABLE, "seconds until the next attempt"),
};
#define STANDING_WORDS "unknown|open|mapped|firewall|nat|varies|no-udp"
static const struct plk_field step_fields[] = {
    REAL("ago_s", 0, "seconds since it happened last"),
    WORD(
        "what", 0, "called|up|told|asked|answered|unanswered|connecting|connected|refused|active|silent|lost|down",
        "called: a handshake was begun; told: it has said where it can be reached; active: messages go that way from then on; silent: they "
        "do not any more"),
    WORD("transport", NULLABLE, "udp|tcp|tls|relay", "of the way that it is about; null: of none"),
    TEXT("address", NULLABLE, "ADDR:PORT; of a relay HOST:PORT"),
    COUNT("times", 0, "how often, since messages last took another way"),
};
static const struct plk_field attempt_fields[] = {
    WORD(
        "what", 0, "none|anew|predict|many|aim|guess",
        "at this moment. predict: from the port that one's router should give next; many: from many sockets at once; aim: at ports that "
        "the other's router should have given; guess: at any port of it; anew: from another socket, whose first packets die on the way"),
    COUNT("sockets", 0, "that it has open"),
    COUNT("failed", 0, "attempts from here so far"),
    REAL("next_try_s", NULLABLE, "seconds until the next may begin"),
};
static const struct plk_field why_fields[] = {
    TEXT("name", 0, "how it is called here"),
    TEXT("id", 0, "its PeerID"),
    PRESENCE(0),
    TEXT("explanation", 0, "why this path and not a better one, in a sentence or two"),
    WORD(
        "own", 0, STANDING_WORDS,
        "what is between this machine and the internet. nat: one port outside for all; varies: another for each other side; firewall: no "
        "translation, but nobody is let in to whom nothing was sent"),
    WORD("theirs", 0, STANDING_WORDS, "the same of the contact, as far as what it tells shows it"),
    OBJECT("attempt", 0, attempt, "what is done to open routers that give each connection another port"),
    REAL("next_try_s", NULLABLE, "seconds until the next attempt to reach it"),
    OBJECT("ways", LIST, way, "every known way to it"),
    OBJECT("steps", LIST, step, "what was tried lately, the oldest first"),
};

// ---- profile --------------------------------------------------------------------------------------------------------

static const struct plk_field login_params_fields[] = {
    TEXT("ticket", OPTIONAL, "one of the three; a ticket is good once, for 60 seconds"),
    TEXT("key", OPTIONAL, "what an earlier login gave: good for as long as the profile's home is the same"),
    TEXT("passphrase", OPTIONAL, "of the profile, if it has one; opens it if it is locked"),
};
static const struct plk_field logged_in_fields[] = {
    TEXT("key", 0, "for the next login of this window"),
    WORD("state", 0, NODE_WORDS, "empty: there is no profile yet; locked: `unlock` opens it"),
    FLAG("encrypted", 0, "a passphrase protects the store"),
    TEXT("id", NULLABLE, "the PeerID; null where there is no profile that is open"),
    TEXT("name", NULLABLE, "how the profile calls itself"),
    TEXT("version", 0, "of the program"),
};
static const struct plk_field ticket_fields[] = {
    TEXT("ticket", 0, "good once"),
    TEXT("url", 0, "of the page, with the ticket in its fragment"),
    COUNT("expires_s", 0, "seconds for which it is good"),
};
static const struct plk_field ticket_param_fields[] = {TEXT("ticket", 0, "as `ticket` gave it")};
static const struct plk_field ticket_used_fields[] = {FLAG("used", 0, "a window came with it")};
static const struct plk_field node_state_fields[] = {
    WORD("state", 0, NODE_WORDS, "empty: there is no profile yet; locked: `unlock` opens it"),
    FLAG("encrypted", 0, "a passphrase protects the store"),
    TEXT("name", NULLABLE, "how the profile calls itself; null where there is none that is open"),
    TEXT("version", 0, "of the program"),
    TEXT("web", NULLABLE, "where the page is; null: it is not served"),
};
static const struct plk_field passphrase_param_fields[] = {TEXT("passphrase", 0, "the profile's")};
static const struct plk_field init_params_fields[] = {
    TEXT("name", 0, "how the profile calls itself, 1 to 64 bytes"),
    TEXT("passphrase", OPTIONAL, "protects the store"),
};
static const struct plk_field restore_params_fields[] = {
    TEXT("words", 0, "the 24 words"),
    TEXT("backup", 0, "what `backup` gave, base64"),
    TEXT("passphrase", OPTIONAL, "protects the store"),
};
static const struct plk_field profile_params_fields[] = {
    TEXT("name", OPTIONAL, "1 to 64 bytes"),
    TEXT("about", OPTIONAL, "0 to 500 bytes"),
    TEXT("avatar", OPTIONAL, "a JPEG, PNG or WebP of at most 24,576 bytes, base64; empty removes it"),
};
static const struct plk_field profile_fields[] = {
    TEXT("id", 0, "the PeerID"),
    TEXT("name", 0, "how the profile calls itself"),
    TEXT("about", 0, "what it says of itself"),
    AVATAR,
};
static const struct plk_field words_fields[] = {TEXT("words", 0, "24 words, one space between")};
static const struct plk_field backup_fields[] = {TEXT("backup", 0, "the sealed backup, base64")};
static const struct plk_field document_fields[] = {{0}};

// ---- contacts -------------------------------------------------------------------------------------------------------

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

// ---- messages -------------------------------------------------------------------------------------------------------

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

#define SHAPE(c, json) \
    const struct plk_shape plk_shape_##c = {json, c##_fields, sizeof(c##_fields) / sizeof(c##_fields[0])};
#define SHAPE_EMPTY(c, json) const struct plk_shape plk_shape_##c = {json, c##_fields, 0};

SHAPE_EMPTY(nothing, "Nothing")
SHAPE(contact_param, "ContactParam")
SHAPE(done, "Done")
SHAPE(id, "Id")
SHAPE(mapped, "Mapped")
SHAPE(nat, "Nat")
SHAPE(relay, "Relay")
SHAPE(relay_param, "RelayParam")
SHAPE(relay_named, "RelayNamedParam")
SHAPE(relay_added, "RelayAdded")
SHAPE(relays, "Relays")
SHAPE(serve_params, "ServeParams")
SHAPE(serve, "Serve")
SHAPE(ports, "Ports")
SHAPE(presence, "Presence")
SHAPE(status, "Status")
SHAPE(way, "Way")
SHAPE(step, "Step")
SHAPE(attempt, "Attempt")
SHAPE(why, "Why")
SHAPE(login_params, "LoginParams")
SHAPE(logged_in, "LoggedIn")
SHAPE(ticket, "Ticket")
SHAPE(ticket_param, "TicketParam")
SHAPE(ticket_used, "TicketUsed")
SHAPE(node_state, "NodeState")
SHAPE(passphrase_param, "PassphraseParam")
SHAPE(init_params, "InitParams")
SHAPE(restore_params, "RestoreParams")
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
SHAPE(profile_params, "ProfileParams")
SHAPE(profile, "Profile")
SHAPE(words, "Words")
SHAPE(backup, "Backup")
SHAPE_EMPTY(document, "Document")
