// SPDX-License-Identifier: MIT
#include "node/expiry.h"

#include "node/inside.h"

// What the wall clock would say had nobody touched it since the start.
static uint64_t steady_ms(const struct plk_node *node) {
    const struct plk_expiries *e = &node->expiries;
    return e->from_wall_ms + (node->now.mono_us - e->from_mono_us) / PLK_MS;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

static void put(struct plk_node *node, const struct plk_expiry *expiry) {
    uint8_t key[PLK_EXPIRY_KEY_MAX], value[PLK_EXPIRY_VALUE_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    plk_expiry_key(&k, expiry);
    plk_expiry_encode(&w, expiry);
    plk_assert(!k.failed && !w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_expiry, plk_writer_bytes(&k), plk_writer_bytes(&w));
}

static void drop(struct plk_node *node, const struct plk_expiry *expiry) {
    uint8_t key[PLK_EXPIRY_KEY_MAX];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_expiry_key(&k, expiry);
    plk_assert(!k.failed);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_expiry, plk_writer_bytes(&k));
}

static void expect(struct plk_expiries *e, uint64_t due_ms) {
    if (due_ms < e->next_ms) e->next_ms = due_ms;
    if (due_ms < e->found_ms) e->found_ms = due_ms; // while rows are being read
}

// Its time runs from now on. What is due when is told to people, so it is a mark as well.
static void start(struct plk_node *node, const struct plk_expiry *waits) {
    struct plk_expiry runs = *waits;
    uint8_t due[8];
    struct plk_writer w = plk_writer(due, sizeof due);
    runs.runs = true;
    runs.due_ms = steady_ms(node) + (uint64_t)waits->lifetime_s * 1000;
    plk_writer_u64(&w, runs.due_ms);
    if (waits->row > 0 && !waits->runs && waits->direction == PLK_IN) drop(node, waits);
    put(node, &runs);
    struct plk_mark_row mark = plk_marks_own(node, runs.contact, runs.direction, &runs.origin, PLK_MARK_DUE);
    mark.text = plk_writer_bytes(&w);
    plk_marks_put(node, &mark);
    expect(&node->expiries, runs.due_ms);
}

static void expire(struct plk_node *node, const struct plk_expiry *expiry) {
    drop(node, expiry);
    if (plk_peers_find(&node->peers, expiry->contact) == NULL) return; // removed, and its history with it
    struct plk_mark_row mark =
        plk_marks_own(node, expiry->contact, expiry->direction, &expiry->origin, PLK_MARK_EXPIRED);
    plk_marks_put(node, &mark);
    plk_marks_changed(node, expiry->contact, PLK_CHANGE_EXPIRED, expiry->direction, &expiry->origin);
}

// ---- messages -------------------------------------------------------------------------------------------------------

void plk_expiry_message(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    struct plk_expiry expiry = {.contact = peer->row.contact, .direction = event->direction, .origin = event->origin};
    expiry.row = event->row;
    expiry.lifetime_s = event->lifetime_s;
    if (event->lifetime_s == 0) return;
    if (event->kind == PLK_MAIL_MESSAGE && event->direction == PLK_IN) put(node, &expiry);
    if (event->kind == PLK_MAIL_STATE && event->state == PLK_STATE_DELIVERED) start(node, &expiry);
}

static void waiting_key(struct plk_writer *w, uint32_t contact, uint64_t row) {
    plk_expiry_key(w, &(struct plk_expiry){.contact = contact, .row = row});
    plk_assert(!w->failed);
}

void plk_expiry_seen(struct plk_node *node, const struct plk_peer *peer) {
    uint8_t from[PLK_EXPIRY_KEY_MAX], to[PLK_EXPIRY_KEY_MAX];
    struct plk_writer f = plk_writer(from, sizeof from), t = plk_writer(to, sizeof to);
    waiting_key(&f, peer->row.contact, 0);
    waiting_key(&t, peer->row.contact, peer->row.read_row + 1);
    plk_loads_ask(&node->loads, PLK_LOAD_EXPIRY, peer->row.contact, PLK_EXPIRY_READ_SEEN, PLK_TABLE_expiry,
                  plk_writer_bytes(&f), plk_writer_bytes(&t), PLK_EXPIRY_PAGE, false, plk_ledger_mark(&node->ledger));
}

// ---- reading --------------------------------------------------------------------------------------------------------

static void ask(struct plk_node *node, enum plk_expiry_read what, struct plk_bytes from, uint8_t end) {
    node->expiries.page = 0;
    plk_loads_ask(&node->loads, PLK_LOAD_EXPIRY, 0, what, PLK_TABLE_expiry, from, plk_bytes(&end, 1), PLK_EXPIRY_PAGE,
                  false, plk_ledger_mark(&node->ledger));
}

void plk_expiry_begin(struct plk_node *node) {
    node->expiries = (struct plk_expiries){.next_ms = PLK_NEVER, .found_ms = PLK_NEVER};
    node->expiries.from_wall_ms = node->now.wall_ms;
    node->expiries.from_mono_us = node->now.mono_us;
    node->expiries.cursor[0] = PLK_EXPIRY_RUNS;
    node->expiries.cursor_len = 1;
    ask(node, PLK_EXPIRY_READ_ALL, plk_bytes(node->expiries.cursor, 1), PLK_EXPIRY_END);
}

uint64_t plk_expiry_deadline(const struct plk_node *node) {
    const struct plk_expiries *e = &node->expiries;
    if (!e->known || e->reading || e->next_ms == PLK_NEVER) return PLK_NEVER;
    if (e->next_ms <= e->from_wall_ms) return e->from_mono_us;
    uint64_t in_ms = e->next_ms - e->from_wall_ms;
    return in_ms < (PLK_NEVER - e->from_mono_us) / PLK_MS ? e->from_mono_us + in_ms * PLK_MS : PLK_NEVER;
}

void plk_expiry_run(struct plk_node *node) {
    static const uint8_t runs = PLK_EXPIRY_RUNS;
    struct plk_expiries *e = &node->expiries;
    if (node->state != PLK_NODE_READY || node->suspended || plk_expiry_deadline(node) > node->now.mono_us) return;
    plk_ledger_turn(&node->ledger);
    if (plk_ledger_behind(&node->ledger)) return; // STORED is followed by another look
    e->reading = true;
    e->found_ms = PLK_NEVER;
    ask(node, PLK_EXPIRY_READ_DUE, plk_bytes(&runs, 1), PLK_EXPIRY_RUNS + 1);
}

// At the start: of a row whose time lies further ahead than it may live the clock has been set back; what was seen before the
// node ended, and not yet begun, begins.
static void look(struct plk_node *node, const struct plk_expiry *expiry) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, expiry->contact);
    uint64_t latest_ms = steady_ms(node) + (uint64_t)expiry->lifetime_s * 1000;
    if (peer == NULL) {
        drop(node, expiry);
    } else if (!expiry->runs) {
        if (expiry->row <= peer->row.read_row) start(node, expiry);
    } else if (expiry->due_ms > latest_ms) {
        drop(node, expiry);
        start(node, expiry);
    } else {
        expect(&node->expiries, expiry->due_ms);
    }
}

