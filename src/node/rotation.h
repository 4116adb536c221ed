// SPDX-License-Identifier: MIT
// Queues of one's own for contacts grow old and are replaced (DESIGN 3.7: fresh keys; docs/design/relays.md, "Keys of queues").
// A new one is made beside the old one; once it is there the contact is told of it (node/post_queues); what still comes through
// the old one is read, until the contact has had the new list for some time; then the old one is deleted. At every moment there
// is a queue that the contact knows and that is read, whenever either side, or the relay, dies.
#ifndef PLK_NODE_ROTATION_H
#define PLK_NODE_ROTATION_H

#include "node/boxes.h"

// Of a queue, and a quarter more or less, each its own. Long, and the old one is read long: whoever is restored from a backup older
// than that has only the recovery queue (node/recovery_box.h).
#define PLK_ROTATION_AGE_MS (UINT64_C(180) * 24 * 3600 * 1000)
#define PLK_ROTATION_GRACE_MS \
    (UINT64_C(120) * 24 * 3600 * 1000) // the old one is read so long after the contact has the list
#define PLK_ROTATION_LOOK_US PLK_HOUR  // and up to half as much more
#define PLK_ROTATION_QUIET_US PLK_HOUR // nothing has come, and it was read all the time: it is empty
#define PLK_ROTATION_AGAIN_US PLK_DAY  // after a relay that made none
#define PLK_ROTATION_STEP 200          // queues: for so many, or part of it, one is replaced at each look

struct plk_rotation {
    uint64_t due_us; // when it is looked at next; 0: at the start, PLK_NEVER is not used
};

void plk_rotation_run(struct plk_node *node); // what is due
uint64_t plk_rotation_deadline(const struct plk_node *node);
// No relay makes the new one: it is dropped, and the old one stays. True: it was, *box is gone.
bool plk_rotation_refused(struct plk_node *node, struct plk_box *box);
// The contact has not heard of this one, which takes an older one's place.
bool plk_rotation_is_news(const struct plk_node *node, const struct plk_box *box);

#endif
