// SPDX-License-Identifier: MIT
// One link: two processes that share keys, whatever they are to each other. It owns the sessions, their flights, the streams
// and the paths, and is where they meet. It knows nothing of contacts and messages: whoever owns it reads and writes its
// streams and looks at the signals.
//
//     datagram -> receive -> session -> flight, streams, paths            (link_receive.c)
//     streams, flight, paths -> session -> datagram                       (link_send.c)
//     message 1, message 2 -> session                                     (link_handshake.c)
//     decisions of paths -> flight, carriers, candidates                  (link_move.c, link_relay.c)
#ifndef PLK_NODE_LINK_H
#define PLK_NODE_LINK_H

#include "flight/flight.h"
#include "node/carrier.h"
#include "node/punch.h"
#include "node/timers.h"
#include "path/candidates.h"
#include "path/paths.h"
#include "path/trail.h"
#include "session/cids.h"
#include "session/gate.h"
#include "session/handshake.h"
#include "stream/streams.h"

struct plk_box;
struct plk_node;
struct plk_peer;

enum plk_link_role {
    PLK_LINK_CONTACT,  // KK, between contacts
    PLK_LINK_JOINER,   // NN, under an invite's psk; we opened the link
    PLK_LINK_INVITER,  // NN, under the psk of an own invite
    PLK_LINK_RECOVERY, // NN, under a contact's recovery psk
};

#define PLK_LINK_CHANNELS 3
#define PLK_LINK_ATTEMPT_CHANNEL 3u // in the map of connection ids: the session to be
#define PLK_LINK_REPLIES 8
#define PLK_LINK_ATTEMPT_US (12 * PLK_SECOND)
#define PLK_LINK_ROUND_US (250 * PLK_MS) // first repetition of message 1; doubles
#define PLK_LINK_TCP_AFTER_US (60 * PLK_MS)
#define PLK_LINK_GLARE_US (10 * PLK_SECOND)
#define PLK_LINK_OLD_CHANNEL_US (30 * PLK_SECOND)
#define PLK_LINK_IDLE_US (10 * PLK_MINUTE) // without payload: closed
#define PLK_LINK_TRIM_US (5 * PLK_SECOND)  // without payload, at the next occasion: streams give their memory back
#define PLK_LINK_PING_US (100 * PLK_SECOND)
#define PLK_LINK_HOLE_US (10 * PLK_SECOND) // the same for a hole in a NAT: some forget it after 12 s
#define PLK_LINK_TALK_US (2 * PLK_MINUTE)  // after payload a hole is kept open so long
#define PLK_LINK_STUCK_US (10 * PLK_MS)
#define PLK_LINK_QUIET_US (4 * PLK_MINUTE) // nothing heard at all: gone
// The same for NN sessions: their other end may have been restarted and has no reason to call again, and what they carry
// is repeated identically.
#define PLK_LINK_MEETING_QUIET_US (10 * PLK_SECOND)

// How a packet comes or goes.
struct plk_way {
    enum plk_transport transport;
    struct plk_addr addr; // remote
    // TCP: of the host. PASS: going out, the peer's queue that it goes into; coming in, ours that it came through; both by the
    // id of node/boxes. 0: all of the peer's. UDP: the socket (node/sockets.h), 0: the bound one.
    uint32_t stream;
};

// One session of a link.
struct plk_channel {
    bool live;
    bool smaller_initiated; // by the side with the smaller PeerID: wins in glare
    struct plk_session session;
    struct plk_cids cids;
    struct plk_flight *flight;
    uint32_t path_id[PLK_PATHS_MAX];  // which path the flight knows in this place, 0: none
    uint64_t path_cid[PLK_PATHS_MAX]; // number of the peer's connection id that this path uses
    uint32_t generation;
    uint32_t tag; // which of the owner's sets of keys
    uint8_t device[PLK_GREETING_DEVICE_LEN];
    uint8_t incarnation[PLK_GREETING_INCARNATION_LEN];
    uint8_t answers[PLK_PACKET_EPHEMERAL_LEN]; // the message 1 that it is the answer to; zero where we called
    uint64_t confirmed_us, replaced_us, heard_us;
    uint64_t data_next;             // one more than the highest number of a packet that was more than a check
    uint32_t new_cids;              // own ids to be announced, bits by place in cids.own
    uint64_t retire[PLK_CIDS_LIVE]; // numbers of peer's ids given up, to be told
    unsigned retire_count;
};

// An own attempt: one message 1, sent on everything known.
struct plk_attempt {
    bool live;
    struct plk_handshake handshake;
    struct plk_cids cids;
    uint64_t mark;       // the stamp's reservation is durable then
    uint64_t started_us; // when the first copy left, PLK_NEVER before
    uint64_t round_us;   // when the next round begins
    unsigned rounds;
    size_t cursor;        // candidate that is next in this round; count: the round is done
    unsigned boxes;       // queue of the peer's that is next in this round
    struct plk_way first; // a way that is tried before all candidates; transport 0: none
    bool first_due;
};

