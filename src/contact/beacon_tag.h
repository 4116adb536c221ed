// SPDX-License-Identifier: MIT
// What the tags of a beacon are made of (wire/beacon.h): docs/protocol/beacon.md.
#ifndef PLK_CONTACT_BEACON_TAG_H
#define PLK_CONTACT_BEACON_TAG_H

#include "crypto/crypto.h"
#include "wire/beacon.h"

#define PLK_BEACON_KEY_LEN 16
#define PLK_BEACON_LABEL "PeerLink/1/contact/beacon"

// Of two contacts and a direction: hint_key is that of recovery sessions which the beacon's sender begins (session/hint.h). It never
// changes, so that who comes back with an old state is found, and the receiver has it at hand.
void plk_beacon_key(uint8_t key[PLK_BEACON_KEY_LEN], const uint8_t hint_key[16]);

// from: the sender's address and port, as the receiver sees them; a beacon that somebody repeats from elsewhere means nothing.
uint32_t plk_beacon_tag(const uint8_t key[PLK_BEACON_KEY_LEN], const uint8_t nonce[PLK_BEACON_NONCE_LEN],
                        const struct plk_addr *from);

#endif
