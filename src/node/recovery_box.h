// SPDX-License-Identifier: MIT
// Queues for re-keys (DESIGN 3.4; docs/design/relays.md, "Recovery queues"). Queues that are replaced (node/rotation.h) leave an old
// backup, and a store that was rolled back, behind: who knows only those writes where nothing is any more. So whoever has replaced
// queues of a contact on a relay reads one more there, RECOVERY, whose keys both sides can make of what never changes; and whoever
// has a re-key to ask for puts the request into that one as well.
#ifndef PLK_NODE_RECOVERY_BOX_H
#define PLK_NODE_RECOVERY_BOX_H

struct plk_node;
struct plk_peer;

// Makes those that are wanted now, ours and theirs; a contact that has replaced all queues that we know is asked for a re-key. WARM.
void plk_recovery_box_settle(struct plk_node *node, struct plk_peer *peer);
// The contact goes, or its recovery secret, which another first contact has replaced.
void plk_recovery_box_drop(struct plk_node *node, struct plk_peer *peer);

#endif
