// SPDX-License-Identifier: MIT
// Descriptors of relays and lists of them: what is read has one encoding, and nothing passes that nobody signed.
#include <stdint.h>

#include "queue/descriptor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_one(struct plk_bytes bytes) {
    struct plk_descriptor d;
    uint8_t again[PLK_DESCRIPTOR_MAX];
    if (plk_descriptor_decode(bytes, &d) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_descriptor_encode(&w, &d);
    plk_assert(!w.failed);
    // An address may have had a longer form.
    if (w.len == bytes.len) plk_assert(plk_bytes_equal(plk_writer_bytes(&w), bytes));
    plk_assert(plk_descriptor_decode(plk_writer_bytes(&w), &d) == PLK_ERR_OK);
    plk_assert(plk_descriptor_prefix(&d.addr) != 0);
    if (plk_descriptor_check(bytes, d.expires_ms - 1, &d) == PLK_ERR_OK) plk_assert(d.expires_ms > 0);
    plk_assert(plk_descriptor_check(bytes, d.expires_ms, &d) == PLK_ERR_EXPIRED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_bytes bytes = plk_bytes(data, size);
    struct plk_descriptors list;
    uint8_t again[PLK_DESCRIPTORS_LEN_MAX];
    try_one(bytes);
    if (plk_descriptors_decode(bytes, &list) != PLK_ERR_OK) return 0;
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_descriptors_encode(&w, &list);
    plk_assert(!w.failed && plk_bytes_equal(plk_writer_bytes(&w), bytes));
    for (unsigned i = 0; i < list.count; i++) try_one(list.at[i]);
    return 0;
}
