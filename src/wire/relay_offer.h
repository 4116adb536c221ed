// SPDX-License-Identifier: MIT
// What somebody whose node is a relay tells a contact: where it is, and a token of the contact's own; or that it is none any more
// (PLK_BODY_RELAY; docs/protocol/queue.md, section 7).
//
//   version u8 (1) | flags u8 (1: it is one) | its static 32 | if it is one: token 16 | places, 1 to 4, UDP
#ifndef PLK_WIRE_RELAY_OFFER_H
#define PLK_WIRE_RELAY_OFFER_H

#include "wire/place.h"
#include "wire/queue.h"

#define PLK_RELAY_OFFER_PLACES_MAX 4
#define PLK_RELAY_OFFER_LEN_MAX (2 + 32 + PLK_QUEUE_TOKEN_LEN + 1 + PLK_RELAY_OFFER_PLACES_MAX * 20)

struct plk_relay_offer {
    bool serves;
    uint8_t key[32];
    uint8_t token[PLK_QUEUE_TOKEN_LEN]; // a secret
    struct plk_places places;           // the best first; the same port takes TCP
};

void plk_relay_offer_write(struct plk_writer *w, const struct plk_relay_offer *offer);
// TOO_NEW: another version. MALFORMED: other flags, no place or too many, one that is not UDP or has no port, bytes that are left. *offer
// is written on OK only.
enum plk_err plk_relay_offer_read(struct plk_bytes bytes, struct plk_relay_offer *offer);

#endif
