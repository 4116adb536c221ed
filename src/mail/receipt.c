// SPDX-License-Identifier: MIT
// What this side says on a link: what is durable here, and what it cannot read.
#include "mail/state.h"

_Static_assert(PLK_RECEIVING_SNAPSHOTS == PLK_MAIL_SNAPSHOTS, "one limit");
_Static_assert(PLK_ACKS_MAX >= PLK_MAIL_STREAMS_MAX, "one list names all streams");
_Static_assert(PLK_ACKS_LEN_MAX < PLK_CONTROL_RECORD_MAX, "one record holds it");

void plk_receipt_report(struct plk_mail *m, const uint8_t hash[PLK_MESSAGE_HASH_LEN]) {
    for (size_t i = 0; i < m->report_count; i++) {
        if (memcmp(m->reports[i], hash, PLK_MESSAGE_HASH_LEN) == 0) return;
    }
    if (m->report_count == PLK_MAIL_UNREADABLE_QUEUE) return;
    memcpy(m->reports[m->report_count++], hash, PLK_MESSAGE_HASH_LEN);
}

void plk_receipt_tell_all(struct plk_mail *m) {
    for (uint8_t i = 0; i < m->receiving_count; i++) m->receiving[i].tell = true;
}

static struct plk_ack ack_of(const struct plk_receiving *s, uint64_t contiguous, const uint8_t *chain) {
    struct plk_ack ack = {.contiguous = contiguous};
    memcpy(ack.device, s->device, PLK_DEVICE_LEN);
    memcpy(ack.epoch, s->epoch, PLK_EPOCH_LEN);
    memcpy(ack.chain, chain, PLK_MESSAGE_HASH_LEN);
    return ack;
}

void plk_receipt_acks(const struct plk_mail *m, struct plk_writer *out) {
    struct plk_ack acks[PLK_ACKS_MAX];
    size_t count = 0;
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        const struct plk_receiving *s = &m->receiving[i];
        struct plk_ack ack = ack_of(s, s->contiguous, s->chain);
        plk_held_ranges(&m->held, s->generation, &ack);
        acks[count++] = ack;
    }
    plk_message_acks_encode(out, acks, count);
}

// Ranges only when all that they rest on is durable.
static struct plk_ack durable_ack(const struct plk_mail *m, const struct plk_receiving *s, uint64_t durable_n) {
    struct plk_ack ack = ack_of(s, s->durable.contiguous, s->durable.chain);
    if (s->waiting_count == 0 && s->held_n <= durable_n) plk_held_ranges(&m->held, s->generation, &ack);
    return ack;
}

static struct plk_bytes record_of(struct plk_mail *m, uint8_t type, struct plk_bytes body) {
    size_t max = PLK_RECORD_PREFIX_MAX + 1 + body.len;
    struct plk_writer w = plk_writer(plk_state_room(m, &m->ciphertext, max), max);
    plk_message_control_encode(&w, type, body);
    plk_assert(!w.failed);
    return plk_writer_bytes(&w);
}

static bool next_acks(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    struct plk_ack acks[PLK_ACKS_MAX];
    size_t count = 0;
    bool all = !m->told_have;
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        struct plk_receiving *s = &m->receiving[i];
        if (plk_receiving_settle(s, durable_n)) s->tell = true;
        if (!s->tell && !all) continue;
        s->tell = false;
        if (s->owed) {
            s->owed = false;
            m->ack_told = true; // its row is to be written
        }
        struct plk_ack ack = durable_ack(m, s, durable_n);
        // All of them are named in a have: eight say that an older one may have been forgotten.
        if (all || ack.contiguous > 0 || ack.range_count > 0) acks[count++] = ack;
    }
    if (count == 0 && !all) return false;
    if (all) {
        m->told_have = true;
        m->have_due = false;
        m->ack_us = PLK_NEVER;
    }
    struct plk_writer w = plk_writer(plk_state_room(m, &m->text, PLK_ACKS_LEN_MAX), PLK_ACKS_LEN_MAX);
    plk_message_acks_encode(&w, acks, count);
    *record = record_of(m, PLK_CONTROL_ACKS, plk_writer_bytes(&w));
    return true;
}

bool plk_receipt_next(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record) {
    if (!m->up) return false;
    if (next_acks(m, durable_n, record)) return true;
    if (!m->told_mute && !plk_lineage_can_send(&m->lineage)) {
        m->told_mute = true;
        *record = record_of(m, PLK_CONTROL_PULSE, plk_bytes(NULL, 0));
        return true;
    }
    if (m->report_count == 0) return false;
    *record = record_of(m, PLK_CONTROL_UNREADABLE, plk_bytes(m->reports[0], PLK_MESSAGE_HASH_LEN));
    m->report_count--;
    memmove(m->reports[0], m->reports[1], m->report_count * PLK_MESSAGE_HASH_LEN);
    return true;
}
