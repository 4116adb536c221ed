// SPDX-License-Identifier: MIT
// Inside the API: `send` with `wait`.
#ifndef PLK_API_WAIT_H
#define PLK_API_WAIT_H

#include "api/call.h"

#define PLK_WAIT_MAX 4096     // calls that wait, of all programs
#define PLK_WAIT_LINE_MAX 512 // of an answer that is written without building objects

// Whether a message in this state has reached or passed the wanted one, or never will.
bool plk_wait_reached(enum plk_state state, enum plk_state wanted);

// A call whose contact, row, wanted, started_us, deadline_us, message_id and repeated are set, and its message's state now: answers at
// once, or when an event or the time says so.
void plk_wait_add(struct plk_call *call, enum plk_state state);

struct plk_wait_answer {
    struct plk_bytes name; // of the contact
    enum plk_state state;
    bool timed_out, delivered;
    uint64_t took_ms; // if delivered
    enum plk_path_word path;
    uint8_t stored, stored_of; // if STORED
};

// The result of `send` as an object, and the whole answer as the line that it becomes; 0: it has to be made of the object,
// since an id or a name is no plain one, or relays keep it.
json_t *plk_wait_result(const struct plk_call *call, const struct plk_wait_answer *answer);
size_t plk_wait_line(const struct plk_call *call, const struct plk_wait_answer *answer, char line[PLK_WAIT_LINE_MAX]);

// The answer of `send`.
void plk_wait_answer(struct plk_call *call, const struct plk_wait_answer *answer);

#endif
