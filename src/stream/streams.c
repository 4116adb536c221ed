// SPDX-License-Identifier: MIT
#include "stream/streams.h"

#include "stream/datagrams.h"
#include "stream/incoming.h"
#include "stream/outgoing.h"

struct plk_streams {
    struct plk_mem *mem;
    struct plk_outgoing out[PLK_STREAMS_COUNT];
    struct plk_incoming in[PLK_STREAMS_COUNT];
    struct plk_datagrams to_send, received;
    uint64_t sent, send_limit;                 // over all streams; the peer's
    uint64_t highest, consumed, receive_limit; // over all streams; ours
    bool limit_due;                            // MAX_DATA is to be sent
    bool hold;
    uint64_t window_max; // of one stream
    struct plk_streams_stats stats;
};

static void begin(struct plk_streams *s) {
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) {
        plk_outgoing_init(&s->out[id], s->window_max);
        plk_incoming_init(&s->in[id], s->window_max);
    }
    s->sent = s->highest = s->consumed = 0;
    s->send_limit = s->receive_limit = PLK_STREAMS_WINDOW_ALL;
    s->limit_due = false;
}

static void clear(struct plk_streams *s) {
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) {
        plk_outgoing_free(s->mem, &s->out[id]);
        plk_incoming_free(s->mem, &s->in[id]);
    }
    plk_datagrams_free(s->mem, &s->to_send);
    plk_datagrams_free(s->mem, &s->received);
}

struct plk_streams *plk_streams_new(struct plk_mem *mem) {
    struct plk_streams *s = plk_mem_take(mem, sizeof *s);
    s->mem = mem;
    s->window_max = PLK_STREAMS_WINDOW;
    begin(s);
    return s;
}

void plk_streams_trim(struct plk_streams *s) {
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) {
        plk_span_trim(s->mem, &s->out[id].span);
        plk_span_trim(s->mem, &s->in[id].span);
    }
}

void plk_streams_let_grow(struct plk_streams *s) {
    s->window_max = PLK_STREAMS_WINDOW_ALL;
    begin(s);
}

void plk_streams_free(struct plk_streams *s) {
    if (s == NULL) return;
    clear(s);
    plk_mem_give(s->mem, s);
}

void plk_streams_restart(struct plk_streams *s) {
    clear(s);
    begin(s);
}

static struct plk_outgoing *outgoing(struct plk_streams *s, uint32_t id) {
    plk_assert(id < PLK_STREAMS_COUNT);
    return &s->out[id];
}

static const struct plk_outgoing *written(const struct plk_streams *s, uint32_t id) {
    plk_assert(id < PLK_STREAMS_COUNT);
    return &s->out[id];
}

size_t plk_streams_write(struct plk_streams *s, uint32_t id, struct plk_bytes bytes) {
    return plk_outgoing_write(s->mem, outgoing(s, id), bytes);
}

size_t plk_streams_room(const struct plk_streams *s, uint32_t id) { return plk_outgoing_room(written(s, id)); }

void plk_streams_finish(struct plk_streams *s, uint32_t id) { outgoing(s, id)->finished = true; }

size_t plk_streams_unacked(const struct plk_streams *s, uint32_t id) {
    const struct plk_outgoing *o = written(s, id);
    return (size_t)(o->written_to - o->span.base);
}

uint64_t plk_streams_acked_to(const struct plk_streams *s, uint32_t id) { return written(s, id)->span.base; }

uint64_t plk_streams_sent_to(const struct plk_streams *s, uint32_t id) { return written(s, id)->sent_to; }

uint64_t plk_streams_written_to(const struct plk_streams *s, uint32_t id) { return written(s, id)->written_to; }

enum plk_err plk_streams_datagram_send(struct plk_streams *s, struct plk_bytes bytes) {
    if (bytes.len > PLK_STREAMS_DATAGRAM_MAX) return PLK_ERR_TOO_LONG;
    return plk_datagrams_put(s->mem, &s->to_send, bytes) ? PLK_ERR_OK : PLK_ERR_LIMIT;
}

bool plk_streams_wants(const struct plk_streams *s) {
    if (s->limit_due || s->to_send.count > 0) return true;
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) {
        if (s->in[id].limit_due || plk_outgoing_has_lost(&s->out[id])) return true;
        if (plk_outgoing_has_new(&s->out[id], s->send_limit - s->sent)) return true;
    }
    return false;
}

