// SPDX-License-Identifier: MIT
// A request to send as programs that send much write it, read without building objects: one `send` with parameters by
// name, a number as id, and texts that need no escapes. Whatever is anything else is left to the JSON library, which then
// reads it, or says what is wrong with it; so nothing is refused here, and what is taken means the same to both.
#ifndef PLK_API_REQUEST_H
#define PLK_API_REQUEST_H

#include "base/bytes.h"

#define PLK_REQUEST_DIGITS_MAX 18 // of a number: below 2^63 whatever they are

// The parameters of `send`. All ranges are borrowed; at is NULL where there is no such parameter.
struct plk_send {
    struct plk_bytes contact, text, id, wait;
    bool has_timeout;
    uint64_t timeout_ms;
    uint64_t reply_to; // 0: no message
};

struct plk_request {
    int64_t id;
    struct plk_send send;
};

// False: it is something else, or nothing at all; request is then not set. Names, their types and the words of `wait` are
// those of shapes.c.
bool plk_request_read(struct plk_bytes line, struct plk_request *request);

// Whether a text is the same inside the quotes of JSON: valid UTF-8 with nothing to escape.
bool plk_request_is_plain(struct plk_bytes text);

#endif
