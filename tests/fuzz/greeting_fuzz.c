// SPDX-License-Identifier: MIT
// Greetings: whatever decodes is written back as the same bytes, and its extensions can be walked.
#include "wire/greeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t out[65536];
    struct plk_greeting greeting;
    struct plk_bytes payload = plk_bytes(data, size);
    if (size > sizeof out || plk_greeting_decode(&greeting, payload) != PLK_ERR_OK) return 0;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_greeting_write(&w, &greeting, size);
    plk_assert(!w.failed && plk_bytes_equal(plk_writer_bytes(&w), payload));
    struct plk_bytes value;
    for (uint64_t type = 1; type < 70; type++) {
        if (!plk_greeting_extension(&greeting, type, &value)) continue;
        plk_assert(value.at >= greeting.extensions.at && value.len <= greeting.extensions.len);
    }
    return 0;
}
