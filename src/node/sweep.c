// SPDX-License-Identifier: MIT
#include "node/sweep.h"

#include "node/inside.h"

#define ROW_VERSION 1
#define MARK_LEN 16

// ---- marks ------------------------------------------------------------------------------------------------------------

static void write_marks(struct plk_node *node) {
    static const uint8_t key[] = {'e'};
    uint8_t value[1 + PLK_SWEEP_MARKS_MAX * MARK_LEN];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_writer_u8(&w, ROW_VERSION);
    for (size_t i = 0; i < node->sweep.mark_count; i++) {
        plk_writer_u64(&w, node->sweep.marks[i].wall_ms);
        plk_writer_u64(&w, node->sweep.marks[i].n);
    }
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_profile, plk_bytes(key, sizeof key),
                     plk_writer_bytes(&w));
}

bool plk_sweep_load(struct plk_sweep *sweep, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    size_t count = value.len / MARK_LEN;
    if (plk_reader_u8(&r) != ROW_VERSION || r.left != count * MARK_LEN || count > PLK_SWEEP_MARKS_MAX) return false;
    struct plk_sweep_mark before = {0, 0};
    for (size_t i = 0; i < count; i++) {
        struct plk_sweep_mark mark = {.wall_ms = plk_reader_u64(&r)};
        mark.n = plk_reader_u64(&r);
        if (mark.n <= before.n || mark.wall_ms < before.wall_ms) return false;
        sweep->marks[i] = before = mark;
    }
    sweep->mark_count = count;
    return true;
}

static void drop_marks(struct plk_sweep *sweep, size_t count) {
    sweep->mark_count -= count;
    memmove(sweep->marks, sweep->marks + count, sweep->mark_count * sizeof sweep->marks[0]);
}

void plk_sweep_mark(struct plk_node *node) {
    struct plk_sweep *sweep = &node->sweep;
    uint64_t wall_ms = node->now.wall_ms;
    // A clock that was set back: what it says now is the best that is known of the marks, too.
    for (size_t i = sweep->mark_count; i-- > 0 && sweep->marks[i].wall_ms > wall_ms;) sweep->marks[i].wall_ms = wall_ms;
    const struct plk_sweep_mark *last = sweep->mark_count > 0 ? &sweep->marks[sweep->mark_count - 1] : NULL;
    if (last != NULL && (wall_ms - last->wall_ms < PLK_SWEEP_MARK_MS || last->n >= node->event_n)) return;
    if (sweep->mark_count == PLK_SWEEP_MARKS_MAX) drop_marks(sweep, 1);
    sweep->marks[sweep->mark_count++] = (struct plk_sweep_mark){.wall_ms = wall_ms, .n = node->event_n};
    write_marks(node);
}

uint64_t plk_sweep_below(const struct plk_sweep *sweep, uint64_t event_n, uint64_t wall_ms) {
    uint64_t old = 0;
    if (event_n <= PLK_SWEEP_EVENTS_KEPT || wall_ms < PLK_SWEEP_KEPT_MS) return 0;
    for (size_t i = 0; i < sweep->mark_count; i++) {
        if (sweep->marks[i].wall_ms <= wall_ms - PLK_SWEEP_KEPT_MS) old = sweep->marks[i].n;
    }
    uint64_t many = event_n - PLK_SWEEP_EVENTS_KEPT + 1;
    return old < many ? old : many;
}

// ---- steps ------------------------------------------------------------------------------------------------------------

static void rest(struct plk_node *node) {
    node->sweep.step = PLK_SWEEP_REST;
    node->sweep.due_us = node->now.mono_us + PLK_SWEEP_EVERY_US;
}

void plk_sweep_begin(struct plk_node *node) {
    node->sweep.step = PLK_SWEEP_REST;
    node->sweep.due_us = node->now.mono_us + PLK_SWEEP_FIRST_US;
}

static void ask(struct plk_node *node, enum plk_table table, struct plk_bytes from, uint32_t limit) {
    node->sweep.due_us = PLK_NEVER;
    node->sweep.page = 0;
    plk_loads_ask(&node->loads, PLK_LOAD_SWEEP, 0, table, table, from, plk_bytes(NULL, 0), limit, false,
                  plk_ledger_mark(&node->ledger));
}

