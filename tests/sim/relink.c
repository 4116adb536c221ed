// SPDX-License-Identifier: MIT
#include "sim/relink.h"

#include <stdlib.h>

#include "sim/agenda.h"

// One link on its way. ticket 0: the inviter is not asked yet.
struct relink {
    struct dice dice;
    uint64_t end_us, asked_us, ticket;
    int inviter, joiner;
};

static void step(void *ctx, void *item);

static void later(struct chatter *c, const struct relink *r, uint64_t in_us) {
    struct relink *copy = malloc(sizeof *copy);
    if (!copy) abort();
    *copy = *r;
    agenda_at(c->w->agenda, world_now(c->w) + in_us, step, c, copy);
}

static void begin_one(struct chatter *c, struct relink *r) {
    r->inviter = (int)dice_below(&r->dice, (uint64_t)c->count);
    r->joiner = (r->inviter + 1 + (int)dice_below(&r->dice, (uint64_t)c->count - 1)) % c->count;
    struct actor *a = c->people[r->inviter];
    struct plk_command command = {.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_INLINE};
    r->ticket = chatter_can_act(a) ? actor_command(a, &command) : 0;
    r->asked_us = world_now(c->w);
}

// The inviter's answer, once it is there, is opened by the joiner; a lost or refused one is let go.
static bool carry_on(struct chatter *c, struct relink *r) {
    const struct actor_result *result = actor_result(c->people[r->inviter], r->ticket);
    if (world_now(c->w) - r->asked_us > RELINK_PATIENCE_US || (result && result->err)) return false;
    struct actor *joiner = c->people[r->joiner];
    if (!result || !chatter_can_act(joiner)) return true;
    struct plk_command command = {.kind = PLK_CMD_ADD, .text = plk_bytes(result->text, result->text_len)};
    actor_command(joiner, &command);
    return false;
}

static void step(void *ctx, void *item) {
    struct chatter *c = ctx;
    struct relink r = *(struct relink *)item;
    if (c->w->failed || world_now(c->w) >= r.end_us) return;
    if (r.ticket != 0 && carry_on(c, &r)) {
        later(c, &r, 100 * PLK_MS);
    } else if (r.ticket != 0) {
        r.ticket = 0;
        later(c, &r, dice_skewed(&r.dice, PLK_SECOND, 2 * RELINK_EVERY_US));
    } else {
        begin_one(c, &r);
        later(c, &r, r.ticket != 0 ? 10 * PLK_MS : RELINK_PATIENCE_US);
    }
}

void relink_begin(struct chatter *chatter, uint64_t end_us) {
    struct relink r = {.dice = dice(chatter->w->seed, "relink", 0), .end_us = end_us};
    if (!dice_chance(&r.dice, RELINK_CHANCE_PPM)) return;
    later(chatter, &r, dice_skewed(&r.dice, PLK_SECOND, 2 * RELINK_EVERY_US));
}
