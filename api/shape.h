// SPDX-License-Identifier: MIT
// What the JSON objects of the API look like: one description from which parameters are checked, the OpenRPC document is
// built and the reference is written. docs/api.md.
#ifndef PLK_API_SHAPE_H
#define PLK_API_SHAPE_H

#include <jansson.h>

#include "base/bytes.h"

enum plk_field_type {
    PLK_FIELD_TEXT,
    PLK_FIELD_COUNT, // an integer from 0 to 2^63 - 1
    PLK_FIELD_REAL,  // any number
    PLK_FIELD_FLAG,
    PLK_FIELD_OBJECT,
};

enum {
    PLK_FIELD_OPTIONAL = 1, // may be missing
    PLK_FIELD_NULLABLE = 2, // may be null
    PLK_FIELD_LIST = 4,     // an array of such
};

struct plk_shape;

struct plk_field {
    const char *name;
    enum plk_field_type type;
    unsigned flags;
    const struct plk_shape *shape; // OBJECT
    const char *words;             // TEXT: the allowed ones, separated by '|'; NULL: any
    const char *help;
};

struct plk_shape {
    const char *name;
    const struct plk_field *fields;
    size_t count;
};

#define PLK_SHAPE_WHY_MAX 160

// Whether an object has all fields it must have, no others, and each of its type. Otherwise why says what is wrong, in one
// line; it quotes no value.
bool plk_shape_check(const struct plk_shape *shape, const json_t *object, char why[PLK_SHAPE_WHY_MAX]);

// Whether a text is one of the words, which '|' separates.
bool plk_shape_word_fits(const char *words, struct plk_bytes value);

// JSON Schema of a shape, with references to `#/components/schemas/NAME` for the shapes in it. The caller owns it.
json_t *plk_shape_schema(const struct plk_shape *shape);
json_t *plk_shape_field_schema(const struct plk_field *field);

#endif
