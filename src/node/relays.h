// SPDX-License-Identifier: MIT
// The relays that this node is a client of (DESIGN 3.6, 3.7): one's own, which are stored and always connected, and those of
// others, connected while something is wanted of them. Each has a dial (channel/relay_dial.h) and a queue client
// (queue/client.h); this is where they meet: bytes of the channel's stream to the client and back, frames PASS to node/boxes.
// What lies in queues, and whose they are, is node/boxes.h.
#ifndef PLK_NODE_RELAYS_H
#define PLK_NODE_RELAYS_H

#include "base/buf.h"
#include "channel/relay_dial.h"
#include "node/detour.h"
#include "queue/client.h"
#include "wire/relay_name.h"

#define PLK_RELAYS_OWN_MAX 8                  // that people chose; those that were learned are beside them
#define PLK_RELAYS_MAX 256                    // with those of others
#define PLK_RELAYS_WANTED_US (2 * PLK_MINUTE) // one of others is kept so long after it was last wanted
#define PLK_RELAYS_LEAVE_US PLK_MINUTE // one's own that is removed: it is left then, if nothing comes out of its queues
#define PLK_RELAYS_FIRST_STREAM UINT32_C(0x40000000) // TCP streams of dials: from here, 64 Ki each
#define PLK_RELAYS_ROW_MAX 224

struct plk_box;
struct plk_node;

enum plk_relay_source {
    PLK_RELAY_FOREIGN,    // somebody else's: not stored
    PLK_RELAY_CONFIGURED, // by the user
    PLK_RELAY_ADOPTED,    // a newcomer's: from the first link that it opened
    PLK_RELAY_FRIEND,     // a contact's node (node/friends.h)
    PLK_RELAY_LEARNED,    // from what another own relay knows (node/learned.h)
};

struct plk_relay_link {
    struct plk_relay_link *next;
    uint32_t number; // of its row, from 1; 0: FOREIGN
    uint32_t slot;   // which streams and ticket are its dial's
    enum plk_relay_source source;
    uint8_t key[32]; // the relay's static: what it is known by
    char host[PLK_RELAY_HOST_MAX];
    uint8_t host_len;
    uint16_t port;
    bool has_token;
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
    struct plk_detour *detour;   // NULL: it is spoken to from here; else FOREIGN, and its dial is inside another's
    struct plk_relay_dial *dial; // NULL: not wanted now
    struct plk_queue_client *queues;
    uint64_t wanted_us;    // FOREIGN: connected until then
    uint64_t up_us;        // when the present channel came up; 0: there is none
    struct plk_buf rest;   // what the stream has not yet taken of a record
    uint8_t challenged;    // what its channel had counted when it was last looked at
    uint64_t missed_us;    // since when an own one does not answer; 0: it does (node/learned.h)
    uint64_t asked_us;     // when it was last asked for other relays; 0: never
    bool dirty, polls;     // to be settled; may have something to send
    bool ending;           // CLOSE is said, then the dial goes
    bool readdress;        // its address is another: it is dialled anew
    uint64_t due_us;       // of dial and queue client, as of when it was last settled
    struct plk_box *boxes; // queues there (node/boxes.h)
};

struct plk_relays {
    struct plk_mem *mem;
    struct plk_relay_link
        *first; // own ones in the order of their numbers, those that were learned last, then the others
    size_t count;
    uint32_t next_number, next_slot;
    uint32_t forward_id; // the last that was given to a FWD
    bool any_dirty;
    bool reroute;    // other relays are one's own now: who is reached through them only is reached by other ways
    uint64_t due_us; // a lower bound
};

void plk_relays_init(struct plk_relays *relays, struct plk_mem *mem);
void plk_relays_free(struct plk_node *node);

// A row of the start. CORRUPT.
enum plk_err plk_relays_row(struct plk_node *node, const struct plk_row *row);

// Any row of table relay, at the start: those of node/learned.h and node/friends.h as well.
enum plk_err plk_relays_start_row(struct plk_node *node, const struct plk_row *row);

