// SPDX-License-Identifier: MIT
#include "mail/receiving.h"

#include "mail/sending.h"

#define RECEIVING_VERSION 1

void plk_receiving_encode(const struct plk_receiving *s, uint8_t out[PLK_RECEIVING_ROW_LEN]) {
    struct plk_writer w = plk_writer(out, PLK_RECEIVING_ROW_LEN);
    plk_writer_u8(&w, RECEIVING_VERSION);
    plk_writer_u32(&w, s->generation);
    plk_writer_u64(&w, s->contiguous);
    plk_writer_copy(&w, s->chain, PLK_MESSAGE_HASH_LEN);
    plk_writer_u64(&w, s->next_origin);
    plk_writer_u8(&w, s->owed);
    plk_assert(!w.failed && w.len == PLK_RECEIVING_ROW_LEN);
}

enum plk_err plk_receiving_decode(struct plk_receiving *s, struct plk_bytes key, struct plk_bytes row) {
    struct plk_reader k = plk_reader(key);
    struct plk_reader r = plk_reader(row);
    struct plk_receiving got = {.generation = 0};
    plk_reader_take(&k, 5); // contact, kind
    plk_reader_copy(&k, got.device, PLK_DEVICE_LEN);
    plk_reader_copy(&k, got.epoch, PLK_EPOCH_LEN);
    uint8_t version = plk_reader_u8(&r);
    got.generation = plk_reader_u32(&r);
    got.contiguous = plk_reader_u64(&r);
    plk_reader_copy(&r, got.chain, PLK_MESSAGE_HASH_LEN);
    got.next_origin = plk_reader_u64(&r);
    uint8_t owed = plk_reader_u8(&r);
    got.owed = owed == 1;
    if (!plk_reader_done(&k) || !plk_reader_done(&r) || version != RECEIVING_VERSION) return PLK_ERR_CORRUPT;
    if (owed > 1 || got.generation == 0 || got.contiguous > PLK_MESSAGE_SEQ_MAX || got.next_origin == 0)
        return PLK_ERR_CORRUPT;
    got.durable.contiguous = got.contiguous;
    memcpy(got.durable.chain, got.chain, PLK_MESSAGE_HASH_LEN);
    *s = got;
    return PLK_ERR_OK;
}

void plk_receiving_advance(struct plk_receiving *s, uint64_t batch_n, const uint8_t id[PLK_ID_LEN]) {
    plk_sending_chain(s->chain, s->chain, id);
    s->contiguous++;
    // A batch's last state stands for it. More batches than can be outstanding: the newest waits longer, never less.
    if (s->waiting_count == 0 ||
        (s->waiting[s->waiting_count - 1].batch_n != batch_n && s->waiting_count < PLK_RECEIVING_SNAPSHOTS)) {
        s->waiting_count++;
    }
    struct plk_receiving_snapshot *newest = &s->waiting[s->waiting_count - 1];
    *newest = (struct plk_receiving_snapshot){.batch_n = batch_n, .contiguous = s->contiguous};
    memcpy(newest->chain, s->chain, PLK_MESSAGE_HASH_LEN);
}

bool plk_receiving_settle(struct plk_receiving *s, uint64_t durable_n) {
    uint8_t count = 0;
    while (count < s->waiting_count && s->waiting[count].batch_n <= durable_n) count++;
    if (count == 0) return false;
    s->durable = s->waiting[count - 1];
    s->waiting_count = (uint8_t)(s->waiting_count - count);
    memmove(s->waiting, s->waiting + count, s->waiting_count * sizeof s->waiting[0]);
    return true;
}
