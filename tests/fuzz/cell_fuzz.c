// SPDX-License-Identifier: MIT
// Cells: any text sealed with the right key opens to what a writer would have sealed, or not at all; and garbage never.
#include "queue/cell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t cell[PLK_QUEUE_CELL_LARGE], text[PLK_QUEUE_CELL_LARGE], plain[PLK_QUEUE_CELL_LARGE];
    static const uint8_t key[32] = {1}, sid[16] = {2}, nonce[PLK_XNONCE_LEN] = {3};
    uint8_t aad[37];
    struct plk_bytes opened, again;
    if (size < 1) return 0;
    memcpy(aad, "PeerLink/1/queue/cell", 21);
    memcpy(aad + 21, sid, 16);
    size_t len = data[0] % 2 == 0 ? PLK_QUEUE_CELL_SMALL : PLK_QUEUE_CELL_MIDDLE, text_len = len - 40;
    if (size - 1 > text_len) return 0;
    memset(plain, 0, text_len);
    memcpy(plain, data + 1, size - 1);
    memcpy(cell, nonce, sizeof nonce);
    plk_xaead_seal(cell + PLK_XNONCE_LEN, key, nonce, plk_bytes(aad, sizeof aad), plk_bytes(plain, text_len));
    if (plk_cell_open(text, key, sid, plk_bytes(cell, len), &opened) == PLK_ERR_OK) {
        static uint8_t second[PLK_QUEUE_CELL_LARGE], text2[PLK_QUEUE_CELL_LARGE];
        plk_assert(plk_cell_len(opened.len) == len);
        plk_cell_seal(second, key, sid, nonce, opened);
        plk_assert(memcmp(second, cell, len) == 0);
        plk_assert(plk_cell_open(text2, key, sid, plk_bytes(second, len), &again) == PLK_ERR_OK);
        plk_assert(plk_bytes_equal(opened, again));
    }
    memset(cell, 0, len);
    memcpy(cell, data, size);
    plk_assert(plk_cell_open(text, key, sid, plk_bytes(cell, len), &opened) == PLK_ERR_FORGED);
    return 0;
}
