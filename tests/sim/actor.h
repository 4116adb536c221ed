// SPDX-License-Identifier: MIT
// One machine of a world and the process on it: interfaces and ports, a disk, a clock, memory that is counted, and a node that
// is driven exactly as wire/effect.h says. The machine outlives its process: disk, addresses and clock stay.
#ifndef SIM_ACTOR_H
#define SIM_ACTOR_H

#include "node/node.h"
#include "sim/disk.h"
#include "sim/nat.h"
#include "sim/net.h"

#define ACTOR_NAME_MAX 32
#define ACTOR_PLACES 4                        // where it may be: 0 is home
#define ACTOR_OUTPUTS_MAX 50000               // between one input and WAIT; more is a loop without end
#define ACTOR_TICKS_MAX 2000                  // at one instant
#define ACTOR_MEMORY_MAX (UINT64_C(48) << 20) // bytes of one node, at any time
#define ACTOR_SOCKETS_MAX 320                 // beside the one for its port
#define ACTOR_SOCKETS_LOW 20000               // their ports
#define ACTOR_SUSPEND_MAX 64                  // packets that a node may send when it is told to sleep

struct served;
struct world;

// What a command ended with; text is a copy with a terminator, owned by the actor.
struct actor_result {
    uint64_t ticket;
    enum plk_command_kind kind;
    enum plk_err err;
    uint32_t contact;
    uint64_t row;
    uint8_t id[PLK_ID_LEN];
    enum plk_state state;
    bool repeated;
    char *text;
    size_t text_len;
    uint64_t at_us;
};

struct actor_event {
    struct plk_event_row row;
    uint8_t id[PLK_ID_LEN];
    uint64_t at_us;
};

struct actor_command { // given, not yet answered
    uint64_t ticket;
    enum plk_command_kind kind;
    uint64_t text_hash; // of SEND's text, of ADD's note; 0: none
};

struct actor_stream {
    uint32_t stream;
    size_t room; // what the node was told that it may write, less what it wrote
};

struct actor_socket {
    uint32_t socket; // as the node calls it
    uint16_t port;
};

struct actor {
    struct world *world;
    int index; // in the world, and its host's number in the net
    char name[ACTOR_NAME_MAX];
    struct dice dice;
    struct disk *disk;
    struct plk_mem mem;
    struct plk_node *node; // NULL: no process
    uint16_t port;         // UDP of both families and TCP
    bool allow_udp, allow_tcp, has4, has6;
    int site; // whose addresses it has: its own, unless it took over another's
    int place4, place6;
    struct nat *nat; // that it stands behind, or NULL (sim/world_nat.c)
    bool stranger;   // no node ever runs here: a story sends what it likes from its host
    bool asleep, moved_asleep;
    uint32_t starts; // processes so far

    uint64_t mono_base_us;  // its mono clock less the world's
    int64_t wall_offset_ms; // of its wall clock from the true one
    uint64_t wake_us;       // world time at which a TICK is entered; PLK_NEVER
    uint64_t deadline_us;   // mono, as WAIT said
    uint32_t wake_version;
    uint64_t tick_us; // when the last TICK was
    uint32_t ticks;   // at that instant

    uint64_t next_ticket;
    struct actor_command *pending;
    size_t pending_count, pending_cap;
    struct actor_result *results; // in the order in which they came, over all processes
    size_t result_count, result_cap;
    struct actor_event *events; // likewise
    size_t event_count, event_cap;
    uint64_t last_event; // of this process
    struct actor_stream *streams;
    size_t stream_count, stream_cap;
    struct actor_socket sockets[ACTOR_SOCKETS_MAX];
    size_t socket_count;
    uint16_t next_socket; // ports begin at ACTOR_SOCKETS_LOW

    struct served *served; // a relay beside the node (sim/served.h), or NULL

    uint64_t memory_peak;
    struct plk_counters counters;     // of the processes before this one
    struct tables saved;              // a snapshot of the store
    uint8_t peer_id[PLK_PEER_ID_LEN]; // once known; zero before
};

struct actor *actor_new(struct world *world, int index, const char *name);
void actor_free(struct actor *actor);

struct plk_now actor_now(const struct actor *actor);

void actor_start(struct actor *actor);
void actor_kill(struct actor *actor); // at once: what was not durable may be lost, by the disk's choice
void actor_suspend(struct actor *actor);
void actor_resume(struct actor *actor);
void actor_network(struct actor *actor); // NETWORK: its interfaces and ports as they are now

// Its faces at one of its places, each family for itself; place 0 is home; behind a NAT, places are addresses of the LAN. The
// node is told, when it is awake.
void actor_go(struct actor *actor, int place4, int place6);

// Gives the command with a ticket of its own, which it returns. The node must be there and awake.
uint64_t actor_command(struct actor *actor, const struct plk_command *command);
const struct actor_result *actor_result(const struct actor *actor, uint64_t ticket); // NULL: not yet

// One input into the node, and everything that comes out of it.
void actor_input(struct actor *actor, const struct plk_input *input);

#endif
