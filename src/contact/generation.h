// SPDX-License-Identifier: MIT
// Link generations (DESIGN 3.5): the keys of the KKpsk0 session between two contacts, agreed inside the ratchet and
// renewed there. docs/protocol/rekey.md, section 6.
//
// A *line* is what one first contact or re-key began: its generations count from 1. line[8] names it on the wire, so
// that a proposal that was delayed across a re-key is not taken for one of the new line. Only the side with the
// smaller PeerID proposes. "Both acknowledged" is, for the proposer: the answer was received; for the other: its
// answer was acknowledged, or a session of that generation was confirmed.
#ifndef PLK_CONTACT_GENERATION_H
#define PLK_CONTACT_GENERATION_H

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "crypto/rng.h"

#define PLK_GENERATION_LINE_LEN 8
#define PLK_GENERATIONS_MAX 6                                    // kept at a time, of all lines
#define PLK_GENERATION_KEEP_MS (UINT64_C(7) * 24 * 3600 * 1000)  // of the one before, after the first confirmed session
#define PLK_GENERATION_RENEW_MS (UINT64_C(7) * 24 * 3600 * 1000) // the proposer renews this long after the last
#define PLK_GENERATION_ROW_MAX 192
#define PLK_GENERATION_BODY_LEN 78 // of a PLK_BODY_LINK payload

enum plk_generation_state {
    PLK_GENERATION_PROPOSED = 1, // by us; no answer yet: peer_public is not known
    PLK_GENERATION_ANSWERED,     // by us; the answer is not acknowledged yet: accepts, does not initiate
    PLK_GENERATION_AGREED,       // initiates and accepts
};

// Secrets: wiped by the owner.
struct plk_generation {
    uint32_t line_number; // local, plk_recovery.lines: a higher one is a newer line
    uint32_t number;      // within its line, from 1
    enum plk_generation_state state;
    uint8_t line[PLK_GENERATION_LINE_LEN];
    uint8_t own_secret[32], own_public[32];
    uint8_t peer_public[32];
    uint8_t psk[32]; // PROPOSED: the contribution to it
    uint64_t made_ms;
    uint64_t confirmed_ms; // first confirmed session; 0: none
};

// All of a contact's, newest first. All zero it is empty and valid; wiped by the owner.
struct plk_generations {
    uint8_t count;
    struct plk_generation at[PLK_GENERATIONS_MAX];
};

// Rows to write or delete after a change: bits of the indices of at[] to UPSERT, and rows that went.
struct plk_generation_change {
    uint8_t write; // bit i: at[i]
    uint8_t gone_count;
    struct {
        uint32_t line_number, number;
    } gone[PLK_GENERATIONS_MAX];
};

// Generation 1 of a new line (first contact or re-key). agreed: by who has seen the peer's half last (the joiner with
// the acceptance, the asker with the answer); the other side's is ANSWERED until it hears of it. A proposal that was
// not answered dies with its line.
void plk_generation_begin(struct plk_generations *all, uint32_t line_number, const uint8_t line[8],
                          const uint8_t psk[32], const uint8_t own_secret[32], const uint8_t peer_public[32],
                          bool agreed, uint64_t now_ms, struct plk_generation_change *change);

// Proposer: time for a new one? Never while one is PROPOSED. Then: the payload for PLK_BODY_LINK, to be put into the
// same batch as the rows.
bool plk_generation_is_due(const struct plk_generations *all, uint64_t now_ms);
void plk_generation_propose(struct plk_generations *all, struct plk_rng *rng, uint64_t now_ms,
                            uint8_t body[PLK_GENERATION_BODY_LEN], struct plk_generation_change *change);

// A PLK_BODY_LINK payload was read. smaller: our PeerID is the smaller. *has_answer: body is to be sent as a
// PLK_BODY_LINK in the same batch. MALFORMED; STALE: of another line, or not the next (nothing to do); INVALID: a
// proposal to the side that proposes, or an answer to the other; FORGED: its key is no key. After an error nothing
// changed.
enum plk_err plk_generation_read(struct plk_generations *all, bool smaller, struct plk_bytes payload,
                                 struct plk_rng *rng, uint64_t now_ms, bool *has_answer,
                                 uint8_t body[PLK_GENERATION_BODY_LEN], struct plk_generation_change *change);

// The peer acknowledged our answer of that number (of the current line). No effect if it is not ANSWERED.
void plk_generation_acknowledged(struct plk_generations *all, uint32_t number, struct plk_generation_change *change);

// A session of at[index] was confirmed: it is agreed, and the older ones have seven days.
void plk_generation_confirmed(struct plk_generations *all, size_t index, uint64_t now_ms,
                              struct plk_generation_change *change);

// Deletes what is past its time; plk_generation_expire_ms is when that next happens (wall clock; UINT64_MAX: never).
void plk_generation_expire(struct plk_generations *all, uint64_t now_ms, struct plk_generation_change *change);
uint64_t plk_generation_expire_ms(const struct plk_generations *all);

// The one to initiate with: the newest AGREED; while there is none, the newest ANSWERED. NULL: none.
const struct plk_generation *plk_generation_newest(const struct plk_generations *all);

// May message 1 of at[index] be accepted? ANSWERED and AGREED ones, the two newest of the current line and the newest
// of the line before.
bool plk_generation_accepts(const struct plk_generations *all, size_t index);

// Rows of table link, one each (contact/slot.h). load in any order; CORRUPT, LIMIT: nothing changed.
void plk_generation_encode(struct plk_writer *w, const struct plk_generation *generation);
enum plk_err plk_generation_load(struct plk_generations *all, struct plk_bytes value);

#endif
