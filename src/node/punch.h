// SPDX-License-Identifier: MIT
// Ways through NATs that give each flow another port, or gave ours another one because the peer's packet had come first (DESIGN 4; docs/protocol/link.md, section 8; why: docs/design/paths.md, "Hard NATs").
// Who is behind such a NAT opens sockets for nothing else, sends from them to where the peer is seen, and tells it which ports it may
// have got: one that was predicted, or that they are many at random ones. The peer sends there. Whatever arrives opens a path
// like any other. One attempt at a time, whomever it is for: two would take each other's ports.
#ifndef PLK_NODE_PUNCH_H
#define PLK_NODE_PUNCH_H

#include "node/link_probe.h"
#include "node/node.h"
#include "path/predict.h"
#include "path/reflexive.h"
#include "path/volley.h"
#include "wire/effect.h"
#include "wire/frame.h"

#define PLK_PUNCH_AFTER_US (100 * PLK_MS)   // after the peer has told where it is: plain punching comes first
#define PLK_PUNCH_PLAIN_US (1500 * PLK_MS)  // plain punching has failed by then: another socket is tried
#define PLK_PUNCH_PREDICTIONS 4             // that fail, until many sockets are tried instead
#define PLK_PUNCH_PREDICT_US (350 * PLK_MS) // one lasts so long, and three round trips
#define PLK_PUNCH_BIRTHDAY_US (11 * PLK_SECOND)
#define PLK_PUNCH_AIM_US (1 * PLK_SECOND)
#define PLK_PUNCH_AGAIN_US (60 * PLK_SECOND) // after an attempt with many sockets has failed; doubles
#define PLK_PUNCH_AGAIN_MOST_US PLK_HOUR
#define PLK_PUNCH_QUIET_US (30 * PLK_SECOND) // until it is seen whether two who said nothing talk again
#define PLK_PUNCH_RESEAL_US (100 * PLK_MS)   // copies of one packet leave for so long
#define PLK_PUNCH_PROBE_SENDS 3              // of the question how the new socket is seen
#define PLK_PUNCH_PROBE_US (150 * PLK_MS)

struct plk_link;
struct plk_node;

enum plk_punch_stage {
    PLK_PUNCH_PROBING, // it is asked how the new socket is seen
    PLK_PUNCH_OPENING, // the peer has been told
    PLK_PUNCH_AIMING,  // the peer has told us
};

// Of the node.
struct plk_punch {
    struct plk_link *link; // NULL: no attempt is on
    enum plk_punch_stage stage;
    bool birthday;
    uint32_t first_socket;
    unsigned socket_count;
    struct plk_addr server;
    uint8_t id[PLK_STUN_ID_LEN];
    unsigned sends;
    uint64_t ask_us;
    struct plk_addr told[PLK_PREDICT_WINDOW]; // where the peer may find us
    unsigned told_count;
    struct plk_addr targets[PLK_VOLLEY_TARGETS]; // where the peer is
    unsigned target_count;
    struct plk_volley volley;
    struct plk_link_probe probe;
    uint64_t until_us;
    uint64_t look_us; // when links are to be looked at for the next one, PLK_NEVER
};

// Of a link.
struct plk_link_punch {
    unsigned tries;          // predictions that failed
    unsigned failures;       // attempts with many sockets that failed
    uint64_t next_us;        // no attempt of our own before
    uint64_t guess_us;       // nor any guessing of the peer's ports
    uint64_t plain_us;       // nor another socket between two NATs that keep a port for all
    struct plk_addr peer_at; // where it was said to be, as far as others see it; family 0: nowhere
    bool wanted;             // the peer has told where it is, and one may help
};

void plk_punch_init(struct plk_punch *punch);
void plk_punch_look(struct plk_node *node);                        // something has changed that attempts depend on
void plk_punch_told(struct plk_node *node, struct plk_link *link); // the peer's list is another (link->told_list)
void plk_punch_lost(struct plk_node *node, struct plk_link *link); // data goes by a relay again
void plk_punch_anew(struct plk_node *node, struct plk_link *link); // whatever failed may not fail now: another network
void plk_punch_forget(struct plk_node *node, struct plk_link *link); // it is freed
// What is to be told besides one's addresses, in front of them; returns how many, at most PLK_PREDICT_WINDOW.
unsigned plk_punch_listed(const struct plk_node *node, const struct plk_link *link, struct plk_frame_address *list);
bool plk_punch_heard(struct plk_node *node, const struct plk_stun *message); // false: not asked for
bool plk_punch_uses(const struct plk_node *node, uint32_t socket);
void plk_punch_tick(struct plk_node *node);
// For who asks why: the view's attempt, sockets, failed, again_us, own_counts and their_counts.
void plk_punch_tell(const struct plk_node *node, const struct plk_link *link, struct plk_why_view *view);
bool plk_punch_poll(struct plk_node *node, struct plk_output *output);
uint64_t plk_punch_deadline(const struct plk_node *node);

#endif
