// SPDX-License-Identifier: MIT
// What a client and its relay say first, sealed in the two messages of their handshake (docs/protocol/relay.md, section 3).
#ifndef PLK_WIRE_RELAY_GREETING_H
#define PLK_WIRE_RELAY_GREETING_H

#include "base/addr.h"
#include "wire/packet.h"

#define PLK_RELAY_GREETING_STUN 1 // extension of a relay: its other STUN address, as base/addr.h writes it
#define PLK_RELAY_GREETING_SIGN \
    2 // likewise: the key that its descriptors are signed with, 32 bytes; it knows a directory
#define PLK_RELAY_GREETING_PLACES \
    3 // likewise: where else this relay is, addresses one after the other: other processes of it
#define PLK_RELAY_GREETING_PLACES_MAX 3
#define PLK_RELAY_GREETING_MAX (PLK_PACKET_HANDSHAKE_MAX - PLK_PACKET_HEADER2_LEN - 48)

enum plk_relay_admission { PLK_RELAY_ADMIT_TOKEN = 1, PLK_RELAY_ADMIT_OPEN = 2, PLK_RELAY_ADMIT_CLOSED = 3 };

struct plk_client_greeting {
    uint8_t version_min, version_max;
    uint16_t flags;              // 0; a later version's are kept
    struct plk_bytes extensions; // a list of wire/tlv.h; unknown types are skipped; borrowed
};

struct plk_relay_greeting {
    uint8_t version_min, version_max;
    uint8_t cid[PLK_PACKET_CID_LEN]; // the relay's connection id
    uint64_t wall_ms;                // the relay's clock
    struct plk_addr seen;            // where the hello came from
    enum plk_relay_admission admission;
    uint8_t bits;                // of work, where admission is OPEN
    struct plk_bytes extensions; // borrowed
};

// MALFORMED: cut short, an admission or address that is none, a broken or unordered TLV, padding that is not zero. TOO_OLD,
// TOO_NEW: no common version, in which case nothing after the versions was looked at. Nothing is changed unless OK.
enum plk_err plk_client_greeting_decode(struct plk_client_greeting *greeting, struct plk_bytes payload);
enum plk_err plk_relay_greeting_decode(struct plk_relay_greeting *greeting, struct plk_bytes payload);

// Writes and pads with zeroes up to total_len bytes in all; fails the writer when that is not enough.
void plk_client_greeting_write(struct plk_writer *w, const struct plk_client_greeting *greeting, size_t total_len);
void plk_relay_greeting_write(struct plk_writer *w, const struct plk_relay_greeting *greeting, size_t total_len);

// The relay's other STUN address, if its greeting names one that can be read. false: none.
bool plk_relay_greeting_stun(const struct plk_relay_greeting *greeting, struct plk_addr *stun);
// The key of its descriptors. false: it has no directory.
bool plk_relay_greeting_sign(const struct plk_relay_greeting *greeting, uint8_t sign[32]);
// Where else this relay is; how many. 0 also where the list cannot be read.
size_t plk_relay_greeting_places(const struct plk_relay_greeting *greeting,
                                 struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX]);

#endif
