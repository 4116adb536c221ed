// SPDX-License-Identifier: MIT
// A relay that is no longer one's own. What it still keeps for us was told to its senders as kept, and they may not come back soon: so
// queues there are read to their end before they are deleted. Contacts are told at once, and write elsewhere as soon as they know.
#ifndef PLK_NODE_LEAVING_H
#define PLK_NODE_LEAVING_H

#include "node/boxes.h"

#define PLK_LEAVING_QUIET_US (3 * PLK_SECOND) // subscribed, and nothing has come for so long: that was all
#define PLK_LEAVING_MOST_US (10 * PLK_MINUTE) // a relay that always has something more is left all the same
#define PLK_LEAVING_CONNECT_US \
    PLK_RELAYS_LEAVE_US // one that is not there is waited for, and each cell gives it as long again

// Before plk_relays_remove. Queues of invites go at once: their links lead nowhere any more.
void plk_leaving_begin(struct plk_node *node, struct plk_relay_link *relay);
void plk_leaving_came(struct plk_node *node, struct plk_box *box); // a cell out of such a queue
void plk_leaving_look(struct plk_node *node, struct plk_relay_link *relay);
uint64_t plk_leaving_due(const struct plk_node *node, const struct plk_relay_link *relay); // or PLK_NEVER

#endif
