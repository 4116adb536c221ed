// SPDX-License-Identifier: MIT
// Fresh bytes of the operating system, and the one call that readies libsodium.
#ifndef PLK_HOST_ENTROPY_H
#define PLK_HOST_ENTROPY_H

#include "base/mem.h"

// Chooses libsodium's fast implementations; before anything else, from any thread. Traps when the system has no entropy.
void plk_entropy_start(void);

// Waits for the system's generator at boot; traps if there is none, since nothing would be secret then.
void plk_entropy_bytes(void *out, size_t len);

#endif
