// SPDX-License-Identifier: MIT
#include "stream/outgoing.h"

#define PIECE_MIN 32 // bytes: a smaller remainder of a packet is not worth a frame, unless it is all there is

void plk_outgoing_init(struct plk_outgoing *o, uint64_t most) {
    *o = (struct plk_outgoing){.limit = PLK_STREAMS_WINDOW, .most = most};
}

void plk_outgoing_free(struct plk_mem *mem, struct plk_outgoing *o) {
    plk_span_free(mem, &o->span);
    plk_ranges_free(mem, &o->acked);
    plk_ranges_free(mem, &o->lost);
}

size_t plk_outgoing_room(const struct plk_outgoing *o) {
    uint64_t most = o->limit - o->span.base, waits = o->written_to - o->span.base;
    if (most > o->most) most = o->most;
    if (most < PLK_STREAMS_SEND_MAX) most = PLK_STREAMS_SEND_MAX;
    return o->finished || waits >= most ? 0 : (size_t)(most - waits);
}

size_t plk_outgoing_write(struct plk_mem *mem, struct plk_outgoing *o, struct plk_bytes bytes) {
    size_t room = plk_outgoing_room(o);
    if (bytes.len > room) bytes.len = room;
    plk_span_put(mem, &o->span, o->written_to, bytes);
    o->written_to += bytes.len;
    return bytes.len;
}

bool plk_outgoing_has_lost(const struct plk_outgoing *o) { return o->lost.count > 0 || o->fin_lost; }

static uint64_t allowed(const struct plk_outgoing *o, uint64_t budget) {
    uint64_t len = o->written_to - o->sent_to;
    if (len > o->limit - o->sent_to) len = o->limit - o->sent_to;
    return len > budget ? budget : len;
}

static bool fin_waits(const struct plk_outgoing *o) {
    return o->finished && !o->fin_sent && o->sent_to == o->written_to;
}

bool plk_outgoing_has_new(const struct plk_outgoing *o, uint64_t budget) {
    return allowed(o, budget) > 0 || fin_waits(o);
}

// How many of len bytes at offset go into a frame of room bytes; SIZE_MAX: not even the frame's head, or a
// piece too small.
static size_t piece(size_t room, uint64_t offset, uint64_t len) {
    size_t head = 3 + plk_writer_varint_len(offset); // type, id, fin
    if (room <= head) return SIZE_MAX;
    room -= head;
    if (len + plk_writer_varint_len(len) <= room) return (size_t)len;
    size_t cut = plk_writer_varint_len(room);
    return room < cut + PIECE_MIN ? SIZE_MAX : room - cut;
}

static void fill(const struct plk_outgoing *o, uint64_t from, uint64_t to, struct plk_frame *frame) {
    frame->type = PLK_FRAME_STREAM;
    frame->stream.offset = from;
    frame->stream.bytes = plk_span_view(&o->span, from, to);
    frame->stream.fin = o->finished && to == o->written_to;
}

bool plk_outgoing_repeat(struct plk_mem *mem, struct plk_outgoing *o, size_t room, struct plk_frame *frame) {
    uint64_t from = o->written_to, len = 0; // the end of the stream alone
    if (o->lost.count > 0) {
        from = o->lost.at[0].from;
        len = o->lost.at[0].to - from;
    }
    size_t taken = piece(room, from, len);
    if (taken == SIZE_MAX) return false;
    fill(o, from, from + taken, frame);
    plk_ranges_remove(mem, &o->lost, from, from + taken);
    if (frame->stream.fin) {
        o->fin_sent = true;
        o->fin_lost = false;
    }
    return true;
}

bool plk_outgoing_new(struct plk_outgoing *o, size_t room, uint64_t budget, struct plk_frame *frame) {
    size_t taken = piece(room, o->sent_to, allowed(o, budget));
    if (taken == SIZE_MAX) return false;
    fill(o, o->sent_to, o->sent_to + taken, frame);
    o->sent_to += taken;
    if (frame->stream.fin) o->fin_sent = true;
    return true;
}

// What of the item is not behind us, empty when nothing; never beyond what was sent, which only an old item
// could name.
static struct plk_ranges_one open_part(const struct plk_outgoing *o, const struct plk_frame_item *item) {
    struct plk_ranges_one part = {.from = item->value, .to = item->value + item->len};
    if (part.from < o->span.base) part.from = o->span.base;
    if (part.to > o->sent_to) part.to = o->sent_to;
    if (part.to < part.from) part.to = part.from;
    return part;
}

static void advance(struct plk_mem *mem, struct plk_outgoing *o, uint64_t to) {
    while (o->acked.count > 0 && o->acked.at[0].from <= to) {
        if (o->acked.at[0].to > to) to = o->acked.at[0].to;
        plk_ranges_remove(mem, &o->acked, o->span.base, to);
    }
    plk_ranges_remove(mem, &o->lost, o->span.base, to);
    plk_span_drop(&o->span, to);
    if (o->most <= PLK_STREAMS_SEND_MAX) plk_span_trim(mem, &o->span);
}

void plk_outgoing_acked(struct plk_mem *mem, struct plk_outgoing *o, const struct plk_frame_item *item) {
    struct plk_ranges_one part = open_part(o, item);
    if (item->fin && o->fin_sent) {
        o->fin_acked = true;
        o->fin_lost = false;
    }
    if (part.from == part.to) return;
    if (part.from == o->span.base) {
        advance(mem, o, part.to);
    } else if (plk_ranges_add(mem, &o->acked, part.from, part.to)) {
        plk_ranges_remove(mem, &o->lost, part.from, part.to);
    } else {
        plk_ranges_add_about(mem, &o->lost, part.from, part.to); // no place to remember it: sent again, for another ack
    }
}

void plk_outgoing_lost(struct plk_mem *mem, struct plk_outgoing *o, const struct plk_frame_item *item) {
    struct plk_ranges_one part = open_part(o, item), gap;
    if (item->fin && o->fin_sent && !o->fin_acked) o->fin_lost = true;
    while (plk_ranges_gap(&o->acked, part.from, part.to, &gap)) {
        plk_ranges_add_about(mem, &o->lost, gap.from, gap.to);
        part.from = gap.to;
    }
}