enum plk_reply_kind { PLK_REPLY_MESSAGE2, PLK_REPLY_RESPONSE };

struct plk_reply {
    enum plk_reply_kind kind;
    struct plk_way way;
    uint64_t mark; // MESSAGE2: not before this is durable
    unsigned channel;
    uint8_t token[8];
    size_t size;   // RESPONSE: of the packet that asked
    unsigned sent; // to a question that came by relay: into how many queues the answer has gone
};

struct plk_link {
    struct plk_link *next;  // all links of the node; what walking through them reads stands together here
    bool dead;              // to be freed by the node
    bool dirty;             // something happened: look at it
    bool signal;            // while it was polled: the owner looks before the host does anything else
    struct plk_timer timer; // plk_link_deadline, as of when it was last looked at
    enum plk_link_role role;
    struct plk_peer *peer;             // the contact; NULL for INVITER
    uint32_t invite;                   // INVITER
    uint32_t meets;                    // INVITER, JOINER: the contact whose acceptance is to be sent, 0: none
    uint32_t insists;                  // INVITER: the contact that our own blob goes to on this session, 0: none
    bool handed;                       // the blob, request or acceptance was written into the stream
    bool crossed;                      // JOINER: the peer's blob was taken here instead of an acceptance of ours
    struct plk_candidates *candidates; // the peer's, or NULL
    struct plk_channel channels[PLK_LINK_CHANNELS];
    uint8_t incarnation[PLK_GREETING_INCARNATION_LEN]; // random, of this link: its streams begin at 0 with it
    unsigned current;                                  // PLK_LINK_CHANNELS: none
    bool own_smaller;                                  // this side has the smaller PeerID
    struct plk_attempt attempt;
    uint32_t attempt_tag, answer_tag; // of the keys of the attempt, and of the latest answer; set by the owner
    uint64_t echo;                    // what the peer's newest greeting says it has seen of our stamps
    struct plk_gate *gate;            // of the keys in use; the peer's, or own_gate for NN
    struct plk_gate own_gate;
    struct plk_reply replies[PLK_LINK_REPLIES];
    unsigned reply_count;
    struct plk_streams *streams;
    struct plk_paths paths;
    struct plk_link_punch punch;
    uint64_t payload_us, heard_us, pinged_us, born_us;
    uint64_t polled_us; // when it last had nothing more to send
    uint64_t paced_us;  // nothing may be sent before; 0: not paced
    uint32_t probe;     // path that flight wants probed, 0: none
    bool ping_due;      // send something that wants an answer
    bool addresses_due; // tell the peer where we can be reached
    bool closing;       // say CLOSE and be gone
    // signals to the owner; the owner clears them
    bool moved; // a peer that should know says that this device was replaced by another one of our profile
    uint8_t refused_device[PLK_GREETING_DEVICE_LEN]; // of the last message 1 by a device that was replaced
    bool vanished;                                   // went down without a word: nothing was heard for too long
    bool came_up, restarted, went_down, told, lost, path_changed; // lost: no path answers, a new handshake is wanted
    uint64_t told_sequence;
    unsigned told_count;
    struct plk_frame_address told_list[PLK_FRAME_ADDRESSES_MAX];
};

struct plk_link *plk_link_new(struct plk_node *node, enum plk_link_role role, struct plk_peer *peer);
void plk_link_free(struct plk_node *node, struct plk_link *link); // closes its carriers, forgets its ids

static inline bool plk_link_is_up(const struct plk_link *link) { return link->current < PLK_LINK_CHANNELS; }
struct plk_channel *plk_link_current(struct plk_link *link); // or NULL

// ---- link_handshake.c

// Starts an attempt over the link's candidates, `first` before them if not NULL. mark: when the stamp is durable.
enum plk_err plk_link_attempt(struct plk_node *node, struct plk_link *link, const struct plk_handshake_keys *keys,
                              uint64_t stamp, uint32_t generation, uint64_t echo, uint64_t mark,
                              const struct plk_way *first);
// Repeats it at once, e.g. because an address changed.
void plk_link_attempt_hurry(struct plk_link *link, uint64_t now_us);
void plk_link_attempt_end(struct plk_node *node, struct plk_link *link);
// Message 2 for the attempt.
void plk_link_finish(struct plk_node *node, struct plk_link *link, const struct plk_way *way,
                     const struct plk_packet *packet);
// Message 1 that the gate found fresh. After OK the gate is raised: the caller makes its highest stamp durable and then
// lets plk_link_reply send the answer.
// MOVED: it is from a device that was replaced; the answer says so, and there is no session. The gate is raised as well.
enum plk_err plk_link_answer(struct plk_node *node, struct plk_link *link, const struct plk_handshake_keys *keys,
                             const struct plk_packet *packet, uint32_t generation);
