// SPDX-License-Identifier: MIT
// Alice's and Bob's mail on toy disks, joined by a toy link: what src/node does with struct plk_mail, in the fewest
// lines. Nothing happens by itself: a test closes batches, makes them durable, carries bytes and pulls plugs, one
// step at a time.
#ifndef PLK_TESTS_SUPPORT_MAIL_PAIR_H
#define PLK_TESTS_SUPPORT_MAIL_PAIR_H

#include "mail/mail.h"
#include "support/toy_disk.h"
#include "support/memory.h"

#define MAIL_CONTACT 7
#define MAIL_PENDING_MAX 8 // batches outstanding
#define MAIL_EPOCH_MS UINT64_C(1750000000000)

struct mail_load {
    bool used;
    enum plk_mail_want want;
    enum plk_table table;
    uint8_t from[PLK_ROW_KEY_MAX], to[PLK_ROW_KEY_MAX];
    size_t from_len, to_len;
    uint32_t limit;
    uint64_t after_n;
};

struct mail_counts {
    unsigned messages, states, delivered, sent, cancelled, controls, rekeys, rollbacks, own_rollbacks, queued_again,
        taken;
    enum plk_mail_why why;
};

struct mail_side {
    struct plk_mem mem;
    struct plk_rng rng;
    struct plk_mail *mail;
    struct toy_disk disk;
    struct plk_batch *open;
    uint64_t open_n, durable_n;
    struct plk_batch *pending[MAIL_PENDING_MAX];
    uint64_t pending_n[MAIL_PENDING_MAX];
    size_t pending_count;
    struct mail_load loads[PLK_MAIL_WANT_COUNT];
    uint8_t device[PLK_DEVICE_LEN];
    struct plk_message_feed in[2]; // streams that arrive here
    struct plk_buf out[2];         // bytes on their way from here
    uint64_t event_n;              // of control events, which are rows
    size_t event_rows;             // that a node would add to the open batch for the other events
    struct mail_counts counts;     // of events since the start of the process
    unsigned errs[PLK_ERR_COUNT];  // what on_ciphertext answered
    uint64_t given_len;            // bytes of stream 1 given to the present link
    bool wants_rekey;
    uint64_t records; // ciphertext records given
};

struct mail_pair {
    struct mail_side side[2];
    struct plk_now now;
    bool up;
    uint64_t next_id;
    unsigned rekeys;
};

// ---- memory and time ------------------------------------------------------------------------------------------------

static inline struct plk_mail_turn mail_turn(struct mail_pair *pair, struct mail_side *side) {
    return (struct plk_mail_turn){.now = pair->now, .rng = &side->rng, .batch = side->open, .batch_n = side->open_n};
}

static inline void mail_wait(struct mail_pair *pair, uint64_t us) {
    pair->now.mono_us += us;
    pair->now.wall_ms += us / 1000;
}

// ---- the store ------------------------------------------------------------------------------------------------------

static inline void mail_store(struct mail_pair *pair, struct mail_side *side, size_t count);

// STORE: the open batch is given to the host.
static inline void mail_close(struct mail_pair *pair, struct mail_side *side) {
    TOY_CHECK(plk_batch_count(side->open) + side->event_rows <= PLK_BATCH_OPS_MAX);
    TOY_CHECK(plk_batch_bytes(side->open) <= PLK_BATCH_BYTES_MAX);
    side->event_rows = 0;
    if (plk_batch_count(side->open) == 0) return;
    if (side->pending_count == MAIL_PENDING_MAX) mail_store(pair, side, 1);
    side->pending[side->pending_count] = side->open;
    side->pending_n[side->pending_count++] = side->open_n++;
    side->open = plk_batch_new(&side->mem);
}

static inline void mail_settle(struct mail_pair *pair, struct mail_side *side);

