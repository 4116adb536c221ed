// SPDX-License-Identifier: MIT
// The double ratchet with header encryption (DESIGN 3.4; Signal's "The Double Ratchet Algorithm", section 4).
// Normative text: docs/protocol/ratchet.md. One struct plk_ratchet is one conversation's secrets since one
// first contact or re-key; a contact may have several for a while, each with its own struct plk_skipped.
// Whoever joins (or asks for the re-key) is the initiator and sends first.
//
// A ciphertext: version u8 (1) | header length u16 | sealed header {nonce 24, text, tag 16} | sealed body
// {text, tag 16}. The header's random nonce is the body's too, under another key: so a store that was rolled
// back, and then encrypts another text under the same number, still never uses a key and nonce twice.
//
// Write-ahead (DESIGN 3.4) is the caller's: the row of plk_ratchet_encode is durable before a ciphertext
// leaves, and before a decrypted text counts as received.
#ifndef PLK_RATCHET_RATCHET_H
#define PLK_RATCHET_RATCHET_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "crypto/rng.h"
#include "ratchet/skipped.h"

#define PLK_RATCHET_VERSION 1
#define PLK_RATCHET_OVERHEAD 100     // ciphertext bytes less text bytes, as long as there is no KEM
#define PLK_RATCHET_SEALED_MAX 65536 // of a ciphertext: what one stored value holds
#define PLK_RATCHET_TEXT_MAX (PLK_RATCHET_SEALED_MAX - PLK_RATCHET_OVERHEAD)
#define PLK_RATCHET_AD_MAX 128                                // of the caller's associated data
#define PLK_RATCHET_SECRET_MIN 32                             // of the shared secret
#define PLK_RATCHET_GAP_MAX 1000                              // numbers missing in one chain before a message
#define PLK_RATCHET_OLD_MAX 5                                 // receiving chains kept beside the current one
#define PLK_RATCHET_KEEP_MS (UINT64_C(30) * 24 * 3600 * 1000) // of old chains and of skipped keys
#define PLK_RATCHET_SOFT_AHEAD 800 // past it, only what is already encrypted is repeated: acks and control
#define PLK_RATCHET_HARD_AHEAD 900 // here the sender re-keys; plk_ratchet_encrypt refuses
#define PLK_RATCHET_ROW_MAX 640    // of an encoded row

// A receiving chain that a newer one has replaced. Its header key stays, so that a late message finds its
// skipped key and a second use of a number is told from a stranger's bytes.
struct plk_ratchet_old {
    uint32_t chain;     // its number, as in struct plk_skipped
    uint32_t floor;     // skipped keys below this number were dropped unused, or may have been
    uint64_t since_ms;  // wall clock at its end
    uint8_t header[32]; // its header key
};

// A plain value without pointers, owned and wiped (plk_mem_wipe) by the caller. Its fields belong to
// src/ratchet.
struct plk_ratchet {
    uint8_t root[32];
    uint8_t own_secret[32], own_public[32]; // ratchet key pair; the secret is zero while `turn` is set
    uint8_t their_public[32];               // zero until known
    uint8_t send_chain[32], send_header[32], next_send_header[32];
    uint8_t recv_chain[32], recv_header[32], next_recv_header[32];
    uint32_t send_id;         // the sending chain's number, 0: none yet
    uint32_t send_n;          // number of its next message
    uint32_t send_previous;   // messages of the chain before it
    uint32_t peer_has;        // the newest of it that the peer is known to have is below this
    uint32_t recv_id, recv_n; // the same of the receiving chain
    uint32_t recv_floor;      // as in struct plk_ratchet_old
    bool turn;                // the next encryption starts a new sending chain with a fresh key pair
    uint8_t old_count;
    struct plk_ratchet_old old[PLK_RATCHET_OLD_MAX]; // oldest first
};

