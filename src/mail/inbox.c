// SPDX-License-Identifier: MIT
// Ciphertexts coming in: seen before, opened, put in order, compared with what is there, shown.
#include "mail/state.h"

static bool is_zero(const uint8_t *at, size_t len) {
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) any |= at[i];
    return any == 0;
}

static bool is_stream(const struct plk_receiving *s, const uint8_t *device, const uint8_t *epoch) {
    return memcmp(s->device, device, PLK_DEVICE_LEN) == 0 && memcmp(s->epoch, epoch, PLK_EPOCH_LEN) == 0;
}

static struct plk_receiving *stream_of(struct plk_mail *m, const uint8_t *device, const uint8_t *epoch) {
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        if (is_stream(&m->receiving[i], device, epoch)) return &m->receiving[i];
    }
    return NULL;
}

static struct plk_origin origin_of(const struct plk_envelope *e) {
    struct plk_origin origin = {.seq = e->seq};
    if (e->has_origin) return e->origin;
    memcpy(origin.device, e->device, PLK_DEVICE_LEN);
    memcpy(origin.epoch, e->epoch, PLK_EPOCH_LEN);
    return origin;
}

// ---- streams --------------------------------------------------------------------------------------------------------

static void forget_oldest(struct plk_mail *m, struct plk_batch *batch) {
    struct plk_receiving *s = &m->receiving[0];
    struct plk_key key = plk_key_receiving(m->contact, s->device, s->epoch);
    struct plk_key from = plk_key_held_all(m->contact, s->device, s->epoch);
    struct plk_key to = plk_key_after(&from);
    plk_batch_delete(batch, PLK_TABLE_link, plk_key_bytes(&key));
    plk_batch_delete_range(batch, PLK_TABLE_blob, plk_key_bytes(&from), plk_key_bytes(&to));
    plk_held_remove_all(&m->held, s->generation);
    m->receiving_count--;
    memmove(s, s + 1, m->receiving_count * sizeof *s);
}

// The stream of a generation's ratchet: the first number that comes in it names it, no other may follow. NULL: it is
// another.
static struct plk_receiving *bind(struct plk_mail *m, const struct plk_mail_turn *turn, uint32_t generation,
                                  const struct plk_envelope *e) {
    struct plk_receiving *s = plk_state_receiving(m, generation);
    if (s != NULL) return is_stream(s, e->device, e->epoch) ? s : NULL;
    if (stream_of(m, e->device, e->epoch) != NULL) return NULL;
    if (m->receiving_count == PLK_MAIL_STREAMS_MAX) forget_oldest(m, turn->batch);
    uint8_t index = m->receiving_count++;
    for (; index > 0 && m->receiving[index - 1].generation > generation; index--) {
        m->receiving[index] = m->receiving[index - 1];
    }
    s = &m->receiving[index];
    *s = (struct plk_receiving){.generation = generation, .next_origin = 1};
    memcpy(s->device, e->device, PLK_DEVICE_LEN);
    memcpy(s->epoch, e->epoch, PLK_EPOCH_LEN);
    plk_state_save_receiving(m, s, turn->batch);
    return s;
}

// ---- into history ---------------------------------------------------------------------------------------------------

// A message that was numbered twice is in history already, and only history knows. Not needed for the first
// numbering, in the newest stream, above all origins that another stream has brought.
static bool must_look(const struct plk_mail *m, const struct plk_receiving *s, const struct plk_envelope *e) {
    if (e->kind >= PLK_BODY_PROFILE) return false;
    struct plk_origin origin = origin_of(e);
    return !is_stream(s, origin.device, origin.epoch) || origin.seq < s->next_origin || s->generation != m->generation;
}

static void raise(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_origin *origin) {
    struct plk_receiving *s = stream_of(m, origin->device, origin->epoch);
    if (s == NULL || origin->seq < s->next_origin) return;
    s->next_origin = origin->seq + 1;
    plk_state_save_receiving(m, s, turn->batch);
}

