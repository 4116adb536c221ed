// SPDX-License-Identifier: MIT
// Rows of the conversation: written here, numbered here, never read here (resync.c and inbox.c ask for them).
#include "mail/state.h"

uint64_t plk_history_add(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_message_row *row) {
    row->contact = m->contact;
    row->row = m->next_row++;
    m->minor = 0;
    size_t max = PLK_MESSAGE_HEAD_MAX + row->payload.len;
    struct plk_writer w = plk_writer(plk_state_room(m, &m->ciphertext, max), max);
    plk_message_row_encode(&w, row);
    plk_assert(!w.failed);
    struct plk_key key = plk_key_message(m->contact, row->direction, &row->origin);
    plk_batch_upsert(turn->batch, PLK_TABLE_message, plk_key_bytes(&key), plk_writer_bytes(&w));
    m->outbox_n = turn->batch_n;
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_MESSAGE);
    event->direction = row->direction;
    event->row = row->row;
    event->body_kind = row->kind;
    event->state = row->state;
    event->origin = row->origin;
    event->lifetime_s = row->lifetime_s;
    memcpy(event->id, row->id, PLK_ID_LEN);
    if (row->direction == PLK_IN && row->kind == PLK_BODY_PICTURE) {
        event->payload = plk_bytes(NULL, row->payload.len);
        plk_buf_put(m->mem, &m->event_bytes, row->payload);
    }
    return row->row;
}

// A picture's message says nothing of the whole: that its last part does. When the message alone is there, only that is noted
// (resync.c).
static bool is_half(const struct plk_entry *entry, enum plk_state state) {
    return entry->kind == PLK_BODY_PICTURE && state >= PLK_STATE_SENT && state <= PLK_STATE_DELIVERED;
}

static void note_half(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry,
                      uint64_t received_ms) {
    struct plk_message_patch patch = {.columns = PLK_PATCH_RECEIVED, .received_ms = received_ms};
    struct plk_key key = plk_key_message(m->contact, PLK_OUT, &entry->origin);
    plk_batch_patch(turn->batch, plk_key_bytes(&key), &patch);
}

void plk_history_repeat(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry) {
    plk_history_patch(m, turn, entry, PLK_STATE_QUEUED, PLK_ERR_STALE);
    if (entry->kind != PLK_BODY_PICTURE) return;
    note_half(m, turn, entry, 0);
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_REPEATED);
    event->row = entry->order.row;
    event->body_kind = entry->kind;
    event->origin = entry->origin;
    event->lifetime_s = entry->lifetime_s;
    memcpy(event->id, entry->id, PLK_ID_LEN);
    event->payload = plk_bytes(NULL, entry->payload_len);
    plk_buf_put(m->mem, &m->event_bytes, plk_bytes(entry->payload, entry->payload_len));
}

void plk_history_patch(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry,
                       enum plk_state state, enum plk_err reason) {
    if (!plk_entry_is_shown(entry) && entry->speaks_row == 0) return;
    if (is_half(entry, state)) {
        if (state == PLK_STATE_DELIVERED) note_half(m, turn, entry, turn->now.wall_ms);
        return;
    }
    struct plk_message_patch patch = {.columns = PLK_PATCH_STATE, .state = state, .reason = (uint8_t)reason};
    if (state == PLK_STATE_STORED || state == PLK_STATE_QUEUED) {
        patch.columns |= PLK_PATCH_STORED;
        patch.stored = entry->kept;
        patch.stored_of = entry->kept_of;
    }
    if (state == PLK_STATE_DELIVERED) {
        patch.columns |= PLK_PATCH_RECEIVED;
        patch.received_ms = turn->now.wall_ms;
    }
    bool speaks = entry->speaks_row > 0;
    struct plk_key key = plk_key_message(m->contact, PLK_OUT, speaks ? &entry->target : &entry->origin);
    plk_batch_patch(turn->batch, plk_key_bytes(&key), &patch);
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_STATE);
    event->direction = PLK_OUT;
    event->row = speaks ? entry->speaks_row : entry->order.row;
    event->body_kind = entry->kind;
    event->state = state;
    event->reason = (uint8_t)reason;
    event->origin = speaks ? entry->target : entry->origin;
    event->lifetime_s = entry->lifetime_s;
    memcpy(event->id, entry->id, PLK_ID_LEN);
}

void plk_history_control(struct plk_mail *m, const struct plk_envelope *e, const struct plk_origin *origin) {
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_CONTROL);
    event->direction = PLK_IN;
    event->body_kind = e->kind;
    event->origin = *origin;
    event->time_ms = e->time_ms;
    event->has_target = e->has_target;
    event->target = e->target;
    event->payload = plk_bytes(NULL, e->payload.len);
    plk_buf_put(m->mem, &m->event_bytes, e->payload);
}
