// SPDX-License-Identifier: MIT
// The daily walk over the store, and the one at the start: items over 30 days old go, and queues whose owner has not come for
// 90; what is left is counted. A part at a time, and only while the disk has nothing better to do.
#ifndef PLK_RELAY_SWEEP_H
#define PLK_RELAY_SWEEP_H

#include "base/time.h"
#include "wire/effect.h"

#define PLK_RELAY_SWEEP_ROWS 256
#define PLK_RELAY_SWEEP_PAUSE_US (20 * PLK_MS)

struct plk_relay;
struct plk_read;

struct plk_relay_sweep {
    bool running, reading;
    bool queues;  // the second table
    uint32_t day; // of the last walk that began
    uint64_t next_us;
    uint64_t counted; // bytes of cells seen by this walk
    uint8_t from[PLK_ROW_KEY_MAX];
    size_t from_len;
    int64_t
        stored; // bytes of all cells, as far as known: may be below 0 until another process has told what it has kept
    int64_t changed; // by this process since its start
    bool stored_known;
};

void plk_relay_sweep_tick(struct plk_relay *relay);
uint64_t plk_relay_sweep_deadline(const struct plk_relay *relay);
void plk_relay_sweep_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input);
// What is known of the bytes of all cells, never below 0.
static inline uint64_t plk_relay_sweep_stored(const struct plk_relay_sweep *sweep) {
    return sweep->stored < 0 ? 0 : (uint64_t)sweep->stored;
}
// A cell came or went.
void plk_relay_sweep_add(struct plk_relay *relay, uint64_t bytes);
void plk_relay_sweep_remove(struct plk_relay *relay, uint64_t bytes);

#endif
