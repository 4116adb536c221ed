// SPDX-License-Identifier: MIT
#include "wire/expiry.h"

static void write_message(struct plk_writer *w, const struct plk_expiry *expiry) {
    plk_writer_u8(w, (uint8_t)expiry->direction);
    plk_writer_copy(w, expiry->origin.device, PLK_DEVICE_LEN);
    plk_writer_copy(w, expiry->origin.epoch, PLK_EPOCH_LEN);
    plk_writer_u64(w, expiry->origin.seq);
}

static void read_message(struct plk_reader *r, struct plk_expiry *expiry) {
    uint8_t direction = plk_reader_u8(r);
    if (direction > PLK_OUT) r->failed = true;
    expiry->direction = direction == PLK_OUT ? PLK_OUT : PLK_IN;
    plk_reader_copy(r, expiry->origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(r, expiry->origin.epoch, PLK_EPOCH_LEN);
    expiry->origin.seq = plk_reader_u64(r);
}

void plk_expiry_key(struct plk_writer *w, const struct plk_expiry *expiry) {
    plk_writer_u8(w, expiry->runs ? PLK_EXPIRY_RUNS : PLK_EXPIRY_WAITS);
    if (expiry->runs) plk_writer_u64(w, expiry->due_ms);
    plk_writer_u32(w, expiry->contact);
    if (expiry->runs)
        write_message(w, expiry);
    else
        plk_writer_u64(w, expiry->row);
}

void plk_expiry_encode(struct plk_writer *w, const struct plk_expiry *expiry) {
    if (expiry->runs)
        plk_writer_u64(w, expiry->row);
    else
        write_message(w, expiry);
    plk_writer_u32(w, expiry->lifetime_s);
}

enum plk_err plk_expiry_decode(struct plk_bytes key, struct plk_bytes value, struct plk_expiry *expiry) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_expiry got = {.due_ms = 0};
    uint8_t kind = plk_reader_u8(&k);
    if (kind != PLK_EXPIRY_RUNS && kind != PLK_EXPIRY_WAITS) return PLK_ERR_MALFORMED;
    got.runs = kind == PLK_EXPIRY_RUNS;
    if (got.runs) got.due_ms = plk_reader_u64(&k);
    got.contact = plk_reader_u32(&k);
    read_message(got.runs ? &k : &r, &got);
    got.row = plk_reader_u64(got.runs ? &r : &k);
    got.lifetime_s = plk_reader_u32(&r);
    if (!plk_reader_done(&k) || !plk_reader_done(&r) || got.lifetime_s == 0) return PLK_ERR_MALFORMED;
    *expiry = got;
    return PLK_ERR_OK;
}
