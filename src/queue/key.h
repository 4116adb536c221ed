// SPDX-License-Identifier: MIT
// The names and keys of a queue, and what proves that one holds them (docs/protocol/queue.md, sections 1 and 4;
// DESIGN 3.7). Used by a client for its queues and by a relay for those it keeps.
#ifndef PLK_QUEUE_KEY_H
#define PLK_QUEUE_KEY_H

#include "crypto/crypto.h"
#include "wire/queue.h"
#include "wire/row.h"

#define PLK_QUEUE_WORK_BITS_MAX 64 // work above this is nobody's to do: a greeting that asks for more asks for this

// What the owner shows, and what senders show: sid can be made of rid and not the other way.
void plk_queue_key_rid(uint8_t rid[PLK_QUEUE_ID_LEN], const uint8_t owner_public[PLK_QUEUE_KEY_LEN]);
void plk_queue_key_sid(uint8_t sid[PLK_QUEUE_ID_LEN], const uint8_t rid[PLK_QUEUE_ID_LEN]);

// The keys of an invite queue, out of the link's psk. The caller wipes them.
struct plk_queue_invite_keys {
    uint8_t sender[PLK_QUEUE_KEY_LEN];   // X25519 secret
    uint8_t envelope[PLK_QUEUE_KEY_LEN]; // of its cells
    uint8_t cell[PLK_QUEUE_KEY_LEN];     // of its overwritable cell
};
void plk_queue_key_invite(struct plk_queue_invite_keys *keys, const uint8_t psk[16]);

// The keys of a queue of one's own, out of one random secret: what has to be kept of it. The caller wipes them. An invite
// queue's sender and envelope are those above.
struct plk_queue_own_keys {
    uint8_t owner[PLK_QUEUE_KEY_LEN];    // X25519 secret
    uint8_t sender[PLK_QUEUE_KEY_LEN];   // X25519 secret, for the one who writes
    uint8_t envelope[PLK_QUEUE_KEY_LEN]; // of its cells
};
void plk_queue_key_own(struct plk_queue_own_keys *keys, const uint8_t secret[PLK_QUEUE_KEY_LEN]);

// The secret of the queue that `owner` reads at a relay for what comes under a contact's recovery secret (docs/protocol/rekey.md, 1): both
// sides can make it.
void plk_queue_key_recovery(uint8_t secret[PLK_QUEUE_KEY_LEN], const uint8_t recovery[PLK_KEY_LEN],
                            const uint8_t owner_peer_id[PLK_PEER_ID_LEN], const uint8_t relay[PLK_KEY_LEN]);

// The proof of an ATTACH. The client gives its queue secret of that role and the relay's static public key, the relay its
// static secret and the public key that it has stored: both get the same. Compare with plk_crypto_equal. FORGED: peer is
// no usable key; proof is then zero.
enum plk_err plk_queue_key_proof(uint8_t proof[PLK_QUEUE_PROOF_LEN], const uint8_t own_secret[PLK_QUEUE_KEY_LEN],
                                 const uint8_t peer_public[PLK_QUEUE_KEY_LEN], enum plk_queue_role role,
                                 const uint8_t id[PLK_QUEUE_ID_LEN], const uint8_t channel_hash[PLK_HASH_LEN],
                                 uint32_t handle);

// The two halves of it: the key, which is the same on all channels, and what is made of it for one channel and handle.
enum plk_err plk_queue_key_attach(uint8_t key[PLK_KEY_LEN], const uint8_t own_secret[PLK_QUEUE_KEY_LEN],
                                  const uint8_t peer_public[PLK_QUEUE_KEY_LEN], enum plk_queue_role role,
                                  const uint8_t id[PLK_QUEUE_ID_LEN]); // FORGED: key is zero
void plk_queue_key_prove(uint8_t proof[PLK_QUEUE_PROOF_LEN], const uint8_t key[PLK_KEY_LEN],
                         const uint8_t channel_hash[PLK_HASH_LEN], uint32_t handle);

// How many zero bits the hash of this work begins with: what an open relay asks for instead of a token. day counts from
// 1970. A client tries nonces, in steps of its own choice; a relay calls it once.
unsigned plk_queue_key_work(const uint8_t rid[PLK_QUEUE_ID_LEN], uint32_t day, uint64_t nonce);

#endif
