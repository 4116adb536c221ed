// SPDX-License-Identifier: MIT
// While the peer does not answer: letters that relays are to keep for it, what they say of them, and acks and reports
// that go the same way (DESIGN 3.8; docs/protocol/messages.md, section 9).
#include "mail/state.h"

// The peer may wait for what this side has, or for anything at all, before it can send.
static bool is_awaited(struct plk_mail *m) {
    const struct plk_sending *s = plk_state_current(m);
    return !m->settled || !s->heard;
}

void plk_absent_open(struct plk_mail *m) {
    m->box = m->unsealed = true;
    if (is_awaited(m) && !m->have_boxed) m->have_due = true;
}

// ---- letters --------------------------------------------------------------------------------------------------------

// Named by the ciphertext: the same name after a restart, another one when it was encrypted anew.
static uint64_t letter_of(const struct plk_entry *entry) {
    uint64_t letter = 0;
    for (unsigned i = 0; i < 8; i++) letter = letter << 8 | entry->hash[i];
    return letter == PLK_MAIL_LETTER_NOTE || letter == PLK_MAIL_LETTER_ACKS ? 1 : letter;
}

static struct plk_entry *find(struct plk_mail *m, uint64_t letter) {
    size_t unacked = plk_state_unacked(m);
    for (size_t i = 0; i < unacked && i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->record != NULL && letter_of(entry) == letter) return entry;
    }
    return NULL;
}

static bool give_note(struct plk_mail *m, uint64_t durable_n, size_t room, struct plk_bytes *record) {
    return plk_seal_give(m, &m->notes[1], durable_n, room, record) ||
           plk_seal_give(m, &m->pulse, durable_n, room, record);
}

bool plk_absent_next(struct plk_mail *m, uint64_t durable_n, size_t room, struct plk_bytes *record, uint64_t *letter) {
    if (!m->box || (m->up && !m->silent) || m->stopped != PLK_MAIL_WHY_NONE) return false;
    *letter = PLK_MAIL_LETTER_ACKS;
    if (plk_seal_give(m, &m->notes[0], durable_n, room, record)) return true;
    *letter = PLK_MAIL_LETTER_NOTE;
    if (give_note(m, durable_n, room, record)) return true;
    size_t unacked = plk_state_unacked(m);
    for (size_t i = 0; i < unacked; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->boxing != PLK_BOXING_NONE || (entry->kept > 0 && !entry->renew)) continue;
        if (entry->record == NULL || entry->batch_n > durable_n) continue;
        if (entry->record_len > room) return false;
        entry->boxing = PLK_BOXING_GIVEN;
        *letter = letter_of(entry);
        *record = plk_bytes(entry->record, entry->record_len);
        return true;
    }
    return false;
}

// ---- what relays say ------------------------------------------------------------------------------------------------

static void step_back(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry, enum plk_err why) {
    bool was_kept = entry->kept > 0;
    entry->kept = entry->kept_of = entry->lost = 0;
    entry->renew = entry->was_sent = false;
    if (was_kept) plk_outbox_write(m, turn, entry);
    plk_history_patch(m, turn, entry, PLK_STATE_QUEUED, why);
}

static void refuse(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry, enum plk_err why) {
    entry->boxing = PLK_BOXING_REFUSED;
    if (entry->kept == 0 && !entry->was_sent && entry->reason == (uint8_t)why) return; // told before
    entry->reason = (uint8_t)why;
    step_back(m, turn, entry, why);
}

// What is owed is so until a relay has the ack on its disk: a node that is killed before owes it again.
static void acks_answered(struct plk_mail *m, const struct plk_mail_turn *turn, bool stored) {
    bool told = false;
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        struct plk_receiving *s = &m->receiving[i];
        if (!s->boxed) continue;
        s->boxed = false;
        if (stored) s->owed = false;
        told = told || stored;
    }
    if (told) plk_absent_told(m, turn);
}

