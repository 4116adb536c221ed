// SPDX-License-Identifier: MIT
// Rows of table expiry: messages that vanish. One that has to be seen first waits by its place in the conversation; then, or when it
// was delivered, its time runs, and it lies where the next one that is due comes first. Opaque to the host.
//
//     1, due ms u64, contact u32, direction u8, origin 24      its time runs: row u64, lifetime u32
//     2, contact u32, row u64                                  it was not seen yet: direction u8, origin 24, lifetime u32
#ifndef PLK_WIRE_EXPIRY_H
#define PLK_WIRE_EXPIRY_H

#include "wire/row.h"

struct plk_expiry {
    bool runs;
    uint64_t due_ms; // runs
    uint32_t contact;
    enum plk_direction direction;
    struct plk_origin origin;
    uint64_t row; // of the conversation
    uint32_t lifetime_s;
};

#define PLK_EXPIRY_KEY_MAX (1 + 8 + PLK_MESSAGE_KEY_LEN)
#define PLK_EXPIRY_VALUE_MAX (1 + 24 + 4)
enum { PLK_EXPIRY_RUNS = 1, PLK_EXPIRY_WAITS = 2, PLK_EXPIRY_END = 3 }; // the first byte of a key

void plk_expiry_key(struct plk_writer *w, const struct plk_expiry *expiry);
void plk_expiry_encode(struct plk_writer *w, const struct plk_expiry *expiry);                           // the value
enum plk_err plk_expiry_decode(struct plk_bytes key, struct plk_bytes value, struct plk_expiry *expiry); // MALFORMED

#endif
