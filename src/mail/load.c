// SPDX-License-Identifier: MIT
// The rows of the start, and whether they fit together. Anything that this program does not write means a damaged
// store.
#include "mail/state.h"

static enum plk_err load_sending(struct plk_mail *m, struct plk_reader *key, struct plk_bytes value) {
    struct plk_sending s;
    uint32_t generation = plk_reader_u32(key);
    if (!plk_reader_done(key) || plk_sending_decode(&s, generation, value) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
    const struct plk_sending *last = plk_state_current(m);
    if (m->sending_count == PLK_MAIL_GENERATIONS_MAX || (last != NULL && last->generation >= generation)) {
        return PLK_ERR_CORRUPT;
    }
    m->sending[m->sending_count++] = s;
    return PLK_ERR_OK;
}

static enum plk_err load_receiving(struct plk_mail *m, struct plk_bytes key, struct plk_bytes value) {
    struct plk_receiving s;
    if (plk_receiving_decode(&s, key, value) != PLK_ERR_OK || m->receiving_count == PLK_MAIL_STREAMS_MAX) {
        return PLK_ERR_CORRUPT;
    }
    if (plk_state_receiving(m, s.generation) != NULL) return PLK_ERR_CORRUPT;
    uint8_t index = m->receiving_count++;
    for (; index > 0 && m->receiving[index - 1].generation > s.generation; index--) {
        m->receiving[index] = m->receiving[index - 1];
    }
    m->receiving[index] = s;
    return PLK_ERR_OK;
}

static enum plk_err load_link(struct plk_mail *m, struct plk_reader *r, struct plk_bytes key, struct plk_bytes value) {
    uint8_t kind = plk_reader_u8(r);
    if (kind == PLK_MAIL_KIND_SENDING) return load_sending(m, r, value);
    if (kind == PLK_MAIL_KIND_RECEIVING) return load_receiving(m, key, value);
    if (kind == PLK_MAIL_KIND_LATE) return plk_reader_done(r) ? plk_deliver_load(m, value) : PLK_ERR_CORRUPT;
    if (kind != PLK_MAIL_KIND_STATE || r->failed) return PLK_ERR_OK;
    m->loaded_state = true;
    return plk_reader_done(r) ? plk_state_decode(m, value) : PLK_ERR_CORRUPT;
}

static struct plk_receiving *stream_of(struct plk_mail *m, const uint8_t *device, const uint8_t *epoch) {
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        struct plk_receiving *s = &m->receiving[i];
        if (memcmp(s->device, device, PLK_DEVICE_LEN) == 0 && memcmp(s->epoch, epoch, PLK_EPOCH_LEN) == 0) return s;
    }
    return NULL;
}

static enum plk_err load_held(struct plk_mail *m, struct plk_reader *r, struct plk_bytes value) {
    uint8_t device[PLK_DEVICE_LEN], epoch[PLK_EPOCH_LEN];
    struct plk_envelope e;
    if (plk_reader_u8(r) != PLK_MAIL_BLOB_HELD || r->failed) return PLK_ERR_OK;
    plk_reader_copy(r, device, sizeof device);
    plk_reader_copy(r, epoch, sizeof epoch);
    uint64_t seq = plk_reader_u64(r);
    const struct plk_receiving *s = stream_of(m, device, epoch);
    if (!plk_reader_done(r) || s == NULL || seq <= s->contiguous) return PLK_ERR_CORRUPT;
    if (plk_message_envelope_decode(value, &e) != PLK_ERR_OK || e.seq != seq) return PLK_ERR_CORRUPT;
    if (m->held.count == PLK_MAIL_HELD_MAX || plk_held_find(&m->held, s->generation, seq) != NULL) {
        return PLK_ERR_CORRUPT;
    }
    plk_held_put(&m->held, s->generation, seq, value);
    return PLK_ERR_OK;
}

enum plk_err plk_load_row(struct plk_mail *m, enum plk_table table, struct plk_bytes key, struct plk_bytes value) {
    struct plk_reader r = plk_reader(key);
    if (plk_reader_u32(&r) != m->contact || r.failed) return PLK_ERR_OK;
    if (table == PLK_TABLE_ratchet || table == PLK_TABLE_skipped)
        return plk_lineage_load(&m->lineage, table, key, value);
    if (table == PLK_TABLE_link) return load_link(m, &r, key, value);
    return table == PLK_TABLE_blob ? load_held(m, &r, value) : PLK_ERR_OK;
}

static bool fits(struct plk_mail *m) {
    const struct plk_sending *current = plk_state_current(m);
    const struct plk_generation *generation = plk_lineage_current(&m->lineage);
    if (!m->loaded_state || m->generation == 0) {
        return current == NULL && generation == NULL && m->receiving_count == 0 && m->outbox_count == 0;
    }
    if (current == NULL || current->generation != m->generation) return false;
    // Out of a backup: the first ratchet comes with the re-key. Or a joiner without a blob: one text may be wrapped for it.
    if (generation == NULL && m->generation == 1) {
        plk_lineage_begin(&m->lineage, 1, NULL);
        return m->receiving_count == 0 && plk_state_unacked(m) <= 1 && plk_state_unacked(m) <= m->outbox_count;
    }
    if (generation == NULL || generation->number != m->generation) return false;
    for (uint8_t i = 0; i < m->lineage.count; i++) {
        if (!m->lineage.at[i].has_ratchet) return false;
    }
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        if (m->receiving[i].generation > m->generation) return false;
    }
    return plk_state_unacked(m) <= m->outbox_count && plk_state_unacked(m) <= PLK_MAIL_UNACKED_MAX;
}

enum plk_err plk_load_ready(struct plk_mail *m) {
    if (!fits(m)) return PLK_ERR_CORRUPT;
    m->beyond = m->outbox_count > 0;
    m->is_open = !m->beyond;
    m->have_due = !m->settled;
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        if (m->receiving[i].owed) m->ack_us = 0;
    }
    return PLK_ERR_OK;
}
