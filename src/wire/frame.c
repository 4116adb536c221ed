// SPDX-License-Identifier: MIT
#include "wire/frame.h"

// RFC 9000 section 19.3: ranges descend; between two lies at least one missing number, which the gap does not
// count.
static bool read_ack(struct plk_reader *r, struct plk_frame_ack *ack) {
    uint64_t last = plk_reader_varint(r);
    ack->delay_us = plk_reader_varint(r);
    uint64_t more = plk_reader_varint(r);
    if (r->failed || more >= PLK_FRAME_RANGES_MAX) return false;
    ack->count = (unsigned)more + 1;
    for (unsigned i = 0;; i++) {
        uint64_t before = plk_reader_varint(r);
        if (r->failed || before > last) return false;
        ack->ranges[i] = (struct plk_frame_range){.first = last - before, .last = last};
        if (i + 1 == ack->count) return true;
        uint64_t gap = plk_reader_varint(r);
        if (r->failed || gap + 2 > ack->ranges[i].first) return false;
        last = ack->ranges[i].first - gap - 2;
    }
}

static bool read_stream(struct plk_reader *r, struct plk_frame *frame) {
    uint64_t id = plk_reader_varint(r);
    uint64_t offset = plk_reader_varint(r);
    uint64_t len = plk_reader_varint(r);
    uint8_t fin = plk_reader_u8(r);
    if (r->failed || id >= PLK_FRAME_STREAMS || fin > 1 || len > r->left || len > PLK_FRAME_MAX - offset) {
        return false;
    }
    frame->stream.id = (uint32_t)id;
    frame->stream.offset = offset;
    frame->stream.fin = fin == 1;
    frame->stream.bytes = plk_reader_take(r, (size_t)len);
    return true;
}

static bool read_max_stream_data(struct plk_reader *r, struct plk_frame *frame) {
    uint64_t id = plk_reader_varint(r);
    frame->max_stream_data.id = (uint32_t)id;
    frame->max_stream_data.limit = plk_reader_varint(r);
    return id < PLK_FRAME_STREAMS;
}

static bool read_response(struct plk_reader *r, struct plk_frame *frame) {
    plk_reader_copy(r, frame->response.token, sizeof frame->response.token);
    frame->response.seen = (struct plk_addr){0};
    if (r->left > 0 && r->at[0] == 0) {
        plk_reader_u8(r);
    } else {
        frame->response.seen = plk_addr_read(r);
    }
    return true;
}

static bool read_addresses(struct plk_reader *r, struct plk_frame *frame) {
    frame->addresses.sequence = plk_reader_varint(r);
    uint64_t count = plk_reader_varint(r);
    if (r->failed || count > PLK_FRAME_ADDRESSES_MAX) return false;
    frame->addresses.count = (unsigned)count;
    for (unsigned i = 0; i < frame->addresses.count; i++) {
        uint8_t what = plk_reader_u8(r), transport = what & 15;
        if (transport < PLK_UDP || transport > PLK_TLS) return false;
        frame->addresses.list[i].kind = what >> 4;
        frame->addresses.list[i].transport = (enum plk_transport)transport;
        frame->addresses.list[i].addr = plk_addr_read(r);
    }
    return true;
}

static bool read_handle(struct plk_reader *r, uint32_t *handle) {
    uint64_t value = plk_reader_varint(r);
    *handle = (uint32_t)value;
    return value <= UINT32_MAX;
}

static bool read_pass(struct plk_reader *r, struct plk_frame *frame) {
    if (!read_handle(r, &frame->pass.handle)) return false;
    frame->pass.bytes = plk_reader_sized(r, PLK_FRAME_PASS_MAX);
    return true;
}

static bool read_padding(struct plk_reader *r, struct plk_frame *frame) {
    frame->padding = 1;
    while (r->left > 0 && r->at[0] == 0) {
        r->at++;
        r->left--;
        frame->padding++;
    }
    return true;
}

