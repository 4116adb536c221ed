// SPDX-License-Identifier: MIT
// Messages that were numbered again after a re-key carry their origin, and may have been received already. History is
// asked for what it holds there: the same id is a copy, another id is another message (DESIGN 3.8), which is kept at
// a place that its id gives: apart from all origins, and the same each time it comes.
#include "mail/state.h"

#define RUN_MAX 32 // messages looked up at a time

static struct plk_origin origin_of(const struct plk_envelope *e) {
    struct plk_origin origin = {.seq = e->seq};
    if (e->has_origin) return e->origin;
    memcpy(origin.device, e->device, PLK_DEVICE_LEN);
    memcpy(origin.epoch, e->epoch, PLK_EPOCH_LEN);
    return origin;
}

static bool envelope_at(const struct plk_mail *m, uint32_t generation, uint64_t seq, struct plk_held_item **item,
                        struct plk_envelope *e) {
    *item = plk_held_find(&m->held, generation, seq);
    return *item != NULL && plk_message_envelope_decode(plk_bytes((*item)->text, (*item)->text_len), e) == PLK_ERR_OK;
}

static bool same_epoch(const struct plk_origin *a, const struct plk_origin *b) {
    return memcmp(a->device, b->device, PLK_DEVICE_LEN) == 0 && memcmp(a->epoch, b->epoch, PLK_EPOCH_LEN) == 0;
}

struct plk_origin plk_copies_apart(const struct plk_envelope *e) {
    struct plk_origin place = {.seq = origin_of(e).seq | UINT64_C(1) << 63};
    memcpy(place.device, e->id, PLK_DEVICE_LEN);
    memcpy(place.epoch, e->id + PLK_DEVICE_LEN, PLK_EPOCH_LEN);
    return place;
}

// The next messages of a stream whose origins ascend in one epoch: they are looked up together.
static bool find_run(struct plk_mail *m, const struct plk_receiving *s, struct plk_origin *first,
                     struct plk_origin *last) {
    struct plk_held_item *item;
    struct plk_envelope e;
    uint64_t seq = s->contiguous + 1;
    if (!envelope_at(m, s->generation, seq, &item, &e)) return false;
    if (item->verdict != PLK_HELD_UNKNOWN && item->verdict != PLK_HELD_OTHER) return false;
    m->copies_apart = item->verdict == PLK_HELD_OTHER;
    *first = *last = m->copies_apart ? plk_copies_apart(&e) : origin_of(&e);
    m->copies_generation = s->generation;
    m->copies_first = m->copies_last = seq;
    if (m->copies_apart) return true;
    for (unsigned i = 1; i < RUN_MAX && envelope_at(m, s->generation, ++seq, &item, &e); i++) {
        struct plk_origin origin = origin_of(&e);
        if (!same_epoch(&origin, first) || origin.seq <= last->seq) break;
        *last = origin;
        m->copies_last = seq;
    }
    return true;
}

bool plk_copies_wants(struct plk_mail *m, struct plk_mail_load *load) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_COPIES];
    struct plk_origin first, last;
    bool found = false;
    for (uint8_t i = 0; i < m->receiving_count && !wish->open && !found; i++) {
        found = find_run(m, &m->receiving[i], &first, &last);
    }
    if (!found) return false;
    // Until the answer is in, what else comes with these origins is to be looked up too.
    for (uint8_t i = 0; i < m->receiving_count; i++) {
        struct plk_receiving *s = &m->receiving[i];
        struct plk_origin named = {.seq = 0};
        memcpy(named.device, s->device, PLK_DEVICE_LEN);
        memcpy(named.epoch, s->epoch, PLK_EPOCH_LEN);
        if (same_epoch(&named, &last) && s->next_origin <= last.seq) s->next_origin = last.seq + 1;
    }
    *wish = (struct plk_wish){.open = true};
    wish->from = plk_key_message(m->contact, PLK_IN, &first);
    last.seq++;
    wish->to = plk_key_message(m->contact, PLK_IN, &last);
    *load = (struct plk_mail_load){.want = PLK_MAIL_WANT_COPIES, .table = PLK_TABLE_message, .limit = RUN_MAX};
    load->from = plk_key_bytes(&wish->from);
    load->to = plk_key_bytes(&wish->to);
    load->after_n = m->outbox_n;
    return true;
}

static void compare(struct plk_mail *m, const struct plk_message_row *row) {
    struct plk_held_item *item;
    struct plk_envelope e;
    for (uint64_t seq = m->copies_first; seq <= m->copies_last; seq++) {
        if (!envelope_at(m, m->copies_generation, seq, &item, &e)) continue;
        struct plk_origin origin = origin_of(&e);
        if (origin.seq != row->origin.seq || !same_epoch(&origin, &row->origin)) continue;
        item->verdict = memcmp(e.id, row->id, PLK_ID_LEN) == 0 ? PLK_HELD_COPY : PLK_HELD_OTHER;
    }
}

// Those up to `through` have no row at their origin, unless one came.
static void settle(struct plk_mail *m, uint64_t through) {
    struct plk_held_item *item;
    struct plk_envelope e;
    for (uint64_t seq = m->copies_first; seq <= m->copies_last; seq++) {
        if (!envelope_at(m, m->copies_generation, seq, &item, &e) || item->verdict != PLK_HELD_UNKNOWN) continue;
        if (origin_of(&e).seq <= through) item->verdict = PLK_HELD_NEW;
    }
}

static void settle_apart(struct plk_mail *m, bool there) {
    struct plk_held_item *item = plk_held_find(&m->held, m->copies_generation, m->copies_first);
    if (item != NULL) item->verdict = there ? PLK_HELD_COPY : PLK_HELD_APART;
}

enum plk_err plk_copies_rows(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_row *rows,
                             size_t count, bool more) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_COPIES];
    for (size_t i = 0; i < count; i++) {
        struct plk_message_row row = {.contact = 0};
        if (plk_message_key_decode(rows[i].key, &row) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
        if (plk_message_row_decode(rows[i].value, &row) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
        if (m->copies_apart) continue;
        compare(m, &row);
        settle(m, row.origin.seq);
    }
    wish->rows += count;
    if (more) return PLK_ERR_OK;
    wish->open = false;
    if (m->copies_apart) {
        settle_apart(m, wish->rows > 0);
    } else if (wish->rows < RUN_MAX) {
        settle(m, UINT64_MAX);
    }
    struct plk_receiving *s = plk_state_receiving(m, m->copies_generation);
    if (s != NULL) plk_inbox_drain(m, turn, s);
    return PLK_ERR_OK;
}
