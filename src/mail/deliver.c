// SPDX-License-Identifier: MIT
// What the peer says it has (DESIGN 3.8). A message is delivered only when the peer's contiguous number has passed it
// and the chain hash there is ours: a number alone could come from a store that was rolled back, on either side.
#include "mail/state.h"

#define LATE_VERSION 1

static void mark_done(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry) {
    struct plk_sending *s = plk_state_sending(m, entry->origin.epoch);
    if (s != NULL && entry->origin.seq > s->done_origin && entry->origin.seq < s->next_origin) {
        s->done_origin = entry->origin.seq;
        plk_state_save_sending(m, s, turn->batch);
    }
    plk_history_patch(m, turn, entry, PLK_STATE_DELIVERED, PLK_ERR_OK);
    if (plk_entry_is_shown(entry)) return;
    struct plk_mail_event *event = plk_state_event(m, PLK_MAIL_TAKEN);
    event->body_kind = entry->kind;
    memcpy(event->id, entry->id, sizeof event->id);
}

static bool same_chain(const uint8_t *a, const uint8_t *b) { return memcmp(a, b, PLK_MESSAGE_HASH_LEN) == 0; }

static void roll_back(struct plk_mail *m, const struct plk_mail_turn *turn, bool own) {
    struct plk_sending *s = plk_state_current(m);
    if (own && !s->forked) {
        s->forked = true;
        plk_state_save_sending(m, s, turn->batch);
    }
    if (m->stopped == PLK_MAIL_WHY_NONE) plk_state_event(m, PLK_MAIL_ROLLBACK)->own = own;
    plk_state_stop(m, turn, PLK_MAIL_WHY_ROLLBACK);
}

// ---- the current stream ---------------------------------------------------------------------------------------------

// All up to the contiguous number, which is above what was acknowledged and whose chain hash fits.
static void advance(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_sending *s,
                    const struct plk_ack *ack) {
    size_t count = (size_t)(ack->contiguous - s->acked);
    const struct plk_entry *last = plk_window_at(&m->window, count - 1);
    struct plk_generation *generation = plk_lineage_current(&m->lineage);
    if (last->record != NULL && plk_ratchet_peer_has(&generation->ratchet, last->place)) {
        plk_lineage_save(&m->lineage, generation, turn->batch);
    }
    s->acked = ack->contiguous;
    s->fence = s->next_seq;
    memcpy(s->acked_chain, ack->chain, PLK_MESSAGE_HASH_LEN);
    for (size_t i = 0; i < count; i++) mark_done(m, turn, plk_window_at(&m->window, i));
    plk_outbox_pop(m, turn, count);
    m->unreadable = 0;
    plk_state_save_sending(m, s, turn->batch);
    plk_state_save(m, turn->batch);
}

static void mark_held(struct plk_mail *m, const struct plk_sending *s, const struct plk_ack *ack) {
    for (unsigned i = 0; i < ack->range_count; i++) {
        for (uint64_t seq = ack->ranges[i].first; seq <= ack->ranges[i].last && seq < s->next_seq; seq++) {
            if (seq > s->acked) plk_window_at(&m->window, (size_t)(seq - s->acked - 1))->peer_holds = true;
        }
    }
}

// As much of an ack as one batch takes.
static struct plk_ack first_part(const struct plk_mail *m, const struct plk_sending *s, const struct plk_ack *ack,
                                 size_t *budget) {
    struct plk_ack part = *ack;
    if (ack->contiguous - s->acked <= *budget) {
        *budget -= (size_t)(ack->contiguous - s->acked);
        return part;
    }
    part.contiguous = s->acked + *budget;
    memcpy(part.chain, plk_window_at(&m->window, *budget - 1)->chain, PLK_MESSAGE_HASH_LEN);
    *budget = 0;
    return part;
}

