// SPDX-License-Identifier: MIT
// The signed bundle: what a joiner must know of an inviter (DESIGN 3.2, 3.3). This is its codec; signing, checking and
// hashing are in contact/persona.h (crypto is of this layer). docs/protocol/invite.md, section 4.
#ifndef PLK_WIRE_BUNDLE_H
#define PLK_WIRE_BUNDLE_H

#include "wire/identity.h"
#include "wire/row.h"
#include "wire/version.h"

#define PLK_BUNDLE_KEM_MAX \
    1184 // an ML-KEM-768 key; 32 bytes are its hash (inline links); empty until a provider is built in
#define PLK_BUNDLE_SIG_LEN 64
#define PLK_BUNDLE_BODY_MAX (3 + PLK_IDENTITY_LEN + 32 + 2 + PLK_BUNDLE_KEM_MAX + 8 + 8 + PLK_DEVICE_LEN)
#define PLK_BUNDLE_MAX (PLK_BUNDLE_BODY_MAX + PLK_BUNDLE_SIG_LEN)
#define PLK_BUNDLE_LEN 192 // of a bundle without KEM key

struct plk_bundle {
    uint8_t suite, min, max; // what the inviter speaks
    struct plk_identity identity;
    uint8_t prekey[32];   // X25519
    struct plk_bytes kem; // borrowed; may be empty
    uint64_t sequence;    // of an address link: a joiner takes none older than it knows
    uint64_t expires_ms;  // wall clock
    uint8_t device[PLK_DEVICE_LEN];
    uint8_t sig[PLK_BUNDLE_SIG_LEN]; // Ed25519 over the body under "PeerLink/1/contact/bundle"
};

// The body is all but the signature, which follows it.
void plk_bundle_encode_body(struct plk_writer *w, const struct plk_bundle *bundle);
void plk_bundle_encode(struct plk_writer *w, const struct plk_bundle *bundle);

// *body (may be NULL) is the signed part, borrowed. MALFORMED; TOO_NEW for another suite. *bundle is written on OK
// only. The signature is not checked here, nor are versions: see plk_persona_check_bundle.
enum plk_err plk_bundle_decode(struct plk_bytes bytes, struct plk_bundle *bundle, struct plk_bytes *body);

#endif