static void show(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_envelope *e, bool apart) {
    struct plk_message_row row = {
        .direction = PLK_IN, .origin = origin_of(e), .kind = e->kind, .state = PLK_STATE_RECEIVED};
    if (apart) row.origin = plk_copies_apart(e);
    memcpy(row.id, e->id, PLK_ID_LEN);
    row.time_ms = e->time_ms;
    row.received_ms = turn->now.wall_ms;
    row.has_target = e->has_target;
    row.target = e->target;
    row.lifetime_s = e->lifetime_s;
    row.payload = e->payload;
    plk_history_add(m, turn, &row);
    plk_state_save(m, turn->batch);
}

// The next message of the stream takes its place.
static void commit(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s,
                   const struct plk_envelope *e, enum plk_held_verdict verdict) {
    struct plk_origin origin = origin_of(e);
    if (e->kind >= PLK_BODY_PROFILE) {
        bool loose = e->kind == PLK_BODY_ACK || e->kind == PLK_BODY_UNREADABLE || e->kind == PLK_BODY_PULSE;
        if (!loose) plk_history_control(m, e, &origin);
    } else if (verdict != PLK_HELD_COPY) {
        show(m, turn, e, verdict == PLK_HELD_APART);
    }
    plk_receiving_advance(s, turn->batch_n, e->id);
    plk_absent_owe(m, turn, s, true);
    raise(m, turn, &origin);
    plk_state_save_receiving(m, s, turn->batch);
}

static enum plk_err refuse_chain(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s) {
    s->tell = true;
    if (m->stopped == PLK_MAIL_WHY_NONE) plk_state_event(m, PLK_MAIL_ROLLBACK)->own = false;
    plk_state_stop(m, turn, PLK_MAIL_WHY_ROLLBACK);
    return PLK_ERR_STALE;
}

static bool follows(const struct plk_receiving *s, const struct plk_envelope *e) {
    return memcmp(e->previous, s->chain, PLK_MESSAGE_HASH_LEN) == 0;
}

// ---- held -----------------------------------------------------------------------------------------------------------

static enum plk_err hold(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s, uint64_t seq,
                         struct plk_bytes text) {
    if (m->held.count >= PLK_MAIL_HELD_MAX || m->held.bytes + text.len > PLK_MAIL_HELD_BYTES_MAX) return PLK_ERR_LIMIT;
    struct plk_key key = plk_key_held(m->contact, s->device, s->epoch, seq);
    plk_batch_upsert(turn->batch, PLK_TABLE_blob, plk_key_bytes(&key), text);
    plk_held_put(&m->held, s->generation, seq, text);
    s->held_n = turn->batch_n;
    plk_absent_owe(m, turn, s, true);
    return PLK_ERR_OK;
}

static void release(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_receiving *s, uint64_t seq) {
    struct plk_key key = plk_key_held(m->contact, s->device, s->epoch, seq);
    plk_batch_delete(turn->batch, PLK_TABLE_blob, plk_key_bytes(&key));
    plk_held_remove(&m->held, s->generation, seq);
}

// In steps: a thousand may have waited for one, and a batch is bounded.
void plk_inbox_drain(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s) {
    for (unsigned taken = 0;; taken++) {
        uint64_t seq = s->contiguous + 1;
        struct plk_held_item *item = plk_held_find(&m->held, s->generation, seq);
        struct plk_envelope e;
        if (item == NULL) return;
        if (taken == PLK_MAIL_DELIVER_STEP || plk_batch_full(turn->batch)) {
            m->undrained = true;
            return;
        }
        enum plk_err err = plk_message_envelope_decode(plk_bytes(item->text, item->text_len), &e);
        plk_assert(err == PLK_ERR_OK); // checked when it was held or loaded
        if (follows(s, &e)) {
            if (item->verdict == PLK_HELD_OTHER) return;
            if (item->verdict == PLK_HELD_UNKNOWN && must_look(m, s, &e)) return;
            commit(m, turn, s, &e, item->verdict);
        } else {
            refuse_chain(m, turn, s);
        }
        release(m, turn, s, seq);
    }
}

