// SPDX-License-Identifier: MIT
// A relay of a contact's that is never spoken to from here: one's own relay carries the packets of a whole channel of ours
// with it there and back (FWD, DESIGN 3.7; docs/protocol/queue.md, section 3). It sees our relay's address, and not ours. This
// file finds a way, and another when that one ends: which own relay, which address of the other, and a dial inside. What the
// channel inside is for is node/relays', as with every relay.
//
//     a relay link that has a detour is due  -> plk_detour_look; afterwards plk_detour_deadline
//     its dial gives an output               -> plk_detour_wrap -> a packet of the own relay's channel
//     frame FWD on an own relay's channel    -> plk_detour_frame
//     answer to FWD OPEN                     -> plk_detour_answer
//     an own relay's channel came or went    -> plk_detours_up, plk_detours_down
#ifndef PLK_NODE_DETOUR_H
#define PLK_NODE_DETOUR_H

#include "channel/relay_dial.h"
#include "queue/client.h"

#define PLK_DETOUR_ANSWER_US (15 * PLK_SECOND) // for the own relay's answer, which takes at most 4 s of its own
#define PLK_DETOUR_PAUSE_US PLK_SECOND         // after all ways were tried once; doubles
#define PLK_DETOUR_PAUSE_MAX_US (5 * PLK_MINUTE)
// What a relay carries each way of one FWD, less a little: what is above is lost there (queue.md, section 3).
#define PLK_DETOUR_RATE (60u << 10)   // bytes a second
#define PLK_DETOUR_BURST (192u << 10) // at once

struct plk_node;
struct plk_relay_link;

enum plk_detour_state {
    PLK_DETOUR_IDLE,   // until due_us
    PLK_DETOUR_NAMING, // the other relay's name is being resolved
    PLK_DETOUR_ASKING, // `through` was asked for a FWD
    PLK_DETOUR_OPEN,   // there is one, and a dial inside it
};

struct plk_detour {
    enum plk_detour_state state;
    struct plk_relay_link *through; // ASKING, OPEN: the own relay
    uint32_t id;                    // likewise: of the FWD
    bool answered;                  // OPEN: its channel has come up once
    uint8_t cid[PLK_PACKET_CID_LEN];
    struct plk_addr addrs[PLK_RELAY_DIAL_ADDRS];
    unsigned addr_count, addr_at;
    uint32_t tried;           // number of the own relay that was last given up in this round; 0: none was
    unsigned failures;        // rounds in a row in which no way was found
    enum plk_queue_code code; // why the last way was none
    uint64_t due_us;
    uint64_t level_us; // the rate's: when as much as was sent will have been carried
};

// What is true of it, for people.
enum plk_detour_word {
    PLK_DETOUR_WORKS,
    PLK_DETOUR_SEEKS,       // under way, or not wanted now
    PLK_DETOUR_NO_RELAY,    // no own relay answers
    PLK_DETOUR_UNREACHABLE, // no own relay reaches it, or it does not answer
    PLK_DETOUR_REFUSED,     // they carry nothing more for us now
};
enum plk_detour_word plk_detour_word(const struct plk_node *node, const struct plk_relay_link *relay);

// It is due: a way is sought if it is wanted, and given up if it is not. May make and free relay->dial.
void plk_detour_look(struct plk_node *node, struct plk_relay_link *relay, bool wanted);
uint64_t plk_detour_deadline(const struct plk_relay_link *relay); // of look
// The FWD is closed: the dial inside has ended, or nothing is wanted of it.
void plk_detour_close(struct plk_node *node, struct plk_relay_link *relay);
void plk_detour_came_up(struct plk_relay_link *relay); // the channel inside

// Whether a packet may go now; else at plk_detour_room_us.
bool plk_detour_has_room(const struct plk_node *node, const struct plk_relay_link *relay);
uint64_t plk_detour_room_us(const struct plk_relay_link *relay);
// A packet of the dial inside becomes one of the own relay's. False: it is lost, as packets are.
bool plk_detour_wrap(struct plk_node *node, struct plk_relay_link *relay, struct plk_output *output);

void plk_detour_resolved(struct plk_node *node, struct plk_relay_link *relay, const struct plk_addr *addrs,
                         size_t count);
void plk_detour_answer(struct plk_node *node, struct plk_relay_link *through, uint32_t id, enum plk_queue_code code);
// A packet that was carried back, of the link and the way that this names. NULL: of none.
struct plk_relay_link *plk_detour_frame(struct plk_node *node, const struct plk_relay_link *through, uint32_t id,
                                        const struct plk_addr **from);
void plk_detours_up(struct plk_node *node);                                   // some own relay
void plk_detours_down(struct plk_node *node, struct plk_relay_link *through); // every way through it has ended

#endif
