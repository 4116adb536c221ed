// SPDX-License-Identifier: MIT
// A relay in the foreground: opens it, says where it is, and serves until a signal.
#ifndef PLK_PEERLINK_RELAY_SERVE_H
#define PLK_PEERLINK_RELAY_SERVE_H

#include "options.h"

#define PLK_SERVE_ADDRESS_NAME "address" // the file in the data directory with HOST:PORT, as last served
#define PLK_SERVE_TOKEN_NAME "token"     // and with the first token
#define PLK_SERVE_DRAIN_MS 500           // from SIGTERM to the end: what is under way still arrives

int plk_serve(const struct plk_relay_options *options);

#endif