static bool read_body(struct plk_reader *r, struct plk_frame *frame) {
    switch (frame->type) {
    case PLK_FRAME_PADDING:
        return read_padding(r, frame);
    case PLK_FRAME_PING:
        return true;
    case PLK_FRAME_ACK:
        return read_ack(r, &frame->ack);
    case PLK_FRAME_STREAM:
        return read_stream(r, frame);
    case PLK_FRAME_MAX_DATA:
        frame->max_data = plk_reader_varint(r);
        return true;
    case PLK_FRAME_MAX_STREAM_DATA:
        return read_max_stream_data(r, frame);
    case PLK_FRAME_DATAGRAM:
        frame->datagram = plk_reader_sized(r, r->left);
        return true;
    case PLK_FRAME_PATH_CHALLENGE:
        plk_reader_copy(r, frame->challenge, sizeof frame->challenge);
        return true;
    case PLK_FRAME_PATH_RESPONSE:
        return read_response(r, frame);
    case PLK_FRAME_NEW_CID:
        frame->new_cid.seq = plk_reader_varint(r);
        plk_reader_copy(r, frame->new_cid.cid, sizeof frame->new_cid.cid);
        return true;
    case PLK_FRAME_RETIRE_CID:
        frame->retire_cid = plk_reader_varint(r);
        return true;
    case PLK_FRAME_CLOSE:
        frame->close = plk_reader_varint(r);
        return true;
    case PLK_FRAME_ADDRESSES:
        return read_addresses(r, frame);
    case PLK_FRAME_PASS:
    case PLK_FRAME_FWD:
        return read_pass(r, frame);
    case PLK_FRAME_NOBODY:
        return read_handle(r, &frame->nobody);
    case PLK_FRAME_TYPES:
        break;
    }
    return false;
}

enum plk_err plk_frame_next(struct plk_reader *r, struct plk_frame *frame) {
    uint8_t type = plk_reader_u8(r);
    frame->type = type < PLK_FRAME_TYPES ? (enum plk_frame_type)type : PLK_FRAME_TYPES;
    if (!r->failed && read_body(r, frame) && !r->failed) return PLK_ERR_OK;
    r->failed = true;
    r->left = 0;
    return PLK_ERR_MALFORMED;
}

enum plk_err plk_frame_scan(struct plk_bytes packet, bool *eliciting) {
    struct plk_reader r = plk_reader(packet);
    bool wants_ack = false;
    if (packet.len == 0) return PLK_ERR_MALFORMED;
    while (r.left > 0) {
        struct plk_frame frame;
        if (plk_frame_next(&r, &frame) != PLK_ERR_OK) return PLK_ERR_MALFORMED;
        wants_ack = wants_ack || plk_frame_eliciting(frame.type);
    }
    *eliciting = wants_ack;
    return PLK_ERR_OK;
}

// A frame is written whole or not at all: the packet goes on with what fits.
static bool settle(struct plk_writer *w, size_t begin) {
    if (!w->failed) return true;
    w->len = begin;
    w->failed = false;
    return false;
}

bool plk_frame_put_padding(struct plk_writer *w, size_t len) {
    size_t begin = w->len;
    if (w->failed) return false;
    plk_writer_zero(w, len);
    return settle(w, begin);
}

bool plk_frame_put_ping(struct plk_writer *w) {
    size_t begin = w->len;
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_PING);
    return settle(w, begin);
}

static void write_ranges(struct plk_writer *w, const struct plk_frame_ack *ack, unsigned count) {
    plk_writer_varint(w, ack->ranges[0].last - ack->ranges[0].first);
    for (unsigned i = 1; i < count; i++) {
        const struct plk_frame_range *range = &ack->ranges[i];
        plk_assert(range->last + 2 <= ack->ranges[i - 1].first);
        plk_writer_varint(w, ack->ranges[i - 1].first - range->last - 2);
        plk_writer_varint(w, range->last - range->first);
    }
}

// How many of the newest ranges fit into room bytes; 0: not even one.
static unsigned ranges_that_fit(const struct plk_frame_ack *ack, size_t room) {
    const struct plk_frame_range *ranges = ack->ranges;
    size_t len = 2 + plk_writer_varint_len(ranges[0].last) + plk_writer_varint_len(ack->delay_us) +
                 plk_writer_varint_len(ranges[0].last - ranges[0].first);
    if (len > room) return 0;
    unsigned fit = 1;
    for (; fit < ack->count; fit++) {
        len += plk_writer_varint_len(ranges[fit - 1].first - ranges[fit].last - 2) +
               plk_writer_varint_len(ranges[fit].last - ranges[fit].first);
        if (len > room) break;
    }
    return fit;
}

