// SPDX-License-Identifier: MIT
#include "wire/row.h"

// ---- messages -------------------------------------------------------------------------------------------------------

void plk_message_key(uint8_t out[PLK_MESSAGE_KEY_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin) {
    struct plk_writer w = plk_writer(out, PLK_MESSAGE_KEY_LEN);
    plk_writer_u32(&w, contact);
    plk_writer_u8(&w, (uint8_t)direction);
    plk_writer_copy(&w, origin->device, PLK_DEVICE_LEN);
    plk_writer_copy(&w, origin->epoch, PLK_EPOCH_LEN);
    plk_writer_u64(&w, origin->seq);
    plk_assert(!w.failed && w.len == PLK_MESSAGE_KEY_LEN);
}

static struct plk_origin read_origin(struct plk_reader *r) {
    struct plk_origin origin;
    plk_reader_copy(r, origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(r, origin.epoch, PLK_EPOCH_LEN);
    origin.seq = plk_reader_u64(r);
    return origin;
}

enum plk_err plk_message_key_decode(struct plk_bytes key, struct plk_message_row *row) {
    struct plk_reader r = plk_reader(key);
    uint32_t contact = plk_reader_u32(&r);
    uint8_t direction = plk_reader_u8(&r);
    struct plk_origin origin = read_origin(&r);
    if (!plk_reader_done(&r) || direction > PLK_OUT) return PLK_ERR_MALFORMED;
    row->contact = contact;
    row->direction = (enum plk_direction)direction;
    row->origin = origin;
    return PLK_ERR_OK;
}

static bool is_state(uint8_t state) { return state >= PLK_STATE_QUEUED && state <= PLK_STATE_SEEN; }

#define MESSAGE_VERSION 1

void plk_message_row_encode(struct plk_writer *w, const struct plk_message_row *row) {
    plk_writer_u8(w, MESSAGE_VERSION);
    plk_writer_u64(w, row->row);
    plk_writer_copy(w, row->id, PLK_ID_LEN);
    plk_writer_u16(w, row->kind);
    plk_writer_u8(w, (uint8_t)row->state);
    plk_writer_u8(w, row->stored);
    plk_writer_u8(w, row->stored_of);
    plk_writer_u8(w, row->reason);
    plk_writer_u64(w, row->time_ms);
    plk_writer_u64(w, row->received_ms);
    plk_writer_u8(w, row->has_target);
    if (row->has_target) {
        plk_writer_copy(w, row->target.device, PLK_DEVICE_LEN);
        plk_writer_copy(w, row->target.epoch, PLK_EPOCH_LEN);
        plk_writer_u64(w, row->target.seq);
    }
    plk_writer_u32(w, row->lifetime_s);
    plk_writer_put(w, row->payload);
}

enum plk_err plk_message_row_decode(struct plk_bytes value, struct plk_message_row *row) {
    struct plk_reader r = plk_reader(value);
    struct plk_message_row got = *row;
    uint8_t version = plk_reader_u8(&r);
    got.row = plk_reader_u64(&r);
    plk_reader_copy(&r, got.id, PLK_ID_LEN);
    got.kind = plk_reader_u16(&r);
    uint8_t state = plk_reader_u8(&r);
    got.stored = plk_reader_u8(&r);
    got.stored_of = plk_reader_u8(&r);
    got.reason = plk_reader_u8(&r);
    got.time_ms = plk_reader_u64(&r);
    got.received_ms = plk_reader_u64(&r);
    uint8_t has_target = plk_reader_u8(&r);
    got.has_target = has_target == 1;
    got.target = got.has_target ? read_origin(&r) : (struct plk_origin){.seq = 0};
    got.lifetime_s = plk_reader_u32(&r);
    got.payload = plk_reader_rest(&r);
    if (r.failed || version != MESSAGE_VERSION || !is_state(state) || has_target > 1) return PLK_ERR_MALFORMED;
    got.state = (enum plk_state)state;
    *row = got;
    return PLK_ERR_OK;
}

void plk_message_patch_encode(uint8_t out[PLK_MESSAGE_PATCH_LEN], const struct plk_message_patch *patch) {
    struct plk_writer w = plk_writer(out, PLK_MESSAGE_PATCH_LEN);
    plk_writer_u8(&w, patch->columns);
    plk_writer_u8(&w, (uint8_t)patch->state);
    plk_writer_u8(&w, patch->reason);
    plk_writer_u8(&w, patch->stored);
    plk_writer_u8(&w, patch->stored_of);
    plk_writer_u64(&w, patch->received_ms);
    plk_assert(!w.failed && w.len == PLK_MESSAGE_PATCH_LEN);
}

enum plk_err plk_message_patch_decode(struct plk_bytes value, struct plk_message_patch *patch) {
    struct plk_reader r = plk_reader(value);
    struct plk_message_patch got = {.columns = plk_reader_u8(&r)};
    uint8_t state = plk_reader_u8(&r);
    got.reason = plk_reader_u8(&r);
    got.stored = plk_reader_u8(&r);
    got.stored_of = plk_reader_u8(&r);
    got.received_ms = plk_reader_u64(&r);
    if (!plk_reader_done(&r) || got.columns == 0 || got.columns >= 2 * PLK_PATCH_PAYLOAD_WIPED)
        return PLK_ERR_MALFORMED;
    if ((got.columns & PLK_PATCH_STATE) != 0 && !is_state(state)) return PLK_ERR_MALFORMED;
    got.state = (enum plk_state)state;
    *patch = got;
    return PLK_ERR_OK;
}

void plk_message_patch_merge(struct plk_message_patch *into, const struct plk_message_patch *later) {
    into->columns |= later->columns;
    if ((later->columns & PLK_PATCH_STATE) != 0) {
        into->state = later->state;
        into->reason = later->reason;
    }
    if ((later->columns & PLK_PATCH_STORED) != 0) {
        into->stored = later->stored;
        into->stored_of = later->stored_of;
    }
    if ((later->columns & PLK_PATCH_RECEIVED) != 0) into->received_ms = later->received_ms;
}

// ---- contacts -------------------------------------------------------------------------------------------------------

#define CONTACT_VERSION 1
enum { VERIFIED = 1, BLOCKED = 2, HAS_OUTBOX = 4, RENAMED = 8, RELAY_ONLY = 16, PINNED = 32, MUTED = 64, SILENT = 128 };

void plk_contact_row_encode(struct plk_writer *w, const struct plk_contact_row *row) {
    plk_writer_u8(w, CONTACT_VERSION);
    plk_writer_copy(w, row->peer_id, PLK_PEER_ID_LEN);
    plk_writer_sized(w, plk_bytes(row->name, row->name_len));
    plk_writer_sized(w, plk_bytes(row->profile_name, row->profile_name_len));
    plk_writer_u8(w, (uint8_t)row->state);
    plk_writer_u8(w, (uint8_t)((row->verified ? VERIFIED : 0) | (row->blocked ? BLOCKED : 0) |
                               (row->has_outbox ? HAS_OUTBOX : 0) | (row->renamed ? RENAMED : 0) |
                               (row->relay_only ? RELAY_ONLY : 0) | (row->pinned ? PINNED : 0) |
                               (row->muted ? MUTED : 0) | (row->silent ? SILENT : 0)));
    plk_writer_u32(w, row->timer_s);
    plk_writer_u64(w, row->created_ms);
    plk_writer_u64(w, row->read_row);
    plk_writer_u8(w, row->hint_count);
    for (unsigned i = 0; i < row->hint_count; i++) {
        plk_writer_copy(w, row->hints[i].key, sizeof row->hints[i].key);
        plk_writer_u32(w, row->hints[i].tag);
    }
}

static uint8_t read_name(struct plk_reader *r, char out[PLK_NAME_MAX]) {
    struct plk_bytes name = plk_reader_sized(r, PLK_NAME_MAX);
    memset(out, 0, PLK_NAME_MAX);
    if (name.len > 0) memcpy(out, name.at, name.len);
    if (!plk_bytes_is_utf8(name)) r->failed = true;
    return (uint8_t)name.len;
}

enum plk_err plk_contact_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_contact_row *row) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_contact_row got = {.contact = plk_reader_u32(&k)};
    uint8_t version = plk_reader_u8(&r);
    plk_reader_copy(&r, got.peer_id, PLK_PEER_ID_LEN);
    got.name_len = read_name(&r, got.name);
    got.profile_name_len = read_name(&r, got.profile_name);
    uint8_t state = plk_reader_u8(&r), flags = plk_reader_u8(&r);
    got.timer_s = plk_reader_u32(&r);
    got.created_ms = plk_reader_u64(&r);
    got.read_row = plk_reader_u64(&r);
    got.hint_count = plk_reader_u8(&r);
    if (got.hint_count > sizeof got.hints / sizeof got.hints[0]) return PLK_ERR_MALFORMED;
    for (unsigned i = 0; i < got.hint_count; i++) {
        plk_reader_copy(&r, got.hints[i].key, sizeof got.hints[i].key);
        got.hints[i].tag = plk_reader_u32(&r);
    }
    if (!plk_reader_done(&k) || !plk_reader_done(&r) || version != CONTACT_VERSION) return PLK_ERR_MALFORMED;
    if (state < PLK_CONTACT_ADDED || state > PLK_CONTACT_REFUSED) return PLK_ERR_MALFORMED;
    got.state = (enum plk_contact_state)state;
    got.verified = (flags & VERIFIED) != 0;
    got.blocked = (flags & BLOCKED) != 0;
    got.has_outbox = (flags & HAS_OUTBOX) != 0;
    got.renamed = (flags & RENAMED) != 0;
    got.relay_only = (flags & RELAY_ONLY) != 0;
    got.pinned = (flags & PINNED) != 0;
    got.muted = (flags & MUTED) != 0;
    got.silent = (flags & SILENT) != 0;
    *row = got;
    return PLK_ERR_OK;
}

