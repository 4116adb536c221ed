// SPDX-License-Identifier: MIT
// A relay as text: HOST:PORT#KEY, what a relay prints and --relay takes (docs/protocol/relay.md, section 1).
//
//   KEY = base58 in blocks of: version u8 (1) | flags u8 | static 32 | token 16 if flags & 1 | CRC-32C u32
#ifndef PLK_WIRE_RELAY_NAME_H
#define PLK_WIRE_RELAY_NAME_H

#include "base/bytes.h"
#include "base/err.h"

#define PLK_RELAY_PORT 7447
#define PLK_RELAY_HOST_MAX 128
#define PLK_RELAY_NAME_VERSION 1
#define PLK_RELAY_NAME_TOKEN 0x01     // flag: a token follows the key
#define PLK_RELAY_NAME_CRITICAL 0xf0  // flags that a reader who does not know them refuses; none is defined
#define PLK_RELAY_NAME_BYTES_MAX 54   // of KEY
#define PLK_RELAY_NAME_TEXT_MAX 212   // host, brackets, colon, port, #, 75 characters
#define PLK_RELAY_NAME_INPUT_MAX 1024 // of what is read, white space around it included

struct plk_relay_name {
    struct plk_bytes host; // a name, an IPv4 address, or an IPv6 address without its brackets; borrowed
    uint16_t port;
    uint8_t flags; // as they came, the token's bit included
    uint8_t key[32];
    uint8_t token[16]; // with PLK_RELAY_NAME_TOKEN
};

// Reads one; white space around it and a word "relay" before it (the line that a relay prints) are passed over.
//   EMPTY      nothing but white space
//   TOO_LONG   over PLK_RELAY_NAME_INPUT_MAX
//   CUT_OFF    no key, or its end is missing
//   MISTYPED   the key's check does not fit
//   TOO_NEW    a version or flag not known here
//   MALFORMED  a host or port that cannot be
// *name is written on OK only and borrows from text.
enum plk_err plk_relay_name_decode(struct plk_bytes text, struct plk_relay_name *name);

// Writes it without terminator, the port always. Traps on a name that no reader would take.
void plk_relay_name_encode(const struct plk_relay_name *name, char out[PLK_RELAY_NAME_TEXT_MAX], size_t *len);

#endif
