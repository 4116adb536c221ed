// SPDX-License-Identifier: MIT
// What time alone brings about; and the end of a contact.
#include "mail/state.h"

static uint64_t earliest_sent(const struct plk_mail *m) {
    for (size_t i = m->told; i < m->left; i++) {
        const struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->left_us != 0 && !entry->was_sent && entry->kept == 0) return entry->left_us + PLK_MAIL_SENT_AFTER_US;
    }
    return PLK_NEVER;
}

// Measured on the wall clock, which may jump: looked at again within the hour at the latest.
static uint64_t next_rekey(const struct plk_mail *m, struct plk_now now) {
    if (m->stopped == PLK_MAIL_WHY_NONE) return PLK_NEVER;
    uint64_t end_ms = m->rekey_ms + PLK_MAIL_REKEY_EVERY_MS;
    uint64_t left_ms = now.wall_ms < m->rekey_ms || now.wall_ms >= end_ms ? 0 : end_ms - now.wall_ms;
    return now.mono_us + left_ms * PLK_MS;
}

uint64_t plk_mail_deadline(const struct plk_mail *m, struct plk_now now) {
    uint64_t age_us = m->generation == 0 ? PLK_NEVER : m->age_us;
    return plk_earlier(plk_earlier(earliest_sent(m), next_rekey(m, now)), plk_earlier(plk_absent_deadline(m), age_us));
}

// When the generation after the oldest ratchet's began.
static uint64_t replaced_ms(const struct plk_mail *m) {
    for (uint8_t i = 0; i < m->sending_count; i++) {
        if (m->sending[i].generation == m->lineage.at[1].number) return m->sending[i].begun_ms;
    }
    return 0;
}

static void expire(struct plk_mail *m, const struct plk_mail_turn *turn) {
    plk_lineage_expire(&m->lineage, turn->now.wall_ms, turn->batch);
    while (m->lineage.count > 1 && turn->now.wall_ms > replaced_ms(m) + PLK_MAIL_OLDER_KEEP_MS) {
        plk_lineage_drop_oldest(&m->lineage, turn->batch);
    }
    m->age_us = turn->now.mono_us + (plk_absent_age(m, turn->now.wall_ms) ? PLK_MAIL_BOX_AGE_US : PLK_DAY);
}

void plk_mail_tick(struct plk_mail *m, const struct plk_mail_turn *turn) {
    plk_seal_tell_sent(m, turn);
    if (m->generation > 0 && turn->now.mono_us >= m->age_us) expire(m, turn);
    if (m->stopped != PLK_MAIL_WHY_NONE) plk_state_want_rekey(m, turn, (enum plk_mail_why)m->stopped);
}

static void delete_contact(struct plk_batch *batch, enum plk_table table, uint32_t contact) {
    struct plk_key from = plk_key_contact(contact);
    struct plk_key to = plk_key_after(&from);
    plk_batch_delete_range(batch, table, plk_key_bytes(&from), plk_key_bytes(&to));
}

static void delete_kinds(struct plk_batch *batch, enum plk_table table, uint32_t contact) {
    struct plk_key from = plk_key_contact(contact);
    struct plk_key to = from;
    from.at[from.len++] = PLK_MAIL_KIND_FIRST;
    to.at[to.len++] = PLK_MAIL_KIND_LAST + 1;
    plk_batch_delete_range(batch, table, plk_key_bytes(&from), plk_key_bytes(&to));
}

void plk_mail_remove(uint32_t contact, struct plk_batch *batch) {
    delete_contact(batch, PLK_TABLE_ratchet, contact);
    delete_contact(batch, PLK_TABLE_skipped, contact);
    delete_contact(batch, PLK_TABLE_outbox, contact);
    delete_contact(batch, PLK_TABLE_message, contact);
    delete_kinds(batch, PLK_TABLE_link, contact);
    delete_kinds(batch, PLK_TABLE_blob, contact);
}
