// SPDX-License-Identifier: MIT
// The sending half of one stream: what was written and is not acknowledged, what of it is lost, how far the
// peer allows.
#ifndef PLK_STREAM_OUTGOING_H
#define PLK_STREAM_OUTGOING_H

#include "stream/ranges.h"
#include "stream/span.h"
#include "stream/streams.h"

struct plk_outgoing {
    struct plk_span span;    // its base: all before it is acknowledged
    struct plk_ranges acked; // above the base
    struct plk_ranges lost;  // to be sent again; may hold more than is lost
    uint64_t sent_to, written_to;
    uint64_t limit; // the peer's
    uint64_t most;  // that may wait, if the peer's limit allows so much
    bool finished, fin_sent, fin_lost, fin_acked;
};

void plk_outgoing_init(struct plk_outgoing *o, uint64_t most);
void plk_outgoing_free(struct plk_mem *mem, struct plk_outgoing *o);

size_t plk_outgoing_room(const struct plk_outgoing *o);
size_t plk_outgoing_write(struct plk_mem *mem, struct plk_outgoing *o, struct plk_bytes bytes);

// There is something to repeat; something new, of which budget bytes are allowed by the limit of all streams.
bool plk_outgoing_has_lost(const struct plk_outgoing *o);
bool plk_outgoing_has_new(const struct plk_outgoing *o, uint64_t budget);
// Fills frame->stream but its id, for an encoding of at most room bytes. false: too little room.
bool plk_outgoing_repeat(struct plk_mem *mem, struct plk_outgoing *o, size_t room, struct plk_frame *frame);
bool plk_outgoing_new(struct plk_outgoing *o, size_t room, uint64_t budget, struct plk_frame *frame);

void plk_outgoing_acked(struct plk_mem *mem, struct plk_outgoing *o, const struct plk_frame_item *item);
void plk_outgoing_lost(struct plk_mem *mem, struct plk_outgoing *o, const struct plk_frame_item *item);

#endif
