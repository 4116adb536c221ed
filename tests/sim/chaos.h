// SPDX-License-Identifier: MIT
// People who write to each other while everything goes wrong: kills, reboots, roaming, sleep, clocks that jump, parted and bad
// lines, full disks, blocked UDP, resets, a stranger who sends nonsense, new links between contacts; and, if asked for, stores
// that are rolled back. What
// goes wrong and when follows from the world's seed. Then all is healed, and everything that was accepted must arrive; the
// checkers watch all the time.
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include "sim/world.h"

#define CHAOS_SPAN_US (8 * PLK_MINUTE)     // of bad times, sleep not counted
#define CHAOS_QUIET_US (15 * PLK_MINUTE)   // after healing, in which everything arrives
#define CHAOS_FRIENDS_US (15 * PLK_MINUTE) // in which an invite is accepted, accidents included
#define CHAOS_RELAYS_QUIET_US \
    (90 *                     \
     PLK_MINUTE) // relays that were away are called every 5 minutes, people every hour, lost queues every 16 minutes
#define CHAOS_ROLLBACK_QUIET_US \
    (3 * PLK_HOUR) // after healing, when stores were rolled back: a re-key is wanted at most once an hour

// RELAYS: two relays that everybody uses, which have accidents as well; in every second world the people themselves are in networks
// that let nothing through between them, to the end. In every fourth each has one relay of the two, and they reach each other
// through relays only.
// NATS: the same relays, all of them honest; people are behind NATs of all classes, between which they move, and which start again and are renumbered.
enum chaos_kind { CHAOS_PLAIN, CHAOS_ROLLBACK, CHAOS_RELAYS, CHAOS_NATS };

struct chaos_report {
    uint32_t given, accepted, refused; // texts
    uint32_t accidents;
    uint64_t healed_us, settled_us; // world time
};

// Runs to the end, or to the first failure (world_failed).
struct chaos_report chaos_run(struct world *w, enum chaos_kind kind);

#endif
