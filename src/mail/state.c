// SPDX-License-Identifier: MIT
#include "mail/state.h"

#define STATE_VERSION 1
#define STATE_ROW_LEN (1 + 8 + 4 + 4 + 8 + 8 + 1 + 1 + 8 + 8)

// ---- streams --------------------------------------------------------------------------------------------------------

struct plk_sending *plk_state_current(struct plk_mail *m) {
    return m->sending_count == 0 ? NULL : &m->sending[m->sending_count - 1];
}

struct plk_sending *plk_state_sending(struct plk_mail *m, const uint8_t epoch[PLK_EPOCH_LEN]) {
    for (uint8_t i = m->sending_count; i > 0; i--) {
        if (memcmp(m->sending[i - 1].epoch, epoch, PLK_EPOCH_LEN) == 0) return &m->sending[i - 1];
    }
    return NULL;
}

struct plk_receiving *plk_state_receiving(struct plk_mail *m, uint32_t generation) {
    for (uint8_t i = m->receiving_count; i > 0; i--) {
        if (m->receiving[i - 1].generation == generation) return &m->receiving[i - 1];
    }
    return NULL;
}

uint8_t *plk_state_room(struct plk_mail *m, struct plk_scratch *scratch, size_t len) {
    if (len > scratch->cap) {
        size_t cap = 1024;
        while (cap < len) cap *= 2;
        plk_mem_give(m->mem, scratch->at);
        scratch->at = plk_mem_take(m->mem, cap);
        scratch->cap = cap;
    }
    return scratch->at;
}

size_t plk_state_unacked(struct plk_mail *m) {
    const struct plk_sending *s = plk_state_current(m);
    return s == NULL ? 0 : (size_t)(s->next_seq - 1 - s->acked);
}

// ---- rows -----------------------------------------------------------------------------------------------------------

void plk_state_save(struct plk_mail *m, struct plk_batch *batch) {
    uint8_t row[STATE_ROW_LEN];
    struct plk_writer w = plk_writer(row, sizeof row);
    plk_writer_u8(&w, STATE_VERSION);
    plk_writer_u64(&w, m->next_row);
    plk_writer_u32(&w, m->minor);
    plk_writer_u32(&w, m->generation);
    plk_writer_u64(&w, m->outbox_count);
    plk_writer_u64(&w, m->undelivered);
    plk_writer_u8(&w, m->stopped);
    plk_writer_u8(&w, m->settled);
    plk_writer_u64(&w, m->rekey_ms);
    plk_writer_u64(&w, m->mark_ms);
    plk_assert(!w.failed && w.len == STATE_ROW_LEN);
    struct plk_key key = plk_key_state(m->contact);
    plk_batch_upsert(batch, PLK_TABLE_link, plk_key_bytes(&key), plk_writer_bytes(&w));
}

enum plk_err plk_state_decode(struct plk_mail *m, struct plk_bytes row) {
    struct plk_reader r = plk_reader(row);
    uint8_t version = plk_reader_u8(&r);
    m->next_row = plk_reader_u64(&r);
    m->minor = plk_reader_u32(&r);
    m->generation = plk_reader_u32(&r);
    m->outbox_count = plk_reader_u64(&r);
    m->undelivered = plk_reader_u64(&r);
    m->stopped = plk_reader_u8(&r);
    uint8_t settled = plk_reader_u8(&r);
    m->settled = settled == 1;
    m->rekey_ms = plk_reader_u64(&r);
    if (r.left > 0) m->mark_ms = plk_reader_u64(&r); // rows from before there were marks have none
    bool fits = m->next_row > 0 && m->undelivered <= m->outbox_count && settled <= 1;
    if (!plk_reader_done(&r) || version != STATE_VERSION || !fits) return PLK_ERR_CORRUPT;
    return m->stopped <= PLK_MAIL_WHY_ROLLBACK ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

void plk_state_save_sending(struct plk_mail *m, const struct plk_sending *s, struct plk_batch *batch) {
    uint8_t row[PLK_SENDING_ROW_LEN];
    struct plk_key key = plk_key_sending(m->contact, s->generation);
    plk_sending_encode(s, row);
    plk_batch_upsert(batch, PLK_TABLE_link, plk_key_bytes(&key), plk_bytes(row, sizeof row));
}

void plk_state_save_receiving(struct plk_mail *m, const struct plk_receiving *s, struct plk_batch *batch) {
    uint8_t row[PLK_RECEIVING_ROW_LEN];
    struct plk_key key = plk_key_receiving(m->contact, s->device, s->epoch);
    plk_receiving_encode(s, row);
    plk_batch_upsert(batch, PLK_TABLE_link, plk_key_bytes(&key), plk_bytes(row, sizeof row));
}

// ---- events ---------------------------------------------------------------------------------------------------------

struct plk_mail_event *plk_state_event(struct plk_mail *m, enum plk_mail_event_kind kind) {
    if (m->event_count == m->event_cap) {
        m->event_cap = m->event_cap == 0 ? 16 : m->event_cap * 2;
        m->events = plk_mem_grow(m->mem, m->events, m->event_cap * sizeof *m->events);
    }
    struct plk_mail_event *event = &m->events[m->event_count++];
    *event = (struct plk_mail_event){.kind = kind};
    return event;
}

bool plk_mail_event(struct plk_mail *m, struct plk_mail_event *event) {
    if (m->event_next == m->event_count) {
        m->event_next = m->event_count = 0;
        m->event_taken = m->event_bytes.len = 0;
        return false;
    }
    *event = m->events[m->event_next++];
    if (event->payload.len > 0) {
        // The buffer may have moved since: a queued event keeps only the length.
        event->payload.at = m->event_bytes.at + m->event_taken;
        m->event_taken += event->payload.len;
    }
    return true;
}

static void tell_rekey(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_why why) {
    m->rekey_ms = turn->now.wall_ms == 0 ? 1 : turn->now.wall_ms;
    plk_state_event(m, PLK_MAIL_REKEY_WANTED)->why = why;
    plk_state_save(m, turn->batch);
}

// A clock that went back does not silence it for longer than an hour.
void plk_state_want_rekey(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_why why) {
    uint64_t now_ms = turn->now.wall_ms;
    bool recent = m->rekey_ms != 0 && now_ms >= m->rekey_ms && now_ms - m->rekey_ms < PLK_MAIL_REKEY_EVERY_MS;
    if (!recent) tell_rekey(m, turn, why);
}

void plk_state_stop(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_why why) {
    if (m->stopped != PLK_MAIL_WHY_NONE) return;
    m->stopped = (uint8_t)why;
    tell_rekey(m, turn, why);
}
