// SPDX-License-Identifier: MIT
// Cookies: how a relay under load learns that a hello's address is true without remembering anything of it, nor doing a DH
// (docs/protocol/relay.md, section 3.1; the idea is WireGuard's).
#ifndef PLK_SESSION_COOKIE_H
#define PLK_SESSION_COOKIE_H

#include "base/addr.h"
#include "base/time.h"
#include "crypto/rng.h"
#include "wire/packet.h"

#define PLK_COOKIE_LEN 16
#define PLK_COOKIE_US (120 * PLK_SECOND) // a secret is made anew after it, and a client keeps a cookie so long

// A relay's secrets. Zero-initialised it is valid: the first secret is made when it is needed.
struct plk_cookie_jar {
    uint8_t secret[16], before[16];
    uint64_t since_us; // of secret
    bool has, has_before;
};

// The cookie of an address, under the secret of now.
void plk_cookie_make(struct plk_cookie_jar *jar, uint64_t now_us, struct plk_rng *rng, const struct plk_addr *addr,
                     uint8_t cookie[PLK_COOKIE_LEN]);

// Whether mac 2 of a decoded hello was made with the cookie of this address, under the secret of now or the one before.
bool plk_cookie_good(struct plk_cookie_jar *jar, uint64_t now_us, struct plk_rng *rng, const struct plk_addr *addr,
                     const struct plk_packet *hello);

// The cookie packet that answers a hello: sealed under a key that is made of the relay's static
// (struct plk_hello_known.cookie_key), bound to that hello by its mac 1.
void plk_cookie_write(uint8_t out[PLK_PACKET_COOKIE_LEN], const uint8_t cookie_key[32], struct plk_rng *rng,
                      const struct plk_packet *hello, const uint8_t cookie[PLK_COOKIE_LEN]);

// Opens one, for the hello with this mac 1. FORGED: it is not for it, or nobody's who knows the relay; cookie may be zeroed.
enum plk_err plk_cookie_open(uint8_t cookie[PLK_COOKIE_LEN], const uint8_t cookie_key[32],
                             const uint8_t mac1[PLK_PACKET_MAC_LEN], const struct plk_packet *packet);

#endif
