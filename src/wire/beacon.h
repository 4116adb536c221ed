// SPDX-License-Identifier: MIT
// The beacon by which a node tells its neighbours on a LAN that it looks for somebody (DESIGN 3.9, docs/protocol/beacon.md): a nonce and 32
// tags, of which some mean something to one contact each, and the rest are random. No byte of it is ever the same again, and none tells
// anything to whoever is meant by none of the tags. Nothing is borrowed.
#ifndef PLK_WIRE_BEACON_H
#define PLK_WIRE_BEACON_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_BEACON_NONCE_LEN 16
#define PLK_BEACON_TAGS 32
#define PLK_BEACON_LEN (PLK_BEACON_NONCE_LEN + PLK_BEACON_TAGS * 4)
#define PLK_BEACON_PORT 7449 // UDP, of both groups

struct plk_beacon {
    uint8_t nonce[PLK_BEACON_NONCE_LEN];
    uint32_t tags[PLK_BEACON_TAGS];
};

// Where beacons go: 239.255.76.66, and ff12::504c on the link of that interface.
struct plk_addr plk_beacon_group(uint8_t family, uint32_t scope);

enum plk_err plk_beacon_decode(struct plk_bytes bytes, struct plk_beacon *beacon); // MALFORMED: of another length
void plk_beacon_encode(struct plk_writer *w, const struct plk_beacon *beacon);

#endif
