// SPDX-License-Identifier: MIT
#include "host/entropy.h"

#include <sodium/core.h>
#include <uv.h>

void plk_entropy_start(void) { plk_assert(sodium_init() >= 0); }

void plk_entropy_bytes(void *out, size_t len) { plk_assert(uv_random(NULL, NULL, out, len, 0, NULL) == 0); }
