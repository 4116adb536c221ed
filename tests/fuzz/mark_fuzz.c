// SPDX-License-Identifier: MIT
// What is done to messages: payloads of marks, their rows, and those of messages that vanish. Whatever decodes encodes to the same bytes
// again; and of two marks in one register one wins, whichever is asked first.
#include <stdint.h>

#include "wire/expiry.h"
#include "wire/mark.h"
#include "wire/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[PLK_ROW_VALUE_MAX];

static void same(const struct plk_writer *w, struct plk_bytes in) {
    plk_assert(!w->failed && plk_bytes_equal(plk_writer_bytes(w), in));
}

static void body(uint16_t kind, bool has_target, struct plk_bytes in) {
    struct plk_mark_body body = {.seconds = 77};
    struct plk_writer w = plk_writer(out, sizeof out);
    if (plk_mark_body_decode(kind, has_target, in, &body) != PLK_ERR_OK) {
        plk_assert(body.seconds == 77);
        return;
    }
    plk_assert(body.kind == kind && has_target == (kind != PLK_BODY_TIMER));
    plk_mark_body_encode(&w, &body);
    same(&w, in);
}

static void row(struct plk_bytes in) {
    struct plk_mark_row row;
    uint8_t key[PLK_MARK_KEY_LEN];
    struct plk_writer w = plk_writer(out, sizeof out);
    if (in.len < PLK_MARK_KEY_LEN) return;
    struct plk_bytes value = plk_bytes(in.at + PLK_MARK_KEY_LEN, in.len - PLK_MARK_KEY_LEN);
    if (plk_mark_row_decode(plk_bytes(in.at, PLK_MARK_KEY_LEN), value, &row) != PLK_ERR_OK) return;
    plk_mark_key(key, &row);
    plk_assert(plk_bytes_equal(plk_bytes(key, sizeof key), plk_bytes(in.at, PLK_MARK_KEY_LEN)));
    plk_mark_row_encode(&w, &row);
    same(&w, value);
    plk_assert(!plk_mark_wins(value, value));
}

static void two_stamps(struct plk_bytes in) {
    if (in.len < 2 * PLK_MARK_STAMP_LEN) return;
    struct plk_bytes a = plk_bytes(in.at, PLK_MARK_STAMP_LEN);
    struct plk_bytes b = plk_bytes(in.at + PLK_MARK_STAMP_LEN, PLK_MARK_STAMP_LEN);
    plk_assert(plk_bytes_equal(a, b) ? !plk_mark_wins(a, b) : plk_mark_wins(a, b) != plk_mark_wins(b, a));
}

static void expiry(struct plk_bytes in) {
    struct plk_expiry expiry;
    uint8_t key[PLK_EXPIRY_KEY_MAX];
    if (in.len < 2 || in.at[0] > in.len - 1) return;
    struct plk_bytes k = plk_bytes(in.at + 1, in.at[0]), value = plk_bytes(in.at + 1 + k.len, in.len - 1 - k.len);
    if (plk_expiry_decode(k, value, &expiry) != PLK_ERR_OK) return;
    struct plk_writer kw = plk_writer(key, sizeof key), w = plk_writer(out, sizeof out);
    plk_expiry_key(&kw, &expiry);
    plk_expiry_encode(&w, &expiry);
    same(&kw, k);
    same(&w, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    struct plk_bytes in = plk_bytes(data + 2, size - 2);
    switch (data[0] % 4) {
    case 0:
        body((uint16_t)(PLK_BODY_QUEUES + data[1] % 8), data[1] & 0x80, in);
        break;
    case 1:
        row(in);
        break;
    case 2:
        two_stamps(in);
        break;
    default:
        expiry(in);
    }
    return 0;
}
