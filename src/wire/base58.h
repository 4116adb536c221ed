// SPDX-License-Identifier: MIT
// Base58 (Bitcoin's alphabet: no 0, O, I, l) in blocks: each 8 bytes become 11 characters, a rest of 1 to 7 bytes
// becomes 2, 3, 5, 6, 7, 9 or 10. So text that was cut still gives the bytes in front of the cut, which is how an
// invite link can tell a cut from a mistype; and the cost grows with the length, not with its square.
// docs/protocol/invite.md, section 2.
#ifndef PLK_WIRE_BASE58_H
#define PLK_WIRE_BASE58_H

#include "base/bytes.h"
#include "base/err.h"

#define PLK_BASE58_BLOCK_LEN 8   // bytes
#define PLK_BASE58_BLOCK_TEXT 11 // characters
// Characters of len bytes, an upper bound usable in declarations.
#define PLK_BASE58_TEXT_MAX(len) (((len) + 7) / 8 * 11)

// The exact number of characters of len bytes.
size_t plk_base58_text_len(size_t len);

// How many bytes that many characters hold; false when no number of bytes has so many.
bool plk_base58_bytes_len(size_t text_len, size_t *len);

// Writes plk_base58_text_len(bytes.len) characters, no terminator.
void plk_base58_encode(char *out, struct plk_bytes bytes);

// Writes plk_base58_bytes_len(text.len) bytes. MALFORMED: no such length, a character outside the alphabet, or a
// block above what its bytes hold (there is one text per value). out is then undefined.
enum plk_err plk_base58_decode(uint8_t *out, struct plk_bytes text);

// The digit of a character, or -1.
int plk_base58_digit(uint8_t character);

#endif
