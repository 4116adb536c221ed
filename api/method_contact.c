// SPDX-License-Identifier: MIT
#include "api/call.h"
#include "api/json.h"
#include "wire/invite.h"

static void on_done(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else
        plk_call_err(call, output->result.err, NULL);
}

static void run_on_contact(struct plk_call *call, struct plk_command command, plk_call_result *on_result) {
    struct plk_contact_row contact;
    if (!plk_call_contact(call, &contact)) return;
    command.contact = contact.contact;
    plk_call_command(call, &command, on_result);
}

// ---- first contact --------------------------------------------------------------------------------------------------

static const char *kind_of(struct plk_bytes link) {
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX];
    struct plk_invite_link decoded = {.kind = PLK_LINK_KIND_INLINE};
    plk_invite_link_decode(link, raw, &decoded); // our own: it is right
    plk_mem_wipe(raw, sizeof raw);
    return decoded.kind == PLK_LINK_KIND_ONE_TIME  ? "one-time"
           : decoded.kind == PLK_LINK_KIND_ADDRESS ? "address"
                                                   : "inline";
}

// Why there is no link, and what to do: without a relay, and with one.
static const char *invite_error(enum plk_err err, bool has_relay) {
    switch (err) {
    case PLK_ERR_NO_ADDRESS:
        return "you cannot be reached: connect to a network, `peerlink up --listen ADDR:PORT`, or `peerlink relay add "
               "ADDR`";
    case PLK_ERR_UNSUPPORTED:
    case PLK_ERR_NO_RELAY:
        return has_relay ? "none of your relays has answered: `peerlink relay list` shows them; a link made with "
                           "--inline needs none"
                         : "this kind of link needs a relay, and you have none: `peerlink relay add ADDR`, or --inline";
    case PLK_ERR_NO_TOKEN:
        return "your relays make no queue for you: ask whoever runs one for a token, or for one that is good for more";
    case PLK_ERR_INVALID:
        return "an inline link names this machine's addresses: it cannot be relay-only";
    case PLK_ERR_LIMIT:
        return "there are too many open invite links";
    default:
        return plk_err_text(err);
    }
}

static void on_invited(struct plk_call *call, const struct plk_output *output) {
    enum plk_err err = output->result.err;
    struct plk_relay_view relay;
    bool has_relay = plk_node_relay(plk_host_node(call->host), 0, &relay);
    if (err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:o, s:s}", "link", plk_json_text(output->result.text), "kind",
                                        kind_of(output->result.text)));
    else
        plk_call_err(call, err, "%s", invite_error(err, has_relay));
}

void plk_method_invite(struct plk_call *call) {
    static const struct {
        const char *word;
        enum plk_invite_kind kind;
    } kinds[] = {{"auto", PLK_INVITE_AUTO},
                 {"inline", PLK_INVITE_INLINE},
                 {"one-time", PLK_INVITE_ONE_TIME},
                 {"address", PLK_INVITE_ADDRESS}};
    struct plk_command command = {.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_AUTO};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (plk_bytes_equal(plk_call_text(call, "kind"), plk_bytes_text(kinds[i].word)))
            command.invite_kind = kinds[i].kind;
    }
    command.flag = plk_call_flag(call, "relay_only");
    plk_call_command(call, &command, on_invited);
}

// What a person did wrong with a link, in words about links.
static const char *link_error(enum plk_err err) {
    switch (err) {
    case PLK_ERR_EMPTY:
        return "there is no link";
    case PLK_ERR_MALFORMED:
        return "this is not an invite link: one begins with `peerlink:`";
    case PLK_ERR_CUT_OFF:
        return "this link was cut off: its end is missing, copy all of it";
    case PLK_ERR_MISTYPED:
        return "this link was mistyped: a character in it is wrong, copy it again";
    case PLK_ERR_TOO_NEW:
        return "this link comes from a newer version of PeerLink: update yours";
    case PLK_ERR_TOO_OLD:
        return "this link comes from a version of PeerLink that is no longer accepted: ask for a new one";
    case PLK_ERR_USED:
    case PLK_ERR_SPENT:
        return "this invite link was already used: ask for a new one";
    case PLK_ERR_EXPIRED:
        return "this invite link has expired: ask for a new one";
    case PLK_ERR_SELF:
        return "this is your own invite link: it is for someone else";
    case PLK_ERR_FORGED:
        return "this link is not genuine: its signature does not hold";
    case PLK_ERR_UNSUPPORTED:
        return "this link needs what this version of PeerLink does not have: update it, or ask for one made with --inline";
    case PLK_ERR_TOO_LONG:
        return "this is too long";
    case PLK_ERR_BLOCKED:
        return "whoever made this link is blocked here: unblock that contact first";
    case PLK_ERR_MOVED:
        return "this link comes from a device whose profile has moved to another one: ask for a new link";
    case PLK_ERR_NO_RELAY:
        return "a contact can be reached through relays only if you have one: `peerlink relay add ADDR` comes first";
    case PLK_ERR_INVALID:
        return "this link leads to an address, and its contact is to be reached through relays only: ask for a link made "
               "without --inline";
    default:
        return plk_err_text(err);
    }
}

static void on_added(struct plk_call *call, const struct plk_output *output) {
    enum plk_err err = output->result.err;
    struct plk_contact_view view;
    if (err == PLK_ERR_OK && plk_node_contact(plk_host_node(call->host), output->result.contact, &view) == PLK_ERR_OK) {
        plk_call_answer(call,
                        json_pack("{s:o, s:o, s:b}", "name", plk_json_text(plk_bytes(view.row.name, view.row.name_len)),
                                  "id", plk_json_peer_id(view.row.peer_id), "known", output->result.repeated));
    } else {
        plk_call_err(call, err, "%s", link_error(err));
    }
}