// ---- events ---------------------------------------------------------------------------------------------------------

size_t plk_event_row_encode(uint8_t *out, const struct plk_event_row *event) {
    struct plk_writer w = plk_writer(out, event->has_target ? PLK_EVENT_ROW_MAX : PLK_EVENT_ROW_LEN);
    plk_writer_u8(&w, (uint8_t)event->kind);
    plk_writer_u32(&w, event->contact);
    plk_writer_u64(&w, event->row);
    plk_writer_u8(&w, (uint8_t)event->state);
    plk_writer_u8(&w, event->reason);
    plk_writer_u16(&w, event->more);
    if (event->has_target) {
        plk_writer_u8(&w, (uint8_t)event->target_direction);
        plk_writer_copy(&w, event->target.device, PLK_DEVICE_LEN);
        plk_writer_copy(&w, event->target.epoch, PLK_EPOCH_LEN);
        plk_writer_u64(&w, event->target.seq);
    }
    plk_assert(!w.failed && w.len == (event->has_target ? PLK_EVENT_ROW_MAX : PLK_EVENT_ROW_LEN));
    return w.len;
}

static bool is_of_message(const struct plk_event_row *event) {
    return event->kind == PLK_EVENT_MESSAGE || event->kind == PLK_EVENT_STATE;
}

