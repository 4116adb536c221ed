// SPDX-License-Identifier: MIT
// One's own invites, open and spent: rows that are all read at start.
#ifndef PLK_NODE_INVITES_H
#define PLK_NODE_INVITES_H

#include "contact/invite.h"

#define PLK_INVITER_LINKS_MAX 16 // meetings under way at a time

struct plk_node;

struct plk_invites {
    struct plk_mem *mem;
    struct plk_invite *list; // by number
    size_t count, cap;
};

void plk_invites_init(struct plk_invites *invites, struct plk_mem *mem);
void plk_invites_free(struct plk_invites *invites);
struct plk_invite *plk_invites_find(const struct plk_invites *invites, uint32_t number);
// From a stored row, or a new one; its hint key is added. The result is borrowed until the next add or remove.
struct plk_invite *plk_invites_add(struct plk_node *node, const struct plk_invite *invite);
void plk_invites_write(struct plk_node *node, const struct plk_invite *invite);
void plk_invites_remove(struct plk_node *node, uint32_t number); // row and memory
void plk_invites_close_of(struct plk_node *node,
                          uint32_t contact);    // the spent ones: their acceptance is needed no more
void plk_invites_expire(struct plk_node *node); // those that are over

#endif
