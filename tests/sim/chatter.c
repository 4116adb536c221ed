// SPDX-License-Identifier: MIT
#include "sim/chatter.h"

#include "wire/message.h"

#include <stdio.h>
#include <stdlib.h>

#define SHORT_LEN 600
#define LONG_LEN 58000
#define RUN_MAX 30 // texts written in one go

struct chatter *chatter_new(struct world *w, struct actor *const *people, int count) {
    struct chatter *c = calloc(1, sizeof *c);
    if (!c) abort();
    plk_assert(count >= 2 && count <= CHATTER_PEOPLE_MAX);
    c->w = w;
    c->count = count;
    for (int i = 0; i < count; i++) c->people[i] = people[i];
    c->dice = dice(w->seed, "chatter", 0);
    c->long_ppm = dice_chance(&c->dice, 200000) ? 100000 : 2000;
    c->named_ppm = (uint32_t)dice_below(&c->dice, 800000);
    c->cancel_ppm = dice_chance(&c->dice, 300000) ? 50000 : 0;
    return c;
}

void chatter_free(struct chatter *c) { free(c); }

bool chatter_can_act(const struct actor *a) {
    return a->node && !a->asleep && plk_node_state(a->node) == PLK_NODE_READY;
}

static void give(struct chatter *c, struct chatter_text *t) {
    struct actor *from = c->people[t->from], *to = c->people[t->to];
    char body[LONG_LEN + 64], id[48];
    uint32_t len = (uint32_t)snprintf(body, sizeof body, "%s writes number %u", from->name, (unsigned)t->number);
    for (; len < t->len; len++) body[len] = (char)('a' + len % 23);
    body[len] = 0;
    snprintf(id, sizeof id, "%s-%u", from->name, (unsigned)t->number);
    struct plk_command command = {.kind = PLK_CMD_SEND, .contact = world_contact(from, to)};
    command.text = world_text(c->w, body);
    if (t->named) command.caller_id = plk_bytes_text(id);
    t->ticket = actor_command(from, &command);
}

static void note_results(struct chatter *c) {
    while (c->first_open < c->text_count && c->texts[c->first_open].done) c->first_open++;
    for (size_t i = c->first_open; i < c->text_count; i++) {
        struct chatter_text *t = &c->texts[i];
        const struct actor_result *r = t->done || !t->ticket ? NULL : actor_result(c->people[t->from], t->ticket);
        if (!r) continue;
        bool for_now = r->err == PLK_ERR_BUSY || r->err == PLK_ERR_STALLED;
        t->ticket = 0;
        t->done = !(t->named && for_now);
        c->accepted += r->err == PLK_ERR_OK;
        c->refused += t->done && r->err != PLK_ERR_OK;
        if (r->err && !for_now)
            world_fail(c->w, "%s refused a text: %s", c->people[t->from]->name, plk_err_name(r->err));
    }
}

void chatter_repeat(struct chatter *c) {
    note_results(c);
    for (size_t i = c->first_open; i < c->text_count && !c->w->failed; i++) {
        struct chatter_text *t = &c->texts[i];
        if (t->named && !t->done && t->ticket == 0 && chatter_can_act(c->people[t->from])) give(c, t);
    }
}

// The newest own message to that peer, if it may still be given up; whether it is, its RESULT says.
static void cancel(struct actor *from, const struct actor *to) {
    uint32_t contact = world_contact(from, to);
    for (size_t i = from->result_count; i-- > 0;) {
        const struct actor_result *r = &from->results[i];
        if (r->kind != PLK_CMD_SEND || r->err || r->contact != contact) continue;
        struct plk_command command = {.kind = PLK_CMD_CANCEL, .contact = contact, .row = r->row};
        actor_command(from, &command);
        return;
    }
}

