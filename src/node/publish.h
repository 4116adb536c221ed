// SPDX-License-Identifier: MIT
// Own invites that lie on relays (DESIGN 3.2; docs/protocol/first-contact.md, section 8): a queue on each of up to four own relays,
// all of one sid, with a cell that says what the invite's state is. A link is given out once a relay has confirmed both.
#ifndef PLK_NODE_PUBLISH_H
#define PLK_NODE_PUBLISH_H

#include "node/boxes.h"
#include "node/invites.h"

#define PLK_PUBLISH_WAIT_US (10 * PLK_SECOND) // without any relay: then the command fails
#define PLK_PUBLISH_MORE_US PLK_SECOND        // for further ones, after the first has confirmed
#define PLK_PUBLISH_LEAST 2                   // relays that a link names, if there are so many own ones
#define PLK_PUBLISH_COMMANDS_MAX 16           // under way at a time

struct plk_command;

// A command INVITE whose result follows.
struct plk_publish_wait {
    struct plk_publish_wait *next;
    uint64_t ticket;
    uint32_t number; // of the invite
    bool fresh;      // made by this command: goes when no relay takes it
    uint64_t since_us, first_us;
};

struct plk_publish {
    struct plk_publish_wait *first;
    unsigned count;
    bool look;         // a cell may be due
    uint64_t turns_us; // when the prekeys of address links are looked at again
};

void plk_publish_free(struct plk_node *node);

// ONE_TIME or ADDRESS. OK: the result follows. NO_RELAY: there is no own one. LIMIT, BUSY. An address link that is there already
// is given out again.
enum plk_err plk_publish_invite(struct plk_node *node, const struct plk_command *command, enum plk_link_kind kind);

void plk_publish_restored(struct plk_node *node); // out of a backup: address links get prekeys of this device's
void plk_publish_changed(struct plk_node *node,
                         const struct plk_invite *invite); // its cells say something else from now on
void plk_publish_state(struct plk_node *node, struct plk_box *box);
void plk_publish_written(struct plk_node *node, struct plk_box *box, enum plk_queue_code code);

void plk_publish_settle(struct plk_node *node);
uint64_t plk_publish_deadline(const struct plk_node *node);

#endif
