// SPDX-License-Identifier: MIT
// The record of a world: a running hash over every (time, actor, kind, bytes), and, when asked for, a line for each. Two runs
// are the same run if and only if their hashes are equal: SipHash-2-4-128, each piece keyed by the hash of all before it. Nobody
// forges a trace, so a cryptographic hash would only make the seeds slower.
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdarg.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/time.h"
#include "crypto/crypto.h"

enum { TRACE_HASH_LEN = 16 };

struct trace {
    FILE *out;               // NULL: hash only
    uint64_t from_us, to_us; // lines only in this span
    uint64_t lines;
    uint8_t chain[TRACE_HASH_LEN];
    uint8_t held[16384];
    size_t held_len;
};

struct trace_entry {
    uint64_t at_us;
    const char *actor, *kind; // kind with its direction: "> datagram"
    struct plk_bytes bytes;   // what was carried; hashed, printed by its first bytes
};

void trace_start(struct trace *t, FILE *out);

// note is printf's: addresses, numbers, names; it is hashed as well.
void trace_add(struct trace *t, const struct trace_entry *entry, const char *note, ...)
    __attribute__((format(printf, 3, 4)));

// The hash so far, as hexadecimal digits with a terminator.
void trace_hash(struct trace *t, char out[2 * TRACE_HASH_LEN + 1]);

// "192.0.2.1:7447", "[2001:db8::1]:7447", "-"; returns out.
#define TRACE_ADDR_MAX 64
const char *trace_addr(char out[TRACE_ADDR_MAX], const struct plk_addr *addr);

#endif
