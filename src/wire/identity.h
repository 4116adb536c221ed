// SPDX-License-Identifier: MIT
// A persona's public keys and their one encoding, which the PeerID is the hash of (DESIGN 3.1).
#ifndef PLK_WIRE_IDENTITY_H
#define PLK_WIRE_IDENTITY_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

struct plk_identity {
    uint8_t sign[32]; // Ed25519
    uint8_t dh[32];   // X25519
};

// TLV {1: sign, 2: dh}. Type 3 is kept for a KEM key, which would be part of the PeerID.
#define PLK_IDENTITY_LEN 68

void plk_identity_encode(uint8_t out[PLK_IDENTITY_LEN], const struct plk_identity *identity);

// MALFORMED; UNSUPPORTED when there are further keys (a PeerID is the hash of all of them, so none may be skipped).
// *identity is written on OK only. Whether the keys are points is known only when they are used.
enum plk_err plk_identity_decode(struct plk_bytes bytes, struct plk_identity *identity);

#endif