bool plk_event_row_extend(struct plk_event_row *event, const struct plk_event_row *next) {
    uint64_t count = (uint64_t)event->more + 1;
    if (!is_of_message(event) || event->kind != next->kind || event->contact != next->contact) return false;
    if (event->state != next->state || event->reason != next->reason || count > UINT16_MAX) return false;
    if (next->n != event->n + count || next->row != event->row + count) return false;
    event->more++;
    return true;
}

enum plk_err plk_event_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_event_row *event) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_event_row got = {.n = plk_reader_u64(&k)};
    uint8_t kind = plk_reader_u8(&r);
    got.contact = plk_reader_u32(&r);
    got.row = plk_reader_u64(&r);
    uint8_t state = plk_reader_u8(&r);
    got.reason = plk_reader_u8(&r);
    got.more = plk_reader_u16(&r);
    got.has_target = r.left > 0;
    uint8_t direction = got.has_target ? plk_reader_u8(&r) : 0;
    if (got.has_target) got.target = read_origin(&r);
    if (!plk_reader_done(&k) || !plk_reader_done(&r) || direction > PLK_OUT) return PLK_ERR_MALFORMED;
    if (kind < PLK_EVENT_MESSAGE || kind > PLK_EVENT_CHANGE || (state != 0 && !is_state(state)))
        return PLK_ERR_MALFORMED;
    if (got.has_target && kind != PLK_EVENT_CHANGE) return PLK_ERR_MALFORMED;
    got.target_direction = (enum plk_direction)direction;
    got.kind = (enum plk_event_kind)kind;
    got.state = (enum plk_state)state;
    if (got.more > 0 && (!is_of_message(&got) || got.n > UINT64_MAX - got.more || got.row > UINT64_MAX - got.more))
        return PLK_ERR_MALFORMED;
    *event = got;
    return PLK_ERR_OK;
}
