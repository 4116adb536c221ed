// SPDX-License-Identifier: MIT
// The paths of one link that has a session: which addresses are proven, which one carries data, and when to look for another
// (DESIGN 4; RFC 9000 sections 8.2 and 9 for validation and migration; the model: docs/design/paths.md). A path is proven by
// an answered challenge, or by the handshake that went over it. One mutation, then drain plk_paths_next.
#ifndef PLK_PATH_PATHS_H
#define PLK_PATH_PATHS_H

#include "base/err.h"
#include "base/time.h"
#include "crypto/rng.h"
#include "path/kind.h"
#include "path/mtu.h"

#define PLK_PATHS_MAX 8    // = PLK_FLIGHT_PATHS
#define PLK_PATHS_SPARES 3 // proven ones that are kept beside the active one, so that a move back needs no handshake
#define PLK_PATHS_RELAYS 2 // and as many of directed kinds, which the others must not push out
#define PLK_PATHS_ASKED 4  // of our own choice that are being asked at the same time
#define PLK_PATHS_CHALLENGES 5 // unanswered ones until a path is given up
#define PLK_PATHS_HASTY 2      // the same for an address of our own choice while others wait for its place
#define PLK_PATHS_CHALLENGE_US (150 * PLK_MS) // before the second; doubles, at most 2 s
#define PLK_PATHS_LOOK_US (15 * PLK_SECOND)   // how often spares are measured while there is data
// While data goes over a worse kind, better ones are looked for when a quarter of the time since that began is over once more,
// at least this and at most the one above: a short outage is noticed to be over soon, and a long one costs little.
#define PLK_PATHS_LOOK_SOON_US (2 * PLK_SECOND)
#define PLK_PATHS_UNPROVEN_LEN 1280        // bytes that may go to an address of our own choice before it has answered
#define PLK_PATHS_LOST_US (6 * PLK_SECOND) // no path has answered for so long while being asked: the link is lost
#define PLK_PATHS_HOLD_US \
    (1 * PLK_SECOND) // a choice stands so long (3 round trips), then the side that leads is followed
#define PLK_PATHS_INSIST_US (500 * PLK_MS) // the other must have stayed elsewhere so long (a round trip) until it is
#define PLK_PATHS_HOLD_WORSE_US (2 * PLK_SECOND) // more, before the peer's data draws ours to a worse kind
#define PLK_PATHS_SETTLED_US (30 * PLK_SECOND) // a better kind has carried data both ways for so long: the others close
#define PLK_PATHS_BETTER_US (10 * PLK_SECOND)  // after a choice, until a quicker path may be taken instead
#define PLK_PATHS_BETTER_BY_US (5 * PLK_MS)    // it must be quicker by this and by a quarter
#define PLK_PATHS_SAMPLES 2                    // measurements of each until two are compared
#define PLK_PATHS_LOSS_PPM 50000               // so much loss counts as a round trip more
#define PLK_PATHS_EPOCH_US (15 * PLK_SECOND)   // the least round trip of this one and the one before is compared

struct plk_path {
    uint32_t id; // 0: this place is free
    enum plk_transport transport;
    struct plk_addr addr; // remote
    uint32_t stream;      // TCP: the host's id; PASS: the id of the peer's queue; UDP: the socket, 0: the bound one
    struct plk_addr seen; // where the peer sees us on it, by its last answer; family 0: it has not said so
    bool inbound;         // the peer opened it, or was first to send from there
    bool asked;           // we chose it (plk_paths_ask), and it has not answered yet
    bool proven;
    bool checked; // a challenge has proven it, no handshake
    bool wide;    // packets of full size pass, both ways: only then data goes there
    bool was_active;
    bool checking;    // a challenge is out
    bool moved;       // the peer sends its data from here: followed when proven
    uint8_t token[8]; // of the challenges now out
    unsigned challenges;
    uint64_t challenged_us, next_us; // of the last challenge, of the next
    uint64_t heard_us;               // last authenticated packet from here
    uint64_t data_us;                // last one that was more than a check, 0: never
    uint64_t rtt_us;                 // smoothed, 0: not measured
    uint64_t least_us[2];            // of this epoch and of the one before, 0: none
    uint64_t epoch_us;               // when this epoch began
    unsigned samples;
    uint32_t loss_ppm;                    // share of packets, a moving average
    uint64_t counted_acked, counted_lost; // totals of the flight that loss_ppm has seen
    uint64_t came_len, went_len;          // bytes of packets, counted until it is proven
    struct plk_mtu mtu;                   // of addressed kinds
};

struct plk_paths {
    struct plk_path list[PLK_PATHS_MAX];
    uint32_t next_id;
    uint32_t active; // id, 0: none
    // This side changes to a quicker path of the same kind, the other follows: two that measure must not both decide. Set by the
    // owner, the same way round on both sides. Whatever does not work any more is left by either.
    bool leads;
    bool suspect;  // the active path does not answer
    bool busy;     // data has come or gone since the spares were last measured
    bool surveyed; // all candidates were asked since addresses last changed: by the side that leads, once there is data
    bool unsettled; // the peer's data has not yet come by the active path, or a worse kind was opened beside it
    bool settled;   // it has come for so long that spares of directed kinds are not measured any more
    bool waiting;   // candidates wait for a place (plk_paths_ask): told by the owner
    uint64_t suspect_us;
    uint64_t look_us;     // the next regular look at other paths
    uint64_t settle_us;   // when worse kinds are closed, PLK_NEVER
    uint64_t active_us;   // of the choice of the active path
    uint64_t insisted_us; // when it last did
    uint64_t relayed_us;  // when data last came by a directed kind, 0: never
    uint64_t insists_us;  // since when the peer's data has come by another path only, 0: it does not
    // what plk_paths_next has still to tell
    uint32_t tell_challenge, tell_dead; // bits by place in list
    bool tell_active, tell_race, tell_more, tell_settled, tell_lost;
    bool left_silent; // with tell_active
    struct plk_path dead[PLK_PATHS_MAX];
};

