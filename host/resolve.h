// SPDX-License-Identifier: MIT
// Names to addresses, by the system's resolver on a thread of libuv.
#ifndef PLK_HOST_RESOLVE_H
#define PLK_HOST_RESOLVE_H

#include <uv.h>

#include "base/addr.h"

#define PLK_RESOLVE_MAX 16       // questions at a time
#define PLK_RESOLVE_ADDRS_MAX 16 // addresses in an answer
#define PLK_RESOLVE_NAME_MAX 253

// count 0: the name could not be resolved. Borrowed for the call.
typedef void plk_resolve_answer(void *ctx, uint64_t ticket, const struct plk_addr *addrs, size_t count);

struct plk_resolver;

struct plk_resolver *plk_resolver_open(uv_loop_t *loop, plk_resolve_answer *answer, void *ctx);

// False: refused (a name that is none, too many questions); there will be no answer.
bool plk_resolver_ask(struct plk_resolver *resolver, uint64_t ticket, struct plk_bytes host, uint16_t port);

// Answers nothing more. A question under way keeps the loop alive until the system gives up on it. NULL is fine.
void plk_resolver_close(struct plk_resolver *resolver);

#endif
