// SPDX-License-Identifier: MIT
// The inside of struct plk_node, for the files of src/node only.
#ifndef PLK_NODE_INSIDE_H
#define PLK_NODE_INSIDE_H

#include "contact/profile.h"
#include "crypto/rng.h"
#include "node/backup.h"
#include "node/boxes.h"
#include "node/callers.h"
#include "node/carrier.h"
#include "node/cid_map.h"
#include "node/discovery.h"
#include "node/mapped.h"
#include "node/friends.h"
#include "node/haunts.h"
#include "node/hints.h"
#include "node/invites.h"
#include "effect/ledger.h"
#include "node/learned.h"
#include "node/link.h"
#include "node/loads.h"
#include "node/mirror.h"
#include "node/post.h"
#include "node/neighbours.h"
#include "node/network.h"
#include "node/parley.h"
#include "node/publish.h"
#include "node/node.h"
#include "effect/outputs.h"
#include "node/peers.h"
#include "node/punch.h"
#include "node/rotation.h"
#include "node/serving.h"
#include "node/sockets.h"
#include "node/expiry.h"
#include "node/marks.h"
#include "node/sweep.h"

#define PLK_NODE_PACKET_MAX (PLK_PACKET_FRAME_LEN + PLK_PACKET_UDP4_MAX)

struct plk_node {
    struct plk_mem *mem;
    struct plk_rng rng;
    struct plk_now now; // of the call that is under way
    enum plk_node_state state;
    bool allow_udp, allow_tcp, suspended;
    struct plk_profile profile;
    struct plk_persona persona;
    struct plk_buf avatar;            // the profile's picture; empty: none
    uint64_t profile_mark;            // of name, about and picture, never 0: whether a contact has heard of them
    uint8_t replaces[PLK_DEVICE_LEN]; // the device that this one took the place of, when it was restored; else zero
    struct plk_ledger ledger;
    struct plk_outputs outputs;
    struct plk_loads loads;
    struct plk_cid_map cids;
    struct plk_carriers carriers;
    struct plk_network network;
    struct plk_discovery discovery;
    struct plk_mapped mapped;
    struct plk_sockets sockets;
    struct plk_punch punch;
    struct plk_neighbours neighbours;
    struct plk_mirror mirrors[2]; // IPv4, IPv6
    struct plk_hints hints;
    struct plk_haunts haunts;
    struct plk_peers peers;
    struct plk_invites invites;
    struct plk_parley parley;
    struct plk_publish publish;
    struct plk_callers callers;
    struct plk_relays relays;
    struct plk_boxes boxes;
    struct plk_rotation rotation;
    struct plk_learneds learneds;
    struct plk_friends friends;
    struct plk_serving serving;
    uint64_t put_number; // of the last cell that was put anywhere by node/post
    struct plk_backup_job backup;
    struct plk_sweep sweep;
    struct plk_expiries expiries;
    struct plk_timers link_timers, mail_timers; // of links; of the mail of peers that are warm
    struct plk_link *links;
    struct plk_link *polling;    // whose packets are being handed out; NULL: the round is over
    uint64_t event_n;            // last number given to an event
    struct plk_event_row events; // the row that it is in
    uint64_t events_batch_n;     // and that row's batch
    uint64_t dial_us;            // when the next contact is to be tried, a lower bound
    struct plk_counters counters;
    uint8_t relay_text[PLK_DATAGRAM_MAX];    // the text of a relay's packet: a link's may be in it
    uint8_t detour_text[PLK_DATAGRAM_MAX];   // of a packet that was carried in one of those
    uint8_t stun[PLK_REFLEXIVE_REQUEST_MAX]; // the request that the host is looking at
    uint8_t scratch[PLK_PACKET_MAX];         // the text of the packet that is being read
    uint8_t packet[PLK_NODE_PACKET_MAX];     // the packet that the host is looking at
};

struct plk_peer;

// The mail's view of this turn: call it anew after plk_ledger_turn.
struct plk_mail_turn plk_node_turn(struct plk_node *node);

// Numbers an event, writes its row into the open batch and tells it when that is durable. id may be NULL.
void plk_node_event(struct plk_node *node, enum plk_event_kind kind, uint32_t contact, uint64_t row,
                    enum plk_state state, uint8_t reason, const uint8_t *id);
void plk_node_event_of(struct plk_node *node, const struct plk_event_row *row, const uint8_t *id); // all but its number
// An event that is not stored: it carries the last durable number.
void plk_node_passing_event(struct plk_node *node, enum plk_event_kind kind, uint32_t contact);

void plk_node_write_profile(struct plk_node *node);
void plk_node_mark_profile(struct plk_node *node); // what contacts are told of it is another, perhaps
// A picture that plk_profile_check_avatar has passed; empty: none.
void plk_node_set_avatar(struct plk_node *node, struct plk_bytes avatar);
void plk_node_profile_body(const struct plk_node *node, struct plk_writer *w); // of PROFILE; room PLK_PROFILE_BODY_MAX

// incoming.c: datagrams and streams to links.
void plk_node_datagram(struct plk_node *node, const struct plk_input *input);
void plk_node_stream(struct plk_node *node, const struct plk_input *input);
void plk_node_packet(struct plk_node *node, const struct plk_way *way, struct plk_bytes bytes);

// A result for its command, when all that was written so far is durable.
void plk_node_result(struct plk_node *node, uint64_t ticket, enum plk_err err);

// commands.c
void plk_node_forget_contact(struct plk_node *node, struct plk_peer *peer); // its rows, its history, its queues
// start.c: the rows of the start are asked for; some of them are here.
void plk_node_start_ask(struct plk_node *node);
void plk_node_start_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);
void plk_node_greet_all(struct plk_node *node); // calls every contact soon, those for whom something waits first
void plk_node_command(struct plk_node *node, const struct plk_command *command);
// One that has waited for its contact's rows. A send was looked up by its caller's id before that: looking again would let
// later ones overtake it.
void plk_node_command_again(struct plk_node *node, const struct plk_command *command);
// The command again when the contact's rows have been read. False: too many wait.
bool plk_node_command_wait(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command);

#endif
