// SPDX-License-Identifier: MIT
// Pictures of one contact on their way (docs/protocol/messages.md, section 12). Their bytes are rows of table picture. Of an own
// one the parts go into the outbox a few at a time, so that what is written meanwhile does not wait for all of them; of one that
// comes, each part is compared with what its message says. What is on its way has a row of table link, which goes with the last part.
//
// A picture is written over several batches: first that it is being written, then its parts, last its message. A kill in between
// leaves parts of a picture that nobody was told of; they go when the contact's rows are read.
#ifndef PLK_NODE_PICTURES_H
#define PLK_NODE_PICTURES_H

#include "mail/mail.h"
#include "node/loads.h"
#include "wire/effect.h"
#include "wire/picture.h"

#define PLK_PICTURES_SENDING_MAX 64 // own ones on their way to a contact that a person may have; more is LIMIT
#define PLK_PICTURES_WAYS_MAX \
    256 // of each direction: of what is sent again, or never completed, the oldest goes no further
#define PLK_PICTURES_WAITING_MAX 4 // commands that hold a picture and wait for a contact's rows

struct plk_node;
struct plk_peer;

struct plk_picture_way {
    struct plk_picture_way *next;
    enum plk_direction direction;
    struct plk_origin origin; // of its message
    uint64_t row;             // of its message; 0: it is being written, by a process that has died if this was read
    uint8_t id[PLK_ID_LEN];
    uint32_t size, lifetime_s;
    uint8_t next_part;                                           // OUT: that is to go into the outbox
    uint32_t got;                                                // IN: one bit a part
    uint8_t hashes[PLK_PICTURE_PARTS_MAX][PLK_PICTURE_HASH_LEN]; // IN
};

struct plk_pictures {
    struct plk_picture_way *first; // by row
    unsigned sending, arriving;
    bool reading; // parts of the first own one
};

void plk_pictures_free(struct plk_node *node, struct plk_pictures *pictures);
// A row of table link behind its kind byte. CORRUPT.
enum plk_err plk_pictures_load(struct plk_node *node, struct plk_peer *peer, struct plk_bytes key,
                               struct plk_bytes value);

// PLK_CMD_PICTURE; gives its result itself.
void plk_pictures_send_now(struct plk_node *node, const struct plk_command *command);
// What mail tells: MESSAGE of an incoming picture, REPEATED, and CONTROL of a part.
void plk_pictures_came(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);
void plk_pictures_repeat(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);
void plk_pictures_part(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);

// The next parts into the outbox, as far as it takes them: reads them, or forgets pictures that were never written. WARM.
void plk_pictures_feed(struct plk_node *node, struct plk_peer *peer);
void plk_pictures_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);
bool plk_pictures_wait(const struct plk_peer *peer); // an own one is on its way. WARM

// The message is gone: its parts, and what was to come of them. The contact may be cold.
void plk_pictures_forget(struct plk_node *node, struct plk_peer *peer, enum plk_direction direction,
                         const struct plk_origin *origin);
void plk_pictures_cancelled(struct plk_node *node, struct plk_peer *peer, uint64_t row); // the same of an own one. WARM

#endif
