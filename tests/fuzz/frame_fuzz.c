// SPDX-License-Identifier: MIT
// Whatever decodes, encodes, and decodes to the same again.
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool ack_equal(const struct plk_frame_ack *a, const struct plk_frame_ack *b) {
    if (a->count != b->count || a->delay_us != b->delay_us) return false;
    for (unsigned i = 0; i < a->count; i++) {
        if (a->ranges[i].first != b->ranges[i].first || a->ranges[i].last != b->ranges[i].last) return false;
        if (a->ranges[i].first > a->ranges[i].last) return false;
        if (i > 0 && a->ranges[i].last + 2 > a->ranges[i - 1].first) return false;
    }
    return true;
}

static bool addresses_equal(const struct plk_frame *a, const struct plk_frame *b) {
    if (a->addresses.count != b->addresses.count || a->addresses.sequence != b->addresses.sequence) return false;
    for (unsigned i = 0; i < a->addresses.count; i++) {
        if (a->addresses.list[i].transport != b->addresses.list[i].transport) return false;
        if (!plk_addr_equal(&a->addresses.list[i].addr, &b->addresses.list[i].addr)) return false;
    }
    return true;
}

static bool same(const struct plk_frame *a, const struct plk_frame *b) {
    if (a->type != b->type) return false;
    switch (a->type) {
    case PLK_FRAME_ACK:
        return ack_equal(&a->ack, &b->ack);
    case PLK_FRAME_ADDRESSES:
        return addresses_equal(a, b);
    case PLK_FRAME_STREAM:
        return a->stream.id == b->stream.id && a->stream.fin == b->stream.fin && a->stream.offset == b->stream.offset &&
               plk_bytes_equal(a->stream.bytes, b->stream.bytes);
    case PLK_FRAME_DATAGRAM:
        return plk_bytes_equal(a->datagram, b->datagram);
    case PLK_FRAME_PATH_RESPONSE:
        return memcmp(a->response.token, b->response.token, 8) == 0 &&
               plk_addr_equal(&a->response.seen, &b->response.seen);
    case PLK_FRAME_PATH_CHALLENGE:
        return memcmp(a->challenge, b->challenge, 8) == 0;
    case PLK_FRAME_NEW_CID:
        return a->new_cid.seq == b->new_cid.seq && memcmp(a->new_cid.cid, b->new_cid.cid, 8) == 0;
    case PLK_FRAME_MAX_STREAM_DATA:
        return a->max_stream_data.id == b->max_stream_data.id && a->max_stream_data.limit == b->max_stream_data.limit;
    case PLK_FRAME_PADDING:
        return a->padding == b->padding;
    case PLK_FRAME_PING:
        return true;
    case PLK_FRAME_PASS:
    case PLK_FRAME_FWD:
        return a->pass.handle == b->pass.handle && plk_bytes_equal(a->pass.bytes, b->pass.bytes);
    case PLK_FRAME_NOBODY:
        return a->nobody == b->nobody;
    default:
        return a->max_data == b->max_data; // MAX_DATA, RETIRE_CID and CLOSE are one number
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[70000];
    struct plk_reader r = plk_reader(plk_bytes(data, size));
    bool eliciting = false, scanned_eliciting = false, whole = size > 0;
    while (r.left > 0) {
        struct plk_frame frame, again;
        size_t before = r.left;
        if (plk_frame_next(&r, &frame) != PLK_ERR_OK) {
            whole = false;
            break;
        }
        plk_assert(r.left < before);
        eliciting = eliciting || plk_frame_eliciting(frame.type);
        struct plk_writer w = plk_writer(room, sizeof room);
        plk_assert(plk_frame_put(&w, &frame) && w.len <= before - r.left);
        struct plk_reader second = plk_reader(plk_writer_bytes(&w));
        plk_assert(plk_frame_next(&second, &again) == PLK_ERR_OK && second.left == 0);
        plk_assert(same(&frame, &again));
    }
    plk_assert((plk_frame_scan(plk_bytes(data, size), &scanned_eliciting) == PLK_ERR_OK) == whole);
    plk_assert(!whole || scanned_eliciting == eliciting);
    return 0;
}
