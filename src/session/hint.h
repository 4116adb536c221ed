// SPDX-License-Identifier: MIT
// The hint of message 1: how a receiver finds, without a DH and without being told a name, which of its
// contacts calls (DESIGN 3.5; docs/protocol/session.md, section 3). One 16-byte key per contact, generation
// and direction.
#ifndef PLK_SESSION_HINT_H
#define PLK_SESSION_HINT_H

#include "base/time.h"
#include "wire/packet.h"

#define PLK_HINT_KEY_LEN 16
#define PLK_HINT_LABEL "PeerLink/1/session/hint"

// The direction of a hint key: who initiates.
enum plk_hint_direction {
    PLK_HINT_JOINER = 0,  // an inline invite's joiner (the inviter never initiates under the invite's psk)
    PLK_HINT_SMALLER = 1, // the side with the smaller PeerID
    PLK_HINT_LARGER = 2
};

// HKDF-SHA512(psk of the generation, "PeerLink/1/session/hint" ‖ direction u8).
void plk_hint_key(uint8_t key[PLK_HINT_KEY_LEN], const uint8_t psk[32], enum plk_hint_direction direction);

// hint = SipHash-2-4-128(key, ephemeral ‖ masked stamp); the stamp's mask = SipHash-2-4-128(key,
// ephemeral)[0..8]. Writes the hint and the masked stamp for an ephemeral public key.
void plk_hint_make(const uint8_t key[PLK_HINT_KEY_LEN], const uint8_t ephemeral[32], uint64_t stamp,
                   uint8_t hint[PLK_PACKET_HINT_LEN], uint8_t masked_stamp[PLK_PACKET_STAMP_LEN]);

// Is this message 1 for the holder of this key? For the contact of the address it came from, which is tried
// first.
bool plk_hint_check(const uint8_t key[PLK_HINT_KEY_LEN], const struct plk_packet *message1);

// The stamp, unmasked. Means something only when the hint fits.
uint64_t plk_hint_stamp(const uint8_t key[PLK_HINT_KEY_LEN], const struct plk_packet *message1);

// One entry of the array of all inbound hint keys.
struct plk_hint_entry {
    uint8_t key[PLK_HINT_KEY_LEN];
    uint32_t owner; // the caller's number
};

// What scans may cost, in keys: a bucket that refills with time, so that a flood takes at most 5 % of a core
// whatever it sends (DESIGN 3.5). A key costs about 33 ns; 1,500,000 keys a second are 5 % of one core.
#define PLK_HINT_KEYS_PER_SECOND 1500000u
#define PLK_HINT_KEYS_BURST 200000u

struct plk_hint_budget {
    uint64_t keys; // that may be tried now
    uint64_t at_us;
    uint32_t per_second, burst;
};

void plk_hint_budget_init(struct plk_hint_budget *budget, uint32_t per_second, uint32_t burst, uint64_t now_us); // full
void plk_hint_budget_refill(struct plk_hint_budget *budget, uint64_t now_us);
void plk_hint_budget_take(struct plk_hint_budget *budget, uint64_t keys); // at most what is there

// Finds the owner of the first entry whose key made this hint. NOT_FOUND: a stranger. *budget is reduced by the keys
// tried, to nothing if it does not cover them: whether it does is the caller's to ask, before, since a scan that
// stopped half way would starve the keys at the end. The time taken tells a sender whose hint fits where it stands in
// the array, and nobody else anything.
enum plk_err plk_hint_scan(const struct plk_hint_entry *entries, size_t count, const struct plk_packet *message1,
                           struct plk_hint_budget *budget, uint32_t *owner);

#endif
