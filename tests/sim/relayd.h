// SPDX-License-Identifier: MIT
// A machine of a world on which a relay runs: the same network, disk and crashes as the others have (sim/actor.h), another
// process. No node ever runs on it.
#ifndef SIM_RELAYD_H
#define SIM_RELAYD_H

#include "relay/relay.h"
#include "sim/world.h"

#define RELAYD_SEEN 64
#define RELAYD_BUNDLES 8

// What a relay does with cells that it has confirmed.
enum relayd_malice {
    RELAYD_HONEST,
    RELAYD_TAMPERS,     // some are lost, changed, repeated, swapped; overwritable ones are stale as well
    RELAYD_KEEPS_ITEMS, // gives nobody what was put
    RELAYD_KEEPS_ALL    // nor what was written
};

struct relayd {
    struct world *world;
    struct actor *machine;
    struct plk_mem mem;
    struct plk_relay *relay; // NULL: no process
    struct plk_relay_config config;
    uint8_t static_public[32];
    uint32_t wake_version, starts;
    uint64_t deadline_us, tick_us;
    uint32_t ticks; // at that instant
    uint64_t memory_peak;
    struct plk_relay_counters counters; // of the processes before this one
    enum relayd_malice malice;
    uint32_t misdeeds;
    uint8_t *loot; // where those lie that it has kept for itself
    struct plk_bytes seen[RELAYD_SEEN];
    size_t seen_count;
    uint8_t *bundles; // rows of overwritable cells, the first that it has seen
    size_t bundle_count;
};

struct relayd *relayd_new(struct world *w, const char *name); // not started; the config may be changed before that
void relayd_free(struct relayd *r);                           // before world_free
void relayd_start(struct relayd *r);
void relayd_tell(struct relayd *r, const struct relayd *other); // before a start: it announces itself there
void relayd_kill(struct relayd *r);      // at once: what was not durable may be lost, by the disk's choice
void relayd_lose_disk(struct relayd *r); // and kills it; started again it knows nothing
void relayd_drain(struct relayd *r, uint32_t wait_ms);
void relayd_token(struct relayd *r, const uint8_t token[PLK_QUEUE_TOKEN_LEN], uint32_t queues);
void relayd_revoke(struct relayd *r, const uint8_t token[PLK_QUEUE_TOKEN_LEN]);

struct plk_addr relayd_addr(const struct relayd *r, uint8_t family);
size_t relayd_rows(const struct relayd *r, enum plk_table table);      // durable ones
bool relayd_disk_holds(const struct relayd *r, struct plk_bytes what); // anywhere in a durable key or value

#endif
