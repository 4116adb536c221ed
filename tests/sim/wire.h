// SPDX-License-Identifier: MIT
// Looks at every byte that leaves a host (DESIGN 8): the canary is never in it, and no key is used twice with one nonce as far
// as this can be seen from outside:
//  - no handshake ephemeral stands in two different packets (repetitions are identical);
//  - no two different data packets carry the same connection id and masked counter. The mask comes from the ciphertext, so
//    this finds a counter that was used twice for the same bytes under another tag, and any sealing that ignores its counter.
// What is inside a session (the ratchet's nonces) is checked where it lies open: in the tests of src/ratchet and src/mail.
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include "base/bytes.h"

struct world;
struct wire;

struct wire *wire_new(struct world *w);
void wire_free(struct wire *wire);
void wire_datagram(void *wire, int host, struct plk_bytes data);
void wire_stream(void *wire, int host, uint32_t stream, struct plk_bytes data); // empty: it begins

// The newest datagram but `back`, for a story's eavesdropper; borrowed until the next packet. False: there is none.
#define WIRE_RECENT 64
bool wire_recent(const struct wire *wire, size_t back, struct plk_bytes *data);
uint64_t wire_datagrams(const struct wire *wire); // so far: those that wire_recent counts back from
uint64_t wire_packets(const struct wire *wire);

#endif
