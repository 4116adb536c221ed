// SPDX-License-Identifier: MIT
// A world of actors under one seed and one clock (DESIGN 8). Everything that happens in it follows from the seed: the same
// seed gives the same trace, byte for byte, on every machine and from every compiler.
//
//     struct world *w = world_new(7, NULL);
//     struct actor *alice = world_actor(w, "alice");
//     world_start(alice);
//     world_init(alice);
//     ...
//     world_run_for(w, PLK_MINUTE);
//     if (world_failed(w)) puts(w->why);
//     world_free(w);
//
// The first thing that goes wrong is kept in `why`; from then on time stands still and every call returns at once.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim/actor.h"
#include "sim/check.h"
#include "sim/nat_class.h"
#include "sim/trace.h"
#include "sim/wire.h"

#define WORLD_ACTORS_MAX 24
#define WORLD_NATS_MAX NET_GATEWAYS_MAX
#define WORLD_COMMAND_LIMIT (2 * PLK_MINUTE)   // in which a command is answered, if its disk works
#define WORLD_EPOCH_MS UINT64_C(1767225600000) // the true wall clock at the beginning: 2026-01-01
#define WORLD_CANARY_LEN 12

struct world {
    uint64_t seed;
    struct agenda *agenda;
    struct net *net;
    struct trace trace;
    struct dice dice; // for stories: what happens when
    struct actor *actors[WORLD_ACTORS_MAX];
    int actor_count;
    struct nat *nats[WORLD_NATS_MAX];
    int nat_count;
    struct check *check;
    struct wire *wire;
    char canary[WORLD_CANARY_LEN + 1]; // in every text and name; never on a wire
    struct net_quality quality;        // of the lines of actors made from now on
    struct disk_speed speed;           // of their disks
    void *ended[WORLD_ACTORS_MAX];     // world_bury
    int ended_count;
    bool failed;
    char why[512];
    char text[65536]; // world_text
};

struct world *world_new(uint64_t seed, FILE *trace); // trace: NULL, or where each step is told
void world_free(struct world *w);
// Freed with the world: a machine that has ended, to which something is still under way.
void world_bury(struct world *w, void *at);

bool world_failed(const struct world *w);
void world_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- time -----------------------------------------------------------------------------------------------------------

static inline uint64_t world_now(const struct world *w) { return agenda_now(w->agenda); }
bool world_run_for(struct world *w, uint64_t us); // false: failed
typedef bool world_test(struct world *w, void *ctx);
// After each step asks; false: failed, or the limit passed (which is not yet a failure).
bool world_run_until(struct world *w, world_test *test, void *ctx, uint64_t limit_us);

// ---- actors ---------------------------------------------------------------------------------------------------------

struct actor *world_actor(struct world *w, const char *name); // makes it if it is not there
void world_start(struct actor *a);
void world_stop(struct actor *a); // waits until its disk is idle
void world_kill(struct actor *a);
void world_restart(struct actor *a); // kills and starts
void world_reboot(struct actor *a);  // the same, and its mono clock begins anew
void world_sleep(struct actor *a);
void world_wake(struct actor *a);
void world_move(struct actor *a, int place);                     // new addresses of both families
void world_move_one(struct actor *a, uint8_t family, int place); // of one; the other stays
void world_jump_wall(struct actor *a, int64_t ms);
void world_save(struct actor *a);                             // a snapshot of what is durable now
void world_roll_back(struct actor *a);                        // kills, restores the snapshot, starts
struct actor *world_clone(struct actor *a, const char *name); // a new machine with a copy of the disk; not started

// The machine stands where the old one stood, which is gone: its addresses and port. The node is started anew.
void world_take_over(struct actor *a, struct actor *old);

void world_part(struct world *w, struct actor *a, struct actor *b, uint8_t what); // both ways; 0 heals
void world_part_one_way(struct actor *from, struct actor *to, uint8_t what);
void world_set_quality(struct actor *a, const struct net_quality *q);
void world_heal(struct world *w); // all lines good, nothing blocked, disks free, all awake, up and at home

// ---- NATs (world_nat.c): the world's own; people are in the open until they are put behind one ----------------------------

// A new one of that class; of a stack the box next to the people. NULL: the class is that of no NAT.
struct nat *world_nat(struct world *w, enum nat_class class);
struct nat *world_nat_box(struct world *w, const struct nat_behaviour *is, const struct nat *front); // front: or NULL
void world_behind(struct actor *a, struct nat *nat); // it moves there at once; NULL: into the open
// What opens a direct path between the two where they are now, by addresses that they see of themselves and that a server sees.
enum nat_way world_permits(const struct actor *a, const struct actor *b, enum plk_transport transport);
void world_nat_reboot(struct world *w, struct nat *nat);
void world_nat_renumber(struct world *w, struct nat *nat);

// Good, middling and bad lines; the good one is what actors get unless told otherwise.
extern const struct net_quality world_line_good, world_line_mobile, world_line_awful;

// ---- commands: each runs the world until its RESULT ----------------------------------------------------------------------

// Any command; the result is owned by the actor. NULL: none came in time, which fails the world.
const struct actor_result *world_command(struct actor *a, const struct plk_command *command);

bool world_init(struct actor *a); // a profile; its name is the actor's with the canary
const char *world_invite(struct actor *a, enum plk_invite_kind kind);            // the link; NULL: failed
uint32_t world_add(struct actor *a, const char *link, const char *note);         // the contact's number; 0: failed
enum plk_err world_send(struct actor *from, struct actor *to, const char *text); // the canary is put before it
uint32_t world_contact(const struct actor *a, const struct actor *peer);         // the number of that contact; 0: none

// Invite and add, until both sides hold the other as an active contact.
bool world_befriend(struct actor *inviter, struct actor *joiner);

// Text with the canary before it, into a buffer of the world's: good until the next call.
struct plk_bytes world_text(struct world *w, const char *text);

// ---- tests for world_run_until ---------------------------------------------------------------------------------------------

bool world_is_up(struct world *w, void *actor); // its node has read its rows
bool world_all_delivered(struct world *w, void *none);
bool world_friends(struct world *w, void *pair); // struct actor *pair[2]: both active

#endif
