// SPDX-License-Identifier: MIT
// Between learned.c, which keeps the list, and learned_choice.c, which makes use of it.
#ifndef PLK_NODE_LEARNED_INSIDE_H
#define PLK_NODE_LEARNED_INSIDE_H

#include "node/inside.h"

void plk_learned_write(struct plk_node *node, const struct plk_learned *one);
void plk_learned_drop(struct plk_node *node, struct plk_learned *one); // *one is another one then, or none
bool plk_learned_is_own(const struct plk_node *node, const struct plk_learned *one);
bool plk_learned_is_refused(const struct plk_node *node, const uint8_t key[32]);
void plk_learned_drop_expired(struct plk_node *node);

#endif
