// SPDX-License-Identifier: MIT
// From the one secret that a first contact or a re-key ends with to what is made of it.
// docs/protocol/first-contact.md, 3.4.
#ifndef PLK_CONTACT_SECRET_H
#define PLK_CONTACT_SECRET_H

#include "contact/first.h"

#define PLK_SECRET_LEN 32

// Fills recovery, link_psk and line of *first, and gives the secret for the ratchet, which the caller wipes.
void plk_secret_spread(const uint8_t secret[PLK_SECRET_LEN], struct plk_first *first, uint8_t ratchet[PLK_SECRET_LEN]);

// HKDF with a transcript behind the label: the form of all keys that are agreed in src/contact.
void plk_secret_derive(uint8_t out[PLK_SECRET_LEN], struct plk_bytes salt, struct plk_bytes input, const char *label,
                       const uint8_t transcript[PLK_HASH_LEN]);

#endif
