// SPDX-License-Identifier: MIT
// What an operator asks of a relay, as one JSON object that is answered by another; over the control socket of a running
// relay (control.h) or, while none runs, on its data directly.
//
//   {"act":"token.new","queues":N}   {"id":"1f0c33a2","name":"HOST:PORT#KEY","queues":N}    N 0: any number
//   {"act":"token.list"}             {"tokens":[{"id","queues","made","guest","revoked"}]}
//   {"act":"token.revoke","id":ID}   {"id":ID}            ID: the first 8 or more hex digits that token.list shows
//   {"act":"status"}                 {"name","clients","queues","stored_bytes","memory","stalled","counters":{...}}
//   anything that fails              {"error":"one line"}
#ifndef PLK_PEERLINK_RELAY_ACTS_H
#define PLK_PEERLINK_RELAY_ACTS_H

#include <jansson.h>

#include "host/relay_host.h"

#define PLK_ACTS_ID_MIN 8 // hex digits of a token's id

struct plk_acts {
    struct plk_relay_host *host;
    const char *address; // "HOST:PORT" for names; NULL: not known
};

// Called exactly once, perhaps from within plk_acts_ask; owns the answer.
typedef void plk_acts_answer(void *ctx, json_t *answer);
void plk_acts_ask(const struct plk_acts *acts, const json_t *request, plk_acts_answer *answer, void *ctx);

// "HOST:PORT#KEY" with this token (NULL: without). Returns false when address is no address of a relay.
bool plk_acts_name(const char *address, const uint8_t key[32], const uint8_t *token,
                   char out[PLK_RELAY_NAME_TEXT_MAX + 1]);

#endif
