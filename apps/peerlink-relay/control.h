// SPDX-License-Identifier: MIT
// The control socket of a running relay: a Unix socket in its data directory for its own user (or root). A program writes one
// line of JSON (acts.h) and reads one line.
#ifndef PLK_PEERLINK_RELAY_CONTROL_H
#define PLK_PEERLINK_RELAY_CONTROL_H

#include "acts.h"

struct plk_control;

// data: whose socket. acts is borrowed and must outlive it. HOME, SYSTEM. The caller owns *out.
enum plk_fault_kind plk_control_open(struct plk_control **out, const char *data, const struct plk_acts *acts,
                                     struct plk_fault *fault);
void plk_control_close(struct plk_control *control); // before the host, whose acts still answer; NULL is fine

// The other end, blocking. NULL: no relay is running; else the answer, which the caller owns.
json_t *plk_control_ask(const char *data, const json_t *request);

#endif