void chatter_write(struct chatter *c) {
    int from = (int)dice_below(&c->dice, (uint64_t)c->count);
    int to = (from + 1 + (int)dice_below(&c->dice, (uint64_t)c->count - 1)) % c->count;
    if (!chatter_can_act(c->people[from])) return;
    size_t count = dice_skewed(&c->dice, 1, RUN_MAX);
    for (size_t i = 0; i < count && c->text_count < CHATTER_TEXTS_MAX && !c->w->failed; i++) {
        struct chatter_text *t = &c->texts[c->text_count++];
        bool is_long = dice_chance(&c->dice, c->long_ppm);
        *t = (struct chatter_text){.from = from, .to = to, .number = (uint32_t)c->text_count};
        t->len = (uint32_t)dice_skewed(&c->dice, 40, is_long ? LONG_LEN : SHORT_LEN);
        t->named = dice_chance(&c->dice, c->named_ppm);
        c->given++;
        give(c, t);
    }
    if (dice_chance(&c->dice, c->cancel_ppm)) cancel(c->people[from], c->people[to]);
}

// One of the newest texts of a conversation; its edit has its text from the chatter's dice.
static bool pick(struct chatter *c, const struct actor *a, struct plk_message_row *row) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    for (int tries = 0; of->count > 0 && tries < 8; tries++) {
        const struct tables_row *stored = of->rows[dice_below(&c->dice, of->count)];
        *row = (struct plk_message_row){0};
        if (plk_message_row_decode(tables_value(stored), row) || plk_message_key_decode(tables_key(stored), row))
            return false;
        struct plk_contact_view view;
        bool there = plk_node_contact(a->node, row->contact, &view) == PLK_ERR_OK;
        bool open = there && view.row.state == PLK_CONTACT_ACTIVE;
        if (open && row->kind == PLK_BODY_TEXT && row->origin.seq <= PLK_MESSAGE_SEQ_MAX) return true;
    }
    return false;
}

void chatter_mark(struct chatter *c) {
    static const char *const emoji[] = {"", "\xf0\x9f\x91\x8d", "\xe2\x9d\xa4", "?"};
    struct actor *a = c->people[dice_below(&c->dice, (uint64_t)c->count)];
    struct plk_message_row row;
    char text[64];
    if (!chatter_can_act(a) || !pick(c, a, &row)) return;
    struct plk_command command = {.contact = row.contact, .row = row.row, .has_target = true};
    command.target_direction = row.direction;
    command.target = row.origin;
    bool own = row.direction == PLK_OUT, gone = row.payload.len == 0 || row.state == PLK_STATE_CANCELLED;
    uint64_t which = dice_below(&c->dice, 8);
    if (which == 0 && own) {
        command.kind = PLK_CMD_DELETE;
        command.flag = true;
    } else if (which < 3 && own && !gone) {
        command.kind = PLK_CMD_EDIT;
        snprintf(text, sizeof text, "%s changes this, %u", a->name, (unsigned)++c->marks);
        command.text = world_text(c->w, text);
    } else if (which == 3 && !own) {
        command.kind = PLK_CMD_READ;
    } else {
        command.kind = PLK_CMD_REACT;
        command.text = plk_bytes_text(emoji[dice_below(&c->dice, 4)]);
    }
    actor_command(a, &command);
}

void chatter_died(struct chatter *c, const struct actor *a) {
    note_results(c);
    for (size_t i = c->first_open; i < c->text_count; i++) {
        struct chatter_text *t = &c->texts[i];
        if (c->people[t->from] != a || t->done) continue;
        t->ticket = 0;
        t->done = !t->named; // whether it was written, only the history knows
    }
}

void chatter_end(struct chatter *c) {
    note_results(c);
    for (size_t i = c->first_open; i < c->text_count && !c->w->failed; i++) {
        const struct chatter_text *t = &c->texts[i];
        if (t->named && !t->done)
            world_fail(c->w, "%s never answered number %u", c->people[t->from]->name, (unsigned)t->number);
    }
}