enum plk_paths_act {
    PLK_PATHS_CHALLENGE, // send PATH_CHALLENGE{path.token} on it, and nothing that is more than a check
    PLK_PATHS_ACTIVE,    // data goes over it from now on
    PLK_PATHS_DEAD,      // give it up: a copy of what it was; its id does not come back
    PLK_PATHS_RACE,      // look for others: plk_paths_ask for every candidate, from the first on
    PLK_PATHS_MORE,      // a place is free: plk_paths_ask for those that wait
    PLK_PATHS_SETTLED,   // connections that are no path are not needed any more
    PLK_PATHS_LOST       // nothing answers: the link needs a new handshake
};

struct plk_paths_action {
    enum plk_paths_act act;
    struct plk_path path;
    bool silent; // ACTIVE: what was left does not answer: its whole flight is lost
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

// Asks an address where the peer may be. False: as many are being asked as may be at the same time; when one of them answers
// or is given up, MORE tells. True also when it is a path already.
bool plk_paths_ask(struct plk_paths *p, const struct plk_addr *addr, struct plk_rng *rng, uint64_t now_us);

// The same for a queue of the peer's. False: there is no place for it now.
bool plk_paths_ask_relay(struct plk_paths *p, uint32_t queue, struct plk_rng *rng, uint64_t now_us);
// Better ways may have become known: RACE, if data goes over a worse kind.
void plk_paths_seek(struct plk_paths *p);

// An authenticated packet came over it. data: it is more than a check, a "non-probing packet" of RFC 9000 section 9.1; newest:
// its number is the highest of all such packets so far. A peer whose newest data comes by another path has moved there
// (section 9.3). To a path that is proven it is followed, but not soon after a choice: what the peer sent before it knew of
// that would draw us back.
void plk_paths_heard(struct plk_paths *p, uint32_t id, bool newest, bool data, struct plk_rng *rng, uint64_t now_us);

// The same for a packet that came by a directed kind, so by no path of ours. Following compares kinds only: a peer whose newest
// data comes by a relay while ours goes by another kind has left that.
void plk_paths_relayed(struct plk_paths *p, bool newest, bool data, struct plk_rng *rng, uint64_t now_us);

// What the flight of the current session has measured on it: its latest round trip, and its totals.
void plk_paths_measured(struct plk_paths *p, uint32_t id, uint64_t rtt_us, uint64_t acked, uint64_t lost,
                        uint64_t now_us);
// What a path costs, in microseconds: its round trip, the more so the more it loses. 0: not measured often enough.
uint64_t plk_path_cost_us(const struct plk_path *path);

// Nothing larger than three times what came may go to an address that has not proved to be the peer's, nor more than
// PLK_PATHS_UNPROVEN_LEN to one from which nothing came (RFC 9000 section 8.1, DESIGN 3.10): a packet with a forged source
// or an address in a list must not turn us against a third party. Bytes are those of whole authenticated packets.
void plk_paths_came(struct plk_paths *p, uint32_t id, size_t len);
size_t plk_paths_room(const struct plk_paths *p, uint32_t id); // what may still go there; SIZE_MAX: proven
void plk_paths_went(struct plk_paths *p, uint32_t id, size_t len, bool message); // message: it holds one

// The largest packet of data that may leave on it, bytes.
static inline uint32_t plk_path_size(const struct plk_path *path) {
    struct plk_path_kind kind = plk_path_kind_of(path->transport);
    return kind.addressed ? path->mtu.size : kind.mtu;
}

// Begins a check unless one is under way.
void plk_paths_check(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// The same anew and at once: what stood in the way of its challenges may be gone. Not sooner after one than a second one is due.
void plk_paths_recheck(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// Whether a challenge on it, and so its answer, must have the full size (RFC 9000 section 8.2.1): not known yet, or in doubt.
bool plk_paths_is_narrow(const struct plk_paths *p, const struct plk_path *path);

// The peer's answer: true when it was one of ours; then that path is proven. wide: it came in a packet of full size. One that
// is proven in a small packet only is asked once more, now that a large one may be sent there, before data goes over it.
bool plk_paths_answered(struct plk_paths *p, const uint8_t token[8], bool wide, struct plk_rng *rng, uint64_t now_us);

// Where the challenge with that token came from, as its answer says: told before plk_paths_answered.
void plk_paths_seen(struct plk_paths *p, const uint8_t token[8], const struct plk_addr *seen);

// Packets on this path are not acknowledged: look for others, at once.
void plk_paths_silent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// Its relay says that the peer is not there now. The active path is silent, another is not kept for later.
void plk_paths_absent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// Its TCP stream is gone, or its address was refused.
void plk_paths_close(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us);

// One's own addresses changed: nothing is proven any more, all are asked.
void plk_paths_network_changed(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us);

void plk_paths_tick(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us);
uint64_t plk_paths_deadline(const struct plk_paths *p);
bool plk_paths_next(struct plk_paths *p, struct plk_paths_action *action);

#endif
