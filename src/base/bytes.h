// SPDX-License-Identifier: MIT
// Borrowed byte ranges: the one way in which the core passes data that it does not own.
// A struct plk_bytes is valid for the duration of the call that receives it, unless its header says otherwise.
#ifndef PLK_BASE_BYTES_H
#define PLK_BASE_BYTES_H

#include "base/mem.h"

struct plk_bytes {
    const uint8_t *at; // may be NULL only when len is 0
    size_t len;        // in bytes
};

static inline struct plk_bytes plk_bytes(const void *at, size_t len) {
    return (struct plk_bytes){.at = at, .len = len};
}

// The bytes of a C string without its terminator.
static inline struct plk_bytes plk_bytes_text(const char *text) { return plk_bytes(text, strlen(text)); }

// Not constant time: never for secrets (plk_crypto_equal is).
static inline bool plk_bytes_equal(struct plk_bytes a, struct plk_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

// Lexicographic, shorter first on a common prefix: the key order of the store. <0, 0, >0.
int plk_bytes_compare(struct plk_bytes a, struct plk_bytes b);

// Strict UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF, no NUL.
bool plk_bytes_is_utf8(struct plk_bytes text);

#endif
