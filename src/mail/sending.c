// SPDX-License-Identifier: MIT
#include "mail/sending.h"

#include "crypto/crypto.h"

#define SENDING_VERSION 1
#define NUMBER_MAX (PLK_MESSAGE_SEQ_MAX / 2) // from here on nobody counts to the end of what an envelope can say
enum { CLOSED = 1, HEARD = 2, FORKED = 4, ALL_FLAGS = 7 };

void plk_sending_encode(const struct plk_sending *s, uint8_t out[PLK_SENDING_ROW_LEN]) {
    struct plk_writer w = plk_writer(out, PLK_SENDING_ROW_LEN);
    plk_writer_u8(&w, SENDING_VERSION);
    plk_writer_copy(&w, s->epoch, PLK_EPOCH_LEN);
    plk_writer_u64(&w, s->begun_ms);
    plk_writer_u8(&w, (uint8_t)((s->closed ? CLOSED : 0) | (s->heard ? HEARD : 0) | (s->forked ? FORKED : 0)));
    plk_writer_u64(&w, s->next_origin);
    plk_writer_u64(&w, s->done_origin);
    plk_writer_u64(&w, s->next_seq);
    plk_writer_u64(&w, s->resent);
    plk_writer_copy(&w, s->tip, PLK_MESSAGE_HASH_LEN);
    plk_writer_u64(&w, s->acked);
    plk_writer_copy(&w, s->acked_chain, PLK_MESSAGE_HASH_LEN);
    plk_writer_u64(&w, s->resync_next);
    plk_writer_u64(&w, s->resync_end);
    plk_assert(!w.failed && w.len == PLK_SENDING_ROW_LEN);
}

enum plk_err plk_sending_decode(struct plk_sending *s, uint32_t generation, struct plk_bytes row) {
    struct plk_reader r = plk_reader(row);
    struct plk_sending got = {.generation = generation};
    uint8_t version = plk_reader_u8(&r);
    plk_reader_copy(&r, got.epoch, PLK_EPOCH_LEN);
    got.begun_ms = plk_reader_u64(&r);
    uint8_t flags = plk_reader_u8(&r);
    got.closed = (flags & CLOSED) != 0;
    got.heard = (flags & HEARD) != 0;
    got.forked = (flags & FORKED) != 0;
    got.next_origin = plk_reader_u64(&r);
    got.done_origin = plk_reader_u64(&r);
    got.next_seq = plk_reader_u64(&r);
    got.resent = plk_reader_u64(&r);
    plk_reader_copy(&r, got.tip, PLK_MESSAGE_HASH_LEN);
    got.acked = plk_reader_u64(&r);
    plk_reader_copy(&r, got.acked_chain, PLK_MESSAGE_HASH_LEN);
    got.resync_next = plk_reader_u64(&r);
    got.resync_end = plk_reader_u64(&r);
    if (!plk_reader_done(&r) || version != SENDING_VERSION || (flags & ~ALL_FLAGS) != 0) return PLK_ERR_CORRUPT;
    if (got.next_seq == 0 || got.next_origin == 0 || generation == 0) return PLK_ERR_CORRUPT;
    if (got.acked >= got.next_seq || got.done_origin >= got.next_origin) return PLK_ERR_CORRUPT;
    if (got.next_seq > NUMBER_MAX || got.next_origin > NUMBER_MAX || got.resent >= got.next_seq) return PLK_ERR_CORRUPT;
    if (got.resync_end >= got.next_origin || got.resync_next > NUMBER_MAX) return PLK_ERR_CORRUPT;
    got.fence = got.next_seq;
    *s = got;
    return PLK_ERR_OK;
}

uint64_t plk_sending_origins_at(const struct plk_sending *s, uint64_t contiguous) {
    return contiguous > s->resent && !s->forked ? contiguous - s->resent : 0;
}

void plk_sending_chain(uint8_t chain[PLK_MESSAGE_HASH_LEN], const uint8_t before[PLK_MESSAGE_HASH_LEN],
                       const uint8_t id[PLK_ID_LEN]) {
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/mail/chain"), plk_bytes(before, PLK_MESSAGE_HASH_LEN),
                                plk_bytes(id, PLK_ID_LEN)};
    plk_hash(hash, parts, 3);
    memcpy(chain, hash, PLK_MESSAGE_HASH_LEN);
}
