// SPDX-License-Identifier: MIT
// All inbound hint keys in one array (DESIGN 3.5): of contacts' link generations, of their recovery secrets, of open invites.
#ifndef PLK_NODE_HINTS_H
#define PLK_NODE_HINTS_H

#include "session/hint.h"

#define PLK_HINT_OF_INVITE 0x80000000u // in an owner: the rest is an invite's number, else a contact's

struct plk_hints {
    struct plk_mem *mem;
    struct plk_hint_entry *entries; // owners alone; which of a contact's keys it is, its row says
    size_t count, cap;
    struct plk_hint_budget budget;
};

void plk_hints_init(struct plk_hints *hints, struct plk_mem *mem);
void plk_hints_free(struct plk_hints *hints);
void plk_hints_add(struct plk_hints *hints, const uint8_t key[PLK_HINT_KEY_LEN], uint32_t owner);
void plk_hints_remove(struct plk_hints *hints, uint32_t owner); // all of this owner

#endif