bool plk_frame_put_ack(struct plk_writer *w, const struct plk_frame_ack *ack) {
    plk_assert(ack->count >= 1 && ack->count <= PLK_FRAME_RANGES_MAX);
    if (w->failed) return false;
    unsigned count = ranges_that_fit(ack, w->cap - w->len);
    if (count == 0) return false;
    plk_writer_u8(w, PLK_FRAME_ACK);
    plk_writer_varint(w, ack->ranges[0].last);
    plk_writer_varint(w, ack->delay_us);
    plk_writer_varint(w, count - 1);
    write_ranges(w, ack, count);
    plk_assert(!w->failed);
    return true;
}

bool plk_frame_put_stream(struct plk_writer *w, uint32_t id, uint64_t offset, bool fin, struct plk_bytes bytes) {
    size_t begin = w->len;
    plk_assert(id < PLK_FRAME_STREAMS && bytes.len <= PLK_FRAME_MAX - offset);
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_STREAM);
    plk_writer_varint(w, id);
    plk_writer_varint(w, offset);
    plk_writer_varint(w, bytes.len);
    plk_writer_u8(w, fin ? 1 : 0);
    plk_writer_put(w, bytes);
    return settle(w, begin);
}

static bool put_number(struct plk_writer *w, enum plk_frame_type type, uint64_t value) {
    size_t begin = w->len;
    plk_assert(value <= PLK_FRAME_MAX);
    if (w->failed) return false;
    plk_writer_u8(w, (uint8_t)type);
    plk_writer_varint(w, value);
    return settle(w, begin);
}

bool plk_frame_put_max_data(struct plk_writer *w, uint64_t limit) { return put_number(w, PLK_FRAME_MAX_DATA, limit); }

bool plk_frame_put_max_stream_data(struct plk_writer *w, uint32_t id, uint64_t limit) {
    size_t begin = w->len;
    plk_assert(id < PLK_FRAME_STREAMS && limit <= PLK_FRAME_MAX);
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_MAX_STREAM_DATA);
    plk_writer_varint(w, id);
    plk_writer_varint(w, limit);
    return settle(w, begin);
}

bool plk_frame_put_datagram(struct plk_writer *w, struct plk_bytes bytes) {
    size_t begin = w->len;
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_DATAGRAM);
    plk_writer_sized(w, bytes);
    return settle(w, begin);
}

bool plk_frame_put_challenge(struct plk_writer *w, const uint8_t token[8]) {
    size_t begin = w->len;
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_PATH_CHALLENGE);
    plk_writer_copy(w, token, 8);
    return settle(w, begin);
}

bool plk_frame_put_response(struct plk_writer *w, const uint8_t token[8], const struct plk_addr *seen) {
    size_t begin = w->len;
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_PATH_RESPONSE);
    plk_writer_copy(w, token, 8);
    if (seen->family == 0) {
        plk_writer_u8(w, 0);
    } else {
        plk_addr_write(w, seen);
    }
    return settle(w, begin);
}

bool plk_frame_put_new_cid(struct plk_writer *w, uint64_t seq, const uint8_t cid[8]) {
    size_t begin = w->len;
    plk_assert(seq <= PLK_FRAME_MAX);
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_NEW_CID);
    plk_writer_varint(w, seq);
    plk_writer_copy(w, cid, 8);
    return settle(w, begin);
}

bool plk_frame_put_retire_cid(struct plk_writer *w, uint64_t seq) { return put_number(w, PLK_FRAME_RETIRE_CID, seq); }

bool plk_frame_put_close(struct plk_writer *w, uint64_t reason) { return put_number(w, PLK_FRAME_CLOSE, reason); }