static inline void mail_answer(struct mail_pair *pair, struct mail_side *side, struct mail_load *load) {
    const struct toy_table *table = &side->disk.tables[load->table];
    size_t from = toy_find(table, plk_bytes(load->from, load->from_len));
    size_t to = toy_find(table, plk_bytes(load->to, load->to_len));
    if (load->limit > 0 && to > from + load->limit) to = from + load->limit;
    size_t count = to - from;
    struct plk_row *rows = calloc(count + 1, sizeof *rows);
    TOY_CHECK(rows != NULL);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct plk_row){toy_copy(table->rows[from + i].key), toy_copy(table->rows[from + i].value)};
    }
    enum plk_mail_want want = load->want;
    load->used = false;
    // In two pieces where it can be, as a host may; and in between happens what may happen.
    size_t first = count / 2;
    struct plk_mail_turn turn = mail_turn(pair, side);
    if (first > 0) {
        TOY_CHECK(plk_mail_loaded(side->mail, &turn, want, rows, first, true) == PLK_ERR_OK);
        mail_settle(pair, side);
        turn = mail_turn(pair, side);
    }
    TOY_CHECK(plk_mail_loaded(side->mail, &turn, want, rows + first, count - first, false) == PLK_ERR_OK);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)rows[i].key.at);
        free((void *)(uintptr_t)rows[i].value.at);
    }
    free(rows);
}

// STORED: the first count pending batches are durable; then the LOADs that waited for them are answered.
static inline void mail_store(struct mail_pair *pair, struct mail_side *side, size_t count) {
    for (; count > 0 && side->pending_count > 0; count--) {
        toy_apply(&side->disk, side->pending[0]);
        side->durable_n = side->pending_n[0];
        plk_batch_free(side->pending[0]);
        side->pending_count--;
        memmove(side->pending, side->pending + 1, side->pending_count * sizeof side->pending[0]);
        memmove(side->pending_n, side->pending_n + 1, side->pending_count * sizeof side->pending_n[0]);
    }
    for (size_t i = 0; i < PLK_MAIL_WANT_COUNT; i++) {
        struct mail_load *load = &side->loads[i];
        if (!load->used || load->after_n > side->durable_n) continue;
        mail_answer(pair, side, load);
        mail_settle(pair, side);
    }
}

// ---- what a node does after each input ------------------------------------------------------------------------------

static inline void mail_note_event(struct mail_side *side, const struct plk_mail_event *e) {
    struct mail_counts *c = &side->counts;
    c->messages += e->kind == PLK_MAIL_MESSAGE;
    side->event_rows += e->kind == PLK_MAIL_MESSAGE || e->kind == PLK_MAIL_STATE;
    if (e->kind == PLK_MAIL_STATE) {
        c->states++;
        c->delivered += e->state == PLK_STATE_DELIVERED;
        c->sent += e->state == PLK_STATE_SENT;
        c->cancelled += e->state == PLK_STATE_CANCELLED;
        c->queued_again += e->state == PLK_STATE_QUEUED;
    }
    if (e->kind == PLK_MAIL_CONTROL) {
        // As a node: its effect is in the same batch.
        uint8_t key[8];
        struct plk_writer w = plk_writer(key, sizeof key);
        plk_writer_u64(&w, ++side->event_n);
        plk_batch_upsert(side->open, PLK_TABLE_event, plk_writer_bytes(&w), e->payload);
        c->controls++;
    }
    if (e->kind == PLK_MAIL_REKEY_WANTED) {
        c->rekeys++;
        c->why = e->why;
        side->wants_rekey = true;
    }
    c->taken += e->kind == PLK_MAIL_TAKEN;
    c->rollbacks += e->kind == PLK_MAIL_ROLLBACK;
    c->own_rollbacks += e->kind == PLK_MAIL_ROLLBACK && e->own;
}

static inline void mail_ask(struct mail_side *side, const struct plk_mail_load *wish) {
    struct mail_load *load = &side->loads[wish->want];
    TOY_CHECK(!load->used && wish->from.len <= PLK_ROW_KEY_MAX && wish->to.len <= PLK_ROW_KEY_MAX);
    *load = (struct mail_load){.used = true, .want = wish->want, .table = wish->table, .limit = wish->limit};
    memcpy(load->from, wish->from.at, load->from_len = wish->from.len);
    memcpy(load->to, wish->to.at, load->to_len = wish->to.len);
    load->after_n = wish->after_n;
}

