// SPDX-License-Identifier: MIT
// What waits to be handed to the host: results and events until their batch is durable, stream calls, loads. Datagrams and
// stream data are not here: they are built when the host polls, so that nothing waits in memory that can be made anew.
#ifndef PLK_EFFECT_OUTPUTS_H
#define PLK_EFFECT_OUTPUTS_H

#include "base/buf.h"
#include "wire/effect.h"

struct plk_output_entry {
    struct plk_output_entry *next;
    uint64_t mark; // not before this number is durable
    struct plk_output output;
    struct plk_buf bytes; // what the output's ranges point into
};

struct plk_output_queue {
    struct plk_output_entry *first, *last;
};

struct plk_outputs {
    struct plk_mem *mem;
    struct plk_output_queue now;     // at once, in order
    struct plk_output_queue later;   // in order, each when its mark is durable
    struct plk_output_entry *handed; // what the host is looking at
};

void plk_outputs_init(struct plk_outputs *outputs, struct plk_mem *mem);
void plk_outputs_free(struct plk_outputs *outputs);

// Queues a copy, the bytes that it refers to included.
void plk_outputs_now(struct plk_outputs *outputs, const struct plk_output *output);
void plk_outputs_later(struct plk_outputs *outputs, uint64_t mark, const struct plk_output *output);

// The next one whose time has come. False: none. Borrowed until the next call.
bool plk_outputs_next(struct plk_outputs *outputs, uint64_t stored_n, struct plk_output *output);

#endif
