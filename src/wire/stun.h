// SPDX-License-Identifier: MIT
// STUN Binding messages (RFC 8489), with what RFC 5780 adds to find out what a NAT does, and requests of RFC 3489, which have
// no magic cookie. Integrity is not computed: its attributes are recognised and passed over (docs/protocol/relay.md, section
// 5). Nothing is borrowed.
#ifndef PLK_WIRE_STUN_H
#define PLK_WIRE_STUN_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_STUN_HEADER_LEN 20
#define PLK_STUN_ID_LEN 16 // the magic cookie and the transaction id
#define PLK_STUN_UNKNOWN_MAX 8
#define PLK_STUN_ANSWER_MAX 100 // most bytes of an answer (DESIGN 3.6)
#define PLK_STUN_ERROR_UNKNOWN 420

enum plk_stun_kind {
    PLK_STUN_REQUEST = 0x0001,
    PLK_STUN_INDICATION = 0x0011,
    PLK_STUN_SUCCESS = 0x0101,
    PLK_STUN_ERROR = 0x0111,
};

enum { PLK_STUN_CHANGE_PORT = 2, PLK_STUN_CHANGE_ADDRESS = 4 }; // CHANGE-REQUEST

struct plk_stun {
    enum plk_stun_kind kind;
    uint8_t id[PLK_STUN_ID_LEN];
    bool fingerprint; // has one, and it fits; encode: give it one
    bool integrity;   // has MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256; encode ignores it
    bool has_change;
    uint8_t change;                         // PLK_STUN_CHANGE_* bits
    struct plk_addr mapped, xor_mapped;     // family 0: not there
    struct plk_addr origin, other;          // RESPONSE-ORIGIN, OTHER-ADDRESS
    uint16_t error;                         // ERROR-CODE: 300 to 699, or 0
    uint8_t unknown_count;                  // request: comprehension-required types that are not known here, the first
    uint16_t unknown[PLK_STUN_UNKNOWN_MAX]; // eight; error: those of UNKNOWN-ATTRIBUTES
};

// The id begins with the magic cookie: not a request of RFC 3489.
bool plk_stun_is_modern(const struct plk_stun *message);
// A new request's or indication's id: the magic cookie and 12 bytes of the caller's randomness.
void plk_stun_id(uint8_t id[PLK_STUN_ID_LEN], const uint8_t random[12]);

// MALFORMED: not laid out as STUN, or an attribute of a wrong length. UNSUPPORTED: another method than Binding.
// FORGED: a FINGERPRINT that does not fit. The first of two attributes of one type counts; what follows
// MESSAGE-INTEGRITY is not looked at, but for the other integrity and FINGERPRINT, which is the last.
enum plk_err plk_stun_decode(struct plk_bytes bytes, struct plk_stun *message);

// Writes a message: of a request the change, of a success the addresses, of an error its code and, for 420, the unknown
// types. Traps on an error code that cannot be.
void plk_stun_encode(struct plk_writer *w, const struct plk_stun *message);

#endif