static inline void mail_settle(struct mail_pair *pair, struct mail_side *side) {
    struct plk_mail_event event;
    struct plk_mail_load wish;
    bool more = true;
    while (more) {
        struct plk_mail_turn turn = mail_turn(pair, side);
        more = plk_mail_seal(side->mail, &turn);
        while (plk_mail_event(side->mail, &event)) mail_note_event(side, &event);
        if (more) mail_close(pair, side);
    }
    while (plk_mail_wants(side->mail, &wish)) {
        TOY_CHECK(wish.after_n <= side->open_n);
        mail_ask(side, &wish);
        if (wish.after_n == side->open_n) mail_close(pair, side);
    }
}

// Everything is durable and every LOAD is answered.
static inline void mail_flush(struct mail_pair *pair, struct mail_side *side) {
    bool busy = true;
    while (busy) {
        mail_settle(pair, side);
        mail_close(pair, side);
        mail_store(pair, side, MAIL_PENDING_MAX);
        busy = side->pending_count > 0 || plk_batch_count(side->open) > 0;
        for (size_t i = 0; i < PLK_MAIL_WANT_COUNT; i++) busy |= side->loads[i].used;
    }
}

// ---- life and death of a process ------------------------------------------------------------------------------------

static inline void mail_new(struct mail_side *side) {
    struct plk_mail_config config = {.contact = MAIL_CONTACT, .ad = plk_bytes("alice and bob", 13)};
    memcpy(config.device, side->device, PLK_DEVICE_LEN);
    side->mail = plk_mail_new(&side->mem, &config);
    side->open = plk_batch_new(&side->mem);
    side->open_n = side->durable_n + 1;
    side->counts = (struct mail_counts){0};
    side->event_rows = 0;
    side->event_n = side->disk.tables[PLK_TABLE_event].count;
}

static inline void mail_cut(struct mail_pair *pair) {
    if (!pair->up) return;
    pair->up = false;
    for (int i = 0; i < 2; i++) {
        struct mail_side *side = &pair->side[i];
        if (side->mail != NULL) plk_mail_link_down(side->mail);
        for (int s = 0; s < 2; s++) {
            plk_buf_free(&side->mem, &side->out[s]);
            plk_message_feed_clear(&side->in[s]);
        }
        side->given_len = 0;
    }
}

static inline void mail_stop(struct mail_pair *pair, struct mail_side *side) {
    mail_cut(pair);
    plk_mail_free(side->mail);
    side->mail = NULL;
    plk_batch_free(side->open);
    while (side->pending_count > 0) plk_batch_free(side->pending[--side->pending_count]);
    memset(side->loads, 0, sizeof side->loads);
    side->wants_rekey = false;
}

static inline enum plk_err mail_start(struct mail_pair *pair, struct mail_side *side) {
    static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_blob};
    mail_new(side);
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const struct toy_table *table = &side->disk.tables[tables[t]];
        for (size_t i = 0; i < table->count; i++) {
            enum plk_err err = plk_mail_load(side->mail, tables[t], table->rows[i].key, table->rows[i].value);
            if (err != PLK_ERR_OK) return err;
        }
    }
    enum plk_err err = plk_mail_ready(side->mail);
    if (err != PLK_ERR_OK) return err;
    if (!plk_mail_is_open(side->mail)) mail_flush(pair, side);
    TOY_CHECK(plk_mail_is_open(side->mail)); // nothing is asked for any more
    side->wants_rekey = plk_mail_is_stopped(side->mail);
    return PLK_ERR_OK;
}

// What was not durable is gone.
static inline void mail_crash(struct mail_pair *pair, struct mail_side *side) {
    mail_stop(pair, side);
    TOY_CHECK(mail_start(pair, side) == PLK_ERR_OK);
}

