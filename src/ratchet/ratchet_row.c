// SPDX-License-Identifier: MIT
// The stored form of a ratchet: version u8, turn u8, ten keys, seven u32, count u8, old chains. A change of
// the fields of struct plk_ratchet is a new version here.
#include "base/reader.h"
#include "base/writer.h"
#include "ratchet/ratchet.h"

#define ROW_VERSION 1

_Static_assert(2 + 10 * 32 + 7 * 4 + 1 + PLK_RATCHET_OLD_MAX * (4 + 4 + 8 + 32) <= PLK_RATCHET_ROW_MAX, "row");

size_t plk_ratchet_encode(const struct plk_ratchet *r, uint8_t out[PLK_RATCHET_ROW_MAX]) {
    const uint8_t *const keys[] = {r->root,        r->own_secret,      r->own_public,       r->their_public,
                                   r->send_chain,  r->send_header,     r->next_send_header, r->recv_chain,
                                   r->recv_header, r->next_recv_header};
    const uint32_t numbers[] = {r->send_id, r->send_n, r->send_previous, r->peer_has,
                                r->recv_id, r->recv_n, r->recv_floor};
    struct plk_writer w = plk_writer(out, PLK_RATCHET_ROW_MAX);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, r->turn ? 1 : 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) plk_writer_copy(&w, keys[i], 32);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) plk_writer_u32(&w, numbers[i]);
    plk_writer_u8(&w, r->old_count);
    for (size_t i = 0; i < r->old_count; i++) {
        plk_writer_u32(&w, r->old[i].chain);
        plk_writer_u32(&w, r->old[i].floor);
        plk_writer_u64(&w, r->old[i].since_ms);
        plk_writer_copy(&w, r->old[i].header, 32);
    }
    plk_assert(!w.failed);
    return w.len;
}

// What every state that this code can reach has in common.
static bool plausible(const struct plk_ratchet *r) {
    uint32_t above = 0;
    for (size_t i = 0; i < r->old_count; i++) {
        if (r->old[i].chain <= above || r->old[i].chain >= r->recv_id) return false;
        above = r->old[i].chain;
    }
    if (r->send_id == 0 && (r->send_n != 0 || r->send_previous != 0)) return false;
    if (r->recv_id == 0 && (r->recv_n != 0 || r->old_count != 0)) return false;
    if (r->recv_id != 0 && !plk_ratchet_can_send(r)) return false;
    return r->peer_has <= r->send_n && r->recv_floor <= r->recv_n;
}

enum plk_err plk_ratchet_decode(struct plk_ratchet *r, struct plk_bytes row) {
    struct plk_ratchet got = {0};
    uint8_t *const keys[] = {got.root,        got.own_secret,      got.own_public,       got.their_public,
                             got.send_chain,  got.send_header,     got.next_send_header, got.recv_chain,
                             got.recv_header, got.next_recv_header};
    uint32_t *const numbers[] = {&got.send_id, &got.send_n, &got.send_previous, &got.peer_has,
                                 &got.recv_id, &got.recv_n, &got.recv_floor};
    struct plk_reader in = plk_reader(row);
    uint8_t version = plk_reader_u8(&in);
    uint8_t turn = plk_reader_u8(&in);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) plk_reader_copy(&in, keys[i], 32);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) *numbers[i] = plk_reader_u32(&in);
    uint8_t count = plk_reader_u8(&in);
    if (version != ROW_VERSION || turn > 1 || count > PLK_RATCHET_OLD_MAX) in.failed = true;
    for (size_t i = 0; i < count && !in.failed; i++) {
        got.old[i].chain = plk_reader_u32(&in);
        got.old[i].floor = plk_reader_u32(&in);
        got.old[i].since_ms = plk_reader_u64(&in);
        plk_reader_copy(&in, got.old[i].header, 32);
    }
    got.turn = turn == 1;
    got.old_count = count;
    bool good = plk_reader_done(&in) && plausible(&got);
    if (good) *r = got;
    plk_mem_wipe(&got, sizeof got);
    return good ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
