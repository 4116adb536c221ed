// SPDX-License-Identifier: MIT
#include "wire/fleet_word.h"

static bool carries(enum plk_fleet_kind kind) { return kind == PLK_FLEET_ASK || kind == PLK_FLEET_PASS; }
static bool is_list(enum plk_fleet_kind kind) { return kind <= PLK_FLEET_SUBSCRIBED; }

void plk_fleet_word_encode(struct plk_writer *w, const struct plk_fleet_word *word) {
    size_t count = word->sids.len / PLK_QUEUE_ID_LEN;
    plk_assert(word->sids.len % PLK_QUEUE_ID_LEN == 0 && count > 0 && count <= PLK_FLEET_SIDS_MAX);
    plk_writer_u8(w, (uint8_t)word->kind);
    if (is_list(word->kind)) {
        if (word->kind == PLK_FLEET_SUBSCRIBED) plk_writer_u64(w, word->stamp);
        plk_writer_u8(w, (uint8_t)count);
        plk_writer_put(w, word->sids);
        return;
    }
    plk_assert(count == 1 && carries(word->kind) == (word->bytes.len > 0));
    plk_assert(word->bytes.len <= PLK_FLEET_PASS_MAX);
    plk_writer_put(w, word->sids);
    plk_writer_u64(w, word->client);
    plk_writer_u32(w, word->handle);
    plk_writer_put(w, word->bytes);
}

enum plk_err plk_fleet_word_decode(struct plk_bytes bytes, struct plk_fleet_word *word) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_fleet_word read = {.kind = (enum plk_fleet_kind)plk_reader_u8(&r)};
    if (read.kind < PLK_FLEET_ITEMS || read.kind > PLK_FLEET_ABSENT) return PLK_ERR_MALFORMED;
    if (is_list(read.kind)) {
        if (read.kind == PLK_FLEET_SUBSCRIBED) read.stamp = plk_reader_u64(&r);
        size_t count = plk_reader_u8(&r);
        if (count == 0 || count > PLK_FLEET_SIDS_MAX) return PLK_ERR_MALFORMED;
        read.sids = plk_reader_take(&r, count * PLK_QUEUE_ID_LEN);
    } else {
        read.sids = plk_reader_take(&r, PLK_QUEUE_ID_LEN);
        read.client = plk_reader_u64(&r);
        read.handle = plk_reader_u32(&r);
        if (carries(read.kind)) {
            read.bytes = plk_reader_rest(&r);
            if (read.bytes.len == 0 || read.bytes.len > PLK_FLEET_PASS_MAX) return PLK_ERR_MALFORMED;
        }
    }
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *word = read;
    return PLK_ERR_OK;
}
