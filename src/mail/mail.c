// SPDX-License-Identifier: MIT
#include "mail/mail.h"

#include "mail/state.h"

_Static_assert(PLK_LINEAGE_MAX == PLK_MAIL_OLDER_MAX + 1, "one limit");

struct plk_mail *plk_mail_new(struct plk_mem *mem, const struct plk_mail_config *config) {
    plk_assert(config->ad.len <= PLK_MAIL_AD_MAX && config->contact != UINT32_MAX);
    struct plk_mail *m = plk_mem_take(mem, sizeof *m);
    m->mem = mem;
    m->contact = config->contact;
    memcpy(m->device, config->device, PLK_DEVICE_LEN);
    m->ad_len = config->ad.len;
    if (m->ad_len > 0) memcpy(m->ad, config->ad.at, m->ad_len);
    m->next_row = 1;
    m->settled = m->is_open = true;
    m->ack_us = PLK_NEVER;
    plk_lineage_init(&m->lineage, mem, config->contact);
    plk_held_init(&m->held, mem);
    plk_window_init(&m->window, mem);
    return m;
}

void plk_mail_bind(struct plk_mail *m, struct plk_bytes ad) {
    plk_assert(ad.len <= PLK_MAIL_AD_MAX && !plk_mail_has_ratchet(m));
    m->ad_len = ad.len;
    if (ad.len > 0) memcpy(m->ad, ad.at, ad.len);
}

void plk_mail_free(struct plk_mail *m) {
    if (m == NULL) return;
    plk_seal_drop(m, &m->pulse);
    plk_absent_drop(m);
    if (m->cancel_step == PLK_CANCEL_FOUND) plk_entry_free(m->mem, &m->canceled);
    plk_window_clear(&m->window);
    plk_held_clear(&m->held);
    plk_lineage_free(&m->lineage);
    plk_deliver_forget(m, NULL);
    plk_mem_give(m->mem, m->events);
    plk_buf_free(m->mem, &m->event_bytes);
    plk_mem_give(m->mem, m->text.at);
    plk_mem_give(m->mem, m->ciphertext.at);
    plk_mem_give(m->mem, m);
}

// ---- from the store -------------------------------------------------------------------------------------------------

enum plk_err plk_mail_load(struct plk_mail *m, enum plk_table table, struct plk_bytes key, struct plk_bytes value) {
    return plk_load_row(m, table, key, value);
}

enum plk_err plk_mail_ready(struct plk_mail *m) { return plk_load_ready(m); }

bool plk_mail_is_open(const struct plk_mail *m) { return m->is_open; }

bool plk_mail_wants(struct plk_mail *m, struct plk_mail_load *load) {
    return plk_outbox_wants_page(m, load) || plk_outbox_wants_cancel(m, load) || plk_resync_wants(m, load) ||
           plk_copies_wants(m, load);
}

enum plk_err plk_mail_loaded(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_want want,
                             const struct plk_row *rows, size_t count, bool more) {
    plk_assert(want > 0 && want < PLK_MAIL_WANT_COUNT && m->wishes[want].open);
    switch (want) {
    case PLK_MAIL_WANT_PAGE:
        return plk_outbox_page(m, rows, count, more);
    case PLK_MAIL_WANT_CANCEL:
        return plk_outbox_cancel_row(m, rows, count, more);
    case PLK_MAIL_WANT_RESYNC:
        return plk_resync_rows(m, turn, rows, count, more);
    default:
        return plk_copies_rows(m, turn, rows, count, more);
    }
}

// ---- ratchets and epochs --------------------------------------------------------------------------------------------

static void forget_oldest_sending(struct plk_mail *m, struct plk_batch *batch) {
    struct plk_key key = plk_key_sending(m->contact, m->sending[0].generation);
    plk_batch_delete(batch, PLK_TABLE_link, plk_key_bytes(&key));
    m->sending_count--;
    memmove(m->sending, m->sending + 1, m->sending_count * sizeof m->sending[0]);
}

