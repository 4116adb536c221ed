// SPDX-License-Identifier: MIT
#include "node/marks.h"

#include "node/inside.h"

#define ROW_VERSION 1
#define ROW_LEN (1 + PLK_MARK_STAMP_LEN + 1)

// ---- rows -----------------------------------------------------------------------------------------------------------

struct plk_mark_row plk_marks_own(const struct plk_node *node, uint32_t contact, enum plk_direction direction,
                                  const struct plk_origin *origin, enum plk_mark_what what) {
    struct plk_mark_row row = {.contact = contact, .direction = direction, .origin = *origin, .what = what};
    row.author = PLK_MARK_ME;
    row.stamp.time_ms = node->now.wall_ms;
    return row;
}

void plk_marks_put(struct plk_node *node, const struct plk_mark_row *row) {
    uint8_t key[PLK_MARK_KEY_LEN];
    size_t cap = PLK_MARK_STAMP_LEN + row->text.len;
    uint8_t *value = plk_mem_take(node->mem, cap);
    struct plk_writer w = plk_writer(value, cap);
    plk_mark_key(key, row);
    plk_mark_row_encode(&w, row);
    plk_assert(!w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_mark, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
    plk_mem_give(node->mem, value);
}

void plk_marks_changed(struct plk_node *node, uint32_t contact, enum plk_change change, enum plk_direction direction,
                       const struct plk_origin *origin) {
    struct plk_event_row row = {.kind = PLK_EVENT_CHANGE, .contact = contact, .reason = (uint8_t)change};
    row.has_target = origin != NULL;
    row.target_direction = direction;
    if (origin != NULL) row.target = *origin;
    struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    bool gone = change == PLK_CHANGE_DELETED || change == PLK_CHANGE_EXPIRED;
    if (gone && peer != NULL && origin != NULL) plk_pictures_forget(node, peer, direction, origin);
    plk_node_event_of(node, &row, NULL);
}

static void write_slot(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[ROW_LEN], stamp[PLK_MARK_STAMP_LEN];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_mark_stamp_encode(stamp, &peer->warm->timer_stamp);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_copy(&w, stamp, sizeof stamp);
    plk_writer_u8(&w, peer->warm->marks_lost);
    plk_assert(!w.failed && w.len == ROW_LEN);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_MARKS, plk_writer_bytes(&w));
}

