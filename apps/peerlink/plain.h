// SPDX-License-Identifier: MIT
// Words for people: whatever a peer wrote is shown as text and does nothing to the terminal.
#ifndef PLK_PEERLINK_PLAIN_H
#define PLK_PEERLINK_PLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PLK_PLAIN_TIME_MAX 32

// Control characters as their pictures (ESC: U+241B), those that turn the writing direction or hide as U+FFFD. A line feed
// becomes a line feed and indent spaces, or its picture where indent is negative.
void plk_plain_print(FILE *to, const char *text, int indent);

// Local time: "2026-11-21 21:57".
void plk_plain_time(char out[PLK_PLAIN_TIME_MAX], uint64_t time_ms);

// An outgoing message's state in people's words: "waiting on this device", "kept for Bob on a relay", "delivered", "read", ...; of a
// message, an event, or what `send` answers. One that stepped back says why.
void plk_plain_state(FILE *to, const json_t *message);

// "directly", "directly, over TCP", "through a relay"; "" for none.
const char *plk_plain_path(const char *path);

// How a relay is doing: "connected over UDP, 12.3 ms", "does not answer (3 attempts)", ...
void plk_plain_serve(FILE *to, const json_t *serve); // a line: whom this node is a relay for
void plk_plain_relay(FILE *to, const json_t *relay);

// A member as text, "" if it is none; as a number, 0.
const char *plk_plain_text(const json_t *object, const char *name);
uint64_t plk_plain_count(const json_t *object, const char *name);

// One message of `history` or `watch` as a line.
void plk_plain_message(FILE *to, const json_t *message);

#endif