static void close_sending(struct plk_mail *m, struct plk_batch *batch) {
    for (uint8_t i = 0; i < m->sending_count; i++) {
        struct plk_sending *s = &m->sending[i];
        s->closed = true;
        s->resync_next = s->resync_end + 1;
        plk_state_save_sending(m, s, batch);
    }
}

// The ciphertexts of before are of no use to anyone; the numbers are, for the acks that are still to come.
static void drop_records(struct plk_mail *m) {
    for (size_t i = 0; i < m->window.count; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        plk_window_set_record(&m->window, entry, plk_bytes(NULL, 0));
        entry->retried = entry->renew = false;
        entry->kept = entry->kept_of = entry->lost = 0;
        entry->boxing = PLK_BOXING_NONE;
    }
}

void plk_mail_begin(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_begin how,
                    const struct plk_ratchet *ratchet, const uint8_t epoch[PLK_EPOCH_LEN]) {
    plk_assert((how == PLK_MAIL_BEGIN_FIRST) == (m->generation == 0));
    plk_mail_link_down(m);
    plk_deliver_forget(m, turn);
    plk_absent_drop(m);
    drop_records(m);
    plk_seal_rewind(m);
    if (how == PLK_MAIL_BEGIN_RESTORED) close_sending(m, turn->batch);
    if (m->sending_count == PLK_MAIL_GENERATIONS_MAX) forget_oldest_sending(m, turn->batch);
    m->generation++;
    struct plk_sending *s = &m->sending[m->sending_count++];
    *s = (struct plk_sending){.generation = m->generation, .begun_ms = turn->now.wall_ms};
    memcpy(s->epoch, epoch, PLK_EPOCH_LEN);
    s->next_origin = s->next_seq = s->resync_next = s->fence = 1;
    plk_lineage_begin(&m->lineage, m->generation, turn->batch);
    m->settled = m->generation == 1;
    m->have_due = !m->settled;
    m->have_boxed = false;
    m->stopped = PLK_MAIL_WHY_NONE;
    m->unreadable = m->received_since = 0;
    m->opened = false;
    m->report_count = 0;
    m->age_us = 0;
    memset(m->pulse_hash, 0, sizeof m->pulse_hash);
    plk_state_save_sending(m, s, turn->batch);
    plk_state_save(m, turn->batch);
    if (ratchet != NULL) plk_mail_set_ratchet(m, turn, ratchet);
}

bool plk_mail_has_opened(const struct plk_mail *m) { return m->opened; }
bool plk_mail_has_begun(const struct plk_mail *m) { return m->generation > 0; }

bool plk_mail_has_ratchet(const struct plk_mail *m) {
    return m->lineage.count > 0 && m->lineage.at[m->lineage.count - 1].has_ratchet;
}

const uint8_t *plk_mail_epoch(const struct plk_mail *m) {
    plk_assert(m->sending_count > 0);
    return m->sending[m->sending_count - 1].epoch;
}

const struct plk_ratchet *plk_mail_ratchet(const struct plk_mail *m) {
    plk_assert(m->lineage.count > 0);
    return &m->lineage.at[m->lineage.count - 1].ratchet;
}

void plk_mail_set_ratchet(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ratchet *ratchet) {
    struct plk_generation *current = plk_lineage_current(&m->lineage);
    plk_assert(current != NULL);
    current->ratchet = *ratchet;
    current->has_ratchet = true;
    plk_lineage_save(&m->lineage, current, turn->batch);
}

enum plk_err plk_mail_adopt(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes envelope) {
    plk_assert(m->generation > 0);
    return plk_inbox_adopt(m, turn, envelope);
}

// ---- sending --------------------------------------------------------------------------------------------------------

