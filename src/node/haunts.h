// SPDX-License-Identifier: MIT
// From which addresses contacts were heard: whose keys a message 1 that comes from there is tried with first (DESIGN 3.5). Ports
// do not count, nor the lower half of an IPv6 address: both change when a process or a machine starts anew. In memory only, and
// of a fixed size: where more contacts live than there is room for, the latest few are kept.
#ifndef PLK_NODE_HAUNTS_H
#define PLK_NODE_HAUNTS_H

#include "base/addr.h"
#include "crypto/rng.h"

#define PLK_HAUNTS_PLACES 512
#define PLK_HAUNTS_EACH 4 // contacts of one place

struct plk_haunt {
    uint32_t owner; // 0: free
    uint32_t check; // the part of the place's hash that the index does not hold
};

struct plk_haunts {
    struct plk_mem *mem;
    uint8_t key[16];                             // random: nobody can choose addresses that fall together
    struct plk_haunt (*places)[PLK_HAUNTS_EACH]; // the latest first
};

void plk_haunts_init(struct plk_haunts *haunts, struct plk_mem *mem, struct plk_rng *rng);
void plk_haunts_free(struct plk_haunts *haunts);

// An authenticated packet of that contact came from there: nothing less, or strangers would fill the table.
void plk_haunts_note(struct plk_haunts *haunts, const struct plk_addr *addr, uint32_t owner);
void plk_haunts_forget(struct plk_haunts *haunts, uint32_t owner); // it was removed

// Who was heard from there, the latest first. Returns their number.
size_t plk_haunts_at(const struct plk_haunts *haunts, const struct plk_addr *addr, uint32_t owners[PLK_HAUNTS_EACH]);

#endif
