// SPDX-License-Identifier: MIT
// What is kept of a contact whatever happens to its ratchets, and what a backup holds of it (DESIGN 3.4 "Re-key"):
// who it is, the never-rotated recovery secret, reset keys of both sides. One row of table link (contact/slot.h).
// docs/protocol/rekey.md, section 2.
#ifndef PLK_CONTACT_RECOVERY_H
#define PLK_CONTACT_RECOVERY_H

#include "contact/payload.h"
#include "contact/persona.h"

#define PLK_RECOVERY_ROW_MAX 512
#define PLK_RECOVERY_RESETS_MAX 3  // own reset keys kept beside key 0: the newest, and those the peer may still use
#define PLK_RECOVERY_REFUSED_MAX 4 // devices that were replaced
#define PLK_RECOVERY_COUNTER_MAX (UINT64_C(1) << 62) // of requests
#define PLK_RECOVERY_RESET_LEN 64                    // of a PLK_BODY_RESET payload, at most

struct plk_reset_secret {
    uint32_t number; // from 1
    uint8_t secret[32];
};

// Secrets: wiped by the owner.
struct plk_recovery {
    uint32_t persona;             // which of one's own; 0, the only one, today
    struct plk_identity identity; // theirs
    uint8_t secret[32];
    uint8_t device[PLK_DEVICE_LEN]; // theirs, newest known; zero: not known
    uint8_t refused_count;
    uint8_t refused[PLK_RECOVERY_REFUSED_MAX][PLK_DEVICE_LEN]; // newest first
    uint8_t reset_count;
    struct plk_reset_secret resets[PLK_RECOVERY_RESETS_MAX]; // own, newest first
    struct plk_reset_public reset;                           // theirs, newest known; number 0: only the persona key
    uint64_t sent;                                           // counter of one's newest request
    uint64_t seen;                                           // counter of their newest request that was accepted
    uint8_t seen_hash[32];                                   // H of that request
    uint64_t order;                                          // of one's newest first-contact blob
    uint64_t order_seen;                                     // of theirs: those up to this one are accepted or given up
    uint32_t lines; // first contacts and re-keys completed: the local number of the current line
};

// After a first contact: reset is theirs if their payload brought one.
void plk_recovery_init(struct plk_recovery *recovery, const struct plk_identity *identity, const uint8_t secret[32],
                       const struct plk_payload *theirs);

// After a first contact with someone who was a contact before (DESIGN 3.1): as plk_recovery_init, but the devices that were
// replaced stay refused, and lines are counted on. *moved: the peer is on another device than before, which is refused from
// now on. recovery may be all zero: then it was not known.
void plk_recovery_renew(struct plk_recovery *recovery, const struct plk_identity *identity, const uint8_t secret[32],
                        const struct plk_payload *theirs, bool *moved);

// The number of the next blob to them: the wall clock, or one more than the last. It is the newest one from then on.
uint64_t plk_recovery_next_order(struct plk_recovery *recovery, uint64_t wall_ms);

// The psk of the NNpsk0 recovery session; its hint keys are derived from it, one per direction (session/hint.h).
void plk_recovery_session_psk(uint8_t out[32], const struct plk_recovery *recovery);

// Makes the next own reset key and tells its public half, which goes to the peer inside the ratchet (PLK_BODY_RESET,
// or a payload). Persist before it leaves. The oldest of PLK_RECOVERY_RESETS_MAX is dropped.
void plk_recovery_refresh(struct plk_recovery *recovery, struct plk_rng *rng, struct plk_reset_public *made);

// The peer has committed reset key `number`: those before the one before it are dropped. True: the row changed.
bool plk_recovery_settle(struct plk_recovery *recovery, uint32_t number);

// The secret of an own reset key; number 0 gives the persona's. NOT_FOUND.
enum plk_err plk_recovery_reset_secret(const struct plk_recovery *recovery, const struct plk_persona *me,
                                       uint32_t number, uint8_t out[32]);

// Their newer reset key was read. STALE: not newer. INVALID: number 0.
enum plk_err plk_recovery_learn(struct plk_recovery *recovery, const struct plk_reset_public *reset);

// PLK_BODY_RESET payload: {number u32, key 32, KEM slot}. decode: MALFORMED.
void plk_recovery_reset_encode(struct plk_writer *w, const struct plk_reset_public *reset);
enum plk_err plk_recovery_reset_decode(struct plk_bytes payload, struct plk_reset_public *reset);

// Was this device replaced by another of the same person? And: it has been (now device is `by`).
bool plk_recovery_is_refused(const struct plk_recovery *recovery, const uint8_t device[PLK_DEVICE_LEN]);
void plk_recovery_replace(struct plk_recovery *recovery, const uint8_t by[PLK_DEVICE_LEN]);

// The row's value. decode: CORRUPT, *recovery untouched.
void plk_recovery_encode(struct plk_writer *w, const struct plk_recovery *recovery);
enum plk_err plk_recovery_decode(struct plk_bytes value, struct plk_recovery *recovery);

#endif
