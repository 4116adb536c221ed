// SPDX-License-Identifier: MIT
// What was tried to reach one contact, when, and what came of it: a short memory for whoever asks why the path is the one it is
// (DESIGN 6, `why`). It decides nothing. Steps that repeat since data last moved are one step that counts.
#ifndef PLK_PATH_TRAIL_H
#define PLK_PATH_TRAIL_H

#include "base/addr.h"
#include "base/time.h"
#include "wire/packet.h"

#define PLK_TRAIL_LEN 32 // steps; of more the oldest goes

enum plk_trail_kind {
    PLK_TRAIL_CALLED,     // a handshake was begun, on everything known
    PLK_TRAIL_UP,         // a session is there; its handshake went over this way
    PLK_TRAIL_TOLD,       // the contact has said where it can be reached
    PLK_TRAIL_ASKED,      // this address was asked whether it answers
    PLK_TRAIL_ANSWERED,   // it does
    PLK_TRAIL_UNANSWERED, // it does not: given up for now
    PLK_TRAIL_CONNECTING, // TCP: a connection was begun
    PLK_TRAIL_CONNECTED,  // TCP: it is there
    PLK_TRAIL_REFUSED,    // TCP: nobody took it
    PLK_TRAIL_ACTIVE,     // data goes this way from then on
    PLK_TRAIL_SILENT,     // what went this way was not acknowledged any more
    PLK_TRAIL_LOST,       // no way answers: a new handshake was wanted
    PLK_TRAIL_DOWN,       // the link has ended
};

struct plk_trail_step {
    uint64_t at_us; // the last time
    enum plk_trail_kind kind;
    enum plk_transport transport; // 0: of no way
    struct plk_addr addr;         // PASS: family 0
    uint32_t stream;              // PASS: the queue, by its id
    uint32_t count;               // times
};

struct plk_trail {
    struct plk_trail_step steps[PLK_TRAIL_LEN]; // the oldest first
    unsigned count;
};

void plk_trail_note(struct plk_trail *trail, uint64_t now_us,
                    const struct plk_trail_step *step); // at_us, count: set here
const char *plk_trail_word(enum plk_trail_kind kind);   // "called", "up", ...: static

#endif
