// SPDX-License-Identifier: MIT
// The handshake patterns of Noise revision 34, sections 7.4 and 7.5, and what a pskN modifier adds to them
// (section 9.4).
#ifndef PLK_NOISE_PATTERN_H
#define PLK_NOISE_PATTERN_H

#include "base/bytes.h"

// A message is a string of these. The letter before is the initiator's key, the letter after the responder's.
#define PLK_PATTERN_E 'e'
#define PLK_PATTERN_S 's'
#define PLK_PATTERN_EE '1'
#define PLK_PATTERN_ES '2'
#define PLK_PATTERN_SE '3'
#define PLK_PATTERN_SS '4'
#define PLK_PATTERN_PSK 'p'
#define PLK_PATTERN_TOKENS 8 // of one message, with a psk and the closing NUL

struct plk_pattern {
    char name[3];
    bool initiator_known, responder_known; // whose static is known to the other side beforehand
    const char *messages[3];               // the initiator's first; NULL after the last
};

struct plk_pattern_choice {
    const struct plk_pattern *pattern;
    int psk_place; // 0: before the first token of message 0; N: after the last of message N - 1; -1: none
};

// Reads a whole protocol name; false unless it is Noise_<pattern>[pskN]_25519_ChaChaPoly_SHA512 with a known
// pattern.
bool plk_pattern_find(const char *name, struct plk_pattern_choice *choice);

unsigned plk_pattern_messages(const struct plk_pattern *pattern);
void plk_pattern_tokens(const struct plk_pattern *pattern, int psk_place, unsigned message,
                        char tokens[PLK_PATTERN_TOKENS]);
bool plk_pattern_sends(const struct plk_pattern *pattern, bool initiator);        // has it any message?
bool plk_pattern_sends_static(const struct plk_pattern *pattern, bool initiator); // is an s among them?

#endif
