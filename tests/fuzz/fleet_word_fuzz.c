// SPDX-License-Identifier: MIT
// Words between relay processes: what is read has one encoding.
#include <stdint.h>

#include "wire/fleet_word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_fleet_word word = {.handle = 77};
    uint8_t again[PLK_FLEET_WORD_MAX];
    if (plk_fleet_word_decode(plk_bytes(data, size), &word) != PLK_ERR_OK) {
        plk_assert(word.handle == 77);
        return 0;
    }
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_fleet_word_encode(&w, &word);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(data, size)));
    return 0;
}