// History row and order. The origin is for life (DESIGN 3.8).
static struct plk_entry new_entry(struct plk_mail *m, const struct plk_mail_turn *turn,
                                  const struct plk_mail_body *body) {
    struct plk_sending *s = plk_state_current(m);
    struct plk_entry entry = plk_entry_make(m->mem, body->payload);
    entry.origin.seq = s->next_origin++;
    memcpy(entry.origin.device, m->device, PLK_DEVICE_LEN);
    memcpy(entry.origin.epoch, s->epoch, PLK_EPOCH_LEN);
    memcpy(entry.id, body->id, PLK_ID_LEN);
    entry.kind = body->kind;
    entry.time_ms = body->time_ms > 0 ? body->time_ms : turn->now.wall_ms;
    entry.has_target = body->has_target;
    if (entry.has_target) entry.target = body->target;
    entry.lifetime_s = body->lifetime_s;
    entry.speaks_row = body->speaks_row;
    if (!plk_entry_is_shown(&entry)) {
        entry.order = (struct plk_order){m->next_row - 1, ++m->minor};
        return entry;
    }
    struct plk_message_row row = {.direction = PLK_OUT, .kind = entry.kind, .state = PLK_STATE_QUEUED};
    row.origin = entry.origin;
    memcpy(row.id, entry.id, PLK_ID_LEN);
    row.time_ms = entry.time_ms;
    row.has_target = entry.has_target;
    row.target = entry.target;
    row.lifetime_s = entry.lifetime_s;
    row.payload = body->payload;
    entry.order.row = plk_history_add(m, turn, &row);
    return entry;
}

static void queue(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry, uint64_t *row) {
    *row = plk_entry_is_shown(entry) ? entry->order.row : 0;
    plk_outbox_add(m, turn, entry);
    plk_state_save_sending(m, plk_state_current(m), turn->batch);
    plk_state_save(m, turn->batch);
}

enum plk_err plk_mail_send(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_mail_body *body,
                           uint64_t *row) {
    plk_assert(body->kind != 0);
    if (body->payload.len > PLK_BODY_MAX) return PLK_ERR_TOO_LONG;
    if (m->generation == 0) return PLK_ERR_CLOSED;
    struct plk_entry entry = new_entry(m, turn, body);
    queue(m, turn, &entry, row);
    return PLK_ERR_OK;
}

// Of two marks that this side makes the later one wins, also when the clock went back in between.
enum plk_err plk_mail_send_mark(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_mail_body *body,
                                struct plk_mark_stamp *stamp) {
    struct plk_mail_body timed = *body;
    plk_assert(plk_mark_is_kind(body->kind));
    if (body->payload.len > PLK_BODY_MAX) return PLK_ERR_TOO_LONG;
    if (m->generation == 0) return PLK_ERR_CLOSED;
    if (timed.time_ms == 0) {
        bool later = turn->now.wall_ms > m->mark_ms || m->mark_ms == UINT64_MAX;
        timed.time_ms = m->mark_ms = later ? turn->now.wall_ms : m->mark_ms + 1;
    }
    struct plk_entry entry = new_entry(m, turn, &timed);
    uint64_t row;
    *stamp = (struct plk_mark_stamp){.time_ms = entry.time_ms, .origin = entry.origin};
    queue(m, turn, &entry, &row);
    return PLK_ERR_OK;
}

void plk_mail_mark_seen(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t time_ms) {
    if (time_ms <= m->mark_ms || time_ms > turn->now.wall_ms + PLK_MAIL_MARK_AHEAD_MS) return;
    m->mark_ms = time_ms;
    plk_state_save(m, turn->batch);
}

struct plk_origin plk_mail_next_origin(const struct plk_mail *m) {
    plk_assert(m->sending_count > 0);
    const struct plk_sending *s = &m->sending[m->sending_count - 1];
    struct plk_origin origin = {.seq = s->next_origin};
    memcpy(origin.device, m->device, PLK_DEVICE_LEN);
    memcpy(origin.epoch, s->epoch, PLK_EPOCH_LEN);
    return origin;
}

bool plk_mail_takes_part(const struct plk_mail *m) {
    bool link = m->up && !m->silent;
    size_t max = link ? PLK_MAIL_PARTS_LINK_BYTES : PLK_MAIL_PARTS_BOX_BYTES;
    if (!m->is_open || (!link && !m->box) || m->stopped != PLK_MAIL_WHY_NONE || !m->settled || m->beyond) return false;
    return m->window.payload_bytes < max && m->window.count < PLK_MAIL_UNACKED_MAX;
}

