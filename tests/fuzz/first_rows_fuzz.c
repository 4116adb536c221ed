// SPDX-License-Identifier: MIT
// Rows that first contact keeps, and the content of an invite queue's cell: what is read has one encoding. The first byte says which;
// of a row with a key of its own the second is the key's length.
#include <stdint.h>

#include "contact/invite.h"
#include "contact/opened.h"
#include "contact/prekey.h"
#include "contact/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[70000];

static void same(const struct plk_writer *w, struct plk_bytes bytes) {
    plk_assert(!w->failed && plk_bytes_equal(plk_writer_bytes(w), bytes));
}

static void opened(struct plk_bytes value) {
    struct plk_opened row;
    struct plk_writer w = plk_writer(room, sizeof room);
    if (plk_opened_decode(value, &row) != PLK_ERR_OK) return;
    plk_opened_encode(&w, &row);
    same(&w, value);
}

static void request(struct plk_bytes value) {
    struct plk_request row;
    struct plk_writer w = plk_writer(room, sizeof room);
    if (plk_request_decode(value, &row) != PLK_ERR_OK) return;
    plk_request_encode(&w, &row);
    same(&w, value);
}

static void cell(struct plk_bytes content) {
    enum plk_invite_cell kind;
    struct plk_bytes bytes;
    if (plk_invite_cell_decode(content, &kind, &bytes) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(room, sizeof room);
    w.len = plk_invite_cell_encode(room, kind, bytes);
    same(&w, content);
}

static void keyed(struct plk_bytes bytes) {
    uint8_t key_room[PLK_PREKEY_KEY_MAX];
    struct plk_writer k = plk_writer(key_room, sizeof key_room), w = plk_writer(room, sizeof room);
    struct plk_prekey prekey;
    struct plk_met met;
    if (bytes.len == 0 || bytes.at[0] > bytes.len - 1) return;
    struct plk_bytes key = plk_bytes(bytes.at + 1, bytes.at[0]);
    struct plk_bytes value = plk_bytes(key.at + key.len, bytes.len - 1 - key.len);
    bool is_prekey = plk_prekey_decode(key, value, &prekey) == PLK_ERR_OK;
    bool is_met = plk_met_decode(key, value, &met) == PLK_ERR_OK;
    plk_assert(!is_prekey || !is_met);
    if (is_prekey) plk_prekey_encode(&k, &w, &prekey);
    if (is_met) plk_met_encode(&k, &w, &met);
    if (!is_prekey && !is_met) return;
    if (is_prekey && value.at[0] == 1) return; // as it was written before it had a device
    same(&k, key);
    same(&w, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes bytes = plk_bytes(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        opened(bytes);
        break;
    case 1:
        request(bytes);
        break;
    case 2:
        cell(bytes);
        break;
    default:
        keyed(bytes);
        break;
    }
    return 0;
}
