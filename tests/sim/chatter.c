// SPDX-License-Identifier: MIT
#include "sim/chatter.h"

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
