// SPDX-License-Identifier: MIT
#include "wire/message.h"

// A varint in its shortest form; any other fails the reader.
static uint64_t read_varint(struct plk_reader *r) {
    size_t before = r->left;
    uint64_t value = plk_reader_varint(r);
    if (!r->failed && before - r->left != plk_writer_varint_len(value)) r->failed = true;
    return r->failed ? 0 : value;
}

static bool is_zero(const uint8_t *at, size_t len) {
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) any |= at[i];
    return any == 0;
}

// ---- envelopes ------------------------------------------------------------------------------------------------------

enum { HAS_ORIGIN = 1, HAS_ORIGIN_SEQ = 2, HAS_TARGET = 4, HAS_LIFETIME = 8, ALL_FLAGS = 15 };

static bool same_stream(const struct plk_envelope *e) {
    return memcmp(e->origin.device, e->device, PLK_DEVICE_LEN) == 0 &&
           memcmp(e->origin.epoch, e->epoch, PLK_EPOCH_LEN) == 0;
}

// What both directions hold to: an origin is told only where it differs, and a message without a number has none.
static bool is_valid(const struct plk_envelope *e) {
    if (e->kind == 0 || e->seq > PLK_MESSAGE_SEQ_MAX || e->payload.len > PLK_BODY_MAX) return false;
    if (e->lifetime_s > 0 && (e->kind >= PLK_BODY_PROFILE || e->seq == 0)) return false;
    if (e->has_target && (e->target.seq == 0 || e->target.seq > PLK_MESSAGE_SEQ_MAX)) return false;
    if (!e->has_origin) return true;
    if (e->seq == 0 || e->origin.seq == 0 || e->origin.seq > PLK_MESSAGE_SEQ_MAX) return false;
    return !same_stream(e) || e->origin.seq != e->seq;
}

static void write_origin(struct plk_writer *w, const struct plk_origin *origin) {
    plk_writer_copy(w, origin->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, origin->epoch, PLK_EPOCH_LEN);
    plk_writer_varint(w, origin->seq);
}