bool plk_inbox_late(struct plk_mail *m, const struct plk_mail_turn *turn) {
    if (!m->undrained) return false;
    m->undrained = false;
    for (uint8_t i = 0; i < m->receiving_count; i++) plk_inbox_drain(m, turn, &m->receiving[i]);
    return true;
}

// ---- one envelope ---------------------------------------------------------------------------------------------------

static enum plk_err take_loose(struct plk_mail *m, const struct plk_mail_turn *turn, uint32_t generation,
                               const struct plk_envelope *e) {
    if (e->kind == PLK_BODY_PULSE) return PLK_ERR_OK;
    if (e->kind == PLK_BODY_ACK) {
        bool current = generation == m->generation;
        if (current) plk_absent_asked(m);
        return plk_deliver_acks(m, turn, e->payload, current ? PLK_ACKS_CURRENT : PLK_ACKS_OTHER);
    }
    bool hashes = e->payload.len % PLK_MESSAGE_HASH_LEN == 0 &&
                  e->payload.len <= PLK_MAIL_UNREADABLE_QUEUE * PLK_MESSAGE_HASH_LEN;
    if (e->kind != PLK_BODY_UNREADABLE || !hashes) return PLK_ERR_MALFORMED;
    for (size_t at = 0; at < e->payload.len; at += PLK_MESSAGE_HASH_LEN) {
        plk_deliver_unreadable(m, turn, e->payload.at + at);
    }
    return PLK_ERR_OK;
}

static enum plk_err take(struct plk_mail *m, const struct plk_mail_turn *turn, uint32_t generation,
                         struct plk_bytes text, bool *loose) {
    struct plk_envelope e;
    if (plk_message_envelope_decode(text, &e) != PLK_ERR_OK) return PLK_ERR_MALFORMED;
    // Rows that are made here (notices) have an epoch of zeros.
    if (is_zero(e.epoch, PLK_EPOCH_LEN) || (e.has_origin && is_zero(e.origin.epoch, PLK_EPOCH_LEN))) {
        return PLK_ERR_MALFORMED;
    }
    if (generation != m->generation) memcpy(plk_state_event(m, PLK_MAIL_EARLIER)->device, e.device, sizeof e.device);
    if (e.seq == 0) {
        if (loose == NULL) return PLK_ERR_MALFORMED;
        *loose = true;
        return take_loose(m, turn, generation, &e);
    }
    struct plk_receiving *s = bind(m, turn, generation, &e);
    if (s == NULL) return PLK_ERR_MALFORMED;
    if (e.seq <= s->contiguous || plk_held_find(&m->held, generation, e.seq) != NULL) {
        s->tell = true;
        plk_absent_owe(m, turn, s, false);
        return PLK_ERR_REPLAYED;
    }
    if (e.seq > s->contiguous + 1) return hold(m, turn, s, e.seq, text);
    if (!follows(s, &e)) return refuse_chain(m, turn, s);
    if (must_look(m, s, &e)) return hold(m, turn, s, e.seq, text);
    commit(m, turn, s, &e, PLK_HELD_NEW);
    plk_inbox_drain(m, turn, s);
    return PLK_ERR_OK;
}

static void note_heard(struct plk_mail *m, const struct plk_mail_turn *turn, uint32_t generation) {
    for (uint8_t i = 0; i < m->sending_count; i++) {
        struct plk_sending *s = &m->sending[i];
        if (s->generation != generation || s->heard) continue;
        s->heard = true;
        plk_state_save_sending(m, s, turn->batch);
    }
}