void plk_absent_answer(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t letter, uint8_t stored,
                       uint8_t of, enum plk_err reason) {
    bool is_note = letter == PLK_MAIL_LETTER_NOTE || letter == PLK_MAIL_LETTER_ACKS;
    struct plk_entry *entry = is_note ? NULL : find(m, letter);
    if (is_note && stored == 0) m->note_failed = true;
    if (letter == PLK_MAIL_LETTER_ACKS) acks_answered(m, turn, stored > 0);
    if (entry == NULL) return;
    if (stored == 0) {
        refuse(m, turn, entry, reason);
        return;
    }
    bool changed = entry->kept != stored || entry->kept_of != of;
    entry->boxing = PLK_BOXING_NONE;
    entry->renew = false;
    entry->reason = entry->lost = PLK_ERR_OK;
    entry->kept = stored;
    entry->kept_of = of;
    entry->kept_ms = turn->now.wall_ms;
    plk_outbox_write(m, turn, entry);
    if (changed) plk_history_patch(m, turn, entry, PLK_STATE_STORED, reason);
}

void plk_absent_lose(struct plk_mail *m, struct plk_entry *entry, enum plk_err why) {
    entry->lost = (uint8_t)why;
    m->box_late = true;
}

void plk_absent_retry(struct plk_mail *m, bool lost) {
    size_t unacked = plk_state_unacked(m);
    for (size_t i = 0; i < unacked && i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        entry->boxing = PLK_BOXING_NONE;
        if (lost && entry->kept > 0) plk_absent_lose(m, entry, PLK_ERR_LOST);
    }
    bool unanswered = false;
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        unanswered = unanswered || m->receiving[i].boxed;
        m->receiving[i].boxed = false;
    }
    if ((m->note_failed || lost || unanswered) && m->receiving_count > 0) m->ack_us = 0;
    if ((m->note_failed || lost) && is_awaited(m)) m->have_due = true;
    if (lost) m->have_boxed = false;
    m->note_failed = false;
}

// In steps: there may be hundreds, and a batch is bounded.
bool plk_absent_late(struct plk_mail *m, const struct plk_mail_turn *turn) {
    unsigned taken = 0;
    if (!m->box_late) return false;
    for (size_t i = 0; i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->lost == PLK_ERR_OK) continue;
        if (taken++ == PLK_MAIL_DELIVER_STEP || plk_batch_full(turn->batch)) return true;
        step_back(m, turn, entry, (enum plk_err)entry->lost);
    }
    m->box_late = false;
    return taken > 0;
}

// ---- what the peer says ---------------------------------------------------------------------------------------------

static bool names(const struct plk_ack *ack, uint64_t seq) {
    for (unsigned i = 0; i < ack->range_count; i++) {
        if (seq >= ack->ranges[i].first && seq <= ack->ranges[i].last) return true;
    }
    return false;
}

// The clock may have been set back meanwhile.
static bool is_older(uint64_t wall_ms, uint64_t since_ms, uint64_t age_ms) {
    return wall_ms >= since_ms ? wall_ms - since_ms >= age_ms : since_ms - wall_ms > PLK_DAY / PLK_MS;
}

// Later ones have arrived: relays do not have what they said they would keep.
void plk_absent_missing(struct plk_mail *m, uint64_t wall_ms, const struct plk_sending *s, const struct plk_ack *ack) {
    if (ack->range_count == 0) return;
    uint64_t last = ack->ranges[ack->range_count - 1].last;
    for (uint64_t seq = s->acked + 1; seq < last && seq < s->next_seq; seq++) {
        struct plk_entry *entry = plk_window_at(&m->window, (size_t)(seq - s->acked - 1));
        bool there = entry->kept == 0 || names(ack, seq) || !is_older(wall_ms, entry->kept_ms, PLK_MAIL_BOX_MISSED_MS);
        if (!there) plk_absent_lose(m, entry, PLK_ERR_LOST);
    }
}

bool plk_absent_age(struct plk_mail *m, uint64_t wall_ms) {
    bool any = false;
    for (size_t i = 0; i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->kept == 0) continue;
        any = true;
        if (is_older(wall_ms, entry->kept_ms, PLK_MAIL_BOX_KEPT_MS)) entry->renew = true;
    }
    m->have_boxed = false;
    if (m->box && is_awaited(m)) m->have_due = true;
    return any;
}

void plk_absent_doubt(struct plk_mail *m) {
    size_t unacked = plk_state_unacked(m);
    for (size_t i = 0; i < unacked && i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        entry->renew = entry->renew || entry->kept > 0;
    }
    if (m->receiving_count > 0) m->ack_us = 0;
    if (is_awaited(m)) m->have_due = true;
    m->have_boxed = false;
}

