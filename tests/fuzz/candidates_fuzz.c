// SPDX-License-Identifier: MIT
// The row of a contact's addresses: whatever decodes, encodes, and decodes to the same again.
#include "path/candidates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_candidates first, second;
    uint8_t row[PLK_CANDIDATES_ROW_MAX];
    if (plk_candidates_decode(plk_bytes(data, size), &first) != PLK_ERR_OK) return 0;
    plk_assert(first.count <= PLK_CANDIDATES_MAX);
    size_t len = plk_candidates_encode(&first, row);
    plk_assert(len <= size); // a mapped address becomes shorter
    plk_assert(plk_candidates_decode(plk_bytes(row, len), &second) == PLK_ERR_OK);
    plk_assert(second.count == first.count);
    for (size_t i = 0; i < first.count; i++) {
        const struct plk_candidate *a = &first.list[i], *b = &second.list[i];
        plk_assert(a->transport == b->transport && a->source == b->source && a->good_ms == b->good_ms);
        plk_assert(plk_addr_equal(&a->addr, &b->addr));
    }
    return 0;
}