void plk_method_add(struct plk_call *call) {
    struct plk_bytes note = plk_call_text(call, "message");
    if (note.len > PLK_BODY_MAX) {
        plk_call_err(call, PLK_ERR_TOO_LONG, "the message is too long: %zu bytes, and %d is the most", note.len,
                     PLK_BODY_MAX);
        return;
    }
    if (plk_call_has(call, "name") && plk_call_text(call, "name").len == 0) {
        plk_call_err(call, PLK_ERR_EMPTY, "the name is empty");
        return;
    }
    struct plk_command command = {
        .kind = PLK_CMD_ADD, .text = plk_call_text(call, "link"), .name = plk_call_text(call, "name"), .note = note};
    command.flag = plk_call_flag(call, "relay_only");
    plk_call_command(call, &command, on_added);
}

static void run_kind(struct plk_call *call, enum plk_command_kind kind) {
    run_on_contact(call, (struct plk_command){.kind = kind}, on_done);
}

// INVALID: it is a contact, but does not ask to be one.
static void on_judged(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_INVALID)
        plk_call_err(call, PLK_ERR_INVALID, "there is no request of this contact: `requests` lists them");
    else
        on_done(call, output);
}

void plk_method_accept(struct plk_call *call) {
    run_on_contact(call, (struct plk_command){.kind = PLK_CMD_ACCEPT}, on_judged);
}

void plk_method_reject(struct plk_call *call) {
    run_on_contact(call, (struct plk_command){.kind = PLK_CMD_REJECT}, on_judged);
}

void plk_method_block(struct plk_call *call) { run_kind(call, PLK_CMD_BLOCK); }
void plk_method_unblock(struct plk_call *call) { run_kind(call, PLK_CMD_UNBLOCK); }
void plk_method_remove(struct plk_call *call) { run_kind(call, PLK_CMD_REMOVE); }
void plk_method_connect(struct plk_call *call) { run_kind(call, PLK_CMD_CONNECT); }

static void on_renamed(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_EXISTS)
        plk_call_err(call, PLK_ERR_EXISTS, "there is another contact of this name");
    else if (output->result.err == PLK_ERR_TOO_LONG)
        plk_call_err(call, PLK_ERR_TOO_LONG, "the name is longer than %d bytes", PLK_NAME_MAX);
    else if (output->result.err == PLK_ERR_EMPTY)
        plk_call_err(call, PLK_ERR_EMPTY, "the name is empty");
    else
        on_done(call, output);
}

void plk_method_rename(struct plk_call *call) {
    run_on_contact(call, (struct plk_command){.kind = PLK_CMD_RENAME, .name = plk_call_text(call, "name")}, on_renamed);
}

void plk_method_verify(struct plk_call *call) {
    bool flag = !plk_call_has(call, "verified") || plk_call_flag(call, "verified");
    run_on_contact(call, (struct plk_command){.kind = PLK_CMD_VERIFY, .flag = flag}, on_done);
}

static void on_path_set(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_NO_RELAY)
        plk_call_err(
            call, PLK_ERR_NO_RELAY,
            "you have no relay, so nothing could carry it: `peerlink relay add ADDR` comes first; a friend's relay "
            "will do, or one of your own (peerlink-relay)");
    else if (output->result.err == PLK_ERR_NO_ADDRESS)
        plk_call_err(call, PLK_ERR_NO_ADDRESS,
                     "no relay of this contact is known, so nothing would reach it: it has to use one too");
    else
        on_done(call, output);
}

void plk_method_path(struct plk_call *call) {
    bool only = plk_bytes_equal(plk_call_text(call, "mode"), plk_bytes_text("relay-only"));
    run_on_contact(call, (struct plk_command){.kind = PLK_CMD_PATH, .flag = only}, on_path_set);
}

// ---- looking --------------------------------------------------------------------------------------------------------

static void list_contacts(struct plk_call *call, bool requests_only) {
    struct plk_history_contacts contacts = {0};
    enum plk_err err = plk_history_contacts(call->history, &contacts);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < contacts.count; i++) {
        const struct plk_history_contact *contact = &contacts.contacts[i];
        if (requests_only && contact->row.state != PLK_CONTACT_REQUEST) continue;
        json_t *object = plk_json_contact(&contact->row);
        json_object_set_new(object, "avatar", plk_json_contact_avatar(call->history, contact->row.contact));
        json_object_set_new(object, "undelivered", json_integer((json_int_t)contact->undelivered));
        json_object_set_new(object, "last_seq", json_integer((json_int_t)contact->last_row));
        json_array_append_new(list, object);
    }
    plk_history_contacts_free(&contacts);
    plk_call_answer(call, json_pack("{s:o}", "contacts", list));
}

void plk_method_contacts(struct plk_call *call) { list_contacts(call, false); }
void plk_method_requests(struct plk_call *call) { list_contacts(call, true); }

void plk_method_safety(struct plk_call *call) {
    struct plk_contact_row contact;
    char safety[PLK_SAFETY_LEN + 1];
    if (!plk_call_contact(call, &contact)) return;
    enum plk_err err = plk_node_safety(plk_host_node(call->host), contact.contact, safety);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    plk_call_answer(call, json_pack("{s:o, s:s, s:b}", "name", plk_json_text(plk_bytes(contact.name, contact.name_len)),
                                    "safety", safety, "verified", contact.verified));
}
