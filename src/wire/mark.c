// SPDX-License-Identifier: MIT
#include "wire/mark.h"

// ---- payloads -------------------------------------------------------------------------------------------------------

static bool text_fits(const struct plk_mark_body *body) {
    switch (body->kind) {
    case PLK_BODY_REACTION:
        return body->text.len <= PLK_MARK_EMOJI_MAX && plk_bytes_is_utf8(body->text);
    case PLK_BODY_EDIT:
        return body->text.len > 0 && body->text.len <= PLK_MARK_TEXT_MAX && plk_bytes_is_utf8(body->text);
    default:
        return body->text.len == 0;
    }
}

bool plk_mark_body_is_valid(const struct plk_mark_body *body) {
    if (!plk_mark_is_kind(body->kind) || !text_fits(body)) return false;
    switch (body->kind) {
    case PLK_BODY_REACTION:
        return body->whose == PLK_MARK_SENDERS || body->whose == PLK_MARK_RECEIVERS;
    case PLK_BODY_READ:
        return body->whose == PLK_MARK_RECEIVERS;
    case PLK_BODY_TIMER:
        return body->seconds <= PLK_MARK_TIMER_MAX_S;
    default:
        return body->whose == PLK_MARK_SENDERS;
    }
}

void plk_mark_body_encode(struct plk_writer *w, const struct plk_mark_body *body) {
    plk_assert(plk_mark_body_is_valid(body));
    if (body->kind == PLK_BODY_TIMER) {
        plk_writer_u32(w, body->seconds);
        return;
    }
    plk_writer_u8(w, (uint8_t)body->whose);
    plk_writer_put(w, body->text);
}

enum plk_err plk_mark_body_decode(uint16_t kind, bool has_target, struct plk_bytes payload,
                                  struct plk_mark_body *body) {
    struct plk_reader r = plk_reader(payload);
    struct plk_mark_body got = {.kind = kind};
    if (kind == PLK_BODY_TIMER) {
        got.seconds = plk_reader_u32(&r);
    } else {
        uint8_t whose = plk_reader_u8(&r);
        if (whose > PLK_MARK_RECEIVERS) return PLK_ERR_MALFORMED;
        got.whose = (enum plk_mark_whose)whose;
    }
    got.text = plk_reader_rest(&r);
    if (r.failed || has_target == (kind == PLK_BODY_TIMER) || !plk_mark_body_is_valid(&got)) return PLK_ERR_MALFORMED;
    *body = got;
    return PLK_ERR_OK;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

static void write_origin(struct plk_writer *w, const struct plk_origin *origin) {
    plk_writer_copy(w, origin->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, origin->epoch, PLK_EPOCH_LEN);
    plk_writer_u64(w, origin->seq);
}

static struct plk_origin read_origin(struct plk_reader *r) {
    struct plk_origin origin;
    plk_reader_copy(r, origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(r, origin.epoch, PLK_EPOCH_LEN);
    origin.seq = plk_reader_u64(r);
    return origin;
}

void plk_mark_origin_encode(uint8_t out[PLK_MARK_ORIGIN_LEN], const struct plk_origin *origin) {
    struct plk_writer w = plk_writer(out, PLK_MARK_ORIGIN_LEN);
    write_origin(&w, origin);
    plk_assert(!w.failed && w.len == PLK_MARK_ORIGIN_LEN);
}

enum plk_err plk_mark_origin_decode(struct plk_bytes text, struct plk_origin *origin) {
    struct plk_reader r = plk_reader(text);
    struct plk_origin got = read_origin(&r);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *origin = got;
    return PLK_ERR_OK;
}

void plk_mark_key(uint8_t out[PLK_MARK_KEY_LEN], const struct plk_mark_row *row) {
    plk_message_key(out, row->contact, row->direction, &row->origin);
    out[PLK_MESSAGE_KEY_LEN] = (uint8_t)row->author;
    out[PLK_MESSAGE_KEY_LEN + 1] = (uint8_t)row->what;
}

void plk_mark_stamp_encode(uint8_t out[PLK_MARK_STAMP_LEN], const struct plk_mark_stamp *stamp) {
    struct plk_writer w = plk_writer(out, PLK_MARK_STAMP_LEN);
    plk_writer_u64(&w, stamp->time_ms);
    write_origin(&w, &stamp->origin);
    plk_assert(!w.failed && w.len == PLK_MARK_STAMP_LEN);
}

void plk_mark_row_encode(struct plk_writer *w, const struct plk_mark_row *row) {
    plk_writer_u64(w, row->stamp.time_ms);
    write_origin(w, &row->stamp.origin);
    plk_writer_put(w, row->text);
}

static bool row_fits(const struct plk_mark_row *row) {
    switch (row->what) {
    case PLK_MARK_REACTION:
        return row->text.len <= PLK_MARK_EMOJI_MAX && plk_bytes_is_utf8(row->text);
    case PLK_MARK_EDIT:
        return row->text.len > 0 && row->text.len <= PLK_MARK_TEXT_MAX && plk_bytes_is_utf8(row->text);
    case PLK_MARK_DUE:
        return row->text.len == 8;
    case PLK_MARK_READ:
        return row->text.len == PLK_MARK_ORIGIN_LEN;
    default:
        return row->text.len == 0;
    }
}

enum plk_err plk_mark_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_mark_row *row) {
    struct plk_message_row of = {.contact = 0};
    struct plk_reader r = plk_reader(value);
    if (key.len != PLK_MARK_KEY_LEN) return PLK_ERR_MALFORMED;
    if (plk_message_key_decode(plk_bytes(key.at, PLK_MESSAGE_KEY_LEN), &of) != PLK_ERR_OK) return PLK_ERR_MALFORMED;
    uint8_t author = key.at[PLK_MESSAGE_KEY_LEN], what = key.at[PLK_MESSAGE_KEY_LEN + 1];
    if (author > PLK_MARK_THEM || what == 0 || what >= PLK_MARK_WHAT_COUNT) return PLK_ERR_MALFORMED;
    struct plk_mark_row got = {.contact = of.contact, .direction = of.direction, .origin = of.origin};
    got.author = (enum plk_mark_author)author;
    got.what = (enum plk_mark_what)what;
    got.stamp.time_ms = plk_reader_u64(&r);
    got.stamp.origin = read_origin(&r);
    got.text = plk_reader_rest(&r);
    if (r.failed || !row_fits(&got)) return PLK_ERR_MALFORMED;
    *row = got;
    return PLK_ERR_OK;
}

bool plk_mark_wins(struct plk_bytes before, struct plk_bytes after) {
    plk_assert(before.len >= PLK_MARK_STAMP_LEN && after.len >= PLK_MARK_STAMP_LEN);
    return memcmp(after.at, before.at, PLK_MARK_STAMP_LEN) > 0;
}
