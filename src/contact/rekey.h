// SPDX-License-Identifier: MIT
// Re-key: two sides that have lost each other's ratchet (a restored backup, a rolled-back store, 900 numbers ahead)
// make a new one out of what is never lost (DESIGN 3.4 "Re-key"; docs/protocol/rekey.md). It travels in records of
// the NNpsk0 recovery session, carries no text, and is bound to both PeerIDs and the recovery secret.
//
// Order of what is durable and what leaves:
//   asking     plk_rekey_ask; COMMIT {pending row, recovery row}; then send the request, and the identical bytes on
//              every further attempt. Answer: plk_rekey_finish; COMMIT {new ratchet as current, older kept 7 days,
//              generation 1, new epoch, recovery row, pending row deleted}; then send in the new ratchet.
//   answering  plk_rekey_open; plk_rekey_decide; plk_rekey_answer; COMMIT {the same, and the answer row}; then send the
//              answer. The responder's new ratchet cannot send before it has received; until then it only waits.
//              REPLAYED: send the stored answer again.
//   crossing   both have a pending request. The smaller PeerID's wins: plk_rekey_decide says so to each side. The
//              smaller does not answer but sends its own request on the session on which it was asked; the larger
//              drops its own pending row (its request stays readable to nobody) and answers.
//   refused    a record REFUSED {why, counter}: STALE, then counter is the highest seen: plk_rekey_heard, ask anew.
//              MOVED: this device was replaced: tell the user, stop.
#ifndef PLK_CONTACT_REKEY_H
#define PLK_CONTACT_REKEY_H

#include "contact/first.h"
#include "contact/recovery.h"

#define PLK_REKEY_VARIANTS_MAX 2
#define PLK_REKEY_PAYLOAD_MAX 2048 // places, reset key, ids and queues; no name
#define PLK_REKEY_REQUEST_MAX 4400
#define PLK_REKEY_ANSWER_MAX 2304
#define PLK_REKEY_PENDING_MAX 2700 // its row

// An own request that is not answered. Secrets: wiped by the owner.
struct plk_rekey_pending {
    uint8_t ephemeral[PLK_REKEY_VARIANTS_MAX][32]; // secrets
    struct plk_reset_public reset;                 // theirs, as asked with; number 0: the persona key only
    uint8_t link_secret[32];                       // of the link static that the request names
    uint8_t epoch[PLK_EPOCH_LEN];                  // that the request names
    size_t request_len;
    uint8_t request[PLK_REKEY_REQUEST_MAX];
};

// Asks: one variant for their newest reset key, one for key 0. mine: no envelopes; device, epoch, link_public (of
// link_secret), reset (plk_recovery_refresh), places, incarnation, replaces if this profile was restored. The counter
// is the wall clock, or one more than the last. Changes recovery->sent. FORGED: a key of theirs is no key; nothing
// changed.
enum plk_err plk_rekey_ask(const struct plk_persona *me, struct plk_recovery *recovery, struct plk_rng *rng,
                           uint64_t now_ms, const struct plk_payload *mine, const uint8_t link_secret[32],
                           struct plk_rekey_pending *pending);

// A request that was opened. Secrets: wiped by the owner (plk_mem_wipe of the whole).
struct plk_rekey_opened {
    struct plk_payload payload; // borrows from text below: do not copy the struct
    uint32_t number;            // of the own reset key it was opened with
    uint64_t counter;
    uint8_t hash[32];      // of the whole request
    uint8_t ephemeral[32]; // theirs
    uint8_t shared[96];    // dh1 .. dh3
    uint8_t transcript[64];
    uint8_t version;
    uint8_t text[PLK_REKEY_PAYLOAD_MAX];
};

// Opens the first variant that can be opened. Changes nothing but *opened.
//   MALFORMED; TOO_OLD, TOO_NEW no common version
//   REPLAYED  the request that was accepted last: send the stored answer again
//   STALE     its counter is not above the last accepted
//   FORGED    no variant opens: not by this contact, or for keys that are gone (the caller then asks by itself)
//   MOVED     by a device that another has replaced: *opened says which
enum plk_err plk_rekey_open(const struct plk_persona *me, const struct plk_recovery *recovery, struct plk_bytes request,
                            struct plk_rekey_opened *opened);

// An OPENED request has come: whether to answer it now. has_pending: one's own request waits.
enum plk_rekey_choice {
    PLK_REKEY_ANSWER,          // nothing waits
    PLK_REKEY_ANSWER_AND_DROP, // crossing, theirs wins: answer, delete the own pending row in the same batch
    PLK_REKEY_INSIST           // crossing, ours wins: send our request on that session, do not answer
};
enum plk_rekey_choice plk_rekey_decide(const uint8_t mine[PLK_PEER_ID_LEN], const uint8_t theirs[PLK_PEER_ID_LEN],
                                       bool has_pending);

// What a completed re-key leaves. Secrets: wiped by the owner.
struct plk_rekey_done {
    struct plk_first first; // ratchet (who asked is the initiator); its recovery member is the old one, unchanged
    bool moved;             // their device is another than before
};

// Answers. mine as for plk_rekey_ask. Writes the answer and its length; changes recovery (seen, their reset key and
// device, lines). FORGED: a key in the request is no key; nothing changed.
enum plk_err plk_rekey_answer(struct plk_recovery *recovery, struct plk_rng *rng, const struct plk_rekey_opened *opened,
                              const struct plk_payload *mine, uint8_t answer[PLK_REKEY_ANSWER_MAX], size_t *answer_len,
                              struct plk_rekey_done *done);

// Takes the answer to one's own request. theirs borrows from text. MALFORMED; FORGED; STALE: the answer to another
// request; TOO_OLD, TOO_NEW. After an error nothing has changed; on OK recovery has.
enum plk_err plk_rekey_finish(const struct plk_persona *me, struct plk_recovery *recovery,
                              const struct plk_rekey_pending *pending, struct plk_bytes answer,
                              uint8_t text[PLK_REKEY_PAYLOAD_MAX], struct plk_payload *theirs,
                              struct plk_rekey_done *done);

// The peer refused the newest request as STALE and has seen this counter: the next goes above it. False: not
// believable, unchanged. (A peer may lie forever: the caller asks anew at its usual pace, not at once.)
bool plk_rekey_heard(struct plk_recovery *recovery, uint64_t counter);

// The row of a pending request. decode: CORRUPT.
void plk_rekey_pending_encode(struct plk_writer *w, const struct plk_rekey_pending *pending);
enum plk_err plk_rekey_pending_decode(struct plk_bytes value, struct plk_rekey_pending *pending);

#endif