static inline void mail_roll_back(struct mail_pair *pair, struct mail_side *side, const struct toy_disk *before) {
    mail_stop(pair, side);
    toy_clone(&side->disk, before);
    TOY_CHECK(mail_start(pair, side) == PLK_ERR_OK);
}

// ---- keys -----------------------------------------------------------------------------------------------------------

// A fresh ratchet for both, `asker` being the initiator, as contact/rekey.h leaves it; the answering side commits
// first.
static inline void mail_key(struct mail_pair *pair, int asker, enum plk_mail_begin how) {
    uint8_t secret[32], prekey[32], prekey_public[32], epoch[PLK_EPOCH_LEN];
    struct plk_ratchet ratchet;
    struct mail_side *initiator = &pair->side[asker];
    struct mail_side *responder = &pair->side[1 - asker];
    mail_cut(pair);
    plk_rng_bytes(&initiator->rng, secret, sizeof secret);
    plk_rng_bytes(&responder->rng, prekey, sizeof prekey);
    plk_dh_public(prekey_public, prekey);
    plk_ratchet_init_responder(&ratchet, plk_bytes(secret, sizeof secret), prekey);
    plk_rng_bytes(&responder->rng, epoch, sizeof epoch);
    struct plk_mail_turn turn = mail_turn(pair, responder);
    plk_mail_begin(responder->mail, &turn, how, &ratchet, epoch);
    mail_flush(pair, responder);
    TOY_CHECK(plk_ratchet_init_initiator(&ratchet, plk_bytes(secret, sizeof secret), prekey_public) == PLK_ERR_OK);
    plk_rng_bytes(&initiator->rng, epoch, sizeof epoch);
    turn = mail_turn(pair, initiator);
    plk_mail_begin(initiator->mail, &turn, how, &ratchet, epoch);
    mail_flush(pair, initiator);
    initiator->wants_rekey = responder->wants_rekey = false;
    pair->rekeys++;
}

static inline void mail_pair_init(struct mail_pair *pair) {
    *pair = (struct mail_pair){.now = {.mono_us = PLK_HOUR, .wall_ms = MAIL_EPOCH_MS}};
    for (int i = 0; i < 2; i++) {
        struct mail_side *side = &pair->side[i];
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        side->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
        plk_rng_seed(&side->rng, seed);
        memset(side->device, 0xa0 + i, sizeof side->device);
        plk_message_feed_init(&side->in[0], &side->mem, PLK_CONTROL_RECORD_MAX);
        plk_message_feed_init(&side->in[1], &side->mem, PLK_CIPHERTEXT_RECORD_MAX);
        mail_new(side);
    }
    mail_key(pair, 0, PLK_MAIL_BEGIN_FIRST);
}

static inline void mail_pair_free(struct mail_pair *pair) {
    for (int i = 0; i < 2; i++) {
        mail_stop(pair, &pair->side[i]);
        toy_clear(&pair->side[i].disk);
        TOY_CHECK(pair->side[i].mem.used == 0);
    }
}

// ---- the link -------------------------------------------------------------------------------------------------------

static inline void mail_connect(struct mail_pair *pair) {
    mail_cut(pair);
    pair->up = true;
    for (int i = 0; i < 2; i++) {
        plk_mail_link_up(pair->side[i].mail);
        mail_settle(pair, &pair->side[i]);
    }
}

// Takes what may leave and puts it on the wire.
static inline void mail_give_out(struct mail_pair *pair, struct mail_side *side) {
    struct plk_bytes record;
    if (!pair->up) return;
    while (plk_mail_next_control(side->mail, side->durable_n, &record)) plk_buf_put(&side->mem, &side->out[0], record);
    while (plk_mail_next(side->mail, side->durable_n, &record)) {
        plk_buf_put(&side->mem, &side->out[1], record);
        side->given_len += record.len;
        side->records++;
    }
}

