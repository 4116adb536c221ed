// SPDX-License-Identifier: MIT
// The greeting: the encrypted payload of messages 1 and 2 (docs/protocol/session.md, section 4).
#ifndef PLK_WIRE_GREETING_H
#define PLK_WIRE_GREETING_H

#include "wire/packet.h"

#define PLK_GREETING_CIDS 4
#define PLK_GREETING_DEVICE_LEN 8
#define PLK_GREETING_INCARNATION_LEN 8
#define PLK_GREETING_FIXED_LEN 64 // all before the KEM field's bytes
// Extension of message 2, empty: the device of message 1 was replaced by another one of its profile; there is no session.
#define PLK_GREETING_MOVED 1
#define PLK_GREETING_MAX (PLK_PACKET_HANDSHAKE_MAX - PLK_PACKET_HEADER2_LEN - 48)

struct plk_greeting {
    uint8_t version_min, version_max;
    uint8_t device[PLK_GREETING_DEVICE_LEN];
    uint8_t incarnation[PLK_GREETING_INCARNATION_LEN];   // random, one per process start
    uint8_t cids[PLK_GREETING_CIDS][PLK_PACKET_CID_LEN]; // the sender's connection ids number 0..3; all different
    uint32_t generation;                                 // of the link keys in use; 0 for NN sessions
    uint64_t echo;        // highest stamp that the sender has accepted from the receiver in this generation; 0: none
    struct plk_bytes kem; // empty until a KEM provider is built in; borrowed
    bool moved;           // extension PLK_GREETING_MOVED is there; not written by itself
    struct plk_bytes extensions; // a list of wire/tlv.h; unknown types are skipped; borrowed
};

// MALFORMED: cut short, two equal ids, a broken or unordered TLV, padding that is not zero. TOO_OLD, TOO_NEW: no common
// version, in which case nothing after the versions was looked at. Nothing is changed unless OK.
enum plk_err plk_greeting_decode(struct plk_greeting *greeting, struct plk_bytes payload);

// Writes and pads with zeroes up to total_len bytes in all; fails the writer when that is not enough.
void plk_greeting_write(struct plk_writer *w, const struct plk_greeting *greeting, size_t total_len);

// Finds the first extension of a type (>= 1); false when there is none.
bool plk_greeting_extension(const struct plk_greeting *greeting, uint64_t type, struct plk_bytes *value);

#endif
