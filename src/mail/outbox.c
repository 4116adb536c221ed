// SPDX-License-Identifier: MIT
// The outbox: rows in the store, in the order in which they are sent; the first of them in memory (mail/window.h).
#include "mail/state.h"

// ---- rows -----------------------------------------------------------------------------------------------------------

void plk_outbox_write(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry) {
    bool was_parted = entry->parted;
    size_t max = plk_entry_row_max(entry);
    struct plk_writer w = plk_writer(plk_state_room(m, &m->text, max), max);
    plk_entry_encode(&w, entry);
    plk_assert(!w.failed);
    struct plk_key key = plk_key_outbox(m->contact, entry->order, 0);
    plk_batch_upsert(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&key), plk_writer_bytes(&w));
    key = plk_key_outbox(m->contact, entry->order, 1);
    if (entry->parted) {
        plk_batch_upsert(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&key), plk_entry_ciphertext(entry));
    } else if (was_parted) {
        plk_batch_delete(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&key));
    }
    m->outbox_n = turn->batch_n;
}

void plk_outbox_erase(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry) {
    struct plk_key key = plk_key_outbox(m->contact, entry->order, 0);
    plk_batch_delete(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&key));
    key = plk_key_outbox(m->contact, entry->order, 1);
    if (entry->parted) plk_batch_delete(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&key));
    m->outbox_n = turn->batch_n;
    m->outbox_count--;
    if (plk_entry_counts(entry)) m->undelivered--;
}

static struct plk_order after(struct plk_order order) { return (struct plk_order){order.row, order.minor + 1}; }

void plk_outbox_add(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry) {
    plk_outbox_write(m, turn, entry);
    m->outbox_count++;
    if (plk_entry_counts(entry)) m->undelivered++;
    bool room = m->window.count < PLK_MAIL_WINDOW_MAX &&
                m->window.payload_bytes + entry->payload_len <= PLK_MAIL_WINDOW_BYTES_MAX;
    if (m->beyond || m->wishes[PLK_MAIL_WANT_PAGE].open || !room) {
        m->beyond = true;
        plk_entry_free(m->mem, entry);
        return;
    }
    plk_window_push(&m->window, entry);
    m->cursor = after(entry->order);
}

static void count_down(size_t *index, size_t removed) {
    if (*index > removed) --*index;
}

// One entry at index has left the window.
static void shift(struct plk_mail *m, size_t index, bool again) {
    count_down(&m->given, index);
    count_down(&m->left, index);
    count_down(&m->told, index);
    if (again) m->again_count--;
}

void plk_outbox_remove(struct plk_mail *m, const struct plk_mail_turn *turn, size_t index) {
    struct plk_entry *entry = plk_window_at(&m->window, index);
    plk_outbox_erase(m, turn, entry);
    shift(m, index, entry->again);
    plk_window_remove(&m->window, index);
}

// Consecutive in the window is consecutive in the store: one range.
void plk_outbox_pop(struct plk_mail *m, const struct plk_mail_turn *turn, size_t count) {
    if (count == 0) return;
    struct plk_key from = plk_key_outbox(m->contact, plk_window_at(&m->window, 0)->order, 0);
    struct plk_key to = plk_key_outbox(m->contact, plk_window_at(&m->window, count - 1)->order, 2);
    bool single = count == 1;
    if (!single) plk_batch_delete_range(turn->batch, PLK_TABLE_outbox, plk_key_bytes(&from), plk_key_bytes(&to));
    for (; count > 0; count--) {
        struct plk_entry *entry = plk_window_at(&m->window, 0);
        if (single) {
            plk_outbox_erase(m, turn, entry);
        } else {
            m->outbox_count--;
            if (plk_entry_counts(entry)) m->undelivered--;
        }
        shift(m, 0, entry->again);
        plk_window_pop(&m->window);
    }
    m->outbox_n = turn->batch_n;
}

void plk_outbox_reset(struct plk_mail *m) {
    plk_window_clear(&m->window);
    m->given = m->left = m->told = m->again_count = 0;
    m->cursor = (struct plk_order){0, 0};
    m->beyond = true;
}

// ---- paging ---------------------------------------------------------------------------------------------------------

bool plk_outbox_wants_page(struct plk_mail *m, struct plk_mail_load *load) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_PAGE];
    bool needed = !m->is_open || m->up || m->box || m->handing;
    // It begins when nothing is unacknowledged any more; until then acks speak of what is to be read here.
    bool resyncs = plk_resync_is_pending(m) && plk_state_unacked(m) == 0;
    bool room =
        m->window.count + PLK_MAIL_PAGE <= PLK_MAIL_WINDOW_MAX && m->window.payload_bytes < PLK_MAIL_WINDOW_BYTES_MAX;
    if (wish->open || !m->beyond || !needed || !room || resyncs) return false;
    struct plk_key contact = plk_key_contact(m->contact);
    *wish = (struct plk_wish){.open = true};
    wish->from = plk_key_outbox(m->contact, m->cursor, 0);
    wish->to = plk_key_after(&contact);
    m->beyond = false; // what is added from now on says so again
    *load = (struct plk_mail_load){.want = PLK_MAIL_WANT_PAGE, .table = PLK_TABLE_outbox, .limit = PLK_MAIL_PAGE};
    load->from = plk_key_bytes(&wish->from);
    load->to = plk_key_bytes(&wish->to);
    load->after_n = m->outbox_n;
    return true;
}