static bool next_limit(struct plk_streams *s, size_t room, struct plk_frame *frame, struct plk_frame_item *item) {
    if (s->limit_due && 1 + plk_writer_varint_len(s->receive_limit) <= room) {
        s->limit_due = false;
        frame->type = PLK_FRAME_MAX_DATA;
        frame->max_data = s->receive_limit;
        *item = (struct plk_frame_item){.kind = PLK_FRAME_MAX_DATA, .value = s->receive_limit};
        return true;
    }
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) {
        struct plk_incoming *in = &s->in[id];
        if (!in->limit_due || 2 + plk_writer_varint_len(in->limit) > room) continue;
        in->limit_due = false;
        frame->type = PLK_FRAME_MAX_STREAM_DATA;
        frame->max_stream_data.id = id;
        frame->max_stream_data.limit = in->limit;
        *item = (struct plk_frame_item){.kind = PLK_FRAME_MAX_STREAM_DATA, .stream = (uint16_t)id, .value = in->limit};
        return true;
    }
    return false;
}

static bool next_datagram(struct plk_streams *s, size_t room, struct plk_frame *frame, struct plk_frame_item *item) {
    if (s->to_send.count == 0) return false;
    size_t len = plk_datagrams_peek(&s->to_send).len;
    if (1 + plk_writer_varint_len(len) + len > room) return false;
    frame->type = PLK_FRAME_DATAGRAM;
    frame->datagram = plk_datagrams_take(&s->to_send);
    *item = (struct plk_frame_item){.kind = PLK_FRAME_PADDING};
    return true;
}

static bool next_stream(struct plk_streams *s, size_t room, struct plk_frame *frame, struct plk_frame_item *item) {
    bool found = false;
    uint32_t id = 0;
    for (uint32_t i = 0; i < PLK_STREAMS_COUNT && !found; i++) {
        struct plk_outgoing *o = &s->out[i];
        id = i;
        found = plk_outgoing_has_lost(o) && plk_outgoing_repeat(s->mem, o, room, frame);
        if (found) s->stats.bytes_repeated += frame->stream.bytes.len;
    }
    for (uint32_t i = 0; i < PLK_STREAMS_COUNT && !found; i++) {
        struct plk_outgoing *o = &s->out[i];
        uint64_t budget = s->send_limit - s->sent;
        id = i;
        found = plk_outgoing_has_new(o, budget) && plk_outgoing_new(o, room, budget, frame);
        if (found) s->sent += frame->stream.bytes.len;
    }
    if (!found) return false;
    frame->stream.id = id;
    s->stats.bytes_sent += frame->stream.bytes.len;
    *item = (struct plk_frame_item){.kind = PLK_FRAME_STREAM,
                                    .fin = frame->stream.fin,
                                    .stream = (uint16_t)id,
                                    .len = (uint32_t)frame->stream.bytes.len,
                                    .value = frame->stream.offset};
    return true;
}

bool plk_streams_next(struct plk_streams *s, size_t room, struct plk_frame *frame, struct plk_frame_item *item) {
    return next_limit(s, room, frame, item) || next_datagram(s, room, frame, item) || next_stream(s, room, frame, item);
}

void plk_streams_acked(struct plk_streams *s, const struct plk_frame_item *item) {
    if (item->kind == PLK_FRAME_STREAM) plk_outgoing_acked(s->mem, outgoing(s, item->stream), item);
}

// A limit that has grown since is on its way, or will be.
void plk_streams_lost(struct plk_streams *s, const struct plk_frame_item *item) {
    if (item->kind == PLK_FRAME_STREAM) {
        plk_outgoing_lost(s->mem, outgoing(s, item->stream), item);
    } else if (item->kind == PLK_FRAME_MAX_DATA) {
        s->limit_due = s->limit_due || item->value == s->receive_limit;
    } else if (item->kind == PLK_FRAME_MAX_STREAM_DATA) {
        plk_assert(item->stream < PLK_STREAMS_COUNT);
        struct plk_incoming *in = &s->in[item->stream];
        in->limit_due = in->limit_due || (item->value == in->limit && !in->has_final);
    }
}

bool plk_streams_takes(enum plk_frame_type type) {
    return type == PLK_FRAME_STREAM || type == PLK_FRAME_MAX_DATA || type == PLK_FRAME_MAX_STREAM_DATA ||
           type == PLK_FRAME_DATAGRAM;
}

static enum plk_err receive_stream(struct plk_streams *s, const struct plk_frame *frame) {
    struct plk_incoming *in = &s->in[frame->stream.id];
    struct plk_bytes bytes = frame->stream.bytes;
    uint64_t before = in->highest, offset = frame->stream.offset;
    enum plk_err err = plk_incoming_check(in, s->receive_limit - s->highest, offset, bytes.len, frame->stream.fin);
    if (err != PLK_ERR_OK) {
        s->stats.refused++;
        return err;
    }
    size_t fresh = plk_incoming_take(s->mem, in, offset, bytes, frame->stream.fin);
    s->highest += in->highest - before;
    s->stats.bytes_received += fresh;
    s->stats.bytes_again += bytes.len - fresh;
    return PLK_ERR_OK;
}

