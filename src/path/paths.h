// SPDX-License-Identifier: MIT
// The paths of one link that has a session: which addresses are proven, which one carries data, and when to look for another
// (DESIGN 4; RFC 9000 section 8.2 and 9 for validation and migration). A path is proven by an answered challenge, or by the
// handshake that went over it. One mutation, then drain plk_paths_next.
#ifndef PLK_PATH_PATHS_H
#define PLK_PATH_PATHS_H

#include "base/addr.h"
#include "base/err.h"
#include "base/time.h"
#include "crypto/rng.h"

#define PLK_PATHS_MAX 8                        // = PLK_FLIGHT_PATHS
#define PLK_PATHS_CHALLENGES 5                 // unanswered ones until a path is given up
#define PLK_PATHS_CHALLENGE_US (150 * PLK_MS)  // before the second; doubles, at most 2 s
#define PLK_PATHS_UPGRADE_US (15 * PLK_SECOND) // how often UDP is tried again while data goes over TCP
#define PLK_PATHS_UNPROVEN_LEN 1280        // bytes that may go to an address of our own choice before it has answered
#define PLK_PATHS_LOST_US (6 * PLK_SECOND) // no path has answered for so long while being asked: the link is lost
#define PLK_PATHS_HOLD_US (1 * PLK_SECOND) // after a choice, and up to as much again at random

struct plk_path {
    uint32_t id; // 0: this place is free
    enum plk_transport transport;
    struct plk_addr addr; // remote
    uint32_t stream;      // TCP: the host's id
    bool inbound;         // the peer opened it, or was first to send from there
    bool proven;
    bool checking;    // a challenge is out
    bool moved;       // the peer sends its data from here: becomes active when proven
    uint8_t token[8]; // of the challenges now out
    unsigned challenges;
    uint64_t challenged_us, next_us; // of the last challenge, of the next
    uint64_t heard_us;               // last authenticated packet from here
    uint64_t rtt_us;                 // of the last answered challenge, 0: none
    uint64_t came_len, went_len;     // bytes of packets, counted until it is proven
};

struct plk_paths {
    struct plk_path list[PLK_PATHS_MAX];
    uint32_t next_id;
    uint32_t active; // id, 0: none
    bool suspect;    // the active path does not answer
    uint64_t suspect_us, upgrade_us;
    uint64_t hold_us; // the choice of the active path is not taken back before
    // what plk_paths_next has still to tell
    uint32_t tell_challenge, tell_dead; // bits by place in list
    bool tell_active, tell_race, tell_lost;
    struct plk_path dead[PLK_PATHS_MAX];
};

enum plk_paths_act {
    PLK_PATHS_CHALLENGE, // send PATH_CHALLENGE{path.token} on it
    PLK_PATHS_ACTIVE,    // data goes over it from now on
    PLK_PATHS_DEAD,      // give it up: a copy of what it was; its id does not come back
    PLK_PATHS_RACE,      // open paths to every candidate that has none
    PLK_PATHS_LOST       // nothing answers: the link needs a new handshake
};

struct plk_paths_action {
    enum plk_paths_act act;
    struct plk_path path;
};

void plk_paths_init(struct plk_paths *p);

// A way to the peer over which a session may be used. NULL: PLK_PATHS_MAX are in use and none can be given up for it.
// proven: the handshake went over it. Borrowed until the next call.
struct plk_path *plk_paths_open(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                                uint32_t stream, bool proven, uint64_t now_us);
struct plk_path *plk_paths_find(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                                uint32_t stream);
struct plk_path *plk_paths_by_id(struct plk_paths *p, uint32_t id);
const struct plk_path *plk_paths_active(const struct plk_paths *p); // or NULL

// An authenticated packet came over it. newest: its number is the highest so far; payload: it holds more than checks.
// A peer whose newest payload comes from another path has moved there. To a path that is proven it is followed, but not soon
// after a choice: what the peer sent before it knew of that would draw us back, and so to and fro for ever.
void plk_paths_heard(struct plk_paths *p, uint32_t id, bool newest, bool payload, struct plk_rng *rng, uint64_t now_us);

// Nothing larger than three times what came may go to an address that has not proved to be the peer's, nor more than
// PLK_PATHS_UNPROVEN_LEN to one from which nothing came (RFC 9000 section 8.1, DESIGN 3.10): a packet with a forged source
// or an address in a list must not turn us against a third party. Bytes are those of whole authenticated packets.
void plk_paths_came(struct plk_paths *p, uint32_t id, size_t len);
size_t plk_paths_room(const struct plk_paths *p, uint32_t id); // what may still go there; SIZE_MAX: proven
void plk_paths_went(struct plk_paths *p, uint32_t id, size_t len);

// Begins a check unless one is under way.
void plk_paths_check(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// The peer's answer: true when it was one of ours; then that path is proven.
bool plk_paths_answered(struct plk_paths *p, const uint8_t token[8], uint64_t now_us);

// Packets on this path are not acknowledged: look for others, at once.
void plk_paths_silent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// Its TCP stream is gone, or its address was refused.
void plk_paths_close(struct plk_paths *p, uint32_t id, uint64_t now_us);

// One's own addresses changed: nothing is proven any more, all are asked.
void plk_paths_network_changed(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us);

void plk_paths_tick(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us);
uint64_t plk_paths_deadline(const struct plk_paths *p);
bool plk_paths_next(struct plk_paths *p, struct plk_paths_action *action);

#endif
