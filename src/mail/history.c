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
    return row->row;
}

void plk_history_patch(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry,
                       enum plk_state state, enum plk_err reason) {
    if (!plk_entry_is_shown(entry)) return;
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
    struct plk_key key = plk_key_message(m->contact, PLK_OUT, &entry->origin);
    plk_batch_patch(turn->batch, plk_key_bytes(&key), &patch);
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_STATE);
    event->direction = PLK_OUT;
    event->row = entry->order.row;
    event->body_kind = entry->kind;
    event->state = state;
    event->reason = (uint8_t)reason;
    event->origin = entry->origin;
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
