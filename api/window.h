// SPDX-License-Identifier: MIT
// Inside the API: a window of the page, on a WebSocket. It logs in before anything else (DESIGN 6).
#ifndef PLK_API_WINDOW_H
#define PLK_API_WINDOW_H

#include "api/client.h"
#include "host/web/server.h"

#define PLK_WINDOW_LOGIN_MS 15000   // within which it has logged in
#define PLK_WINDOW_STRANGERS_MAX 16 // windows that have not; above it the oldest gives way

// Close codes of ours (RFC 6455, section 7.4.2).
#define PLK_WINDOW_CLOSE_LOGIN 4401

void plk_window_opened(void *ctx, struct plk_web_socket *socket); // of struct plk_web_config; ctx is the api
void plk_window_let_in(struct plk_client *client);                // it has logged in

#endif
