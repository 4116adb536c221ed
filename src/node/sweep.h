// SPDX-License-Identifier: MIT
// Old rows that nobody asks for any more: events and callers' ids (DESIGN 2). What is kept is the newest 100,000 events and all
// of the last 30 days, whichever is more; a caller's id goes with the events of its time. So neither a busy hour nor a clock that
// jumps takes away what a program has not yet read. Once a day, in steps.
#ifndef PLK_NODE_SWEEP_H
#define PLK_NODE_SWEEP_H

#include "base/time.h"
#include "node/callers.h"

#define PLK_SWEEP_EVENTS_KEPT UINT64_C(100000)
#define PLK_SWEEP_KEPT_MS (UINT64_C(30) * 24 * 3600 * 1000)
#define PLK_SWEEP_MARK_MS (UINT64_C(24) * 3600 * 1000) // between two marks
#define PLK_SWEEP_MARKS_MAX 40
#define PLK_SWEEP_EVERY_US PLK_DAY
#define PLK_SWEEP_FIRST_US (10 * PLK_MINUTE) // after the start
#define PLK_SWEEP_PAUSE_US (50 * PLK_MS)     // between two steps
#define PLK_SWEEP_STEP 500                   // rows of a step

struct plk_node;
struct plk_load;
struct plk_input;

// The wall clock when an event was made, one a day: the table of events has no times. Row 'e' of table profile.
struct plk_sweep_mark {
    uint64_t wall_ms, n;
};

struct plk_sweep {
    uint64_t due_us; // the next step, PLK_NEVER while rows are being read
    enum { PLK_SWEEP_REST, PLK_SWEEP_EVENTS, PLK_SWEEP_CALLERS } step;
    uint64_t first, below;                  // events from .. to .. are to go
    uint8_t cursor[PLK_CALLER_KEY_LEN + 1]; // of callers' ids: where the next page begins
    size_t cursor_len, page;                // rows of this page so far
    size_t mark_count;
    struct plk_sweep_mark marks[PLK_SWEEP_MARKS_MAX]; // by time and number
};

void plk_sweep_begin(struct plk_node *node); // the rows of the start are read
// The row of the marks. False: it is damaged.
bool plk_sweep_load(struct plk_sweep *sweep, struct plk_bytes value);
void plk_sweep_mark(struct plk_node *node); // an event was numbered
void plk_sweep_run(struct plk_node *node);  // what is due
void plk_sweep_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);

// Events below this number may go.
uint64_t plk_sweep_below(const struct plk_sweep *sweep, uint64_t event_n, uint64_t wall_ms);

#endif
