// SPDX-License-Identifier: MIT
// Records of a client and its relay: a stream is cut, what decodes encodes to the same bytes.
#include "wire/queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_body(struct plk_bytes body) {
    static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];
    struct plk_queue_record record;
    if (plk_queue_decode(body, &record) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_queue_encode(&w, &record);
    struct plk_bytes again;
    bool broken;
    plk_assert(plk_queue_cut(plk_writer_bytes(&w), &again, &broken) == w.len && !broken);
    // An address may have had a longer form.
    if (record.type != PLK_QUEUE_FWD_OPEN) plk_assert(plk_bytes_equal(again, body));
    plk_assert(plk_queue_decode(again, &record) == PLK_ERR_OK);
    bool list = record.type == PLK_QUEUE_SUB || record.type == PLK_QUEUE_ACK;
    if (list) plk_queue_at(&record, plk_queue_count(&record) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_bytes stream = plk_bytes(data, size), body;
    bool broken;
    try_body(stream);
    for (size_t took; (took = plk_queue_cut(stream, &body, &broken)) > 0;) {
        plk_assert(took == body.len + PLK_QUEUE_HEAD_LEN);
        try_body(body);
        stream = plk_bytes(stream.at + took, stream.len - took);
    }
    return 0;
}
