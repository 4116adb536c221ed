// SPDX-License-Identifier: MIT
// The C library's memory for a core under test: what the sanitizers watch.
#ifndef PLK_TESTS_SUPPORT_MEMORY_H
#define PLK_TESTS_SUPPORT_MEMORY_H

#include <stdlib.h>

#include "base/mem.h"

static inline void *memory_take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static inline void memory_give(void *ctx, void *at, size_t len) {
    (void)ctx;
    (void)len;
    free(at);
}

#endif
