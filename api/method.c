// SPDX-License-Identifier: MIT
#include "api/method.h"

#include "api/shapes.h"

#define METHOD(name, run, params, result, flags, help) \
    { name, help, &plk_shape_##params, &plk_shape_##result, flags, plk_method_##run }

enum { LOCAL = PLK_METHOD_LOCAL, OFFLINE = PLK_METHOD_OFFLINE, EMPTY = PLK_METHOD_EMPTY, LOGIN = PLK_METHOD_LOGIN };

static const struct plk_method methods[] = {
    METHOD("status", status, nothing, status, EMPTY, "what is going on, NAT and paths included"),
    METHOD("id", id, nothing, id, OFFLINE, "who am I"),
    METHOD("why", why, contact_param, why, 0, "why this path, and what is tried next"),
    METHOD("init", init, init_params, id, EMPTY, "makes the profile of a node that has none"),
    METHOD("restore", restore, restore_params, id, LOCAL | EMPTY, "makes it from a backup and its 24 words"),
    METHOD("login", login, login_params, logged_in, EMPTY | LOGIN,
           "a window of the page says who it is: the first thing that it calls"),
    METHOD("ticket", ticket, nothing, ticket, EMPTY, "lets one window of the page in, once, within a minute"),
    METHOD("ticket.used", ticket_used, ticket_param, ticket_used, LOCAL | EMPTY, "whether a window came with it"),
    METHOD("node.state", node_state, nothing, node_state, EMPTY, "whether there is a profile, and whether it is open"),
    METHOD("unlock", unlock, passphrase_param, done, EMPTY, "opens a profile that is locked"),
    METHOD("lock", lock, nothing, done, EMPTY, "stores what there is and forgets the keys, until `unlock`"),
    METHOD("down", down, nothing, done, EMPTY, "stops the node"),
    METHOD("invite", invite, invite_params, invite, 0, "makes one invite link"),
    METHOD("qr", qr, qr_params, qr, EMPTY, "a text, e.g. an invite link, as a QR code"),
    METHOD("add", add, add_params, added, 0, "adds the contact that an invite link names"),
    METHOD("contacts", contacts, nothing, contacts, OFFLINE, "all contacts"),
    METHOD("requests", requests, nothing, contacts, OFFLINE, "those who ask to be contacts"),
    METHOD("conversations", conversations, nothing, conversations, 0,
           "all contacts, with what a list of conversations shows"),
    METHOD("read", read, read_params, done, 0, "what came from a contact was read"),
    METHOD("mark", mark, mark_params, done, 0, "how a conversation is shown"),
    METHOD("accept", accept, contact_param, done, 0, "accepts a request"),
    METHOD("reject", reject, contact_param, done, 0, "rejects a request"),
    METHOD("block", block, contact_param, done, 0, "lets nothing of a contact in"),
    METHOD("unblock", unblock, contact_param, done, 0, "undoes block"),
    METHOD("rename", rename, rename_params, done, 0, "calls a contact something else here"),
    METHOD("path", path, path_params, done, 0, "by which ways a contact may be reached"),
    METHOD("remove", remove, contact_param, done, 0, "removes a contact and its history"),
    METHOD("safety", safety, contact_param, safety, 0, "the safety number shared with a contact"),
    METHOD("verify", verify, verify_params, done, 0, "the safety number was compared"),
    METHOD("relay.list", relay_list, nothing, relays, 0, "own relays"),
    METHOD("relay.add", relay_add, relay_param, relay_added, 0,
           "makes a relay one's own; a new token replaces the old one"),
    METHOD("relay.remove", relay_remove, relay_named, done, 0, "leaves a relay: its queues are deleted"),
    METHOD("relay.serve", relay_serve, serve_params, serve, EMPTY, "whom this node is a relay for; `mode` changes it"),
    METHOD("send", send, send_params, sent, 0, "sends a text"),
    METHOD("picture.send", picture_send, picture_send_params, sent, 0, "sends a picture; with `id`, once"),
    METHOD("picture", picture, picture_params, image, OFFLINE, "the picture of a message, once it is whole"),
    METHOD("avatar", avatar, avatar_params, image, OFFLINE, "the picture of a contact's profile, or of one's own"),
    METHOD("react", react, react_params, done, 0, "puts an emoji to a message, instead of the one before"),
    METHOD("edit", edit, edit_params, done, 0, "changes a text of one's own, on both sides"),
    METHOD("delete", delete, delete_params, done, 0, "takes a message's text away, for both or only here"),
    METHOD("timer", timer, timer_params, done, 0,
           "how long after they were seen the messages of a conversation vanish"),
    METHOD("receipts", receipts, receipts_params, done, 0, "whether a contact is told what of its was read"),
    METHOD("cancel", cancel, cancel_params, done, 0, "gives up a message that is not delivered yet"),
    METHOD("history", history, history_params, history, OFFLINE, "reads a conversation, or searches"),
    METHOD("watch", watch, watch_params, watching, EMPTY, "sends events as notifications of the method `event`"),
    METHOD("unwatch", unwatch, nothing, done, EMPTY, "ends watch"),
    METHOD("connect", connect, contact_param, done, 0, "brings up the link to a contact, as for an open conversation"),
    METHOD("profile", profile, profile_params, profile, 0, "shows or changes what contacts see"),
    METHOD("words", words, nothing, words, LOCAL, "the 24 words that are the profile"),
    METHOD("backup", backup, nothing, backup, LOCAL, "a backup, sealed under the words"),
    METHOD("rpc.discover", discover, nothing, document, OFFLINE | EMPTY, "this description, in OpenRPC"),
};

const struct plk_method *plk_method_at(size_t index) {
    return index < sizeof(methods) / sizeof(methods[0]) ? &methods[index] : NULL;
}

const struct plk_method *plk_method_find(const char *name) {
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(methods[i].name, name) == 0) return &methods[i];
    }
    return NULL;
}