enum plk_err plk_inbox_adopt(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes text) {
    uint64_t ack_us = m->ack_us;
    enum plk_err err = take(m, turn, m->generation, text, NULL);
    struct plk_receiving *s = plk_state_receiving(m, m->generation);
    // The acceptance says what there is.
    m->ack_us = ack_us;
    if (err == PLK_ERR_OK && s != NULL && s->owed) {
        s->owed = false;
        plk_state_save_receiving(m, s, turn->batch);
    }
    if (err == PLK_ERR_OK) note_heard(m, turn, m->generation);
    return err == PLK_ERR_OK || err == PLK_ERR_REPLAYED ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

// ---- one ciphertext -------------------------------------------------------------------------------------------------

// Nothing has changed. Whatever cannot be read is reported, so that the peer encrypts it again; a spent key too,
// since it may be that of a message which there was no room to hold, and a header that cannot be, which a rolled-back
// peer makes.
static enum plk_err refuse(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_err err,
                           const struct plk_generation *by, const uint8_t hash[PLK_MESSAGE_HASH_LEN]) {
    plk_receipt_report(m, hash);
    plk_absent_owe(m, turn, NULL, false);
    if (err != PLK_ERR_SPENT) return err;
    plk_receipt_tell_all(m);
    // Without a link it may be an old cell that a relay repeats. A peer that was rolled back encrypts anew what is
    // reported, and asks for a re-key if that is not readable either.
    if (m->up && by == plk_lineage_current(&m->lineage)) plk_state_want_rekey(m, turn, PLK_MAIL_WHY_SPENT);
    return err;
}

static void note_opened(struct plk_mail *m, const struct plk_mail_turn *turn, uint32_t generation) {
    note_heard(m, turn, generation);
    if (generation == m->generation) m->received_since++;
    m->opened = m->opened || generation == m->generation;
    // This side waits to hear the new ratchet and the peer uses an older one: it has lost the re-key, or not yet made
    // it.
    if (m->up && generation != m->generation && !plk_lineage_can_send(&m->lineage)) {
        plk_state_want_rekey(m, turn, PLK_MAIL_WHY_ROLLBACK);
    }
}

// How a ciphertext without a number is remembered: a copy of it is not acknowledged, else two sides whose relays each
// keep two copies would acknowledge acks for ever.
static void hash_of_loose(uint8_t out[PLK_SEEN_HASH_LEN], const uint8_t hash[PLK_SEEN_HASH_LEN]) {
    memcpy(out, hash, PLK_SEEN_HASH_LEN);
    out[PLK_SEEN_HASH_LEN - 1] ^= 1;
}

enum plk_err plk_inbox_ciphertext(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes ciphertext) {
    uint8_t hash[PLK_SEEN_HASH_LEN];
    struct plk_generation *by = NULL;
    size_t len = 0;
    if (ciphertext.len > PLK_RATCHET_SEALED_MAX || ciphertext.len < PLK_RATCHET_OVERHEAD) return PLK_ERR_MALFORMED;
    uint8_t *text = plk_state_room(m, &m->text, ciphertext.len);
    plk_seen_hash(hash, ciphertext);
    if (plk_seen_has(&m->lineage.seen, hash)) {
        plk_receipt_tell_all(m);
        plk_absent_owe(m, turn, NULL, false);
        return PLK_ERR_REPLAYED;
    }
    uint8_t loose_hash[PLK_SEEN_HASH_LEN];
    hash_of_loose(loose_hash, hash);
    if (plk_seen_has(&m->lineage.seen, loose_hash)) return PLK_ERR_REPLAYED;
    enum plk_err err =
        plk_lineage_open(&m->lineage, turn->now.wall_ms, plk_state_ad(m), ciphertext, text, &len, &by, turn->batch);
    if (err != PLK_ERR_OK) return refuse(m, turn, err, by, hash);
    uint32_t generation = by->number;
    note_opened(m, turn, generation);
    bool loose = false;
    err = take(m, turn, generation, plk_bytes(text, len), &loose);
    if (err == PLK_ERR_LIMIT) {
        // Not remembered: the identical copy is to be reported again, until it is encrypted anew.
        plk_receipt_report(m, hash);
        plk_absent_owe(m, turn, NULL, false);
        return err;
    }
    plk_lineage_remember(&m->lineage, loose ? loose_hash : hash, turn->batch);
    return err;
}