// False: the rest of it must wait for another batch.
static bool on_current(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_sending *s,
                       const struct plk_ack *ack, bool live, size_t *budget) {
    if (ack->contiguous >= s->next_seq) {
        roll_back(m, turn, true);
    } else if (ack->contiguous < s->acked) {
        // An ack that came another way may be old. The link keeps order: then the peer has lost what it had. So it has
        // if it names what was sent only after more had been acknowledged.
        bool later = ack->range_count > 0 && ack->ranges[ack->range_count - 1].last >= s->fence;
        if (live ? ack->contiguous < m->acked_at_up : later) roll_back(m, turn, false);
    } else if (ack->contiguous == s->acked) {
        if (!same_chain(ack->chain, s->acked_chain)) roll_back(m, turn, true);
    } else if (!same_chain(ack->chain, plk_window_at(&m->window, (size_t)(ack->contiguous - s->acked - 1))->chain)) {
        roll_back(m, turn, true);
    } else {
        if (*budget == 0) return false;
        struct plk_ack part = first_part(m, s, ack, budget);
        advance(m, turn, s, &part);
        if (part.contiguous != ack->contiguous) return false;
    }
    if (ack->contiguous != s->acked || m->stopped != PLK_MAIL_WHY_NONE) return true;
    if (live) {
        mark_held(m, s, ack);
    } else if (!m->up) {
        plk_absent_missing(m, turn->now.wall_ms, s, ack);
    }
    return true;
}

// ---- earlier streams ------------------------------------------------------------------------------------------------

// What was not yet numbered anew in the current stream still has its number of the earlier one. A number or hash that
// does not fit says nothing here: what is open will be resent, and the peer compares ids.
static bool on_earlier(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_sending *s,
                       const struct plk_ack *ack, size_t *budget) {
    bool fits = false;
    if (ack->contiguous <= s->acked || ack->contiguous >= s->next_seq) return true;
    for (size_t i = 0; i < m->window.count && !fits; i++) {
        const struct plk_entry *entry = plk_window_at(&m->window, i);
        fits =
            entry->generation == s->generation && entry->seq == ack->contiguous && same_chain(entry->chain, ack->chain);
    }
    if (!fits) return true;
    for (size_t i = 0; i < m->window.count;) {
        const struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->generation == s->generation && entry->seq <= ack->contiguous) {
            if (*budget == 0) return false; // its last one is still there, so that it will fit again
            --*budget;
            mark_done(m, turn, entry);
            plk_outbox_remove(m, turn, i);
        } else {
            i++;
        }
    }
    s->acked = ack->contiguous;
    memcpy(s->acked_chain, ack->chain, PLK_MESSAGE_HASH_LEN);
    plk_state_save_sending(m, s, turn->batch);
    plk_state_save(m, turn->batch);
    return true;
}

// ---- lists of acks --------------------------------------------------------------------------------------------------

// False: it takes more than one batch. What was done is done; the same list goes on where it stopped.
static bool deliver(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_late *list) {
    size_t budget = PLK_MAIL_DELIVER_STEP;
    bool named = false, live = list->live && m->up;
    for (size_t i = 0; i < list->count; i++) {
        const struct plk_ack *ack = &list->acks[i];
        struct plk_sending *s = plk_state_sending(m, ack->epoch);
        if (s == NULL || memcmp(ack->device, m->device, PLK_DEVICE_LEN) != 0) continue;
        bool current = s == plk_state_current(m);
        named = named || current;
        if (!(current ? on_current(m, turn, s, ack, live, &budget) : on_earlier(m, turn, s, ack, &budget)))
            return false;
    }
    // These name every stream of which there is anything.
    if (!list->first && !list->have) return true;
    if (!m->settled) {
        plk_resync_settle(m, turn, list->acks, list->count);
    } else if (list->first) {
        bool less = plk_resync_less(m, turn, list->acks, list->count);
        if (less || (!named && m->acked_at_up > 0)) roll_back(m, turn, false);
    }
    return true;
}

// What the peer says later of a stream replaces what it said before.
static void merge(struct plk_late *late, const struct plk_late *list) {
    late->live = late->live || list->live;
    late->first = late->first || list->first;
    late->have = late->have || list->have;
    for (size_t i = 0; i < list->count; i++) {
        size_t at = 0;
        while (at < late->count && memcmp(late->acks[at].epoch, list->acks[i].epoch, PLK_EPOCH_LEN) != 0) at++;
        if (at == PLK_ACKS_MAX) continue;
        late->acks[at] = list->acks[i];
        if (at == late->count) late->count++;
    }
}

// What it says stays true, unless the next link, which begins with all that the peer has, says otherwise.
void plk_deliver_unlink(struct plk_mail *m) {
    if (m->late != NULL) m->late->live = m->late->first = false;
}

