// SPDX-License-Identifier: MIT
// By which ways a contact may be reached (DESIGN 4): auto, or through one's own relays only. Then no packet goes to it, or is
// taken from it, but through relays; it is told no address of ours; and relays of its own are reached by FWD (node/detour.h),
// so that neither it nor its relays see where we are. What the row says is asked wherever a packet comes or goes
// (plk_peer_is_barred, plk_peer_candidates, plk_relays_get); here is what has to happen when it changes.
#ifndef PLK_NODE_REACH_H
#define PLK_NODE_REACH_H

#include <stdbool.h>

#include "base/err.h"

struct plk_command;
struct plk_node;
struct plk_peer;

// PLK_CMD_PATH. OK: done, or *later: when its rows have been read. NOT_FOUND, CORRUPT, BUSY. NO_RELAY: there is no own relay
// that could carry anything. NO_ADDRESS: no relay of the contact's is known, so nothing would ever reach it.
enum plk_err plk_reach_command(struct plk_node *node, const struct plk_command *command, bool *later);

// A link is to be opened that way. NO_RELAY; INVALID: it leads to an address.
enum plk_err plk_reach_check_add(const struct plk_node *node, bool relay_only, bool leads_to_address);

// From now on, durable with the open batch. Links end at once and without a word. WARM.
void plk_reach_set(struct plk_node *node, struct plk_peer *peer, bool relay_only);

// Other relays are one's own now: the contacts' queues there are reached directly from now on, or no longer.
void plk_reach_rerouted(struct plk_node *node);

#endif