enum plk_err plk_mail_wrap(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_mail_body *body,
                           struct plk_writer *out, uint64_t *row) {
    plk_assert(m->generation == 1 && body->kind != 0 && plk_state_unacked(m) == m->window.count && !m->beyond);
    if (body->payload.len > PLK_BODY_MAX) return PLK_ERR_TOO_LONG;
    if (out->failed || out->cap - out->len < body->payload.len + PLK_ENVELOPE_HEAD_MAX) return PLK_ERR_TOO_LONG;
    struct plk_entry entry = new_entry(m, turn, body);
    struct plk_envelope envelope;
    plk_seal_wrap(m, &entry, &envelope);
    plk_message_envelope_encode(out, &envelope);
    queue(m, turn, &entry, row);
    return PLK_ERR_OK;
}

bool plk_mail_hand_over(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_mail *to) {
    plk_assert(m->is_open && m != to && !plk_mail_has_ratchet(m));
    struct plk_sending *s = plk_state_current(m);
    bool moved = false;
    if (plk_state_unacked(m) > 0) { // numbered for a blob that was never made
        s->acked = s->next_seq - 1;
        memcpy(s->acked_chain, s->tip, sizeof s->acked_chain);
        plk_state_save_sending(m, s, turn->batch);
    }
    while (m->window.count > 0 && !plk_batch_full(turn->batch)) {
        const struct plk_entry *entry = plk_window_at(&m->window, 0);
        struct plk_mail_body body = {.kind = entry->kind,
                                     .has_target = entry->has_target,
                                     .target = entry->target,
                                     .lifetime_s = entry->lifetime_s};
        uint64_t row;
        memcpy(body.id, entry->id, sizeof body.id);
        body.payload = plk_bytes(entry->payload, entry->payload_len);
        struct plk_key key = plk_key_message(m->contact, PLK_OUT, &entry->origin);
        if (plk_entry_is_shown(entry)) plk_batch_delete(turn->batch, PLK_TABLE_message, plk_key_bytes(&key));
        enum plk_err err = plk_entry_is_shown(entry) ? plk_mail_send(to, turn, &body, &row) : PLK_ERR_OK;
        plk_assert(err == PLK_ERR_OK); // it was taken once
        plk_outbox_remove(m, turn, 0);
        moved = true;
    }
    if (moved) plk_state_save(m, turn->batch); // with what is left: a crash between two batches must not forget it
    m->handing = m->outbox_count > 0;
    return m->handing;
}

uint64_t plk_mail_note(struct plk_mail *m, const struct plk_mail_turn *turn, uint16_t kind, struct plk_bytes payload) {
    struct plk_message_row row = {.direction = PLK_IN, .kind = kind, .state = PLK_STATE_RECEIVED, .payload = payload};
    plk_assert(payload.len <= PLK_BODY_MAX);
    // An epoch of zeros is nobody's.
    memcpy(row.origin.device, m->device, PLK_DEVICE_LEN);
    row.origin.seq = m->next_row;
    plk_rng_bytes(turn->rng, row.id, PLK_ID_LEN);
    row.time_ms = row.received_ms = turn->now.wall_ms;
    uint64_t number = plk_history_add(m, turn, &row);
    plk_state_save(m, turn->batch);
    return number;
}

bool plk_mail_seal(struct plk_mail *m, const struct plk_mail_turn *turn) {
    return plk_deliver_late(m, turn) || plk_inbox_late(m, turn) || plk_absent_late(m, turn) || plk_seal_run(m, turn);
}

void plk_mail_link_up(struct plk_mail *m) {
    const struct plk_sending *s = plk_state_current(m);
    plk_assert(m->is_open && s != NULL);
    plk_mail_link_down(m);
    m->up = true;
    m->acked_at_up = s->acked;
    m->pulse_wanted = m->pulse_wanted || !s->heard;
    m->unsealed = true;
    plk_absent_drop(m); // the have says it
    plk_seal_rewind(m);
}

void plk_mail_link_down(struct plk_mail *m) {
    if (m->up && !m->settled) m->have_due = true;
    m->silent = false;
    m->up = m->heard_have = m->told_have = m->told_mute = m->heard_mute = false;
    plk_deliver_unlink(m);
    plk_seal_drop(m, &m->pulse);
}

