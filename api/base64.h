// SPDX-License-Identifier: MIT
// Base64 (RFC 4648 section 4, with padding) for bytes in JSON. Not for secrets: its time depends on them.
#ifndef PLK_API_BASE64_H
#define PLK_API_BASE64_H

#include "base/bytes.h"

#define PLK_BASE64_TEXT_LEN(len) (((len) + 2) / 3 * 4)

void plk_base64_encode(char *out, struct plk_bytes bytes); // PLK_BASE64_TEXT_LEN(bytes.len) characters, no terminator

// Writes at most text.len / 4 * 3 bytes; false: not base64, or not the one text of these bytes (section 3.5).
bool plk_base64_decode(uint8_t *out, size_t *len, struct plk_bytes text);

#endif
