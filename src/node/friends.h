// SPDX-License-Identifier: MIT
// Contacts whose nodes are relays for us (PLK_BODY_RELAY; docs/design/relays.md, "A friend's node"): a bounded list of what they have told,
// and the few of it that are one's own relays, behind those that people chose and before those that were learned.
#ifndef PLK_NODE_FRIENDS_H
#define PLK_NODE_FRIENDS_H

#include "base/time.h"
#include "wire/relay_offer.h"
#include "wire/table.h"

#define PLK_FRIENDS_MAX 16             // whose word is kept
#define PLK_FRIENDS_OWN_MAX 2          // of them own relays at a time
#define PLK_FRIENDS_AWAY_US PLK_DAY    // one that does not answer for so long gives way to another
#define PLK_FRIENDS_MOVE_US PLK_MINUTE // and is tried at its next address after that
#define PLK_FRIENDS_KEY_LEN 5          // of a row of table relay: 'f', contact u32

struct plk_node;
struct plk_peer;
struct plk_relay_link;

struct plk_friend {
    uint32_t contact;
    struct plk_relay_offer offer;
    uint8_t place;     // at which it is tried
    uint64_t since_us; // own, and not answering since then; 0: it answers, or is not own
    uint64_t moved_us; // when its address was last another one
    unsigned absences; // so often it was away for too long
};

struct plk_friends {
    struct plk_friend at[PLK_FRIENDS_MAX];
    size_t count;
    uint64_t due_us; // of the next look
};

enum plk_err plk_friends_row(struct plk_node *node, const struct plk_row *row);             // of the start. CORRUPT
void plk_friends_hear(struct plk_node *node, struct plk_peer *peer, struct plk_bytes body); // what it has told
void plk_friends_look(struct plk_node *node); // contacts or relays have changed
const struct plk_friend *plk_friends_find(const struct plk_node *node,
                                          const uint8_t key[32]); // whose relay that is; or NULL
void plk_friends_run(struct plk_node *node);
uint64_t plk_friends_deadline(const struct plk_node *node);

#endif
