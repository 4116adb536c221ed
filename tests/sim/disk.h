// SPDX-License-Identifier: MIT
// A disk under the contract of DESIGN 2, "Durability is an effect": one writer that commits whatever has gathered as soon as
// it is idle, loads that are ordered after every earlier store, and a crash that keeps some first part of what was not yet
// acknowledged, batch by batch. Answers come to the sink as inputs of the node, out of the agenda.
// What the node does against the contract is reported to `broke`, in words.
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "wire/effect.h"
#include "sim/agenda.h"
#include "sim/dice.h"
#include "sim/tables.h"
#include "wire/batch.h"

struct disk_speed {
    uint64_t commit_low_us, commit_high_us;
    uint32_t slow_ppm; // commits that take slow_us more: a disk that is busy with something else
    uint64_t slow_us;
    uint64_t load_high_us;
};

struct disk_sink {
    void *ctx;
    void (*input)(void *ctx, const struct plk_input *input);
    void (*broke)(void *ctx, const char *what);
    void (*changed)(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                    struct plk_bytes after);
};

struct disk_job;
struct disk_answer;

struct disk {
    struct agenda *agenda;
    struct dice dice;
    struct disk_sink sink;
    struct disk_speed speed;
    struct tables durable;        // what is there after a crash, and what is checked
    struct disk_job *head, *tail; // stores and loads that are not done, in order
    struct disk_answer *loading;  // the load that is being answered
    size_t batches, bytes;        // of stores among them
    uint64_t last_n;              // of the running process; 0: none yet
    uint32_t life;                // crashes and restores so far; an answer to an earlier one is lost
    bool busy, asleep, stalled, stall_told;
    uint64_t commits, stores, loads;
};

struct disk *disk_new(struct agenda *agenda, struct dice dice, const struct disk_sink *sink,
                      const struct disk_speed *speed);
void disk_free(struct disk *d);

// The node's outputs.
void disk_store(struct disk *d, uint64_t n, const struct plk_batch *ops);
struct disk_range {
    uint64_t ticket;
    enum plk_table table;
    struct plk_bytes from, to;
    uint32_t limit;
    bool reverse;
};
void disk_load(struct disk *d, const struct disk_range *range);

bool disk_idle(const struct disk *d);          // nothing is waiting to become durable
void disk_crash(struct disk *d);               // the process died; a new one may begin
void disk_stall(struct disk *d, bool stalled); // full or locked; and free again
void disk_sleep(struct disk *d, bool asleep);

// Another state of the store, while no process uses it: a restored snapshot, a copy of another's disk.
void disk_replace(struct disk *d, const struct tables *with);

#endif