// ---- acks and reports -----------------------------------------------------------------------------------------------

void plk_absent_owe(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s, bool news) {
    if (m->up) return;
    uint64_t from_us = turn->now.mono_us;
    if (s != NULL) {
        s->owed = true;
        s->boxed = false;
    }
    if (!news && m->ack_again_us > from_us) from_us = m->ack_again_us;
    if (m->ack_us <= from_us + PLK_MAIL_ACK_MAX_US) return; // they go together
    m->ack_us = from_us + PLK_MAIL_ACK_MIN_US + plk_rng_below(turn->rng, PLK_MAIL_ACK_MAX_US - PLK_MAIL_ACK_MIN_US + 1);
}

// Not again on the same day: two that ask each other would never end.
void plk_absent_asked(struct plk_mail *m) {
    bool numbered = plk_state_receiving(m, m->generation) != NULL; // it has settled, else it would not write
    if (!m->up && m->generation > 1 && !numbered && !m->have_boxed) m->have_due = true;
}

bool plk_absent_owes(const struct plk_mail *m) {
    bool owes = m->ack_us != PLK_NEVER || m->have_due;
    return owes && m->stopped == PLK_MAIL_WHY_NONE && plk_lineage_can_send(&m->lineage);
}

static enum plk_err seal_acks(struct plk_mail *m, const struct plk_mail_turn *turn) {
    struct plk_bytes ciphertext;
    struct plk_writer w = plk_writer(plk_state_room(m, &m->ciphertext, PLK_ACKS_LEN_MAX), PLK_ACKS_LEN_MAX);
    plk_receipt_acks(m, &w);
    struct plk_bytes acks = plk_writer_bytes(&w);
    if (acks.at[0] == 0 && !m->have_due) return PLK_ERR_OK; // there is nothing to acknowledge
    enum plk_err err = plk_seal_loose(m, turn, PLK_BODY_ACK, acks, &ciphertext);
    if (err == PLK_ERR_OK) plk_seal_keep(m, turn, &m->notes[0], ciphertext);
    return err;
}

static enum plk_err seal_reports(struct plk_mail *m, const struct plk_mail_turn *turn) {
    struct plk_bytes ciphertext;
    struct plk_bytes hashes = plk_bytes(m->reports[0], m->report_count * PLK_MESSAGE_HASH_LEN);
    if (m->report_count == 0) return PLK_ERR_OK;
    enum plk_err err = plk_seal_loose(m, turn, PLK_BODY_UNREADABLE, hashes, &ciphertext);
    if (err != PLK_ERR_OK) return err;
    m->report_count = 0;
    plk_seal_keep(m, turn, &m->notes[1], ciphertext);
    return PLK_ERR_OK;
}

void plk_absent_told(struct plk_mail *m, const struct plk_mail_turn *turn) {
    for (uint8_t i = 0; i < m->receiving_count; i++) plk_state_save_receiving(m, &m->receiving[i], turn->batch);
    m->ack_told = false;
}

enum plk_err plk_absent_seal(struct plk_mail *m, const struct plk_mail_turn *turn) {
    if (!m->box || (turn->now.mono_us < m->ack_us && !m->have_due)) return PLK_ERR_OK;
    enum plk_err err = seal_acks(m, turn);
    if (err == PLK_ERR_OK) err = seal_reports(m, turn);
    if (err != PLK_ERR_OK) return err;
    for (uint8_t i = 0; i < m->receiving_count; i++) m->receiving[i].boxed = m->receiving[i].owed;
    m->have_boxed = m->have_boxed || m->have_due;
    m->have_due = false;
    m->ack_us = PLK_NEVER;
    m->ack_again_us = turn->now.mono_us + PLK_MAIL_ACK_AGAIN_US;
    return PLK_ERR_OK;
}

uint64_t plk_absent_deadline(const struct plk_mail *m) {
    return m->box && !m->up && plk_absent_owes(m) ? m->ack_us : PLK_NEVER;
}

void plk_absent_drop(struct plk_mail *m) {
    plk_seal_drop(m, &m->notes[0]);
    plk_seal_drop(m, &m->notes[1]);
}
