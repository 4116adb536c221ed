// SPDX-License-Identifier: MIT
// SHA-256, for one purpose: the check of BIP-39's words, which is defined with it. PL1 itself hashes with SHA-512.
#ifndef PLK_CRYPTO_SHA256_H
#define PLK_CRYPTO_SHA256_H

#include "base/bytes.h"

void plk_sha256(uint8_t out[32], struct plk_bytes text);

#endif