bool plk_mail_next(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    return plk_seal_next(m, durable_n, record);
}

bool plk_mail_next_control(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    return plk_receipt_next(m, durable_n, record);
}

void plk_mail_left(struct plk_mail *m, struct plk_now now, uint64_t offset) { plk_seal_left(m, now.mono_us, offset); }

void plk_mail_box_open(struct plk_mail *m) {
    plk_assert(m->is_open && m->generation > 0);
    if (!m->box) plk_absent_open(m);
}

void plk_mail_box_close(struct plk_mail *m) { m->box = false; }

bool plk_mail_box_next(struct plk_mail *m, uint64_t durable_n, size_t room, struct plk_bytes *record,
                       uint64_t *letter) {
    return plk_absent_next(m, durable_n, room, record, letter);
}

void plk_mail_boxed(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t letter, unsigned stored, unsigned of,
                    enum plk_err reason) {
    plk_assert(stored <= of && of <= UINT8_MAX);
    plk_absent_answer(m, turn, letter, (uint8_t)stored, (uint8_t)of, reason);
}

void plk_mail_box_retry(struct plk_mail *m, bool lost) { plk_absent_retry(m, lost); }

void plk_mail_box_doubt(struct plk_mail *m) { plk_absent_doubt(m); }

enum plk_err plk_mail_cancel(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t row) {
    return plk_outbox_cancel(m, turn, row);
}

void plk_mail_pulse(struct plk_mail *m) { m->pulse_wanted = true; }

uint64_t plk_mail_undelivered(const struct plk_mail *m) { return m->undelivered; }
bool plk_mail_needs_link(const struct plk_mail *m) { return m->outbox_count > 0; }
void plk_mail_link_silent(struct plk_mail *m, bool silent) { m->silent = silent && m->up; }

bool plk_mail_owes(const struct plk_mail *m) { return plk_absent_owes(m); }
bool plk_mail_is_stopped(const struct plk_mail *m) { return m->stopped != PLK_MAIL_WHY_NONE; }

// ---- receiving ------------------------------------------------------------------------------------------------------

enum plk_err plk_mail_on_ciphertext(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes ciphertext) {
    plk_assert(m->is_open);
    return plk_inbox_ciphertext(m, turn, ciphertext);
}

enum plk_err plk_mail_on_control(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes record) {
    struct plk_control control;
    uint8_t hash[PLK_MESSAGE_HASH_LEN];
    struct plk_resync resync;
    plk_assert(m->is_open);
    if (!m->up) return PLK_ERR_CLOSED;
    enum plk_err err = plk_message_control_decode(record, &control);
    if (err != PLK_ERR_OK) return err;
    switch (control.type) {
    case PLK_CONTROL_ACKS:
        return plk_deliver_acks(m, turn, control.body, PLK_ACKS_LINK);
    case PLK_CONTROL_UNREADABLE:
        err = plk_message_unreadable_decode(control.body, hash);
        if (err == PLK_ERR_OK) plk_deliver_unreadable(m, turn, hash);
        return err;
    case PLK_CONTROL_RESYNC:
        err = plk_message_resync_decode(control.body, &resync);
        if (err == PLK_ERR_OK) plk_resync_asked(m, turn, &resync);
        return err;
    case PLK_CONTROL_PULSE:
        if (control.body.len > 0) return PLK_ERR_MALFORMED;
        // Of two that share a ratchet one can always send.
        if (!plk_lineage_can_send(&m->lineage)) plk_state_stop(m, turn, PLK_MAIL_WHY_UNREADABLE);
        m->pulse_wanted = m->pulse_wanted || !m->heard_mute; // once on a link
        m->heard_mute = true;
        return PLK_ERR_OK;
    default:
        return PLK_ERR_UNSUPPORTED;
    }
}

enum plk_err plk_mail_on_acks(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes acks) {
    plk_assert(m->is_open);
    return plk_deliver_acks(m, turn, acks, PLK_ACKS_OTHER);
}

void plk_mail_acks(const struct plk_mail *m, struct plk_writer *out) { plk_receipt_acks(m, out); }
