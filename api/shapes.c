// SPDX-License-Identifier: MIT
// The node, its profile, its relays.
#include "api/shapes_inside.h"

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
SHAPE(profile_params, "ProfileParams")
SHAPE(profile, "Profile")
SHAPE(words, "Words")
SHAPE(backup, "Backup")
SHAPE_EMPTY(document, "Document")