// Both sides start from the same secret of PLK_RATCHET_SECRET_MIN or more bytes (else a trap). The initiator
// knows the responder's ratchet public key; FORGED if that is not a key (plk_dh), and r is then untouched.
enum plk_err plk_ratchet_init_initiator(struct plk_ratchet *r, struct plk_bytes secret, const uint8_t their_public[32]);
// The responder owns that key pair (a prekey of its bundle or of its reset key).
void plk_ratchet_init_responder(struct plk_ratchet *r, struct plk_bytes secret, const uint8_t own_secret[32]);

// False for a responder that has not decrypted anything yet.
bool plk_ratchet_can_send(const struct plk_ratchet *r);

// Where a message lies in its chain: what plk_ratchet_peer_has wants back. Numbers of chains count from 1, of
// messages from 0.
struct plk_ratchet_place {
    uint32_t chain, n;
};

// Seals text into out, which takes text.len + PLK_RATCHET_OVERHEAD bytes and overlaps nothing. ad (at most
// PLK_RATCHET_AD_MAX, else a trap) is bound, not sent: both sides give the same. OK: r moved on, its row
// changed. LIMIT: PLK_RATCHET_HARD_AHEAD is reached. TOO_LONG: above PLK_RATCHET_TEXT_MAX. After an error
// nothing has changed. Traps unless plk_ratchet_can_send.
enum plk_err plk_ratchet_encrypt(struct plk_ratchet *r, struct plk_rng *rng, struct plk_bytes ad, struct plk_bytes text,
                                 uint8_t *out, struct plk_ratchet_place *place);

// What a successful decryption did. The row of r has changed, and what `changed` says.
struct plk_ratchet_got {
    size_t text_len;
    struct plk_ratchet_place place;    // in the receiving chain
    bool stepped;                      // a new receiving chain began: the peer had a message of the sending chain
    bool late;                         // by a skipped key
    struct plk_skipped_change changed; // rows of struct plk_skipped to write or delete
};

// Opens a ciphertext into text, which takes sealed.len - PLK_RATCHET_OVERHEAD bytes (none, if that is
// negative) and may be NULL only for a ciphertext without text; not overlapping. After any error r and
// skipped are what they were, got is zero and the bytes at text may be wiped. wall_ms only ages what is kept;
// a clock that jumps loses no more than old skipped keys.
//   MALFORMED, TOO_NEW  not a ciphertext of this version; or a peer's header that says what cannot be
//   FORGED       no key opens the header, or one does and the body or ad was changed: unreadable here
//   SPENT        a genuine header whose key was used: a copy (compare the hash), or the peer was rolled back
//   EXPIRED      a genuine header whose key was dropped for its age or for room: unreadable here
//   GAP          more than PLK_RATCHET_GAP_MAX numbers are missing before it
//   UNSUPPORTED  it needs a KEM
enum plk_err plk_ratchet_decrypt(struct plk_ratchet *r, struct plk_skipped *skipped, uint64_t wall_ms,
                                 struct plk_bytes ad, struct plk_bytes sealed, uint8_t *text,
                                 struct plk_ratchet_got *got);

// The peer is known to have received that message (an ack of it came). Of another chain than the current
// sending one, or older than known: no effect. True: the row changed. A number that was never sent (a peer
// that lies, or a rollback that the mail layer detects by other means) has no effect either.
bool plk_ratchet_peer_has(struct plk_ratchet *r, struct plk_ratchet_place place);

// How many numbers the sending chain is beyond what the peer is known to have received.
uint32_t plk_ratchet_ahead(const struct plk_ratchet *r);

// Drops old chains and skipped keys above PLK_RATCHET_KEEP_MS: to be called once after loading and then about
// daily. (Each successful decryption does it too.) True: the row of r changed, and changed says what else.
bool plk_ratchet_expire(struct plk_ratchet *r, struct plk_skipped *skipped, uint64_t wall_ms,
                        struct plk_skipped_change *changed);

// The row. encode returns its length. decode: CORRUPT, r untouched.
size_t plk_ratchet_encode(const struct plk_ratchet *r, uint8_t out[PLK_RATCHET_ROW_MAX]);
enum plk_err plk_ratchet_decode(struct plk_ratchet *r, struct plk_bytes row);

#endif