void plk_deliver_forget(struct plk_mail *m, const struct plk_mail_turn *turn) {
    if (m->late == NULL) return;
    struct plk_key key = plk_key_late(m->contact);
    if (turn != NULL) plk_batch_delete(turn->batch, PLK_TABLE_link, plk_key_bytes(&key));
    plk_mem_give(m->mem, m->late);
    m->late = NULL;
}

// A list out of a cell comes once: the relay forgets it, and its ciphertext is remembered as seen, before the last step is done.
static void save_late(struct plk_mail *m, const struct plk_mail_turn *turn) {
    uint8_t row[2 + PLK_ACKS_LEN_MAX];
    struct plk_writer w = plk_writer(row, sizeof row);
    struct plk_key key = plk_key_late(m->contact);
    plk_writer_u8(&w, LATE_VERSION);
    plk_writer_u8(&w, m->late->have);
    plk_message_acks_encode(&w, m->late->acks, m->late->count);
    plk_assert(!w.failed);
    plk_batch_upsert(turn->batch, PLK_TABLE_link, plk_key_bytes(&key), plk_writer_bytes(&w));
}

enum plk_err plk_deliver_load(struct plk_mail *m, struct plk_bytes row) {
    struct plk_reader r = plk_reader(row);
    struct plk_late list = {.count = 0};
    uint8_t version = plk_reader_u8(&r), have = plk_reader_u8(&r);
    if (r.failed || version != LATE_VERSION || have > 1 || m->late != NULL) return PLK_ERR_CORRUPT;
    if (plk_message_acks_decode(plk_reader_rest(&r), list.acks, &list.count) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
    list.have = have == 1;
    m->late = plk_mem_take(m->mem, sizeof *m->late);
    *m->late = list;
    return PLK_ERR_OK;
}

bool plk_deliver_late(struct plk_mail *m, const struct plk_mail_turn *turn) {
    if (m->late == NULL || !m->is_open) return false;
    if (deliver(m, turn, m->late)) plk_deliver_forget(m, turn);
    return true;
}

enum plk_err plk_deliver_acks(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes text,
                              enum plk_acks_way way) {
    struct plk_late list = {.live = way == PLK_ACKS_LINK, .have = way == PLK_ACKS_CURRENT};
    enum plk_err err = plk_message_acks_decode(text, list.acks, &list.count);
    if (err != PLK_ERR_OK) return err;
    list.first = list.live && !m->heard_have;
    if (list.first) m->heard_have = true;
    if (m->late != NULL && !list.first) {
        merge(m->late, &list);
        save_late(m, turn);
        return PLK_ERR_OK;
    }
    plk_deliver_forget(m,
                       turn); // a link begins with all that the peer has: of what it does not name it has nothing now
    if (!deliver(m, turn, &list)) {
        m->late = plk_mem_take(m->mem, sizeof *m->late);
        *m->late = list;
        save_late(m, turn);
    }
    return PLK_ERR_OK;
}

// ---- unreadable -----------------------------------------------------------------------------------------------------

// The same message is encrypted again under its number and id (DESIGN 3.4). Twice for one message, for many without
// an ack in between, or for a pulse, it means that the ratchets have parted.
void plk_deliver_unreadable(struct plk_mail *m, const struct plk_mail_turn *turn,
                            const uint8_t hash[PLK_MESSAGE_HASH_LEN]) {
    size_t unacked = plk_state_unacked(m);
    if (memcmp(m->pulse_hash, hash, PLK_MESSAGE_HASH_LEN) == 0) plk_state_stop(m, turn, PLK_MAIL_WHY_UNREADABLE);
    for (size_t i = 0; i < unacked; i++) {
        struct plk_entry *entry = plk_window_at(&m->window, i);
        if (entry->record == NULL || memcmp(entry->hash, hash, PLK_MESSAGE_HASH_LEN) != 0) continue;
        if (entry->retried || ++m->unreadable > PLK_MAIL_UNREADABLE_MAX) {
            plk_state_stop(m, turn, PLK_MAIL_WHY_UNREADABLE);
            return;
        }
        entry->retried = true;
        if (entry->kept > 0) plk_absent_lose(m, entry, PLK_ERR_FORGED);
        entry->boxing = PLK_BOXING_NONE;
        plk_window_set_record(&m->window, entry, plk_bytes(NULL, 0));
        if (entry->again) {
            entry->again = false;
            m->again_count--;
        }
        m->unsealed = true;
        return;
    }
}
