// SPDX-License-Identifier: MIT
// Envelopes, ack lists, control records and the rows of mail: whatever decodes, encodes to the same bytes again.
#include <stdlib.h>

#include "mail/entry.h"
#include "mail/receiving.h"
#include "mail/sending.h"
#include "wire/message.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[PLK_ROW_VALUE_MAX + 1024];

static void same(const struct plk_writer *w, struct plk_bytes in) {
    if (w->failed || !plk_bytes_equal(plk_writer_bytes(w), in)) __builtin_trap();
}

static void envelope(struct plk_bytes in) {
    struct plk_envelope e;
    struct plk_writer w = plk_writer(out, sizeof out);
    if (plk_message_envelope_decode(in, &e) != PLK_ERR_OK) return;
    plk_message_envelope_encode(&w, &e);
    same(&w, in);
}

static void acks(struct plk_bytes in) {
    struct plk_ack list[PLK_ACKS_MAX];
    size_t count;
    struct plk_writer w = plk_writer(out, sizeof out);
    if (plk_message_acks_decode(in, list, &count) != PLK_ERR_OK) return;
    plk_message_acks_encode(&w, list, count);
    same(&w, in);
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < list[i].range_count; k++) {
            if (list[i].ranges[k].first > list[i].ranges[k].last) __builtin_trap();
        }
    }
}

static void control(struct plk_bytes in) {
    struct plk_control c;
    struct plk_resync resync;
    struct plk_writer w = plk_writer(out, sizeof out);
    if (plk_message_control_decode(in, &c) != PLK_ERR_OK) return;
    plk_message_control_encode(&w, c.type, c.body);
    if (w.failed || w.len < in.len || memcmp(out + w.len - in.len, in.at, in.len) != 0) __builtin_trap();
    w = plk_writer(out, sizeof out);
    if (plk_message_resync_decode(c.body, &resync) != PLK_ERR_OK) return;
    plk_message_resync_encode(&w, &resync);
    same(&w, c.body);
}

// The first byte cuts the rest into pieces; the records are the same however it is cut.
static void stream(struct plk_bytes in) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_message_feed whole, pieces;
    struct plk_bytes record;
    size_t total = 0, total_of_pieces = 0;
    if (in.len == 0) return;
    size_t piece = 1 + in.at[0] % 32;
    plk_message_feed_init(&whole, &mem, 200);
    plk_message_feed_init(&pieces, &mem, 200);
    plk_message_feed_push(&whole, plk_bytes(in.at + 1, in.len - 1));
    while (plk_message_feed_next(&whole, &record) == PLK_ERR_OK) total += record.len;
    for (size_t at = 1; at < in.len; at += piece) {
        plk_message_feed_push(&pieces, plk_bytes(in.at + at, in.len - at < piece ? in.len - at : piece));
        while (plk_message_feed_next(&pieces, &record) == PLK_ERR_OK) total_of_pieces += record.len;
    }
    if (total != total_of_pieces) __builtin_trap();
    plk_message_feed_free(&whole);
    plk_message_feed_free(&pieces);
    if (mem.used != 0) __builtin_trap();
}

static void rows(struct plk_bytes in) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_sending sending;
    struct plk_receiving receiving;
    struct plk_entry entry;
    bool needs_part;
    struct plk_key key = plk_key_outbox(1, (struct plk_order){2, 3}, 0);
    if (plk_sending_decode(&sending, 1, in) == PLK_ERR_OK) {
        plk_sending_encode(&sending, out);
        if (memcmp(out, in.at, in.len) != 0) __builtin_trap();
    }
    struct plk_key stream_key = plk_key_receiving(1, (const uint8_t *)"device..", (const uint8_t *)"epoch...");
    if (plk_receiving_decode(&receiving, plk_key_bytes(&stream_key), in) == PLK_ERR_OK) {
        plk_receiving_encode(&receiving, out);
        if (memcmp(out, in.at, in.len) != 0) __builtin_trap();
    }
    if (plk_entry_decode(&mem, plk_key_bytes(&key), in, &entry, &needs_part) == PLK_ERR_OK) {
        struct plk_entry again;
        struct plk_writer w = plk_writer(out, sizeof out);
        if (!needs_part) {
            plk_entry_encode(&w, &entry);
            if (plk_entry_decode(&mem, plk_key_bytes(&key), plk_writer_bytes(&w), &again, &needs_part) != PLK_ERR_OK) {
                __builtin_trap();
            }
            if (again.payload_len != entry.payload_len || again.record_len != entry.record_len) __builtin_trap();
            plk_entry_free(&mem, &again);
        }
        plk_entry_free(&mem, &entry);
    }
    if (mem.used != 0) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > PLK_ROW_VALUE_MAX) return 0;
    struct plk_bytes in = plk_bytes(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        envelope(in);
        break;
    case 1:
        acks(in);
        break;
    case 2:
        control(in);
        break;
    case 3:
        stream(in);
        break;
    default:
        rows(in);
    }
    return 0;
}