static struct plk_origin read_origin(struct plk_reader *r) {
    struct plk_origin origin;
    plk_reader_copy(r, origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(r, origin.epoch, PLK_EPOCH_LEN);
    origin.seq = read_varint(r);
    return origin;
}

static uint8_t flags_of(const struct plk_envelope *e) {
    uint8_t flags = e->has_target ? HAS_TARGET : 0;
    if (e->lifetime_s > 0) flags |= HAS_LIFETIME;
    if (e->has_origin) flags |= same_stream(e) ? HAS_ORIGIN_SEQ : HAS_ORIGIN;
    return flags;
}

void plk_message_envelope_encode(struct plk_writer *w, const struct plk_envelope *e) {
    plk_assert(is_valid(e));
    uint8_t flags = flags_of(e);
    plk_writer_u8(w, PLK_MESSAGE_VERSION);
    plk_writer_u8(w, flags);
    plk_writer_copy(w, e->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, e->epoch, PLK_EPOCH_LEN);
    plk_writer_varint(w, e->seq);
    if (e->seq > 0) {
        plk_writer_copy(w, e->previous, PLK_MESSAGE_HASH_LEN);
        plk_writer_copy(w, e->id, PLK_ID_LEN);
        plk_writer_u64(w, e->time_ms);
    }
    if ((flags & HAS_ORIGIN) != 0) write_origin(w, &e->origin);
    if ((flags & HAS_ORIGIN_SEQ) != 0) plk_writer_varint(w, e->origin.seq);
    plk_writer_u16(w, e->kind);
    if (e->has_target) write_origin(w, &e->target);
    if (e->lifetime_s > 0) plk_writer_u32(w, e->lifetime_s);
    plk_writer_put(w, e->payload);
}

static void read_own_origin(struct plk_reader *r, uint8_t flags, struct plk_envelope *e) {
    e->has_origin = (flags & (HAS_ORIGIN | HAS_ORIGIN_SEQ)) != 0;
    if ((flags & HAS_ORIGIN) != 0) e->origin = read_origin(r);
    if ((flags & HAS_ORIGIN_SEQ) == 0) return;
    memcpy(e->origin.device, e->device, PLK_DEVICE_LEN);
    memcpy(e->origin.epoch, e->epoch, PLK_EPOCH_LEN);
    e->origin.seq = read_varint(r);
}

enum plk_err plk_message_envelope_decode(struct plk_bytes text, struct plk_envelope *envelope) {
    struct plk_reader r = plk_reader(text);
    struct plk_envelope e = {.seq = 0};
    uint8_t version = plk_reader_u8(&r);
    if (!r.failed && version > PLK_MESSAGE_VERSION) return PLK_ERR_TOO_NEW;
    uint8_t flags = plk_reader_u8(&r);
    plk_reader_copy(&r, e.device, PLK_DEVICE_LEN);
    plk_reader_copy(&r, e.epoch, PLK_EPOCH_LEN);
    e.seq = read_varint(&r);
    if (e.seq > 0) {
        plk_reader_copy(&r, e.previous, PLK_MESSAGE_HASH_LEN);
        plk_reader_copy(&r, e.id, PLK_ID_LEN);
        e.time_ms = plk_reader_u64(&r);
    }
    read_own_origin(&r, flags, &e);
    e.kind = plk_reader_u16(&r);
    e.has_target = (flags & HAS_TARGET) != 0;
    if (e.has_target) e.target = read_origin(&r);
    if ((flags & HAS_LIFETIME) != 0) e.lifetime_s = plk_reader_u32(&r); // 0 is not said: flags_of below
    e.payload = plk_reader_rest(&r);
    // A whole origin in the same stream has a shorter form, and both forms together have no meaning.
    bool known = version == PLK_MESSAGE_VERSION && (flags & ~ALL_FLAGS) == 0;
    if (r.failed || !known || !is_valid(&e) || flags_of(&e) != flags) return PLK_ERR_MALFORMED;
    *envelope = e;
    return PLK_ERR_OK;
}

// ---- acks -----------------------------------------------------------------------------------------------------------

static void write_ack(struct plk_writer *w, const struct plk_ack *ack) {
    plk_assert(ack->range_count <= PLK_ACK_RANGES_MAX);
    plk_writer_copy(w, ack->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, ack->epoch, PLK_EPOCH_LEN);
    plk_writer_varint(w, ack->contiguous);
    plk_writer_copy(w, ack->chain, PLK_MESSAGE_HASH_LEN);
    plk_writer_u8(w, ack->range_count);
    uint64_t before = ack->contiguous;
    for (unsigned i = 0; i < ack->range_count; i++) {
        const struct plk_ack_range *range = &ack->ranges[i];
        plk_assert(range->first >= before + 2 && range->last >= range->first);
        plk_writer_varint(w, range->first - before - 2);
        plk_writer_varint(w, range->last - range->first);
        before = range->last;
    }
}

static void read_ranges(struct plk_reader *r, struct plk_ack *ack) {
    uint64_t before = ack->contiguous;
    for (unsigned i = 0; i < ack->range_count && !r->failed; i++) {
        uint64_t first = before + 2 + read_varint(r);
        uint64_t last = first + read_varint(r);
        // No sum of these overflows 64 bits; what does not fit a varint is no sequence number.
        if (last > PLK_MESSAGE_SEQ_MAX) r->failed = true;
        ack->ranges[i] = (struct plk_ack_range){first, last};
        before = last;
    }
}

static void read_ack(struct plk_reader *r, struct plk_ack *ack) {
    *ack = (struct plk_ack){.contiguous = 0};
    plk_reader_copy(r, ack->device, PLK_DEVICE_LEN);
    plk_reader_copy(r, ack->epoch, PLK_EPOCH_LEN);
    ack->contiguous = read_varint(r);
    plk_reader_copy(r, ack->chain, PLK_MESSAGE_HASH_LEN);
    ack->range_count = plk_reader_u8(r);
    if (ack->range_count > PLK_ACK_RANGES_MAX) r->failed = true;
    // Before the first message there is one chain hash only.
    if (ack->contiguous == 0 && !is_zero(ack->chain, PLK_MESSAGE_HASH_LEN)) r->failed = true;
    read_ranges(r, ack);
}

void plk_message_acks_encode(struct plk_writer *w, const struct plk_ack *acks, size_t count) {
    plk_assert(count <= PLK_ACKS_MAX);
    plk_writer_u8(w, (uint8_t)count);
    for (size_t i = 0; i < count; i++) write_ack(w, &acks[i]);
}

enum plk_err plk_message_acks_decode(struct plk_bytes text, struct plk_ack *acks, size_t *count) {
    struct plk_reader r = plk_reader(text);
    size_t expected = plk_reader_u8(&r);
    if (expected > PLK_ACKS_MAX) return PLK_ERR_MALFORMED;
    for (size_t i = 0; i < expected && !r.failed; i++) read_ack(&r, &acks[i]);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *count = expected;
    return PLK_ERR_OK;
}

// ---- control records ------------------------------------------------------------------------------------------------

void plk_message_control_encode(struct plk_writer *w, uint8_t type, struct plk_bytes body) {
    plk_assert(type != 0 && body.len < PLK_CONTROL_RECORD_MAX);
    plk_writer_varint(w, 1 + body.len);
    plk_writer_u8(w, type);
    plk_writer_put(w, body);
}

enum plk_err plk_message_control_decode(struct plk_bytes record, struct plk_control *control) {
    struct plk_reader r = plk_reader(record);
    uint8_t type = plk_reader_u8(&r);
    if (r.failed || type == 0 || record.len > PLK_CONTROL_RECORD_MAX) return PLK_ERR_MALFORMED;
    *control = (struct plk_control){.type = type, .body = plk_reader_rest(&r)};
    return PLK_ERR_OK;
}

void plk_message_resync_encode(struct plk_writer *w, const struct plk_resync *resync) {
    plk_writer_copy(w, resync->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, resync->epoch, PLK_EPOCH_LEN);
    plk_writer_varint(w, resync->from);
}

enum plk_err plk_message_resync_decode(struct plk_bytes body, struct plk_resync *resync) {
    struct plk_reader r = plk_reader(body);
    struct plk_resync got;
    plk_reader_copy(&r, got.device, PLK_DEVICE_LEN);
    plk_reader_copy(&r, got.epoch, PLK_EPOCH_LEN);
    got.from = read_varint(&r);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *resync = got;
    return PLK_ERR_OK;
}

enum plk_err plk_message_unreadable_decode(struct plk_bytes body, uint8_t hash[PLK_MESSAGE_HASH_LEN]) {
    if (body.len != PLK_MESSAGE_HASH_LEN) return PLK_ERR_MALFORMED;
    memcpy(hash, body.at, PLK_MESSAGE_HASH_LEN);
    return PLK_ERR_OK;
}

// ---- records from a byte stream -------------------------------------------------------------------------------------

void plk_message_feed_init(struct plk_message_feed *feed, struct plk_mem *mem, size_t max) {
    *feed = (struct plk_message_feed){.mem = mem, .max = max};
}

void plk_message_feed_free(struct plk_message_feed *feed) {
    plk_buf_free(feed->mem, &feed->buf);
    feed->taken = 0;
}

void plk_message_feed_clear(struct plk_message_feed *feed) { plk_message_feed_free(feed); }

void plk_message_feed_push(struct plk_message_feed *feed, struct plk_bytes bytes) {
    plk_buf_drop_front(&feed->buf, feed->taken);
    feed->taken = 0;
    plk_buf_put(feed->mem, &feed->buf, bytes);
}

enum plk_err plk_message_feed_next(struct plk_message_feed *feed, struct plk_bytes *record) {
    size_t available = feed->buf.len - feed->taken;
    if (available == 0) return PLK_ERR_EMPTY;
    struct plk_reader r = plk_reader(plk_bytes(feed->buf.at + feed->taken, available));
    if (available < (size_t)1 << (r.at[0] >> 6)) return PLK_ERR_EMPTY;
    uint64_t len = read_varint(&r);
    if (r.failed || len == 0) return PLK_ERR_MALFORMED;
    if (len > feed->max) return PLK_ERR_TOO_LONG;
    if (len > r.left) return PLK_ERR_EMPTY;
    *record = plk_reader_take(&r, (size_t)len);
    feed->taken += available - r.left;
    return PLK_ERR_OK;
}
