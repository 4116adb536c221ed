// SPDX-License-Identifier: MIT
// Where a joiner's own queues are (first-contact.md, section 8, steps 3 and 4): at its own relays, else at relays of the link, which it takes
// over with the tokens that they give to somebody who was invited; else nowhere, after a bounded time.
#ifndef PLK_NODE_ADOPT_H
#define PLK_NODE_ADOPT_H

#include "node/boxes.h"
#include "node/peers.h"

#define PLK_ADOPT_QUEUES_US \
    (10 * PLK_SECOND) // for own queues; then relays of the link are taken over, if there are others
#define PLK_ADOPT_REFUSED_US (2 * PLK_MINUTE) // for the rest, when one was refused; then there are none
#define PLK_ADOPT_GUEST_US (5 * PLK_SECOND)   // without a token by then: they are taken over without
#define PLK_ADOPT_MAX 2                       // relays of a link that are taken over

// Queues to tell of, or as much as there will be soon. False: not yet; it is asked again (node->parley.look).
bool plk_adopt_queues(struct plk_node *node, struct plk_peer *peer);
void plk_adopt_more(struct plk_node *node, struct plk_peer *peer); // an attempt: the second one may be there by now
bool plk_adopt_has_queue(const struct plk_node *node, const struct plk_peer *peer);
uint64_t plk_adopt_deadline(const struct plk_node *node, const struct plk_peer *peer); // of asking again
// The answer to GUEST, as parley.h has it; token NULL: none.
void plk_adopt_guest(struct plk_node *node, struct plk_box *box, const uint8_t *token);

#endif
