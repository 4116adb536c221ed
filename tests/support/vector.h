// SPDX-License-Identifier: MIT
// Reads files of test vectors: lines NAME=VALUE, gathered into blocks by empty lines; # begins a comment.
// Anything else, or a name that is asked for and missing, fails the test.
#ifndef PLK_TESTS_SUPPORT_VECTOR_H
#define PLK_TESTS_SUPPORT_VECTOR_H

#include <stdio.h>

#include "base/bytes.h"

#define PLK_VECTOR_FIELDS 32
#define PLK_VECTOR_VALUE_MAX 4096 // bytes of one value

struct plk_vector {
    FILE *file;
    unsigned count; // fields of the current block
    struct {
        char name[32];
        char *text;    // owned
        uint8_t *data; // owned: the text read as hex, once it was asked for
    } fields[PLK_VECTOR_FIELDS];
};

void plk_vector_open(struct plk_vector *v, const char *path);
bool plk_vector_next(struct plk_vector *v); // the next block; false at the end, and everything is closed
bool plk_vector_has(const struct plk_vector *v, const char *name);
const char *plk_vector_text(struct plk_vector *v, const char *name);               // until the next block
struct plk_bytes plk_vector_bytes(struct plk_vector *v, const char *name);         // hex, until the next block
const uint8_t *plk_vector_key(struct plk_vector *v, const char *name, size_t len); // exactly len bytes
uint64_t plk_vector_number(struct plk_vector *v, const char *name);                // up to 8 bytes of hex, big-endian

// Fails the test, showing both, unless got is what the field says.
void plk_vector_expect(struct plk_vector *v, const char *name, const void *got, size_t len);

#endif