// Those at the front, as many as the current stream has unacknowledged, are numbered in it without a hole; no others
// are.
static bool fits(struct plk_mail *m, const struct plk_entry *entry) {
    const struct plk_sending *s = plk_state_current(m);
    bool numbered = m->window.count < plk_state_unacked(m);
    if (s == NULL || entry->generation > m->generation) return false;
    if ((entry->generation == m->generation) != numbered) return false;
    return !numbered || entry->seq == s->acked + 1 + m->window.count;
}

static enum plk_err take_message(struct plk_mail *m, const struct plk_row *row) {
    struct plk_entry entry;
    bool needs_part;
    if (plk_entry_decode(m->mem, row->key, row->value, &entry, &needs_part) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
    if (!fits(m, &entry)) {
        plk_entry_free(m->mem, &entry);
        return PLK_ERR_CORRUPT;
    }
    if (entry.generation != m->generation) {
        plk_entry_drop_record(m->mem, &entry);
        entry.kept = entry.kept_of = 0;
    }
    entry.part_due = needs_part && entry.generation == m->generation;
    plk_window_push(&m->window, &entry);
    return PLK_ERR_OK;
}

// The ciphertext of the message before. A page comes in pieces, and much may happen between two of them: the message may have been
// acknowledged, or have got another ciphertext, to which its hash belongs now (sim, rollback seed 22 at a35218f).
static enum plk_err take_part(struct plk_mail *m, struct plk_order order, struct plk_bytes ciphertext) {
    size_t index;
    if (!plk_order_before(order, m->cursor) || ciphertext.len == 0) return PLK_ERR_CORRUPT;
    if (!plk_window_find(&m->window, order, &index)) return PLK_ERR_OK;
    struct plk_entry *entry = plk_window_at(&m->window, index);
    if (!entry->part_due) return PLK_ERR_OK;
    entry->part_due = false;
    uint8_t hash[PLK_MESSAGE_HASH_LEN];
    plk_seen_hash(hash, ciphertext);
    bool its = memcmp(hash, entry->hash, sizeof hash) == 0; // else it could be reported as unreadable for ever, in vain
    if (its && entry->generation == m->generation) plk_window_set_record(&m->window, entry, ciphertext);
    return PLK_ERR_OK;
}

static bool is_full(const struct plk_mail *m) {
    return m->window.count >= PLK_MAIL_WINDOW_MAX || m->window.payload_bytes >= PLK_MAIL_WINDOW_BYTES_MAX;
}

static enum plk_err take_row(struct plk_mail *m, struct plk_wish *wish, const struct plk_row *row) {
    struct plk_order order;
    uint8_t part;
    if (plk_entry_key_decode(row->key, &order, &part) != PLK_ERR_OK) return PLK_ERR_CORRUPT;
    if (part == 1) {
        // The cursor stands behind its message, or the message was left for the next page.
        if (wish->full && !plk_order_before(order, m->cursor)) return PLK_ERR_OK;
        return take_part(m, order, row->value);
    }
    if (plk_order_before(order, m->cursor)) return PLK_ERR_CORRUPT;
    if (is_full(m)) wish->full = m->beyond = true;
    if (wish->full) return PLK_ERR_OK;
    enum plk_err err = take_message(m, row);
    if (err == PLK_ERR_OK) m->cursor = after(order);
    return err;
}

// A page may end between the two rows of a message: then the message belongs to the next one.
static void untake_parted(struct plk_mail *m, const struct plk_row *last) {
    struct plk_order order;
    uint8_t part;
    if (plk_entry_key_decode(last->key, &order, &part) != PLK_ERR_OK || part != 0 || m->window.count == 0) return;
    struct plk_entry *entry = plk_window_at(&m->window, m->window.count - 1);
    if (!entry->parted || plk_order_before(entry->order, order)) return;
    plk_window_remove(&m->window, m->window.count - 1);
    m->cursor = order;
}

// What the page did not bring does not come any more: it is made again.
static void end_parts(struct plk_mail *m) {
    if (m->window.count > 0) plk_window_at(&m->window, m->window.count - 1)->part_due = false;
}

enum plk_err plk_outbox_page(struct plk_mail *m, const struct plk_row *rows, size_t count, bool more) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_PAGE];
    wish->rows += count;
    for (size_t i = 0; i < count; i++) {
        enum plk_err err = take_row(m, wish, &rows[i]);
        if (err != PLK_ERR_OK) return err;
    }
    if (more) return PLK_ERR_OK;
    wish->open = false;
    if (wish->rows >= PLK_MAIL_PAGE) {
        if (count > 0) untake_parted(m, &rows[count - 1]);
        m->beyond = true;
    }
    end_parts(m);
    // Everything that an ack can speak of is in memory.
    if (!m->beyond || m->window.count >= PLK_MAIL_UNACKED_MAX || is_full(m)) m->is_open = true;
    m->unsealed = true;
    if (m->is_open && m->window.count < plk_state_unacked(m)) return PLK_ERR_CORRUPT;
    return PLK_ERR_OK;
}