static void take(struct plk_node *node, enum plk_expiry_read what, const struct plk_expiry *expiry) {
    struct plk_expiries *e = &node->expiries;
    if (what == PLK_EXPIRY_READ_ALL) {
        look(node, expiry);
    } else if (what == PLK_EXPIRY_READ_SEEN) {
        const struct plk_peer *peer = plk_peers_find(&node->peers, expiry->contact);
        if (peer != NULL && !expiry->runs) start(node, expiry);
    } else if (expiry->due_ms <= steady_ms(node)) {
        expire(node, expiry);
    } else if (expiry->due_ms < e->found_ms) {
        e->found_ms = expiry->due_ms;
    }
}

static void note_cursor(struct plk_expiries *e, struct plk_bytes key) {
    if (key.len >= sizeof e->cursor) return; // none of ours
    memset(e->cursor, 0, sizeof e->cursor);  // the first key after this one
    memcpy(e->cursor, key.at, key.len);
    e->cursor_len = key.len + 1;
}

static void page_ended(struct plk_node *node, enum plk_expiry_read what, bool full, uint32_t contact) {
    struct plk_expiries *e = &node->expiries;
    switch (what) {
    case PLK_EXPIRY_READ_ALL:
        e->known = !full;
        if (full) ask(node, what, plk_bytes(e->cursor, e->cursor_len), PLK_EXPIRY_END);
        break;
    case PLK_EXPIRY_READ_DUE:
        e->reading = false;
        // All of a full page may have been due, and there may be more.
        e->next_ms = full && e->found_ms == PLK_NEVER ? steady_ms(node) : e->found_ms;
        break;
    case PLK_EXPIRY_READ_SEEN: {
        const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
        if (full && peer != NULL) plk_expiry_seen(node, peer);
        break;
    }
    }
}

void plk_expiry_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    struct plk_expiries *e = &node->expiries;
    enum plk_expiry_read what = (enum plk_expiry_read)load->what;
    plk_ledger_turn(&node->ledger);
    for (size_t i = 0; i < input->loaded.count; i++) {
        const struct plk_row *row = &input->loaded.rows[i];
        struct plk_expiry expiry;
        if (what == PLK_EXPIRY_READ_ALL) note_cursor(e, row->key);
        if (plk_expiry_decode(row->key, row->value, &expiry) == PLK_ERR_OK) take(node, what, &expiry);
    }
    // What waited in a conversation is gone with its answer: the rest is asked for until nothing comes.
    bool one = what == PLK_EXPIRY_READ_SEEN;
    if (!one) e->page += input->loaded.count;
    if (input->loaded.more) return;
    page_ended(node, what, one ? input->loaded.count > 0 : e->page >= PLK_EXPIRY_PAGE, load->contact);
}
