// SPDX-License-Identifier: MIT
// Encrypting at first send, and giving out what is durable (DESIGN 3.4).
#include "mail/state.h"

_Static_assert(PLK_CIPHERTEXT_RECORD_MAX == PLK_RATCHET_SEALED_MAX, "a record holds any ciphertext");
_Static_assert(PLK_BODY_MAX + PLK_ENVELOPE_HEAD_MAX <= PLK_RATCHET_TEXT_MAX, "a ratchet message holds any envelope");

// ---- numbers and envelopes ------------------------------------------------------------------------------------------

static bool has_own_number(const struct plk_mail *m, const struct plk_sending *s, const struct plk_entry *entry,
                           uint64_t seq) {
    return entry->origin.seq == seq && memcmp(entry->origin.epoch, s->epoch, PLK_EPOCH_LEN) == 0 &&
           memcmp(entry->origin.device, m->device, PLK_DEVICE_LEN) == 0;
}

static struct plk_envelope envelope_of(const struct plk_mail *m, const struct plk_sending *s,
                                       const struct plk_entry *entry, uint64_t seq,
                                       const uint8_t previous[PLK_MESSAGE_HASH_LEN]) {
    struct plk_envelope e = {.seq = seq, .time_ms = entry->time_ms, .kind = entry->kind};
    memcpy(e.device, m->device, PLK_DEVICE_LEN);
    memcpy(e.epoch, s->epoch, PLK_EPOCH_LEN);
    memcpy(e.previous, previous, PLK_MESSAGE_HASH_LEN);
    memcpy(e.id, entry->id, PLK_ID_LEN);
    e.has_origin = !has_own_number(m, s, entry, seq);
    if (e.has_origin) e.origin = entry->origin;
    e.has_target = entry->has_target;
    e.target = entry->target;
    if (plk_entry_is_shown(entry)) e.lifetime_s = entry->lifetime_s;
    e.payload = plk_bytes(entry->payload, entry->payload_len);
    return e;
}

// The next number of the current stream.
static void give_number(struct plk_mail *m, struct plk_sending *s, struct plk_entry *entry) {
    // A later origin than the one before is not a repeat: plk_sending_origins_at counts on it.
    bool own = memcmp(entry->origin.epoch, s->epoch, PLK_EPOCH_LEN) == 0 && !entry->repeat;
    if (!own) s->resent++;
    entry->generation = m->generation;
    entry->seq = s->next_seq++;
    plk_sending_chain(entry->chain, s->tip, entry->id);
    memcpy(s->tip, entry->chain, PLK_MESSAGE_HASH_LEN);
}

void plk_seal_wrap(struct plk_mail *m, struct plk_entry *entry, struct plk_envelope *envelope) {
    struct plk_sending *s = plk_state_current(m);
    *envelope = envelope_of(m, s, entry, s->next_seq, s->tip);
    give_number(m, s, entry);
    m->unsealed = true;
}

// ---- encrypting -----------------------------------------------------------------------------------------------------

static enum plk_err encrypt(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_envelope *envelope,
                            struct plk_ratchet_place *place, struct plk_bytes *ciphertext) {
    struct plk_generation *generation = plk_lineage_current(&m->lineage);
    size_t max = PLK_ENVELOPE_HEAD_MAX + envelope->payload.len;
    struct plk_writer w = plk_writer(plk_state_room(m, &m->text, max), max);
    plk_message_envelope_encode(&w, envelope);
    struct plk_bytes text = plk_writer_bytes(&w); // with it, a payload may lie where the ciphertext goes
    uint8_t *out = plk_state_room(m, &m->ciphertext, text.len + PLK_RATCHET_OVERHEAD);
    enum plk_err err = plk_ratchet_encrypt(&generation->ratchet, turn->rng, plk_state_ad(m), text, out, place);
    if (err != PLK_ERR_OK) return err;
    *ciphertext = plk_bytes(out, text.len + PLK_RATCHET_OVERHEAD);
    m->received_since = 0;
    m->pulse_wanted = false;
    return PLK_ERR_OK;
}

static void save_after(struct plk_mail *m, const struct plk_mail_turn *turn) {
    plk_lineage_save(&m->lineage, plk_lineage_current(&m->lineage), turn->batch);
    plk_state_save_sending(m, plk_state_current(m), turn->batch);
}

