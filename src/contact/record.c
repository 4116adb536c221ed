// SPDX-License-Identifier: MIT
#include "contact/record.h"

void plk_record_head(uint8_t out[PLK_RECORD_HEAD_LEN], enum plk_record_type type, size_t len) {
    plk_assert(len <= PLK_RECORD_MAX);
    out[0] = (uint8_t)type;
    out[1] = (uint8_t)(len >> 16);
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
}

enum plk_err plk_record_read(struct plk_bytes stream, size_t *taken, uint8_t *type, struct plk_bytes *content) {
    *taken = 0;
    if (stream.len < PLK_RECORD_HEAD_LEN) return PLK_ERR_OK;
    size_t len = (size_t)stream.at[1] << 16 | (size_t)stream.at[2] << 8 | stream.at[3];
    if (len > PLK_RECORD_MAX) return PLK_ERR_MALFORMED;
    if (stream.len - PLK_RECORD_HEAD_LEN < len) return PLK_ERR_OK;
    *taken = PLK_RECORD_HEAD_LEN + len;
    *type = stream.at[0];
    *content = plk_bytes(stream.at + PLK_RECORD_HEAD_LEN, len);
    return PLK_ERR_OK;
}

void plk_record_refused_encode(uint8_t out[PLK_RECORD_REFUSED_LEN], enum plk_record_why why, uint64_t counter) {
    struct plk_writer w = plk_writer(out, PLK_RECORD_REFUSED_LEN);
    plk_writer_u8(&w, (uint8_t)why);
    plk_writer_u64(&w, counter);
}

enum plk_err plk_record_refused_decode(struct plk_bytes content, uint8_t *why, uint64_t *counter) {
    struct plk_reader r = plk_reader(content);
    uint8_t read_why = plk_reader_u8(&r);
    uint64_t read_counter = plk_reader_u64(&r);
    if (!plk_reader_done(&r) || read_why == 0) return PLK_ERR_MALFORMED;
    *why = read_why;
    *counter = read_counter;
    return PLK_ERR_OK;
}

void plk_record_moved_encode(uint8_t out[PLK_RECORD_MOVED_LEN], const uint8_t device[PLK_DEVICE_LEN]) {
    plk_record_refused_encode(out, PLK_RECORD_WHY_MOVED, 0);
    memcpy(out + PLK_RECORD_REFUSED_LEN, device, PLK_DEVICE_LEN);
}

enum plk_err plk_record_moved_decode(struct plk_bytes content, uint8_t device[PLK_DEVICE_LEN]) {
    uint8_t why;
    uint64_t counter;
    if (content.len != PLK_RECORD_MOVED_LEN) return PLK_ERR_MALFORMED;
    enum plk_err err = plk_record_refused_decode(plk_bytes(content.at, PLK_RECORD_REFUSED_LEN), &why, &counter);
    if (err != PLK_ERR_OK || why != PLK_RECORD_WHY_MOVED || counter != 0) return PLK_ERR_MALFORMED;
    memcpy(device, content.at + PLK_RECORD_REFUSED_LEN, PLK_DEVICE_LEN);
    return PLK_ERR_OK;
}
