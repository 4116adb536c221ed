// SPDX-License-Identifier: MIT
// Whose call is this? All inbound hint keys (DESIGN 3.5), and what looking through them may cost
// (docs/protocol/session.md, section 3.2; why so: docs/design/decisions.md).
//
// Keys are of two classes. *Usual* ones are those that an honest caller uses from day to day: of the newest link generation, and
// of open invites. *Rare* ones are for a caller who lost something: of the generation before it, once the newest has been in
// use, and of the recovery secret. A stranger's packet is always held against all usual keys, against the rare ones only as
// far as a small budget and the share of its source reach.
#ifndef PLK_NODE_HINTS_H
#define PLK_NODE_HINTS_H

#include "base/addr.h"
#include "crypto/rng.h"
#include "session/hint.h"

#define PLK_HINT_OF_INVITE 0x80000000u // in an owner: the rest is an invite's number, else a contact's

enum plk_hint_class { PLK_HINT_USUAL, PLK_HINT_RARE, PLK_HINT_CLASSES };

// Rare keys, on top of the usual ones: 0.03 % of a core.
#define PLK_HINT_RARE_PER_SECOND 10000u
#define PLK_HINT_RARE_BURST 40000u
// Of them for one source, a /24 or /48: which source has which share is drawn anew each minute. Proven sources have shares
// of their own.
#define PLK_HINT_SHARES 128u
#define PLK_HINT_SHARE_PER_SECOND 1000u
#define PLK_HINT_SHARE_BURST 4000u
#define PLK_HINT_SHARE_US PLK_MINUTE

struct plk_hint_keys {
    struct plk_hint_entry *entries; // owners alone; which of a contact's keys it is, its row says
    size_t count, cap;
    struct plk_hint_budget budget;
};

struct plk_hints {
    struct plk_mem *mem;
    struct plk_hint_keys classes[PLK_HINT_CLASSES];
    uint8_t key[16];                                   // of the shares: random
    struct plk_hint_budget shares[2][PLK_HINT_SHARES]; // by proven
};

void plk_hints_init(struct plk_hints *hints, struct plk_mem *mem, struct plk_rng *rng);
void plk_hints_free(struct plk_hints *hints);
void plk_hints_add(struct plk_hints *hints, enum plk_hint_class class, const uint8_t key[PLK_HINT_KEY_LEN],
                   uint32_t owner);
void plk_hints_remove(struct plk_hints *hints, uint32_t owner); // all of this owner

// Where a packet came from. proven: over a connection, so that the address is no invention. Whoever invents addresses leaves
// part of each budget to those who do not.
struct plk_hint_source {
    const struct plk_addr *addr;
    bool proven;
};

// The owner of the key that made this message 1. NOT_FOUND: all keys were tried. LIMIT: none fits of those that could be paid.
enum plk_err plk_hints_find(struct plk_hints *hints, const struct plk_packet *message1, struct plk_hint_source source,
                            uint64_t now_us, uint32_t *owner);

#endif
