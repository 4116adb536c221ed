// SPDX-License-Identifier: MIT
// The API of a running node: JSON-RPC 2.0 on the Unix socket of its home, one object a line (DESIGN 2, 6; docs/api.md), and for windows
// of the page on a WebSocket, one object a message; on the host's loop. Programs of the same user only (SO_PEERCRED).
//
// Backpressure: events are read from the store as fast as a program takes them, so a slow one lags and loses nothing; of a
// program that does not take its answers, no further requests are read. Memory per program is bounded by the constants
// below and one answer.
#ifndef PLK_API_API_H
#define PLK_API_API_H

#include <jansson.h>

#include "host/host.h"

#define PLK_API_CLIENTS_MAX 64
#define PLK_API_PENDING_MAX 256       // calls of one program without an answer; then it is not read from
#define PLK_API_OUT_MAX (256 * 1024)  // bytes not taken by one program; then it is not read from and gets no events
#define PLK_API_EVENTS_PAGE 256       // events read at once
#define PLK_API_WAIT_DEFAULT_MS 30000 // `send` with `wait` and no `timeout_ms`
#define PLK_API_HISTORY_BYTES_MAX (1u << 20) // of texts in one answer of `history`; at least one message

#define PLK_API_STALL_MS 2000 // a call that the disk has not taken for so long is told so

struct plk_api;

struct plk_api_config {
    struct plk_host *host;   // must outlive the api
    const char *version;     // static
    void (*down)(void *ctx); // `down` was called: time to stop the loop
    void *ctx;
};

// Listens on the socket of the host's home. HOME, SYSTEM. The caller owns *out.
enum plk_fault_kind plk_api_open(struct plk_api **out, const struct plk_api_config *config, struct plk_fault *fault);

// To be told what the host tells (struct plk_host_events). NULL is fine.
void plk_api_event(struct plk_api *api, const struct plk_output *output);

// The node's state has changed, locked and unlocked as well (struct plk_host_events). NULL is fine.
void plk_api_state(struct plk_api *api);

void plk_api_stalled(struct plk_api *api, bool stalled);

// Serves the page on this port of 127.0.0.1, which is kept, or on the kept one (0). LISTEN: it is taken; HOME, FULL, SYSTEM.
enum plk_fault_kind plk_api_serve(struct plk_api *api, uint16_t port, struct plk_fault *fault);
#define PLK_API_ADDRESS_MAX 32
// Where the page is; false: it is not served.
bool plk_api_address(const struct plk_api *api, char out[PLK_API_ADDRESS_MAX]);

const char *plk_api_socket(const struct plk_api *api);

// After the loop was stopped: runs it without waiting until the own handles are closed. NULL is fine.
void plk_api_close(struct plk_api *api);

// Runs a method that needs no node (PLK_METHOD_OFFLINE) on a store, or on nothing (history NULL). params is borrowed. Gives
// the whole answer object, with "result" or "error"; the caller owns it.
json_t *plk_api_offline(struct plk_history *history, const char *method, json_t *params);

#endif