// Is there still a session that the cached answer to this message 1 leads to? Without one it must not be repeated.
bool plk_link_has_answered(const struct plk_link *link, struct plk_bytes ephemeral);
// Sends the cached answer (once more) on this way, when mark is durable.
void plk_link_reply(struct plk_link *link, const struct plk_way *way, uint64_t mark);
// Makes a confirmed channel the current one, or not (glare, DESIGN 3.5). since_us: when the handshake message was sent that
// the way has now answered.
void plk_link_confirmed(struct plk_node *node, struct plk_link *link, unsigned channel, const struct plk_way *way,
                        uint64_t since_us);

// ---- why.c
// For who asks why (path/trail.h): what was tried, and what came of it. path, addr: of which way; NULL: of none.
void plk_link_note(struct plk_node *node, const struct plk_link *link, enum plk_trail_kind kind,
                   const struct plk_path *path);
void plk_link_note_at(struct plk_node *node, const struct plk_link *link, enum plk_trail_kind kind,
                      enum plk_transport transport, const struct plk_addr *addr);

// ---- link_receive.c
void plk_link_receive(struct plk_node *node, struct plk_link *link, unsigned channel, const struct plk_way *way,
                      const struct plk_packet *packet);
void plk_link_drain_flight(struct plk_node *node, struct plk_link *link, struct plk_channel *channel);

// ---- link_send.c
// The next packet of this link; false: nothing to send now.
bool plk_link_poll(struct plk_node *node, struct plk_link *link, struct plk_output *output);

// ---- link_move.c
// What was decided of the paths, but for challenges, which are packets.
void plk_link_act(struct plk_node *node, struct plk_link *link, const struct plk_paths_action *action);
// Connections that are open and no path yet are asked whether they are one: a call that was answered elsewhere left them.
void plk_link_ask_carriers(struct plk_node *node, struct plk_link *link);

// A trial of a packet's size on a path has ended: it was acknowledged, or lost.
void plk_link_size_tried(struct plk_node *node, struct plk_link *link, uint32_t path, uint64_t size, bool passed);
// So many packets larger than every path carries were lost on the active path, none acknowledged in between.
void plk_link_large_lost(struct plk_link *link, unsigned count);

// ---- link_relay.c
// The queues of the peer's that this link may send into, index from 0; NULL: no more.
struct plk_box *plk_link_box(const struct plk_node *node, const struct plk_link *link, unsigned index);
void plk_link_want_relays(struct plk_node *node, const struct plk_link *link); // they are to be connected
// Challenges all that take packets now.
void plk_link_ask_relays(struct plk_node *node, struct plk_link *link);
bool plk_link_has_relay(const struct plk_link *link); // some path goes through one
// What has confirmed a session came by relay: the path for what we send, a guess that is checked at once. NULL: there is none.
struct plk_path *plk_link_relay_confirmed(struct plk_node *node, struct plk_link *link);
bool plk_link_deaf_relay(const struct plk_node *node,
                         const struct plk_link *link); // data goes by one that takes none now
// What goes by it is not answered: perhaps its relay has forgotten us, which it would not say. It is asked for a sign of life.
void plk_link_doubt_relay(struct plk_node *node, const struct plk_path *path);
// The direct path is silent: perhaps all that goes by it is cut off, relays as well, the peer's and our own.
void plk_link_doubt_relays(struct plk_node *node, const struct plk_link *link);
// In a link that has no path that answers, those through relays may work again: a relay has come up, the peer asks through one.
void plk_link_recheck_relays(struct plk_node *node, struct plk_link *link);
void plk_links_relay_up(struct plk_node *node);
// For node/boxes: a relay has said NOBODY for that queue of the peer's; the peer has other queues, or one takes packets again.
void plk_link_nobody(struct plk_node *node, struct plk_peer *peer, uint32_t box);
void plk_link_boxes_changed(struct plk_node *node, struct plk_peer *peer);

// ---- link.c
void plk_link_tick(struct plk_node *node, struct plk_link *link);
uint64_t plk_link_deadline(const struct plk_node *node, const struct plk_link *link);
void plk_link_network_changed(struct plk_node *node, struct plk_link *link);
void plk_link_carrier_gone(struct plk_node *node, struct plk_link *link, uint32_t stream);
void plk_link_channel_end(struct plk_node *node, struct plk_link *link, unsigned channel);
// The path's place in a channel: known to its flight and with an id of its own. False: no id is left for it.
bool plk_channel_use_path(struct plk_channel *channel, const struct plk_paths *paths, const struct plk_path *path,
                          unsigned *place);
// The same with this id, given by its number.
bool plk_channel_add_path(struct plk_channel *channel, const struct plk_paths *paths, const struct plk_path *path,
                          uint64_t cid);
void plk_channel_forget_path(struct plk_channel *channel, uint32_t path_id);
void plk_link_close_carrier(struct plk_node *node, struct plk_carrier *carrier); // and tells the host
void plk_link_open_tcp(struct plk_node *node, struct plk_link *link);

#endif
