// SPDX-License-Identifier: MIT
// Sending again what the peer once had and has lost (DESIGN 3.8): after a re-key with a peer whose store was rolled
// back, or at its request. Own history is read in pages and written back into the outbox at its old places, which lie
// before everything that still waits; the outbox is not read while that lasts. More is resent than was lost if the
// streams do not tell exactly: the peer compares origins and ids.
#include "mail/state.h"

#define PAGE 16 // rows: a batch holds so many of the largest
#define UNNAMED UINT64_MAX

bool plk_resync_is_pending(const struct plk_mail *m) {
    for (uint8_t i = 0; i < m->sending_count; i++) {
        if (plk_sending_has_resync(&m->sending[i])) return true;
    }
    return false;
}

static struct plk_sending *pending(struct plk_mail *m) {
    for (uint8_t i = 0; i < m->sending_count; i++) {
        if (plk_sending_has_resync(&m->sending[i])) return &m->sending[i];
    }
    return NULL;
}

static void ask(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_sending *s, uint64_t contiguous) {
    uint64_t has = plk_sending_origins_at(s, contiguous);
    if (has >= s->done_origin) return;
    s->resync_next = has + 1;
    s->resync_end = s->done_origin;
    plk_state_save_sending(m, s, turn->batch);
}

// ---- when -----------------------------------------------------------------------------------------------------------

static const struct plk_ack *named(const struct plk_mail *m, const struct plk_sending *s, const struct plk_ack *acks,
                                   size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(acks[i].device, m->device, PLK_DEVICE_LEN) == 0 &&
            memcmp(acks[i].epoch, s->epoch, PLK_EPOCH_LEN) == 0) {
            return &acks[i];
        }
    }
    return NULL;
}

// What the peer has of a stream that it names. Under the number that was acknowledged another chain: those are not ours, a
// clone of this store has written them.
static uint64_t has_of(const struct plk_sending *s, const struct plk_ack *ack) {
    bool fits = ack->contiguous != s->acked || memcmp(ack->chain, s->acked_chain, PLK_MESSAGE_HASH_LEN) == 0;
    return fits ? ack->contiguous : 0;
}

// It will never be more: no reason any longer at the next re-key. ack may be NULL.
static void forget_acked(struct plk_sending *s, const struct plk_ack *ack) {
    s->acked = ack != NULL ? ack->contiguous : 0;
    memset(s->acked_chain, 0, sizeof s->acked_chain);
    if (ack != NULL) memcpy(s->acked_chain, ack->chain, sizeof s->acked_chain);
    s->forked = true;
}

// Acks that fit have been taken over before (deliver.c).
static void note_fork(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_sending *s,
                      const struct plk_ack *ack) {
    bool other = ack->contiguous == s->acked && memcmp(ack->chain, s->acked_chain, PLK_MESSAGE_HASH_LEN) != 0;
    if (s->forked || (ack->contiguous <= s->acked && !other)) return;
    s->forked = true;
    plk_state_save_sending(m, s, turn->batch);
}

// How much of each earlier stream the peer has by its "have"; true: of one it has less than it once acknowledged. It keeps
// PLK_MAIL_STREAMS_MAX streams and forgets the oldest: what is older than all of so many is complete. Otherwise it has never
// heard of a stream that it does not name, or has lost it.
static bool has_less(const struct plk_mail *m, const struct plk_ack *acks, size_t count,
                     uint64_t has[PLK_MAIL_GENERATIONS_MAX]) {
    uint8_t oldest = m->sending_count; // of those that it names
    bool less = false;
    for (uint8_t i = m->sending_count; i > 0; i--) {
        const struct plk_ack *ack = named(m, &m->sending[i - 1], acks, count);
        has[i - 1] = ack != NULL ? has_of(&m->sending[i - 1], ack) : UNNAMED;
        if (ack != NULL) oldest = i - 1;
    }
    bool forgets = count >= PLK_MAIL_STREAMS_MAX && oldest < m->sending_count;
    for (uint8_t i = 0; i + 1 < m->sending_count; i++) {
        if (has[i] == UNNAMED) has[i] = forgets && i < oldest ? m->sending[i].acked : 0;
        if (!m->sending[i].closed && has[i] < m->sending[i].acked) less = true;
    }
    return less;
}

// All earlier streams are asked for, since what was written in one may have been acknowledged in a later one.
static void note_lost(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ack *acks, size_t count,
                      const uint64_t has[PLK_MAIL_GENERATIONS_MAX]) {
    bool lost = false;
    for (uint8_t i = 0; i + 1 < m->sending_count; i++) {
        struct plk_sending *s = &m->sending[i];
        if (s->closed) continue;
        ask(m, turn, s, has[i]);
        lost = lost || has[i] < s->acked;
        if (has[i] < s->acked) forget_acked(s, named(m, s, acks, count));
        plk_state_save_sending(m, s, turn->batch);
    }
    if (lost) plk_state_event(m, PLK_MAIL_LOST);
}