bool plk_frame_put_addresses(struct plk_writer *w, uint64_t sequence, const struct plk_frame_address *list,
                             unsigned count) {
    size_t begin = w->len;
    plk_assert(count <= PLK_FRAME_ADDRESSES_MAX && sequence <= PLK_FRAME_MAX);
    if (w->failed) return false;
    plk_writer_u8(w, PLK_FRAME_ADDRESSES);
    plk_writer_varint(w, sequence);
    plk_writer_varint(w, count);
    for (unsigned i = 0; i < count; i++) {
        plk_assert(list[i].transport >= PLK_UDP && list[i].transport <= PLK_TLS && list[i].kind < 16);
        plk_writer_u8(w, (uint8_t)(list[i].kind << 4 | (uint8_t)list[i].transport));
        plk_addr_write(w, &list[i].addr);
    }
    return settle(w, begin);
}

static bool put_pass(struct plk_writer *w, enum plk_frame_type type, uint32_t handle, struct plk_bytes bytes) {
    size_t begin = w->len;
    plk_assert(bytes.len <= PLK_FRAME_PASS_MAX);
    if (w->failed) return false;
    plk_writer_u8(w, (uint8_t)type);
    plk_writer_varint(w, handle);
    plk_writer_sized(w, bytes);
    return settle(w, begin);
}

bool plk_frame_put_pass(struct plk_writer *w, uint32_t handle, struct plk_bytes bytes) {
    return put_pass(w, PLK_FRAME_PASS, handle, bytes);
}

bool plk_frame_put_fwd(struct plk_writer *w, uint32_t id, struct plk_bytes bytes) {
    return put_pass(w, PLK_FRAME_FWD, id, bytes);
}

bool plk_frame_put_nobody(struct plk_writer *w, uint32_t handle) { return put_number(w, PLK_FRAME_NOBODY, handle); }

bool plk_frame_put(struct plk_writer *w, const struct plk_frame *f) {
    switch (f->type) {
    case PLK_FRAME_PADDING:
        return plk_frame_put_padding(w, f->padding);
    case PLK_FRAME_PING:
        return plk_frame_put_ping(w);
    case PLK_FRAME_ACK:
        return !w->failed && ranges_that_fit(&f->ack, w->cap - w->len) == f->ack.count && plk_frame_put_ack(w, &f->ack);
    case PLK_FRAME_STREAM:
        return plk_frame_put_stream(w, f->stream.id, f->stream.offset, f->stream.fin, f->stream.bytes);
    case PLK_FRAME_MAX_DATA:
        return plk_frame_put_max_data(w, f->max_data);
    case PLK_FRAME_MAX_STREAM_DATA:
        return plk_frame_put_max_stream_data(w, f->max_stream_data.id, f->max_stream_data.limit);
    case PLK_FRAME_DATAGRAM:
        return plk_frame_put_datagram(w, f->datagram);
    case PLK_FRAME_PATH_CHALLENGE:
        return plk_frame_put_challenge(w, f->challenge);
    case PLK_FRAME_PATH_RESPONSE:
        return plk_frame_put_response(w, f->response.token, &f->response.seen);
    case PLK_FRAME_NEW_CID:
        return plk_frame_put_new_cid(w, f->new_cid.seq, f->new_cid.cid);
    case PLK_FRAME_RETIRE_CID:
        return plk_frame_put_retire_cid(w, f->retire_cid);
    case PLK_FRAME_CLOSE:
        return plk_frame_put_close(w, f->close);
    case PLK_FRAME_ADDRESSES:
        return plk_frame_put_addresses(w, f->addresses.sequence, f->addresses.list, f->addresses.count);
    case PLK_FRAME_PASS:
    case PLK_FRAME_FWD:
        return put_pass(w, f->type, f->pass.handle, f->pass.bytes);
    case PLK_FRAME_NOBODY:
        return plk_frame_put_nobody(w, f->nobody);
    case PLK_FRAME_TYPES:
        break;
    }
    plk_assert(false);
    return false;
}

size_t plk_frame_padding_len(size_t frames_len, size_t overhead, size_t path_size) {
    static const size_t steps[] = {256, 512, 768, 1024};
    size_t len = frames_len + overhead;
    plk_assert(len <= path_size);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (len <= steps[i] && steps[i] <= path_size) return steps[i] - len;
    }
    return path_size - len;
}