// The entry at index gets a ciphertext; and its number, if it has none in this generation.
static enum plk_err seal_entry(struct plk_mail *m, const struct plk_mail_turn *turn, size_t index) {
    struct plk_sending *s = plk_state_current(m);
    struct plk_entry *entry = plk_window_at(&m->window, index);
    bool numbered = entry->generation == m->generation;
    const uint8_t *previous = index == 0 ? s->acked_chain : plk_window_at(&m->window, index - 1)->chain;
    struct plk_envelope envelope = envelope_of(m, s, entry, numbered ? entry->seq : s->next_seq, previous);
    struct plk_bytes ciphertext;
    enum plk_err err = encrypt(m, turn, &envelope, &entry->place, &ciphertext);
    if (err != PLK_ERR_OK) return err;
    if (!numbered) give_number(m, s, entry);
    plk_window_set_record(&m->window, entry, ciphertext);
    plk_seen_hash(entry->hash, ciphertext);
    entry->part_due = false;
    entry->batch_n = turn->batch_n;
    entry->boxing = PLK_BOXING_NONE;
    if (index < m->given && !entry->again) {
        entry->again = true;
        m->again_count++;
    }
    plk_outbox_write(m, turn, entry);
    return PLK_ERR_OK;
}

// Messages that have a number and lost their ciphertext (UNREADABLE), or never had one (they were in a blob).
static enum plk_err seal_numbered(struct plk_mail *m, const struct plk_mail_turn *turn, bool *any) {
    size_t unacked = plk_state_unacked(m);
    for (size_t i = 0; m->unsealed && i < unacked; i++) {
        const struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->record != NULL || entry->part_due) continue;
        if (plk_batch_full(turn->batch)) return PLK_ERR_BUSY;
        enum plk_err err = seal_entry(m, turn, i);
        if (err != PLK_ERR_OK) return err;
        *any = true;
    }
    m->unsealed = false;
    return PLK_ERR_OK;
}

