// SPDX-License-Identifier: MIT
// A persona: the key pairs that a profile seed derives, the PeerID that names them, and the bundles they sign (DESIGN
// 3.1; docs/protocol/identity.md).
#ifndef PLK_CONTACT_PERSONA_H
#define PLK_CONTACT_PERSONA_H

#include "crypto/crypto.h"
#include "crypto/rng.h"
#include "wire/bundle.h"

#define PLK_SEED_LEN 32
#define PLK_PERSONA_ID_TEXT_MAX 44 // a PeerID as text: plain base58 in blocks, always 44 characters
#define PLK_SAFETY_DIGITS_LEN 71   // 12 groups of 5 digits, one space between

// Secrets: wiped by the owner.
struct plk_persona {
    uint8_t sign_seed[32]; // Ed25519
    uint8_t dh_secret[32]; // X25519
    struct plk_identity identity;
    uint8_t peer_id[PLK_PEER_ID_LEN];
};

void plk_persona_derive(struct plk_persona *persona, const uint8_t seed[PLK_SEED_LEN]);

// PeerID = SHA-512("PeerLink/1/id" ‖ TLV of all public keys)[0..32].
void plk_persona_peer_id(uint8_t peer_id[PLK_PEER_ID_LEN], const struct plk_identity *identity);

// A fresh device id, never zero.
void plk_persona_device(uint8_t device[PLK_DEVICE_LEN], struct plk_rng *rng);

// The text form of a PeerID, 44 characters without terminator, and back: MALFORMED. White space around it is no part
// of it.
void plk_persona_id_text(char out[PLK_PERSONA_ID_TEXT_MAX], const uint8_t peer_id[PLK_PEER_ID_LEN]);
enum plk_err plk_persona_id_parse(uint8_t peer_id[PLK_PEER_ID_LEN], struct plk_bytes text);

// The 60-digit safety number of two PeerIDs, the same in either order; terminated. Costs 10,400 hashes (milliseconds).
void plk_persona_safety(char out[PLK_SAFETY_DIGITS_LEN + 1], const uint8_t a[PLK_PEER_ID_LEN],
                        const uint8_t b[PLK_PEER_ID_LEN]);

// Sets identity and sig of a bundle whose other fields are set.
void plk_persona_sign_bundle(const struct plk_persona *persona, struct plk_bundle *bundle);

// Decodes and judges the bundle of someone else. MALFORMED, TOO_NEW, TOO_OLD (no common version); FORGED: not signed
// by the identity in it; EXPIRED. *bundle is written on OK only, and borrows from bytes.
enum plk_err plk_persona_check_bundle(struct plk_bytes bytes, uint64_t now_ms, struct plk_bundle *bundle);

// SHA-512("PeerLink/1/contact/bundle-hash" ‖ encoded bundle)[0..32]: what a one-time link pins and a blob names.
void plk_persona_bundle_hash(uint8_t hash[32], struct plk_bytes bundle);

#endif
