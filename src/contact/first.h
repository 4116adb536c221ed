// SPDX-License-Identifier: MIT
// First contact: from a link to a double ratchet, in one blob and one acceptance (DESIGN 3.3;
// docs/protocol/first-contact.md). PQXDH-shaped: DH(IKb,EKa), DH(eb,IKa), DH(eb,EKa), an optional KEM secret, the psk
// of the link as salt; a is the inviter with its prekey EKa, b the joiner with an ephemeral eb. The joiner's identity
// is encrypted, the payload is ratchet message 0.
//
// Order of what is durable and what leaves:
//   joiner   plk_first_make; COMMIT {blob, ratchet, struct plk_first's secrets, link secret, psk, inviter's
//            identity}; then send the blob, and on every further attempt the identical bytes and nothing else, until
//            the acceptance comes; plk_first_read_acceptance; COMMIT {ratchet, payload's parts, blob deleted}; then
//            record DONE.
//   inviter  plk_invite_meet; plk_first_open; plk_first_accept; COMMIT in one batch {plk_invite_spend's row: H(blob)
//            in, prekey out; contact, ratchet, secrets, acceptance}; then send the acceptance. The identical blob
//            again: the identical acceptance again. Another blob: USED. DONE or any authenticated link session of
//            this contact: plk_invite_close, acceptance deleted.
#ifndef PLK_CONTACT_FIRST_H
#define PLK_CONTACT_FIRST_H

#include "base/buf.h"
#include "contact/payload.h"
#include "contact/persona.h"
#include "ratchet/ratchet.h"

#define PLK_FIRST_BLOB_MAX 64000 // fits a stored value and a 64 KiB cell
#define PLK_FIRST_ACCEPTANCE_MAX 64000
#define PLK_FIRST_HASH_LEN 32

// What both sides hold after a first contact or a re-key. Secrets: wiped by the owner (plk_mem_wipe of the whole).
struct plk_first {
    struct plk_ratchet ratchet; // joiner: initiator, after message 0; inviter: responder, after message 0
    uint8_t recovery[32];       // HKDF of the first-contact secret; never rotated
    uint8_t link_psk[32];       // of link generation 1
    uint8_t line[8];            // names this line of link generations (contact/generation.h)
};

// H(blob): SHA-512("PeerLink/1/contact/blob" ‖ blob)[0..32].
void plk_first_hash(uint8_t hash[PLK_FIRST_HASH_LEN], struct plk_bytes blob);

// Joiner. bundle: the encoded bundle out of the link, checked by plk_persona_check_bundle for the kind of link.
// Appends the blob to the empty *blob. SELF: one's own invite. FORGED: a key of the bundle is no key. TOO_LONG:
// payload over PLK_PAYLOAD_MAX. After an error nothing has changed but the generator.
enum plk_err plk_first_make(struct plk_mem *mem, struct plk_rng *rng, const struct plk_persona *me,
                            const uint8_t psk[16], struct plk_bytes bundle, const struct plk_payload *payload,
                            struct plk_buf *blob, struct plk_first *first);

// The hash of the bundle that a blob was made for, by which its receiver finds the invite. MALFORMED, TOO_NEW.
enum plk_err plk_first_names(struct plk_bytes blob, uint8_t bundle_hash[32]);

// A blob of someone whose own link is being joined: each opened the other's. joining: our blob to them is not accepted
// yet. As for a re-key the smaller PeerID's counts, so that both end with one ratchet.
enum plk_first_choice {
    PLK_FIRST_ACCEPT,          // nothing crosses
    PLK_FIRST_ACCEPT_AND_DROP, // theirs counts: accept it, delete our blob and joining row in the same batch
    PLK_FIRST_INSIST           // ours counts: do not accept, send our blob as a record on that session, too
};
enum plk_first_choice plk_first_decide(const uint8_t mine[PLK_PEER_ID_LEN], const uint8_t theirs[PLK_PEER_ID_LEN],
                                       bool joining);

// What an inviter learns from a blob. Owned: plk_first_opened_free, which wipes.
struct plk_first_opened {
    struct plk_first first;
    struct plk_identity identity; // the joiner's
    uint8_t peer_id[PLK_PEER_ID_LEN];
    struct plk_payload payload; // borrows from text
    struct plk_buf text;
};

// Inviter. bundle: one's own, encoded, as it stood in the link; prekey: its secret half.
//   MALFORMED; TOO_OLD, TOO_NEW no common version; UNSUPPORTED it needs a KEM
//   FORGED  not made for this bundle and psk, or not by the identity in it
//   SELF    made with one's own persona
// *opened is written on OK only.
enum plk_err plk_first_open(struct plk_mem *mem, const struct plk_persona *me, const uint8_t psk[16],
                            const uint8_t prekey[32], struct plk_bytes bundle, uint64_t now_ms, struct plk_bytes blob,
                            struct plk_first_opened *opened);
void plk_first_opened_free(struct plk_mem *mem, struct plk_first_opened *opened);

// Inviter: the acceptance, its first ratchet message, bound to the blob; appended to the empty *acceptance. place is
// for the mail layer. TOO_LONG changes nothing.
enum plk_err plk_first_accept(struct plk_mem *mem, struct plk_rng *rng, struct plk_ratchet *ratchet,
                              const uint8_t blob_hash[PLK_FIRST_HASH_LEN], const struct plk_payload *payload,
                              struct plk_buf *acceptance, struct plk_ratchet_place *place);

// Joiner: opens it. The payload borrows from *text, which is owned by the caller (plk_buf_free). Errors are those of
// plk_ratchet_decrypt, and MALFORMED; after one, ratchet is what it was and *text is empty.
enum plk_err plk_first_read_acceptance(struct plk_mem *mem, struct plk_ratchet *ratchet,
                                       const uint8_t blob_hash[PLK_FIRST_HASH_LEN], uint64_t now_ms,
                                       struct plk_bytes acceptance, struct plk_buf *text, struct plk_payload *payload,
                                       struct plk_ratchet_place *place);

#endif
