// SPDX-License-Identifier: MIT
#include "crypto/sha256.h"

#include <sodium/crypto_hash_sha256.h>

void plk_sha256(uint8_t out[32], struct plk_bytes text) { crypto_hash_sha256(out, text.at, text.len); }
