// SPDX-License-Identifier: MIT
// The shapes of all parameters and results; their names are a contract with scripts (DESIGN 6).
#ifndef PLK_API_SHAPES_H
#define PLK_API_SHAPES_H

#include "api/shape.h"

#define PLK_SHAPES_MAPPED_WORDS "pcp|nat-pmp|upnp"
#define PLK_SHAPES_WAIT_WORDS "queued|sent|stored|delivered" // of `wait` of `send`

// X(C name, name in the OpenRPC document)
#define PLK_SHAPES_LIST(X)                      \
    X(nothing, "Nothing")                       \
    X(contact_param, "ContactParam")            \
    X(done, "Done")                             \
    X(id, "Id")                                 \
    X(mapped, "Mapped")                         \
    X(nat, "Nat")                               \
    X(relay, "Relay")                           \
    X(relay_param, "RelayParam")                \
    X(relay_named, "RelayNamedParam")           \
    X(relay_added, "RelayAdded")                \
    X(relays, "Relays")                         \
    X(serve_params, "ServeParams")              \
    X(serve, "Serve")                           \
    X(ports, "Ports")                           \
    X(presence, "Presence")                     \
    X(status, "Status")                         \
    X(way, "Way")                               \
    X(step, "Step")                             \
    X(attempt, "Attempt")                       \
    X(why, "Why")                               \
    X(login_params, "LoginParams")              \
    X(logged_in, "LoggedIn")                    \
    X(ticket, "Ticket")                         \
    X(ticket_param, "TicketParam")              \
    X(ticket_used, "TicketUsed")                \
    X(node_state, "NodeState")                  \
    X(passphrase_param, "PassphraseParam")      \
    X(init_params, "InitParams")                \
    X(restore_params, "RestoreParams")          \
    X(invite_params, "InviteParams")            \
    X(invite, "Invite")                         \
    X(add_params, "AddParams")                  \
    X(added, "Added")                           \
    X(contact, "Contact")                       \
    X(contacts, "Contacts")                     \
    X(conversation, "Conversation")             \
    X(conversations, "Conversations")           \
    X(read_params, "ReadParams")                \
    X(mark_params, "MarkParams")                \
    X(qr_params, "QrParams")                    \
    X(qr, "Qr")                                 \
    X(rename_params, "RenameParams")            \
    X(path_params, "PathParams")                \
    X(verify_params, "VerifyParams")            \
    X(safety, "Safety")                         \
    X(send_params, "SendParams")                \
    X(sent, "Sent")                             \
    X(cancel_params, "CancelParams")            \
    X(history_params, "HistoryParams")          \
    X(picture_send_params, "PictureSendParams") \
    X(picture_params, "PictureParams")          \
    X(avatar_params, "AvatarParams")            \
    X(image, "Image")                           \
    X(picture, "Picture")                       \
    X(reply, "Reply")                           \
    X(reaction, "Reaction")                     \
    X(message, "Message")                       \
    X(react_params, "ReactParams")              \
    X(edit_params, "EditParams")                \
    X(delete_params, "DeleteParams")            \
    X(timer_params, "TimerParams")              \
    X(receipts_params, "ReceiptsParams")        \
    X(history, "History")                       \
    X(watch_params, "WatchParams")              \
    X(watching, "Watching")                     \
    X(event, "Event")                           \
    X(profile_params, "ProfileParams")          \
    X(profile, "Profile")                       \
    X(words, "Words")                           \
    X(backup, "Backup")                         \
    X(document, "Document")

#define PLK_SHAPES_EXTERN(c, json) extern const struct plk_shape plk_shape_##c;
PLK_SHAPES_LIST(PLK_SHAPES_EXTERN)
#undef PLK_SHAPES_EXTERN

#define PLK_HISTORY_LIMIT_DEFAULT 50

#endif