enum plk_err plk_streams_receive(struct plk_streams *s, const struct plk_frame *frame) {
    plk_assert(plk_streams_takes(frame->type));
    if (frame->type == PLK_FRAME_STREAM) return receive_stream(s, frame);
    if (frame->type == PLK_FRAME_MAX_DATA) {
        if (frame->max_data > s->send_limit) s->send_limit = frame->max_data;
    } else if (frame->type == PLK_FRAME_MAX_STREAM_DATA) {
        struct plk_outgoing *o = &s->out[frame->max_stream_data.id];
        if (frame->max_stream_data.limit > o->limit) o->limit = frame->max_stream_data.limit;
    } else if (frame->datagram.len > PLK_STREAMS_DATAGRAM_MAX ||
               !plk_datagrams_put(s->mem, &s->received, frame->datagram)) {
        s->stats.datagrams_dropped++;
    }
    return PLK_ERR_OK;
}

struct plk_bytes plk_streams_readable(const struct plk_streams *s, uint32_t id) {
    plk_assert(id < PLK_STREAMS_COUNT);
    return plk_span_view(&s->in[id].span, s->in[id].span.base, s->in[id].ready_to);
}

uint64_t plk_streams_ready_to(const struct plk_streams *s, uint32_t id) {
    plk_assert(id < PLK_STREAMS_COUNT);
    return s->in[id].ready_to;
}

static void open_all(struct plk_streams *s) {
    uint64_t limit = s->consumed + PLK_STREAMS_WINDOW_ALL;
    if (limit - s->receive_limit < PLK_STREAMS_WINDOW_ALL / 2) return;
    s->receive_limit = limit;
    s->limit_due = true;
}

void plk_streams_consume(struct plk_streams *s, uint32_t id, size_t len) {
    plk_assert(id < PLK_STREAMS_COUNT);
    plk_incoming_consume(s->mem, &s->in[id], len);
    s->consumed += len;
    if (s->hold) return;
    plk_incoming_open(&s->in[id]);
    open_all(s);
}

bool plk_streams_ended(const struct plk_streams *s, uint32_t id) {
    plk_assert(id < PLK_STREAMS_COUNT);
    return s->in[id].has_final && s->in[id].span.base == s->in[id].final;
}

void plk_streams_hold(struct plk_streams *s, bool hold) {
    s->hold = hold;
    if (hold) return;
    for (unsigned id = 0; id < PLK_STREAMS_COUNT; id++) plk_incoming_open(&s->in[id]);
    open_all(s);
}

bool plk_streams_datagram_next(struct plk_streams *s, struct plk_bytes *bytes) {
    if (s->received.count == 0) return false;
    *bytes = plk_datagrams_take(&s->received);
    return true;
}

void plk_streams_rest_new(struct plk_streams_rest *rest) {
    *rest = (struct plk_streams_rest){.limit = PLK_STREAMS_WINDOW,
                                      .limit_all = PLK_STREAMS_WINDOW_ALL,
                                      .own_limit = PLK_STREAMS_WINDOW,
                                      .own_limit_all = PLK_STREAMS_WINDOW_ALL};
}

static bool is_settled(const struct plk_outgoing *o, const struct plk_incoming *in) {
    return o->span.base == o->written_to && !o->finished && in->span.base == in->highest && !in->has_final &&
           !in->limit_due;
}

bool plk_streams_rest(const struct plk_streams *s, uint32_t id, struct plk_streams_rest *rest) {
    plk_assert(id < PLK_STREAMS_COUNT);
    const struct plk_outgoing *o = &s->out[id];
    const struct plk_incoming *in = &s->in[id];
    if (!is_settled(o, in) || s->limit_due || s->to_send.count > 0 || s->received.count > 0) return false;
    if (s->sent != o->sent_to || s->highest != in->highest || s->consumed != in->span.base) return false;
    *rest = (struct plk_streams_rest){.written_to = o->written_to,
                                      .limit = o->limit,
                                      .limit_all = s->send_limit,
                                      .consumed_to = in->span.base,
                                      .own_limit = in->limit,
                                      .own_limit_all = s->receive_limit};
    return true;
}

struct plk_streams *plk_streams_new_rested(struct plk_mem *mem, uint32_t id, const struct plk_streams_rest *rest) {
    plk_assert(id < PLK_STREAMS_COUNT);
    struct plk_streams *s = plk_streams_new(mem);
    struct plk_outgoing *o = &s->out[id];
    struct plk_incoming *in = &s->in[id];
    o->span.base = o->sent_to = o->written_to = s->sent = rest->written_to;
    o->limit = rest->limit;
    s->send_limit = rest->limit_all;
    in->span.base = in->ready_to = in->highest = s->highest = s->consumed = rest->consumed_to;
    in->limit = rest->own_limit;
    s->receive_limit = rest->own_limit_all;
    return s;
}

struct plk_streams_stats plk_streams_stats(const struct plk_streams *s) {
    return s->stats;
}
