// SPDX-License-Identifier: MIT
// The one table of the API's methods: it drives dispatch, the OpenRPC document and the reference.
#ifndef PLK_API_METHOD_H
#define PLK_API_METHOD_H

#include "api/request.h"
#include "api/shape.h"

struct plk_call;
struct plk_command;
struct plk_command;
struct plk_host;

enum {
    PLK_METHOD_LOCAL = 1,   // Unix socket only, never a browser's (DESIGN 6)
    PLK_METHOD_OFFLINE = 2, // answered from the store as well, without a node
    PLK_METHOD_EMPTY = 4,   // works without a profile, and with one that is locked
    PLK_METHOD_LOGIN = 8,   // a window may call it before it is logged in
};

struct plk_method {
    const char *name;
    const char *help;
    const struct plk_shape *params, *result; // shapes.h
    unsigned flags;
    void (*run)(struct plk_call *call);
};

const struct plk_method *plk_method_find(const char *name); // NULL: there is none
const struct plk_method *plk_method_at(size_t index);       // NULL at the end

// The OpenRPC document of all methods (openrpc.c). The caller owns it.
json_t *plk_method_openrpc(void);

// method_node.c
void plk_method_backup(struct plk_call *call);
void plk_method_discover(struct plk_call *call);
const char *plk_method_state_word(struct plk_host *host);
void plk_method_down(struct plk_call *call);
void plk_method_id(struct plk_call *call);
void plk_method_profile(struct plk_call *call);
void plk_method_status(struct plk_call *call);
void plk_method_words(struct plk_call *call);

// method_web.c
void plk_method_lock(struct plk_call *call);
void plk_method_login(struct plk_call *call);
void plk_method_node_state(struct plk_call *call);
void plk_method_ticket(struct plk_call *call);
void plk_method_ticket_used(struct plk_call *call);
void plk_method_unlock(struct plk_call *call);

// method_init.c
void plk_method_init(struct plk_call *call);
void plk_method_restore(struct plk_call *call);

// method_contact.c
void plk_method_accept(struct plk_call *call);
void plk_method_add(struct plk_call *call);
void plk_method_block(struct plk_call *call);
void plk_method_connect(struct plk_call *call);
void plk_method_contacts(struct plk_call *call);
void plk_method_invite(struct plk_call *call);
void plk_method_reject(struct plk_call *call);
void plk_method_path(struct plk_call *call);
void plk_method_remove(struct plk_call *call);
void plk_method_rename(struct plk_call *call);
void plk_method_requests(struct plk_call *call);
void plk_method_safety(struct plk_call *call);
void plk_method_unblock(struct plk_call *call);
void plk_method_verify(struct plk_call *call);
void plk_method_why(struct plk_call *call);

// method_conversation.c
void plk_method_conversations(struct plk_call *call);
void plk_method_mark(struct plk_call *call);
void plk_method_read(struct plk_call *call);

// method_qr.c
void plk_method_qr(struct plk_call *call);

// method_relay.c
void plk_method_relay_add(struct plk_call *call);
void plk_method_relay_list(struct plk_call *call);
void plk_method_relay_remove(struct plk_call *call);
void plk_method_relay_serve(struct plk_call *call);
json_t *plk_method_serve_object(const struct plk_host *host);

// method_message.c
void plk_method_cancel(struct plk_call *call);
void plk_method_history(struct plk_call *call);

// method_mark.c
void plk_method_delete(struct plk_call *call);
void plk_method_edit(struct plk_call *call);
void plk_method_react(struct plk_call *call);
void plk_method_receipts(struct plk_call *call);
void plk_method_timer(struct plk_call *call);
// Names the message of a seq in a command; false: the call has failed.
bool plk_method_target(struct plk_call *call, uint64_t seq, struct plk_command *command);

// method_picture.c
void plk_method_avatar(struct plk_call *call);
void plk_method_picture(struct plk_call *call);
void plk_method_picture_send(struct plk_call *call);
// The bytes of the parameter `avatar`, for the caller to free: at NULL, there is none. False: the call has failed.
bool plk_method_avatar_param(struct plk_call *call, uint8_t **at, struct plk_bytes *avatar);

// method_send.c
void plk_method_send_command(struct plk_call *call, const struct plk_command *command); // its result is that of `send`
void plk_method_send(struct plk_call *call);
void plk_method_send_request(struct plk_call *call, const struct plk_send *send); // ranges are borrowed for the call

// watch.c
void plk_method_unwatch(struct plk_call *call);
void plk_method_watch(struct plk_call *call);

#endif
