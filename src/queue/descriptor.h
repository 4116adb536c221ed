// SPDX-License-Identifier: MIT
// Descriptors of relays, signed and checked (docs/protocol/relay.md, section 8). The signature shows that the holder of the signing key
// says so; that this key is the relay's own is shown by its greeting, in a channel under its static, and by nothing else.
#ifndef PLK_QUEUE_DESCRIPTOR_H
#define PLK_QUEUE_DESCRIPTOR_H

#include "base/time.h"
#include "crypto/crypto.h"
#include "wire/descriptor.h"

#define PLK_DESCRIPTOR_LIFE_MS (UINT64_C(3) * 24 * 60 * 60 * 1000)     // of what this implementation says
#define PLK_DESCRIPTOR_LIFE_MAX_MS (UINT64_C(8) * 24 * 60 * 60 * 1000) // of what it believes

// The seed of a relay's signing key: of its static's secret.
void plk_descriptor_seed(uint8_t seed[32], const uint8_t relay_secret[32]);
// Fills in sign and sig.
void plk_descriptor_sign(struct plk_descriptor *d, const uint8_t seed[32]);
// The decoder's errors; FORGED; EXPIRED: it is over, or promises longer than anybody is believed. *d is written on OK only.
enum plk_err plk_descriptor_check(struct plk_bytes bytes, uint64_t now_ms, struct plk_descriptor *d);
// What is common to addresses of one operator, as a number: IPv4 /16, IPv6 /48; of addresses that are nobody else's (private,
// loopback) all of it, with the port.
uint64_t plk_descriptor_prefix(const struct plk_addr *addr);

#endif