enum plk_err plk_marks_load(struct plk_peer *peer, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    uint8_t version = plk_reader_u8(&r);
    peer->warm->timer_stamp.time_ms = plk_reader_u64(&r);
    struct plk_bytes origin = plk_reader_take(&r, PLK_MARK_ORIGIN_LEN);
    uint8_t lost = plk_reader_u8(&r);
    if (!plk_reader_done(&r) || version != ROW_VERSION || lost > 1) return PLK_ERR_CORRUPT;
    peer->warm->marks_lost = lost == 1;
    return plk_mark_origin_decode(origin, &peer->warm->timer_stamp.origin) == PLK_ERR_OK ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

// Of the kinds that are kept as rows.
static enum plk_mark_what what_of(uint16_t kind) {
    switch (kind) {
    case PLK_BODY_REACTION:
        return PLK_MARK_REACTION;
    case PLK_BODY_EDIT:
        return PLK_MARK_EDIT;
    case PLK_BODY_DELETE:
        return PLK_MARK_DELETED;
    default:
        return PLK_MARK_READ;
    }
}

static enum plk_change change_of(uint16_t kind) {
    switch (kind) {
    case PLK_BODY_REACTION:
        return PLK_CHANGE_REACTED;
    case PLK_BODY_EDIT:
        return PLK_CHANGE_EDITED;
    case PLK_BODY_DELETE:
        return PLK_CHANGE_DELETED;
    default:
        return PLK_CHANGE_READ;
    }
}

// A register of its own for each message; one for how far a conversation was read, which names the message in its text.
static void put(struct plk_node *node, uint32_t contact, const struct plk_mark_body *body, enum plk_mark_author author,
                enum plk_direction direction, const struct plk_origin *target, const struct plk_mark_stamp *stamp) {
    uint8_t read[PLK_MARK_ORIGIN_LEN];
    struct plk_mark_row row = {.contact = contact, .direction = direction, .author = author, .stamp = *stamp};
    row.what = what_of(body->kind);
    row.text = body->text;
    if (row.what != PLK_MARK_READ) {
        row.origin = *target;
    } else {
        plk_mark_origin_encode(read, target);
        row.text = plk_bytes(read, sizeof read);
    }
    plk_marks_put(node, &row);
    // What one has read oneself is no news: contact.read_row says it.
    if (row.what != PLK_MARK_READ || author == PLK_MARK_THEM)
        plk_marks_changed(node, contact, change_of(body->kind), direction, target);
}

static void set_timer(struct plk_node *node, struct plk_peer *peer, uint32_t seconds,
                      const struct plk_mark_stamp *stamp) {
    peer->warm->timer_stamp = *stamp;
    peer->row.timer_s = seconds;
    write_slot(node, peer);
    plk_peer_write(node, peer);
    plk_marks_changed(node, peer->row.contact, PLK_CHANGE_TIMER, PLK_OUT, NULL);
}

// ---- of the peer ----------------------------------------------------------------------------------------------------

static void take_timer(struct plk_node *node, struct plk_peer *peer, uint32_t seconds,
                       const struct plk_mark_stamp *stamp) {
    uint8_t before[PLK_MARK_STAMP_LEN], after[PLK_MARK_STAMP_LEN];
    struct plk_mail_turn turn = plk_node_turn(node);
    plk_mark_stamp_encode(before, &peer->warm->timer_stamp);
    plk_mark_stamp_encode(after, stamp);
    if (memcmp(after, before, sizeof after) <= 0) return;
    plk_mail_mark_seen(peer->warm->mail, &turn, stamp->time_ms);
    set_timer(node, peer, seconds, stamp);
}

void plk_marks_take(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    struct plk_mark_body body;
    if (plk_mark_body_decode(event->body_kind, event->has_target, event->payload, &body) != PLK_ERR_OK) {
        node->counters.protocol++;
        return;
    }
    struct plk_mark_stamp stamp = {.time_ms = event->time_ms, .origin = event->origin};
    if (body.kind == PLK_BODY_TIMER) {
        take_timer(node, peer, body.seconds, &stamp);
        return;
    }
    enum plk_direction direction = body.whose == PLK_MARK_SENDERS ? PLK_IN : PLK_OUT;
    put(node, peer->row.contact, &body, PLK_MARK_THEM, direction, &event->target, &stamp);
}

// ---- of ours --------------------------------------------------------------------------------------------------------

static enum plk_err send_body(struct plk_node *node, struct plk_peer *peer, const struct plk_mark_body *body,
                              const struct plk_origin *target, struct plk_mark_stamp *stamp) {
    size_t cap = PLK_MARK_BODY_HEAD_MAX + body->text.len;
    uint8_t *payload = plk_mem_take(node->mem, cap);
    struct plk_writer w = plk_writer(payload, cap);
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_mail_body mail = {.kind = body->kind, .has_target = target != NULL, .time_ms = stamp->time_ms};
    if (target != NULL) mail.target = *target;
    plk_mark_body_encode(&w, body);
    plk_assert(!w.failed);
    mail.payload = plk_writer_bytes(&w);
    plk_rng_bytes(&node->rng, mail.id, sizeof mail.id);
    enum plk_err err = plk_mail_send_mark(peer->warm->mail, &turn, &mail, stamp);
    plk_mem_give(node->mem, payload);
    if (err != PLK_ERR_OK) return err;
    peer->warm->used_us = node->now.mono_us;
    plk_peer_touch(node, peer);
    plk_post_ask(node, peer);
    return PLK_ERR_OK;
}

static enum plk_err say(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command,
                        const struct plk_mark_body *body) {
    struct plk_mark_stamp stamp = {.time_ms = 0};
    bool timer = body->kind == PLK_BODY_TIMER;
    plk_ledger_turn(&node->ledger);
    enum plk_err err = send_body(node, peer, body, timer ? NULL : &command->target, &stamp);
    if (err != PLK_ERR_OK) return err;
    if (timer)
        set_timer(node, peer, body->seconds, &stamp);
    else
        put(node, peer->row.contact, body, PLK_MARK_ME, command->target_direction, &command->target, &stamp);
    return PLK_ERR_OK;
}

// Only here. What has never been encrypted is not sent at all.
static enum plk_err hide(struct plk_node *node, const struct plk_command *command) {
    plk_ledger_turn(&node->ledger);
    struct plk_mark_row row =
        plk_marks_own(node, command->contact, command->target_direction, &command->target, PLK_MARK_HIDDEN);
    plk_marks_put(node, &row);
    plk_marks_changed(node, command->contact, PLK_CHANGE_DELETED, command->target_direction, &command->target);
    return PLK_ERR_OK;
}

// For both: given up if it has never been encrypted, else the peer is asked to delete it as well. BUSY: its row is being read.
static enum plk_err delete_both(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command,
                                const struct plk_mark_body *body) {
    plk_ledger_turn(&node->ledger);
    struct plk_mail_turn turn = plk_node_turn(node);
    enum plk_err err = plk_mail_cancel(peer->warm->mail, &turn, command->row);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
    if (err == PLK_ERR_BUSY) return err;
    return err == PLK_ERR_OK ? hide(node, command) : say(node, peer, command, body);
}

static bool body_of(const struct plk_command *command, struct plk_mark_body *body) {
    bool theirs = command->target_direction == PLK_IN;
    *body = (struct plk_mark_body){.text = command->text, .whose = theirs ? PLK_MARK_RECEIVERS : PLK_MARK_SENDERS};
    switch (command->kind) {
    case PLK_CMD_REACT:
        body->kind = PLK_BODY_REACTION;
        break;
    case PLK_CMD_EDIT:
        body->kind = PLK_BODY_EDIT;
        break;
    case PLK_CMD_DELETE:
        body->kind = PLK_BODY_DELETE;
        break;
    case PLK_CMD_READ:
        body->kind = PLK_BODY_READ;
        break;
    default:
        body->kind = PLK_BODY_TIMER;
        body->seconds = command->seconds;
        return plk_mark_body_is_valid(body);
    }
    // Rows that were made here, or lie apart from their origin, have no name that the peer knows.
    bool named = command->has_target && command->target.seq > 0 && command->target.seq <= PLK_MESSAGE_SEQ_MAX;
    return named && plk_mark_body_is_valid(body);
}

static enum plk_err check_peer(const struct plk_peer *peer) {
    if (peer->row.blocked) return PLK_ERR_BLOCKED;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    bool open = peer->row.state == PLK_CONTACT_ACTIVE || peer->row.state == PLK_CONTACT_ADDED;
    return open ? PLK_ERR_OK : PLK_ERR_CLOSED;
}

static enum plk_err set_receipts(struct plk_node *node, struct plk_peer *peer, bool on) {
    if (peer->row.silent == !on) return PLK_ERR_OK;
    peer->row.silent = !on;
    plk_peer_write(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
    return PLK_ERR_OK;
}

// What was read, here; and, if the contact is told so, there. The times of what vanishes begin.
static enum plk_err read_up_to(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command,
                               bool *later) {
    struct plk_mark_body body;
    if (command->row <= peer->row.read_row) return PLK_ERR_OK;
    bool told = !peer->row.silent && check_peer(peer) == PLK_ERR_OK && command->has_target && body_of(command, &body);
    if (told && peer->heat != PLK_WARM) {
        *later = plk_node_command_wait(node, peer, command);
        return PLK_ERR_BUSY;
    }
    plk_ledger_turn(&node->ledger);
    peer->row.read_row = command->row;
    plk_peer_write(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, command->contact, 0, 0, 0, NULL);
    plk_expiry_seen(node, peer);
    if (told) (void)say(node, peer, command, &body); // it is read here, whether or not that can be said
    return PLK_ERR_OK;
}

enum plk_err plk_marks_command(struct plk_node *node, const struct plk_command *command, bool *later) {
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    struct plk_mark_body body;
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    if (command->kind == PLK_CMD_RECEIPTS) return set_receipts(node, peer, command->flag);
    if (command->kind == PLK_CMD_READ) return read_up_to(node, peer, command, later);
    if (command->kind == PLK_CMD_DELETE && !command->flag)
        return command->has_target ? hide(node, command) : PLK_ERR_INVALID;
    enum plk_err err = check_peer(peer);
    if (err == PLK_ERR_OK && !body_of(command, &body)) err = PLK_ERR_INVALID;
    if (err != PLK_ERR_OK) return err;
    if (peer->heat == PLK_WARM) {
        err =
            command->kind == PLK_CMD_DELETE ? delete_both(node, peer, command, &body) : say(node, peer, command, &body);
        if (err != PLK_ERR_BUSY) return err;
    }
    *later = plk_node_command_wait(node, peer, command);
    return PLK_ERR_BUSY;
}

// ---- said again -----------------------------------------------------------------------------------------------------

void plk_marks_lost(struct plk_node *node, struct plk_peer *peer) {
    peer->warm->marks_lost = true;
    peer->warm->marks_begun = false;
    write_slot(node, peer);
}

void plk_marks_repeat(struct plk_node *node, struct plk_peer *peer) {
    if (!peer->warm->marks_lost || plk_ledger_behind(&node->ledger)) return;
    if (plk_loads_pending(&node->loads, PLK_LOAD_MARKS, peer->row.contact)) return;
    struct plk_mark_row first = {.contact = peer->row.contact, .direction = PLK_IN};
    if (!peer->warm->marks_begun) plk_mark_key(peer->warm->marks_from, &first);
    peer->warm->marks_begun = true;
    struct plk_key contact = plk_key_contact(peer->row.contact), to = plk_key_after(&contact);
    peer->warm->marks_page = 0;
    plk_loads_ask(&node->loads, PLK_LOAD_MARKS, peer->row.contact, 0, PLK_TABLE_mark,
                  plk_bytes(peer->warm->marks_from, sizeof peer->warm->marks_from), plk_key_bytes(&to), PLK_MARKS_PAGE,
                  false, plk_ledger_mark(&node->ledger));
}

// Under its time: a register that was written since keeps what it has.
static void say_again(struct plk_node *node, struct plk_peer *peer, const struct plk_mark_row *row) {
    struct plk_mark_body body = {.text = row->text};
    struct plk_mark_stamp stamp = row->stamp;
    struct plk_origin target = row->origin;
    body.whose = row->direction == PLK_OUT ? PLK_MARK_SENDERS : PLK_MARK_RECEIVERS;
    switch (row->what) {
    case PLK_MARK_REACTION:
        body.kind = PLK_BODY_REACTION;
        break;
    case PLK_MARK_EDIT:
        body.kind = PLK_BODY_EDIT;
        break;
    case PLK_MARK_DELETED:
        body.kind = PLK_BODY_DELETE;
        break;
    case PLK_MARK_READ:
        body.kind = PLK_BODY_READ;
        body.text = plk_bytes(NULL, 0);
        if (plk_mark_origin_decode(row->text, &target) != PLK_ERR_OK) return;
        break;
    default:
        return;
    }
    if (row->author != PLK_MARK_ME || stamp.time_ms == 0 || target.seq == 0 || target.seq > PLK_MESSAGE_SEQ_MAX) return;
    if (plk_mark_body_is_valid(&body)) (void)send_body(node, peer, &body, &target, &stamp);
}

static void end_repeat(struct plk_node *node, struct plk_peer *peer) {
    struct plk_mark_stamp stamp = peer->warm->timer_stamp;
    struct plk_mark_body body = {.kind = PLK_BODY_TIMER, .seconds = peer->row.timer_s};
    if (stamp.time_ms > 0) (void)send_body(node, peer, &body, NULL, &stamp);
    peer->warm->marks_lost = peer->warm->marks_begun = false;
    write_slot(node, peer);
}

void plk_marks_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    struct plk_peer *peer = plk_peers_find(&node->peers, load->contact);
    // Lost once more while this was read: from the beginning.
    if (peer == NULL || peer->heat != PLK_WARM || !peer->warm->marks_lost || !peer->warm->marks_begun) return;
    plk_ledger_turn(&node->ledger);
    for (size_t i = 0; i < input->loaded.count; i++) {
        struct plk_mark_row row;
        const struct plk_row *at = &input->loaded.rows[i];
        if (plk_mark_row_decode(at->key, at->value, &row) != PLK_ERR_OK) {
            plk_peer_damaged(node, peer);
            return;
        }
        say_again(node, peer, &row);
        memcpy(peer->warm->marks_from, at->key.at, PLK_MARK_KEY_LEN);
        peer->warm->marks_from[PLK_MARK_KEY_LEN - 1]++; // the first key after this one
    }
    peer->warm->marks_page += input->loaded.count;
    if (!input->loaded.more && peer->warm->marks_page < PLK_MARKS_PAGE) end_repeat(node, peer);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
}
