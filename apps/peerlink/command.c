// SPDX-License-Identifier: MIT
#include "command.h"

#include <string.h>

#define NONE  \
    {         \
        { 0 } \
    }
#define PASSPHRASE \
    { "--passphrase-file", "F", "the passphrase is the first line of F" }

const struct plk_option plk_command_globals[] = {
    {"--home", "DIR", "which profile; else $PEERLINK_HOME, else ~/.local/share/peerlink"},
    {"--config", "F", "the config file; else ~/.config/peerlink/node.ini"},
    {"--passphrase-file", "F", "the profile's passphrase, where one is needed; else $PEERLINK_PASSPHRASE_FILE"},
    {"--json", NULL, "one JSON object a line, for scripts"},
    {"--help", NULL, "explains the command"},
    {0}};

static const struct plk_command_entry commands[] = {
    {"init",
     "",
     0,
     0,
     {{"--name", "N", "how you call yourself"}, PASSPHRASE, {0}},
     "makes your profile, prints its PeerID",
     plk_command_init},
    {"up",
     "",
     0,
     0,
     {{"--listen", "ADDR:PORT", "where to listen, UDP and TCP; else all addresses, on a port of its own"},
      {"--relay", "ADDR", "a relay to use"},
      {"--web", "PORT|off", "where the page is"},
      PASSPHRASE,
      {"--detach", NULL, "comes back when the node is ready, and leaves it running"},
      {0}},
     "runs the node; prints a line that begins with `ready`",
     plk_command_up},
    {"down", "", 0, 0, NONE, "stops the node", plk_command_down},
    {"status", "", 0, 0, NONE, "what is going on, NAT and paths included", plk_command_status},
    {"id", "", 0, 0, NONE, "who am I", plk_command_id},
    {"why", "NAME", 1, 1, NONE, "why this path to a contact, and what is tried next", plk_command_why},
    {"invite",
     "",
     0,
     0,
     {{"--inline", NULL, "all that is needed is in the link: no relay"},
      {"--address", NULL, "a lasting link; requests wait for `accept`"},
      {"--qr", NULL, "also as a QR code"},
      {"--web", "URL", "as a web address"},
      {0}},
     "prints one invite link and nothing else",
     plk_command_invite},
    {"add",
     "LINK",
     1,
     1,
     {{"--as", "NAME", "how to call the contact"}, {"--message", "TEXT", "a first message"}, {0}},
     "adds the contact that made the link, prints its name",
     plk_command_add},
    {"contacts", "", 0, 0, NONE, "your contacts", plk_command_contacts},
    {"requests", "", 0, 0, NONE, "who asks to be a contact", plk_command_requests},
    {"accept", "NAME", 1, 1, NONE, "accepts a request", plk_command_accept},
    {"reject", "NAME", 1, 1, NONE, "rejects a request", plk_command_reject},
    {"block", "NAME", 1, 1, NONE, "lets nothing of a contact in", plk_command_block},
    {"unblock", "NAME", 1, 1, NONE, "undoes `block`", plk_command_unblock},
    {"rename", "NAME NEW", 2, 2, NONE, "calls a contact something else", plk_command_rename},
    {"remove",
     "NAME",
     1,
     1,
     {{"--yes", NULL, "asks nothing"}, {0}},
     "removes a contact and its history",
     plk_command_remove},
    {"send",
     "NAME TEXT|-",
     2,
     2,
     {{"--wait", "sent|stored|delivered", "ends when this state is reached or passed"},
      {"--timeout", "S", "seconds to wait; 30 if not given"},
      {"--id", "ID", "your own id: the same id sends once, however often it is called"},
      {0}},
     "sends a text (-: standard input), prints message id and state",
     plk_command_send},
    {"history",
     "NAME",
     1,
     1,
     {{"--limit", "N", "messages at most, the newest; 50 if not given"},
      {"--before", "SEQ", "only those before this number"},
      {"--search", "TEXT", "only those with this text in them"},
      {0}},
     "reads a conversation",
     plk_command_history},
    {"watch",
     "",
     0,
     0,
     {{"--since", "N", "begins after event N; else with what comes next"}, {0}},
     "prints events as they happen",
     plk_command_watch},
    {"chat", "NAME", 1, 1, NONE, "a conversation in the terminal", plk_command_chat},
    {"safety",
     "NAME",
     1,
     1,
     {{"--verified", NULL, "marks it as compared"}, {0}},
     "60 digits that are the same on both sides, if nobody is in between",
     plk_command_safety},
    {"words", "", 0, 0, NONE, "the 24 words that are your profile: keep them on paper", plk_command_words},
    {"backup", "F", 1, 1, NONE, "writes an encrypted backup to F; the words open it", plk_command_backup},
    {"restore",
     "F",
     1,
     1,
     {{"--words-file", "W", "the 24 words are in W; else the terminal or standard input"}, PASSPHRASE, {0}},
     "makes your profile from a backup and the words",
     plk_command_restore},
    {"export", "NAME", 1, 1, NONE, "prints a whole conversation", plk_command_export},
    {"profile",
     "",
     0,
     0,
     {{"--name", "N", "how you call yourself"},
      {"--about", "T", "what you say of yourself"},
      {"--avatar", "F", "a picture"},
      {0}},
     "shows or changes what your contacts see",
     plk_command_profile},
    {"config", "check", 1, 1, NONE, "checks the config, says where things are", plk_command_config},
    {"rpc", "METHOD [JSON]", 1, 2, NONE, "calls any method of the API", plk_command_rpc},
    {"relay", "list|add|remove|test [ADDR]", 1, 2, NONE, "your relays", plk_command_relay},
    {"open", "[LINK]", 0, 1, NONE, "opens the page", plk_command_open},
    {"help", "[COMMAND]", 0, 1, NONE, "explains a command", plk_command_help},
    {"version", "", 0, 0, NONE, "the version, as --version", plk_command_version},
};

// Just `peerlink`.
static const struct plk_command_entry start = {
    "", "", 0, 0, NONE, "starts the node if it is not running, and says what comes next", plk_command_start};

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
