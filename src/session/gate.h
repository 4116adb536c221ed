// SPDX-License-Identifier: MIT
// Which message 1 deserves a DH, and with which stamp one's own goes out (DESIGN 3.5;
// docs/protocol/session.md, section 3). A gate stands before one direction of one generation of one contact.
// Whatever it refuses cost two SipHashes.
#ifndef PLK_SESSION_GATE_H
#define PLK_SESSION_GATE_H

#include "base/time.h"
#include "wire/packet.h"

#define PLK_GATE_ANSWER_US (30 * PLK_SECOND) // how long an answer is repeated
#define PLK_GATE_INITIATE_US PLK_MINUTE      // at most one own attempt in this time because of old stamps

struct plk_gate {
    uint64_t highest; // stamp accepted from the peer; 0: none. Persisted by the caller after each plk_gate_raise
    bool has_answer;  // the rest lives in memory only
    uint64_t answered_us;
    uint8_t ephemeral[PLK_PACKET_EPHEMERAL_LEN];
    uint8_t answer[PLK_PACKET_HANDSHAKE_LEN];
    bool has_initiated;
    uint64_t initiated_us;
};

enum plk_gate_verdict {
    PLK_GATE_FRESH,  // go on to plk_handshake_answer
    PLK_GATE_REPEAT, // send plk_gate_answer again: no DH, no change
    PLK_GATE_OLDER   // do not answer; if plk_gate_may_initiate, initiate to *known* paths, echoing highest
};

void plk_gate_init(struct plk_gate *gate, uint64_t highest); // what was persisted, or 0

// Judges a message 1 whose hint fits by its unmasked stamp and its ephemeral. Changes nothing.
enum plk_gate_verdict plk_gate_check(const struct plk_gate *gate, uint64_t stamp, struct plk_bytes ephemeral,
                                     uint64_t now_us);

// The cached message 2, borrowed; for REPEAT. The caller must not send it before the highest stamp is durable
// either.
struct plk_bytes plk_gate_answer(const struct plk_gate *gate);

// After plk_handshake_answer has authenticated a FRESH message 1: keeps its stamp and the answer.
void plk_gate_raise(struct plk_gate *gate, uint64_t stamp, struct plk_bytes ephemeral, struct plk_bytes answer,
                    uint64_t now_us);

// After OLDER: whether to initiate now; at most once a minute. True is counted as done.
bool plk_gate_may_initiate(struct plk_gate *gate, uint64_t now_us);

void plk_gate_wipe(struct plk_gate *gate);

// The sender's stamps, in blocks, so that a restart repeats none and most attempts write nothing.
#define PLK_STAMP_BLOCK 16
#define PLK_STAMP_JUMP_MAX (UINT64_C(1) << 32) // an echo further ahead than this is a lie, and ignored

struct plk_stamp {
    uint64_t next;           // from 1
    uint64_t reserved_until; // stamps below it are reserved; persisted by the caller
};

void plk_stamp_init(struct plk_stamp *stamp, uint64_t reserved_until); // what was persisted, or 0

// Takes the next stamp. *persist: reserved_until was moved, and must be durable before the stamp leaves.
// LIMIT: there are none left (2^64).
enum plk_err plk_stamp_take(struct plk_stamp *stamp, uint64_t *taken, bool *persist);

// The peer has said in a greeting which stamp it has seen: after a rolled-back store ours may lie behind.
// True: moved, so that an attempt with a new stamp makes sense.
bool plk_stamp_heard(struct plk_stamp *stamp, uint64_t echo);

#endif
