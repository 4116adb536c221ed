// SPDX-License-Identifier: MIT
// Folding any bytes: valid UTF-8 in, valid UTF-8 out, as many characters, within the room that is promised, and folding
// twice is folding once.
#include "host/fold.h"
#include "host/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    size_t room = PLK_FOLD_ROOM(len), chars, chars_again;
    uint8_t *once = plk_memory_take(room), *twice = plk_memory_take(PLK_FOLD_ROOM(room));
    struct plk_bytes text = plk_bytes(data, len);
    size_t once_len = plk_fold(once, text, &chars);
    plk_assert(once_len <= room);
    plk_assert(plk_bytes_is_utf8(text) || once_len == 0);
    plk_assert(plk_bytes_is_utf8(plk_bytes(once, once_len)));
    size_t twice_len = plk_fold(twice, plk_bytes(once, once_len), &chars_again);
    plk_assert(plk_bytes_equal(plk_bytes(once, once_len), plk_bytes(twice, twice_len)));
    plk_assert(chars == chars_again);
    plk_assert(plk_fold_contains(plk_bytes(once, once_len), plk_bytes(once + once_len / 2, once_len - once_len / 2)));
    plk_memory_give(once, room);
    plk_memory_give(twice, PLK_FOLD_ROOM(room));
    return 0;
}