static void begin(struct plk_node *node) {
    struct plk_sweep *sweep = &node->sweep;
    sweep->below = plk_sweep_below(sweep, node->event_n, node->now.wall_ms);
    sweep->cursor_len = 0;
    if (sweep->below == 0) {
        rest(node);
    } else {
        ask(node, PLK_TABLE_event, plk_bytes(NULL, 0), 1); // which is the oldest
    }
}

// Numbers of events have no holes, so a range of numbers is at most as many rows. A row that begins in it goes with all of its
// events, which are of one batch.
static void drop_events(struct plk_node *node) {
    struct plk_sweep *sweep = &node->sweep;
    uint64_t left = sweep->below - sweep->first, end = sweep->first + (left < PLK_SWEEP_STEP ? left : PLK_SWEEP_STEP);
    uint8_t from[8], to[8];
    struct plk_writer f = plk_writer(from, sizeof from), t = plk_writer(to, sizeof to);
    plk_writer_u64(&f, sweep->first);
    plk_writer_u64(&t, end);
    plk_batch_delete_range(plk_ledger_batch(&node->ledger), PLK_TABLE_event, plk_writer_bytes(&f),
                           plk_writer_bytes(&t));
    sweep->first = end;
    if (end == sweep->below) sweep->step = PLK_SWEEP_CALLERS;
    sweep->due_us = node->now.mono_us + PLK_SWEEP_PAUSE_US;
}

void plk_sweep_run(struct plk_node *node) {
    struct plk_sweep *sweep = &node->sweep;
    if (node->state != PLK_NODE_READY || node->suspended || node->now.mono_us < sweep->due_us) return;
    if (plk_ledger_behind(&node->ledger)) { // there is other work
        sweep->due_us = node->now.mono_us + PLK_SECOND;
        return;
    }
    plk_ledger_turn(&node->ledger);
    switch (sweep->step) {
    case PLK_SWEEP_REST:
        begin(node);
        break;
    case PLK_SWEEP_EVENTS:
        drop_events(node);
        break;
    case PLK_SWEEP_CALLERS:
        ask(node, PLK_TABLE_caller_id, plk_bytes(sweep->cursor, sweep->cursor_len), PLK_SWEEP_STEP);
        break;
    }
}

static void oldest(struct plk_node *node, const struct plk_input *input) {
    struct plk_sweep *sweep = &node->sweep;
    struct plk_event_row event = {.n = sweep->below};
    if (input->loaded.count > 0)
        (void)plk_event_row_decode(input->loaded.rows[0].key, input->loaded.rows[0].value, &event);
    sweep->first = event.n;
    sweep->step = event.n < sweep->below ? PLK_SWEEP_EVENTS : PLK_SWEEP_CALLERS;
    sweep->due_us = node->now.mono_us + PLK_SWEEP_PAUSE_US;
}

static void drop_callers(struct plk_node *node, const struct plk_input *input) {
    struct plk_sweep *sweep = &node->sweep;
    for (size_t i = 0; i < input->loaded.count; i++) {
        const struct plk_row *row = &input->loaded.rows[i];
        if (row->key.len >= sizeof sweep->cursor) continue; // none of ours
        if (plk_callers_is_old(row->value, sweep->below))
            plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_caller_id, row->key);
        memset(sweep->cursor, 0, sizeof sweep->cursor); // the first key after this one
        memcpy(sweep->cursor, row->key.at, row->key.len);
        sweep->cursor_len = row->key.len + 1;
    }
    sweep->page += input->loaded.count;
    if (input->loaded.more) return;
    sweep->due_us = node->now.mono_us + PLK_SWEEP_PAUSE_US;
    if (sweep->page < PLK_SWEEP_STEP) rest(node);
}

void plk_sweep_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    if (load->what == PLK_TABLE_event) {
        oldest(node, input);
    } else {
        drop_callers(node, input);
    }
}
