// SPDX-License-Identifier: MIT
// A device of a contact's that was replaced by a restore, and does not know it, is told so through queues when it is heard of through
// queues (DESIGN 3.1; docs/protocol/rekey.md, section 5); on a link, message 2 says it (session.md, section 4). It may still read the
// queues that it had told of itself, those that the new device reads too, or both: the word goes into all of them, names the device, and
// is nothing to any other.
#ifndef PLK_NODE_MOVED_H
#define PLK_NODE_MOVED_H

#include "node/peers.h"

#define PLK_MOVED_AGAIN_US (10 * PLK_MINUTE) // it is not told more often

// Another device has taken the place of the one known so far: where that one reads is kept.
void plk_moved_begin(struct plk_node *node, struct plk_peer *peer);
// Something of that device came through a relay: if it is one that was replaced, it is told.
void plk_moved_seen(struct plk_node *node, struct plk_peer *peer, const uint8_t device[PLK_DEVICE_LEN]);
void plk_moved_tell(struct plk_node *node, struct plk_peer *peer); // what is due
// A REFUSED cell. True: it says that some device has moved; if it is this one, the contact is refused from now on.
bool plk_moved_cell(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content);

#endif