static enum plk_err seal_waiting(struct plk_mail *m, const struct plk_mail_turn *turn, bool *any) {
    const struct plk_ratchet *ratchet = &plk_lineage_current(&m->lineage)->ratchet;
    // After a re-key the peer first says what it has of the earlier epochs.
    if (!m->settled || plk_resync_is_pending(m)) return PLK_ERR_OK;
    for (size_t next = plk_state_unacked(m); next < m->window.count; next++) {
        if (next >= PLK_MAIL_UNACKED_MAX || m->window.record_bytes >= PLK_MAIL_UNACKED_BYTES_MAX) return PLK_ERR_OK;
        if (plk_ratchet_ahead(ratchet) >= PLK_RATCHET_SOFT_AHEAD) return next == 0 ? PLK_ERR_LIMIT : PLK_ERR_OK;
        if (plk_batch_full(turn->batch)) return PLK_ERR_BUSY;
        enum plk_err err = seal_entry(m, turn, next);
        if (err != PLK_ERR_OK) return err;
        *any = true;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_seal_loose(struct plk_mail *m, const struct plk_mail_turn *turn, uint16_t kind,
                            struct plk_bytes payload, struct plk_bytes *ciphertext) {
    struct plk_ratchet_place place;
    struct plk_envelope envelope = {.kind = kind, .payload = payload};
    memcpy(envelope.device, m->device, PLK_DEVICE_LEN);
    memcpy(envelope.epoch, plk_state_current(m)->epoch, PLK_EPOCH_LEN);
    enum plk_err err = encrypt(m, turn, &envelope, &place, ciphertext);
    if (err == PLK_ERR_OK) save_after(m, turn);
    return err;
}

void plk_seal_drop(struct plk_mail *m, struct plk_loose *loose) {
    plk_mem_give(m->mem, loose->record);
    *loose = (struct plk_loose){.record = NULL};
}

void plk_seal_keep(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_loose *loose,
                   struct plk_bytes ciphertext) {
    plk_seal_drop(m, loose);
    loose->len = plk_writer_varint_len(ciphertext.len) + ciphertext.len;
    loose->record = plk_mem_take(m->mem, loose->len);
    loose->batch_n = turn->batch_n;
    struct plk_writer w = plk_writer(loose->record, loose->len);
    plk_writer_sized(&w, ciphertext);
}

static enum plk_err seal_pulse(struct plk_mail *m, const struct plk_mail_turn *turn) {
    struct plk_bytes ciphertext;
    bool due = m->pulse_wanted || m->received_since >= PLK_MAIL_PULSE_EVERY;
    if (!due || (m->pulse.record != NULL && !m->pulse.given)) return PLK_ERR_OK;
    enum plk_err err = plk_seal_loose(m, turn, PLK_BODY_PULSE, plk_bytes(NULL, 0), &ciphertext);
    if (err != PLK_ERR_OK) return err;
    plk_seal_keep(m, turn, &m->pulse, ciphertext);
    plk_seen_hash(m->pulse_hash, ciphertext);
    return PLK_ERR_OK;
}

bool plk_seal_run(struct plk_mail *m, const struct plk_mail_turn *turn) {
    bool any = false;
    if (m->ack_told) plk_absent_told(m, turn);
    if ((!m->up && !m->box) || m->stopped != PLK_MAIL_WHY_NONE || !plk_lineage_can_send(&m->lineage)) return false;
    enum plk_err err = seal_numbered(m, turn, &any);
    if (err == PLK_ERR_OK) err = seal_waiting(m, turn, &any);
    if (any) save_after(m, turn);
    if (err == PLK_ERR_OK && !m->up) err = plk_absent_seal(m, turn);
    if (err == PLK_ERR_OK) err = seal_pulse(m, turn);
    if (err == PLK_ERR_LIMIT) plk_state_stop(m, turn, PLK_MAIL_WHY_AHEAD);
    return err == PLK_ERR_BUSY;
}

// ---- giving out -----------------------------------------------------------------------------------------------------

static struct plk_bytes give(struct plk_mail *m, struct plk_entry *entry) {
    m->given_bytes += entry->record_len;
    entry->end = m->given_bytes;
    return plk_bytes(entry->record, entry->record_len);
}

static bool give_again(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    for (size_t i = 0; m->again_count > 0 && i < m->given; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (!entry->again || entry->record == NULL || entry->batch_n > durable_n) continue;
        entry->again = false;
        m->again_count--;
        *record = give(m, entry);
        return true;
    }
    return false;
}

bool plk_seal_give(struct plk_mail *m, struct plk_loose *loose, uint64_t durable_n, size_t room,
                   struct plk_bytes *record) {
    if (loose->given) plk_seal_drop(m, loose);
    if (loose->record == NULL || loose->batch_n > durable_n || loose->len > room) return false;
    loose->given = true;
    *record = plk_bytes(loose->record, loose->len);
    return true;
}

static bool give_pulse(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    if (!plk_seal_give(m, &m->pulse, durable_n, SIZE_MAX, record)) return false;
    m->given_bytes += record->len;
    return true;
}

bool plk_seal_next(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    if (!m->up || m->stopped != PLK_MAIL_WHY_NONE) return false;
    if (give_pulse(m, durable_n, record) || give_again(m, durable_n, record)) return true;
    for (size_t unacked = plk_state_unacked(m); m->given < unacked; m->given++) {
        struct plk_entry *entry = plk_window_at(&m->window, m->given);
        if (entry->peer_holds) continue;
        if (entry->record == NULL || entry->batch_n > durable_n) return false;
        *record = give(m, entry);
        m->given++;
        return true;
    }
    return false;
}

void plk_seal_rewind(struct plk_mail *m) {
    m->given = m->left = m->told = m->again_count = 0;
    m->given_bytes = 0;
    for (size_t i = 0; i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        entry->again = entry->peer_holds = false;
        entry->end = entry->left_us = 0;
        entry->boxing = PLK_BOXING_NONE;
    }
}

// ---- the state `sent` -----------------------------------------------------------------------------------------------

void plk_seal_left(struct plk_mail *m, uint64_t now_us, uint64_t offset) {
    for (; m->left < m->given; m->left++) {
        struct plk_entry *entry = plk_window_at(&m->window, m->left);
        if (entry->end > offset) return;
        if (entry->end > 0) entry->left_us = now_us == 0 ? 1 : now_us;
    }
}

void plk_seal_tell_sent(struct plk_mail *m, const struct plk_mail_turn *turn) {
    for (unsigned now = 0; m->told < m->left; m->told++) {
        struct plk_entry *entry = plk_window_at(&m->window, m->told);
        if (entry->left_us == 0 || entry->was_sent || entry->kept > 0) continue; // kept says more than sent
        if (turn->now.mono_us < entry->left_us + PLK_MAIL_SENT_AFTER_US) return;
        if (now++ == PLK_MAIL_DELIVER_STEP) return; // the deadline stands: the next batch takes the rest
        entry->was_sent = true;
        plk_history_patch(m, turn, entry, PLK_STATE_SENT, PLK_ERR_OK);
    }
}