static inline enum plk_err mail_take_record(struct mail_pair *pair, struct mail_side *side, int stream,
                                            struct plk_bytes record) {
    struct plk_mail_turn turn = mail_turn(pair, side);
    struct plk_bytes copy = toy_copy(record); // exactly its size, for the sanitizer
    enum plk_err err =
        stream == 0 ? plk_mail_on_control(side->mail, &turn, copy) : plk_mail_on_ciphertext(side->mail, &turn, copy);
    if (stream == 1) side->errs[err]++;
    free((void *)(uintptr_t)copy.at);
    mail_settle(pair, side);
    return err;
}

// At most max bytes of a stream reach the other side.
static inline void mail_carry(struct mail_pair *pair, int from, int stream, size_t max) {
    struct mail_side *sender = &pair->side[from];
    struct mail_side *receiver = &pair->side[1 - from];
    struct plk_bytes record;
    if (!pair->up) return;
    size_t len = sender->out[stream].len < max ? sender->out[stream].len : max;
    plk_message_feed_push(&receiver->in[stream], plk_bytes(sender->out[stream].at, len));
    plk_buf_drop_front(&sender->out[stream], len);
    while (plk_message_feed_next(&receiver->in[stream], &record) == PLK_ERR_OK) {
        mail_take_record(pair, receiver, stream, record);
        if (plk_batch_full(receiver->open)) mail_close(pair, receiver);
    }
}

// Until nothing moves any more. False: it never rests.
static inline bool mail_run(struct mail_pair *pair) {
    for (unsigned round = 0; round < 100000; round++) {
        bool any = false;
        for (int i = 0; i < 2; i++) {
            struct mail_side *side = &pair->side[i];
            mail_flush(pair, side);
            mail_give_out(pair, side);
            any |= side->out[0].len > 0 || side->out[1].len > 0;
        }
        if (!any) return true;
        for (int i = 0; i < 4; i++) mail_carry(pair, i & 1, i >> 1, SIZE_MAX);
        mail_wait(pair, 1000);
    }
    return false;
}

// As people would: connect, let it run, re-key if one side asks, until both are content.
static inline void mail_heal(struct mail_pair *pair) {
    for (unsigned round = 0; round < 40; round++) {
        for (int i = 0; i < 2; i++) {
            if (pair->side[i].wants_rekey) mail_key(pair, i, PLK_MAIL_BEGIN_REKEY);
        }
        mail_connect(pair);
        TOY_CHECK(mail_run(pair));
        bool content = !pair->side[0].wants_rekey && !pair->side[1].wants_rekey;
        if (content && !plk_mail_needs_link(pair->side[0].mail) && !plk_mail_needs_link(pair->side[1].mail)) return;
        mail_wait(pair, PLK_HOUR + PLK_MINUTE);
        for (int i = 0; i < 2; i++) {
            struct plk_mail_turn turn = mail_turn(pair, &pair->side[i]);
            plk_mail_tick(pair->side[i].mail, &turn);
            mail_flush(pair, &pair->side[i]);
        }
    }
    TOY_CHECK(!"they are content at last");
}

// ---- letters --------------------------------------------------------------------------------------------------------

static inline uint64_t mail_write(struct mail_pair *pair, int from, uint16_t kind, struct plk_bytes payload) {
    struct mail_side *side = &pair->side[from];
    struct plk_mail_body body = {.kind = kind, .payload = payload};
    struct plk_mail_turn turn = mail_turn(pair, side);
    struct plk_writer w = plk_writer(body.id, sizeof body.id);
    uint64_t row;
    plk_writer_u64(&w, ++pair->next_id);
    plk_writer_u64(&w, (uint64_t)from);
    TOY_CHECK(plk_mail_send(side->mail, &turn, &body, &row) == PLK_ERR_OK);
    mail_settle(pair, side);
    if (plk_batch_full(side->open)) mail_close(pair, side);
    return row;
}

static inline uint64_t mail_text(struct mail_pair *pair, int from, const char *text) {
    return mail_write(pair, from, PLK_BODY_TEXT, plk_bytes_text(text));
}

#endif
