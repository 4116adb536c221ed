// SPDX-License-Identifier: MIT
// A program's end of the node's Unix socket: blocking calls, and the events in between.
#ifndef PLK_PEERLINK_RPC_H
#define PLK_PEERLINK_RPC_H

#include <jansson.h>
#include <stdbool.h>

struct plk_rpc;

// NULL: nobody listens there.
struct plk_rpc *plk_rpc_open(const char *path);
void plk_rpc_close(struct plk_rpc *rpc); // NULL is fine
int plk_rpc_fd(const struct plk_rpc *rpc);

// Sends a request with the id it returns; takes params. 0: the node went away.
json_int_t plk_rpc_send(struct plk_rpc *rpc, const char *method, json_t *params);

// The next object from the node, an answer or an event; the caller owns it. With wait false NULL may mean that there is
// none yet; otherwise that the node went away, which plk_rpc_gone tells.
json_t *plk_rpc_next(struct plk_rpc *rpc, bool wait);
bool plk_rpc_gone(const struct plk_rpc *rpc);

// The answer to a request; events meanwhile are dropped. NULL: the node went away.
json_t *plk_rpc_answer(struct plk_rpc *rpc, json_int_t id);

#endif