// What was lost is noted at once: after the re-key the peer may name a later stream, of which it has got something
// meanwhile, and then what it does not name counts as complete.
bool plk_resync_less(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ack *acks, size_t count) {
    uint64_t has[PLK_MAIL_GENERATIONS_MAX];
    if (!has_less(m, acks, count, has)) return false;
    note_lost(m, turn, acks, count, has);
    if (plk_resync_is_pending(m) && plk_state_unacked(m) == 0) plk_outbox_reset(m);
    return true;
}

// The first "have" of the peer in a new generation.
void plk_resync_settle(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ack *acks, size_t count) {
    uint64_t has[PLK_MAIL_GENERATIONS_MAX];
    for (uint8_t i = 0; i + 1 < m->sending_count; i++) {
        const struct plk_ack *ack = named(m, &m->sending[i], acks, count);
        if (ack != NULL) note_fork(m, turn, &m->sending[i], ack);
    }
    if (has_less(m, acks, count, has)) note_lost(m, turn, acks, count, has);
    m->settled = true;
    if (plk_resync_is_pending(m)) plk_outbox_reset(m);
    plk_state_save(m, turn->batch);
}

// At most one at a time, and not often: it costs this side much and the peer nothing.
void plk_resync_asked(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_resync *resync) {
    struct plk_sending *s = plk_state_sending(m, resync->epoch);
    bool own = s != NULL && memcmp(resync->device, m->device, PLK_DEVICE_LEN) == 0;
    if (!own || !m->settled || plk_resync_is_pending(m) || turn->now.mono_us < m->resync_us) return;
    m->resync_us = turn->now.mono_us + PLK_MAIL_RESYNC_EVERY_MS * PLK_MS;
    ask(m, turn, s, resync->from > 0 ? resync->from - 1 : 0);
    if (plk_resync_is_pending(m) && plk_state_unacked(m) == 0) plk_outbox_reset(m);
}

// ---- reading --------------------------------------------------------------------------------------------------------

// Not before what is numbered in the current stream is acknowledged: its order is fixed.
bool plk_resync_wants(struct plk_mail *m, struct plk_mail_load *load) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_RESYNC];
    struct plk_sending *s = pending(m);
    if (wish->open || s == NULL || plk_state_unacked(m) > 0 || m->wishes[PLK_MAIL_WANT_PAGE].open) return false;
    plk_outbox_reset(m);
    m->resync_generation = s->generation;
    m->resync_from = s->resync_next;
    struct plk_origin origin = {.seq = s->resync_next};
    memcpy(origin.device, m->device, PLK_DEVICE_LEN);
    memcpy(origin.epoch, s->epoch, PLK_EPOCH_LEN);
    *wish = (struct plk_wish){.open = true};
    wish->from = plk_key_message(m->contact, PLK_OUT, &origin);
    origin.seq = s->resync_end + 1;
    wish->to = plk_key_message(m->contact, PLK_OUT, &origin);
    *load = (struct plk_mail_load){.want = PLK_MAIL_WANT_RESYNC, .table = PLK_TABLE_message, .limit = PAGE};
    load->from = plk_key_bytes(&wish->from);
    load->to = plk_key_bytes(&wish->to);
    load->after_n = m->outbox_n;
    return true;
}

// What is not delivered is in the outbox already, or was given up.
static bool is_lost(const struct plk_message_row *row) {
    bool delivered = row->state == PLK_STATE_DELIVERED || row->state == PLK_STATE_READ;
    // Of a picture the message may be there without its parts.
    if (row->kind == PLK_BODY_PICTURE && row->state < PLK_STATE_DELIVERED) delivered = row->received_ms != 0;
    return delivered && row->kind < PLK_BODY_PROFILE && row->payload.len > 0 && row->payload.len <= PLK_BODY_MAX;
}

static void queue_again(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_message_row *row) {
    struct plk_entry entry = plk_entry_make(m->mem, row->payload);
    entry.order = (struct plk_order){.row = row->row};
    entry.origin = row->origin;
    memcpy(entry.id, row->id, PLK_ID_LEN);
    entry.kind = row->kind;
    entry.time_ms = row->time_ms;
    entry.has_target = row->has_target;
    entry.target = row->target;
    entry.lifetime_s = row->lifetime_s;
    entry.repeat = true;
    plk_history_repeat(m, turn, &entry);
    plk_outbox_add(m, turn, &entry);
}

enum plk_err plk_resync_rows(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_row *rows,
                             size_t count, bool more) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_RESYNC];
    struct plk_sending *s = pending(m);
    wish->rows += count;
    wish->open = more;
    // A new generation has begun meanwhile, and something else is wanted.
    if (s == NULL || s->generation != m->resync_generation || s->resync_next != m->resync_from) return PLK_ERR_OK;
    for (size_t i = 0; i < count; i++) {
        struct plk_message_row row = {.contact = 0};
        if (plk_message_key_decode(rows[i].key, &row) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
        if (plk_message_row_decode(rows[i].value, &row) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
        if (is_lost(&row)) queue_again(m, turn, &row);
        s->resync_next = row.origin.seq + 1;
    }
    if (!more && wish->rows < PAGE) s->resync_next = s->resync_end + 1;
    m->resync_from = s->resync_next;
    plk_state_save_sending(m, s, turn->batch);
    plk_state_save(m, turn->batch);
    return PLK_ERR_OK;
}
