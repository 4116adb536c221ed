// SPDX-License-Identifier: MIT
// What the files of a queue client share; its owner sees client.h only.
#ifndef PLK_QUEUE_CLIENT_INSIDE_H
#define PLK_QUEUE_CLIENT_INSIDE_H

#include "queue/client.h"

// How far one wish has come on this channel.
enum plk_queue_wish {
    PLK_QUEUE_WISH_NONE,
    PLK_QUEUE_WISH_WORK, // NEWQ: a nonce is searched
    PLK_QUEUE_WISH_DUE,
    PLK_QUEUE_WISH_ASKED,
    PLK_QUEUE_WISH_MET
};

// The overwritable cell that is to be written.
struct plk_queue_draft {
    uint64_t sequence, sent;
    uint8_t bytes[PLK_QUEUE_CELL_SMALL];
};

// A queue; its handle is its place, plus 1.
struct plk_queue_slot {
    bool used, own;
    bool leaving; // forgotten: only its handle is still to be given back
    bool fresh;   // NEWQ goes first
    bool drop;    // DEL when it is attached
    bool refused, replaced, made, acking;
    uint8_t flags, code;                                                   // code: why it is refused
    uint8_t told;                                                          // the state that was told last
    uint8_t attach, newq, sub, del, detach, set_flags, write, read, guest; // plk_queue_wish
    uint8_t sub_tries;
    uint8_t tries;           // NEWQs with work that were not enough
    uint32_t id, batch, day; // batch: of the SUB that it is in
    uint64_t nonce;
    struct plk_queue_draft *draft;
    uint8_t secret[PLK_QUEUE_KEY_LEN];
    uint8_t sender[PLK_QUEUE_KEY_LEN]; // own: the public key of those who write into it
    uint8_t name[PLK_QUEUE_ID_LEN];    // own: rid; else sid
};

enum plk_queue_put_state { PLK_QUEUE_PUT_FREE, PLK_QUEUE_PUT_WAITS, PLK_QUEUE_PUT_SENT, PLK_QUEUE_PUT_CANCELLED };

struct plk_queue_put {
    uint8_t state;
    uint32_t slot;
    uint64_t number, serial; // the owner's; in the order of asking
    size_t len;
    uint8_t *cell; // owned
};

enum plk_queue_item_state { PLK_QUEUE_ITEM_GIVEN, PLK_QUEUE_ITEM_DURABLE, PLK_QUEUE_ITEM_ACKED };

struct plk_queue_item { // that came on this channel
    uint32_t slot;
    uint8_t state;
    uint64_t number;
};

// A way to another relay (FWD); its place is in its tags.
struct plk_queue_way {
    struct plk_queue_forward forward;
    uint8_t open, close; // plk_queue_wish; open NONE: the place is free
};

struct plk_queue_client {
    struct plk_mem *mem;
    uint8_t relay[PLK_QUEUE_KEY_LEN];
    bool has_token, up;
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
    struct plk_queue_client_channel channel;
    uint64_t up_us;
    uint64_t later_us, pause_us; // nothing is sent before; how long the last pause was
    uint64_t retake_us;          // own queues that others have are subscribed again; 0: there are none
    struct plk_queue_slot *slots;
    uint32_t slot_count, slot_cap;
    struct plk_queue_put *puts;
    uint32_t put_count, put_cap;
    uint64_t put_serial;
    size_t put_bytes;
    struct plk_queue_item *items;
    uint32_t item_count, item_cap;
    uint8_t directory; // plk_queue_wish
    struct plk_queue_way ways[PLK_QUEUE_CLIENT_FORWARDS];
    struct plk_queue_client_event *events; // not yet pulled
    uint32_t event_count, event_cap, event_at;
    uint32_t next_batch;
    uint32_t cursor;                      // where the search for something due goes on
    bool stirred;                         // something may be due
    bool work;                            // some slot's NEWQ waits for a nonce
    uint32_t working;                     // that slot, plus 1
    uint64_t work_nonce;                  // to be tried next
    uint8_t list[4 * PLK_QUEUE_LIST_MAX]; // of the record that was given out last
};

// Tags name what they are for, so that no table of questions is needed.
#define PLK_QUEUE_TAG_SHIFT 24
static inline uint32_t plk_queue_tag(enum plk_queue_type type, uint32_t index) {
    return (uint32_t)type << PLK_QUEUE_TAG_SHIFT | index;
}

struct plk_queue_slot *plk_queue_client_slot(struct plk_queue_client *c, uint32_t id);   // or NULL
struct plk_queue_slot *plk_queue_client_at(struct plk_queue_client *c, uint32_t handle); // or NULL
void plk_queue_client_tell(struct plk_queue_client *c, const struct plk_queue_client_event *event);
// Tells the owner if the queue's state is one that it waits for and was not told.
void plk_queue_client_settle(struct plk_queue_client *c, struct plk_queue_slot *slot);
void plk_queue_client_release(struct plk_queue_client *c, struct plk_queue_slot *slot); // the place is free
bool plk_queue_client_is_quiet(const struct plk_queue_slot *slot); // no answer is outstanding that names its place
void plk_queue_client_put_end(struct plk_queue_client *c, struct plk_queue_put *put);
void plk_queue_client_refuse(struct plk_queue_client *c, struct plk_queue_slot *slot, enum plk_queue_code code);
// The queue is to be made: how, or that it cannot be.
void plk_queue_client_want(struct plk_queue_client *c, struct plk_queue_slot *slot);

// client_forward.c
void plk_queue_client_forwards_down(struct plk_queue_client *c);
bool plk_queue_client_directory_next(struct plk_queue_client *c, struct plk_queue_record *record);
enum plk_err plk_queue_client_directory_told(struct plk_queue_client *c, const struct plk_queue_record *record,
                                             struct plk_queue_client_event *event);
bool plk_queue_client_forward_next(struct plk_queue_client *c, struct plk_queue_record *record);
enum plk_err plk_queue_client_forward_done(struct plk_queue_client *c, enum plk_queue_type type, uint32_t index,
                                           enum plk_queue_code code); // MALFORMED: nothing of the kind was asked

#endif