// For a backup, and out of one: the row is then written. What is no row is passed over.
void plk_relays_back_up(struct plk_node *node, struct plk_buf *backup);
void plk_relays_restore(struct plk_node *node, const struct plk_row *row);

// One that is spoken to from here, or NULL.
struct plk_relay_link *plk_relays_find(const struct plk_relays *relays, const uint8_t key[32]);
// The one with this key; made as FOREIGN, with this address, when there is none. detour: it must not be spoken to from here,
// unless it is one's own; so one relay of others may be known twice. NULL: too many.
struct plk_relay_link *plk_relays_get(struct plk_node *node, const uint8_t key[32], struct plk_bytes host,
                                      uint16_t port, bool detour);
// Makes it one's own, and durable; a token, or another address, replaces what was known. LIMIT: PLK_RELAYS_OWN_MAX. NULL
// token: as it is.
enum plk_err plk_relays_add(struct plk_node *node, const uint8_t key[32], struct plk_bytes host, uint16_t port,
                            const uint8_t *token, enum plk_relay_source source, struct plk_relay_link **out);
enum plk_err plk_relays_command_add(struct plk_node *node, const struct plk_command *command);
enum plk_err plk_relays_command_remove(struct plk_node *node, const struct plk_command *command);
// No more one's own. Queues on it are the caller's to drop before (node/leaving.h).
void plk_relays_remove(struct plk_node *node, struct plk_relay_link *relay);
bool plk_relays_has_own(const struct plk_relays *relays);

// Something is wanted of it now: it is connected, if it is not, and stays so for a while.
void plk_relays_want(struct plk_node *node, struct plk_relay_link *relay);
// Nothing is wanted of a relay of others any more, unless it still has queues of somebody: it is left at once and without a word.
void plk_relays_abandon(struct plk_node *node, struct plk_relay_link *relay);
// What was asked of its queue client is to leave before this input is done.
void plk_relays_touch(struct plk_node *node, struct plk_relay_link *relay);
// Sends one PASS to it at once. False: it is lost, as PASS may be.
bool plk_relays_pass(struct plk_node *node, struct plk_relay_link *relay, const struct plk_relay_channel_frame *frame,
                     struct plk_output *output);
static inline bool plk_relay_link_is_up(const struct plk_relay_link *relay) { return relay->up_us != 0; }

// ---- between relays.c and relay_rows.c

struct plk_relay_link *plk_relay_link_new(struct plk_relays *relays, const uint8_t key[32], struct plk_bytes host,
                                          uint16_t port); // in no list; NULL: too many
void plk_relay_link_free(struct plk_mem *mem, struct plk_relay_link *relay);
void plk_relay_link_move(struct plk_relay_link *relay, struct plk_bytes host, uint16_t port); // its address
void plk_relays_enter(struct plk_relays *relays, struct plk_relay_link *relay); // own ones stand before the others
void plk_relays_take_out(struct plk_relays *relays, struct plk_relay_link *relay);

// ---- for detour.c

void plk_relays_went_down(struct plk_node *node, struct plk_relay_link *relay); // its channel is no more; twice is fine

// ---- for node.c, incoming.c and box_traffic.c

// A frame FWD on an own relay's channel.
void plk_relays_forwarded(struct plk_node *node, struct plk_relay_link *through,
                          const struct plk_relay_channel_frame *frame);

bool plk_relays_packet(struct plk_node *node, const struct plk_addr *from, const struct plk_packet *packet);
bool plk_relays_stream(struct plk_node *node, const struct plk_input *input); // false: it is no dial's
void plk_relays_resolved(struct plk_node *node, const struct plk_input *input);
void plk_relays_network_changed(struct plk_node *node);
void plk_relays_tick(struct plk_node *node);
void plk_relays_settle(struct plk_node *node); // all that are dirty
bool plk_relays_poll(struct plk_node *node, struct plk_output *output);
uint64_t plk_relays_deadline(const struct plk_node *node);

#endif
