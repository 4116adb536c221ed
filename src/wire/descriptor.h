// SPDX-License-Identifier: MIT
// What a relay says of itself to be found: its signed descriptor (DESIGN 3.7; docs/protocol/relay.md, section 8). This is its codec;
// signing and checking are in queue/descriptor.h (crypto is of this layer).
#ifndef PLK_WIRE_DESCRIPTOR_H
#define PLK_WIRE_DESCRIPTOR_H

#include "base/addr.h"
#include "base/err.h"
#include "wire/relay_greeting.h"

#define PLK_DESCRIPTOR_VERSION 1
#define PLK_DESCRIPTOR_SIG_LEN 64
#define PLK_DESCRIPTOR_BODY_MAX (1 + 32 + 32 + 19 + 1 + 8 + 8)
#define PLK_DESCRIPTOR_MAX (PLK_DESCRIPTOR_BODY_MAX + PLK_DESCRIPTOR_SIG_LEN)
#define PLK_DESCRIPTORS_MAX 16 // in a list
#define PLK_DESCRIPTORS_LEN_MAX (1 + PLK_DESCRIPTORS_MAX * (1 + UINT8_MAX))

struct plk_descriptor {
    uint8_t relay[32]; // its static, by which it is known
    uint8_t sign[32];  // Ed25519; its greeting shows that it belongs to the static
    struct plk_addr addr;
    enum plk_relay_admission admission;
    uint64_t sequence;   // from 1; of two of one relay the higher one holds
    uint64_t expires_ms; // wall clock
    uint8_t sig[PLK_DESCRIPTOR_SIG_LEN];
};

void plk_descriptor_encode_body(struct plk_writer *w, const struct plk_descriptor *d); // all but the signature
void plk_descriptor_encode(struct plk_writer *w, const struct plk_descriptor *d);

// TOO_NEW: another version. MALFORMED: cut short or too long, an admission that is none, an address that is nobody's (port 0,
// multicast, unspecified), sequence 0. *d is written on OK only. The signature is not checked here.
enum plk_err plk_descriptor_decode(struct plk_bytes bytes, struct plk_descriptor *d);

// A list: count u8, then each behind its length, a u8. Those that a reader does not know may be passed over.
struct plk_descriptors {
    unsigned count;
    struct plk_bytes at[PLK_DESCRIPTORS_MAX]; // borrowed
};

void plk_descriptors_encode(struct plk_writer *w, const struct plk_descriptors *list);
// MALFORMED: more than PLK_DESCRIPTORS_MAX, an empty one, too short or too long. *list is written on OK only.
enum plk_err plk_descriptors_decode(struct plk_bytes bytes, struct plk_descriptors *list);

#endif