// ---- giving up ------------------------------------------------------------------------------------------------------

// Whether it may have reached the peer.
static bool may_have_left(const struct plk_entry *entry) { return entry->generation != 0 || entry->repeat; }

static void forget_cancel(struct plk_mail *m) {
    if (m->cancel_step == PLK_CANCEL_FOUND) plk_entry_free(m->mem, &m->canceled);
    m->cancel_step = PLK_CANCEL_NONE;
}

static enum plk_err cancel_stored(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t row) {
    bool asked = m->cancel_step != PLK_CANCEL_NONE && m->cancel_row == row;
    if (m->wishes[PLK_MAIL_WANT_CANCEL].open || m->wishes[PLK_MAIL_WANT_PAGE].open) return PLK_ERR_BUSY;
    if (!asked && m->cancel_step != PLK_CANCEL_NONE) return PLK_ERR_BUSY; // another's turn: it will be called again
    if (!asked) {
        m->cancel_step = PLK_CANCEL_WANTED;
        m->cancel_row = row;
    }
    if (m->cancel_step == PLK_CANCEL_WANTED) return PLK_ERR_BUSY;
    bool found = m->cancel_step == PLK_CANCEL_FOUND;
    enum plk_err err = !found ? PLK_ERR_NOT_FOUND : may_have_left(&m->canceled) ? PLK_ERR_TOO_LATE : PLK_ERR_OK;
    if (err == PLK_ERR_OK) {
        plk_history_patch(m, turn, &m->canceled, PLK_STATE_CANCELLED, PLK_ERR_OK);
        plk_outbox_erase(m, turn, &m->canceled);
        plk_state_save(m, turn->batch);
    }
    forget_cancel(m);
    return err;
}

// Its answer is found without the row that was asked for, or while it is on its way: others may ask now.
static void cancel_over(struct plk_mail *m, uint64_t row) {
    if (m->cancel_step != PLK_CANCEL_NONE && m->cancel_row == row) forget_cancel(m);
}

enum plk_err plk_outbox_cancel(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t row) {
    size_t index;
    struct plk_order order = {.row = row};
    if (!plk_window_find(&m->window, order, &index)) {
        bool gone = plk_order_before(order, m->cursor) || (!m->beyond && !m->wishes[PLK_MAIL_WANT_PAGE].open);
        if (!gone && row > 0 && row < m->next_row) return cancel_stored(m, turn, row);
        cancel_over(m, row);
        return PLK_ERR_NOT_FOUND;
    }
    cancel_over(m, row);
    struct plk_entry *entry = plk_window_at(&m->window, index);
    if (may_have_left(entry)) return PLK_ERR_TOO_LATE;
    plk_history_patch(m, turn, entry, PLK_STATE_CANCELLED, PLK_ERR_OK);
    plk_outbox_remove(m, turn, index);
    plk_state_save(m, turn->batch);
    return PLK_ERR_OK;
}

bool plk_outbox_wants_cancel(struct plk_mail *m, struct plk_mail_load *load) {
    struct plk_wish *wish = &m->wishes[PLK_MAIL_WANT_CANCEL];
    if (wish->open || m->cancel_step != PLK_CANCEL_WANTED) return false;
    *wish = (struct plk_wish){.open = true};
    wish->from = plk_key_outbox(m->contact, (struct plk_order){.row = m->cancel_row}, 0);
    wish->to = plk_key_outbox(m->contact, (struct plk_order){.row = m->cancel_row}, 1);
    *load = (struct plk_mail_load){.want = PLK_MAIL_WANT_CANCEL, .table = PLK_TABLE_outbox, .limit = 1};
    load->from = plk_key_bytes(&wish->from);
    load->to = plk_key_bytes(&wish->to);
    load->after_n = m->outbox_n;
    return true;
}

enum plk_err plk_outbox_cancel_row(struct plk_mail *m, const struct plk_row *rows, size_t count, bool more) {
    bool needs_part;
    enum plk_err err = PLK_ERR_OK;
    if (count > 0 && m->cancel_step == PLK_CANCEL_WANTED) {
        err = plk_entry_decode(m->mem, rows[0].key, rows[0].value, &m->canceled, &needs_part);
        if (err == PLK_ERR_OK) m->cancel_step = PLK_CANCEL_FOUND;
    }
    if (more) return err;
    m->wishes[PLK_MAIL_WANT_CANCEL].open = false;
    if (err == PLK_ERR_OK && m->cancel_step == PLK_CANCEL_WANTED) m->cancel_step = PLK_CANCEL_ABSENT;
    return err;
}
