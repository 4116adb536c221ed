// SPDX-License-Identifier: MIT
#include "command.h"

#include <string.h>

// name, arguments and how many, what it does; then its options.
#define COMMAND(verb, args, min, max, help, ...) \
    { #verb, args, min, max, {__VA_ARGS__ }, help, plk_command_##verb }
#define END \
    { 0 }
#define PASSPHRASE \
    { "--passphrase-file", "F", "the passphrase is the first line of F" }

// clang-format off
const struct plk_option plk_command_globals[] = {
    {"--home", "DIR", "which profile; else $PEERLINK_HOME, else ~/.local/share/peerlink"},
    {"--config", "F", "the config file; else ~/.config/peerlink/node.ini"},
    {"--passphrase-file", "F", "the profile's passphrase, where one is needed; else $PEERLINK_PASSPHRASE_FILE"},
    {"--json", NULL, "one JSON object a line, for scripts"},
    {"--help", NULL, "explains the command"},
    END
};

static const struct plk_command_entry commands[] = {
    COMMAND(init, "", 0, 0, "makes your profile, prints its PeerID",
            {"--name", "N", "how you call yourself"},
            PASSPHRASE, END),
    COMMAND(up, "", 0, 0, "runs the node; prints a line that begins with `ready`",
            {"--listen", "ADDR:PORT", "where to listen, UDP and TCP; else all addresses, on a port of its own"},
            {"--relay", "ADDR", "a relay of your own from now on, HOST:PORT#KEY as it prints it; may be repeated"},
            {"--web", "PORT|off", "where the page is on this machine, from now on; else on a port that is chosen once and kept"},
            PASSPHRASE,
            {"--wait", NULL, "without a profile, or without its passphrase, waits for the page to make or to open it"},
            {"--detach", NULL, "comes back when the node is ready, and leaves it running"}, END),
    COMMAND(down, "", 0, 0, "stops the node", END),
    COMMAND(status, "", 0, 0, "what is going on, NAT and paths included", END),
    COMMAND(id, "", 0, 0, "who am I", END),
    COMMAND(why, "NAME", 1, 1, "why this path to a contact, and what is tried next", END),
    COMMAND(invite, "", 0, 0, "prints one invite link and nothing else",
            {"--inline", NULL, "all that is needed is in the link: no relay, one of you must be reachable"},
            {"--address", NULL, "a lasting link; requests wait for `accept`"},
            {"--relay-only", NULL, "whoever comes by it is reached through your own relays only: see `path`"},
            {"--qr", NULL, "also as a QR code"},
            {"--web", "URL", "as a web address"}, END),
    COMMAND(add, "LINK|-", 1, 1, "adds the contact that made the link (-: standard input), prints its name",
            {"--as", "NAME", "how to call the contact"},
            {"--message", "TEXT", "a first message"},
            {"--relay-only", NULL, "it is to be reached through your own relays only: see `path`"}, END),
    COMMAND(contacts, "", 0, 0, "your contacts", END),
    COMMAND(requests, "", 0, 0, "who asks to be a contact", END),
    COMMAND(accept, "NAME", 1, 1, "accepts a request", END),
    COMMAND(reject, "NAME", 1, 1, "rejects a request: it is forgotten, and who made it hears nothing", END),
    COMMAND(block, "NAME", 1, 1, "lets nothing of a contact in", END),
    COMMAND(unblock, "NAME", 1, 1, "undoes `block`", END),
    COMMAND(rename, "NAME NEW", 2, 2, "calls a contact something else", END),
    COMMAND(path, "NAME auto|relay-only", 2, 2, "relay-only: neither a contact nor its relays ever see your address", END),
    COMMAND(remove, "NAME", 1, 1, "removes a contact and its history",
            {"--yes", NULL, "asks nothing"}, END),
    COMMAND(send, "NAME [TEXT|-]", 1, 2, "sends a text (-: standard input), prints message id and state",
            {"--picture", "FILE", "sends a JPEG, PNG, WebP or GIF of at most 1 MiB, as the file is, with TEXT under it"},
            {"--wait", "sent|stored|delivered", "ends when this state is reached or passed"},
            {"--timeout", "S", "seconds to wait; 30 if not given"},
            {"--id", "ID", "your own id: the same id sends once, however often it is called"},
            {"--reply", "SEQ", "answers the message of this number"}, END),
    COMMAND(react, "NAME SEQ EMOJI|-", 3, 3, "puts an emoji to a message (-: takes it back)", END),
    COMMAND(edit, "NAME SEQ TEXT", 3, 3, "changes what a message of yours says, on both sides", END),
    COMMAND(delete, "NAME SEQ", 2, 2, "takes a message away, here only",
            {"--both", NULL, "on both sides: a message of your own"}, END),
    COMMAND(timer, "NAME SECONDS|off", 2, 2, "what either of you writes from now on vanishes that long after it was seen", END),
    COMMAND(receipts, "NAME on|off", 2, 2, "whether a contact is told what you have read; on from the beginning", END),
    COMMAND(picture, "NAME SEQ FILE", 3, 3, "saves the picture of a message into a new file", END),
    COMMAND(history, "NAME", 1, 1, "reads a conversation",
            {"--limit", "N", "messages at most, the newest; 50 if not given"},
            {"--before", "SEQ", "only those before this number"},
            {"--search", "TEXT", "only those with this text in them"}, END),
    COMMAND(watch, "", 0, 0, "prints events as they happen",
            {"--since", "N", "begins after event N; else with what comes next"}, END),
    COMMAND(chat, "NAME", 1, 1, "a conversation in the terminal", END),
    COMMAND(safety, "NAME", 1, 1, "60 digits that are the same on both sides, if nobody is in between",
            {"--verified", NULL, "marks it as compared"}, END),
    COMMAND(words, "", 0, 0, "the 24 words that are your profile: keep them on paper", END),
    COMMAND(backup, "F", 1, 1, "writes an encrypted backup to F; the words open it", END),
    COMMAND(restore, "F", 1, 1, "makes your profile from a backup and the words",
            {"--words-file", "W", "the 24 words are in W; else the terminal or standard input"},
            PASSPHRASE, END),
    COMMAND(export, "NAME", 1, 1, "prints a whole conversation", END),
    COMMAND(profile, "", 0, 0, "shows or changes what your contacts see",
            {"--name", "N", "how you call yourself"},
            {"--about", "T", "what you say of yourself"},
            {"--avatar", "F", "a JPEG, PNG or WebP of at most 24 KiB; an empty name takes it away"}, END),
    COMMAND(config, "check", 1, 1, "checks the config, says where things are", END),
    COMMAND(rpc, "METHOD [JSON]", 1, 2, "calls any method of the API", END),
    COMMAND(relay, "list|add|remove|test|serve [ADDR|MODE]", 1, 2,
            "your relays; `test` asks any, without the node; `serve off|contacts|public|auto`: your node as a relay for others", END),
    COMMAND(open, "[LINK|-]", 0, 1, "opens the page, logged in; with an invite link, where it is added", END),
    COMMAND(help, "[COMMAND]", 0, 1, "explains a command", END),
    COMMAND(completion, PLK_COMPLETE_SHELLS, 1, 1, "prints what completes words of peerlink in a shell", END),
    COMMAND(version, "", 0, 0, "the version, as --version", END),
};

// Just `peerlink`.
static const struct plk_command_entry start = {
    "", "", 0, 0, {END}, "starts the node if it is not running, and opens the page, or says what comes next", plk_command_start
};
// clang-format on

const struct plk_command_entry *plk_command_at(size_t index) {
    return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

const struct plk_command_entry *plk_command_find(const char *name) {
    if (name[0] == '\0') return &start;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}
