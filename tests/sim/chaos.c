// SPDX-License-Identifier: MIT
#include "sim/chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXTS_MAX 4096
#define LONG_TEXT_MAX 58000

struct text { // that was given
    int actor;
    uint32_t number, len;
    uint64_t ticket;
    bool named; // has a caller's id: given again after a crash
    bool done;  // its RESULT has come, or never will
};

struct chaos {
    struct world *w;
    struct actor *pair[2];
    struct dice dice;
    struct text texts[TEXTS_MAX];
    size_t text_count;
    uint32_t weights_of_long;
    bool down[2];    // killed, to be started again
    uint32_t sleeps; // still to come
    uint64_t wakes_us, slept_us;
    struct chaos_report report;
};

enum remedy_kind { REMEDY_START, REMEDY_WAKE, REMEDY_CONNECT, REMEDY_LINE, REMEDY_DISK, REMEDY_FILTER };

struct remedy {
    enum remedy_kind kind;
    int side;
};

static struct actor *one(struct chaos *c) { return c->pair[dice_below(&c->dice, 2)]; }
static bool can_act(const struct actor *a) {
    return a->node && !a->asleep && plk_node_state(a->node) == PLK_NODE_READY;
}

// ---- texts --------------------------------------------------------------------------------------------------------------

static void give(struct chaos *c, struct text *t) {
    struct actor *a = c->pair[t->actor], *peer = c->pair[!t->actor];
    char body[LONG_TEXT_MAX + 64], id[48];
    int head = snprintf(body, sizeof body, "%s writes number %u", a->name, (unsigned)t->number);
    for (size_t at = (size_t)head; at < t->len; at++) body[at] = (char)('a' + at % 23);
    body[t->len > (uint32_t)head ? t->len : (uint32_t)head] = 0;
    snprintf(id, sizeof id, "%s-%u", a->name, (unsigned)t->number);
    struct plk_command command = {
        .kind = PLK_CMD_SEND, .contact = world_contact(a, peer), .text = world_text(c->w, body)};
    if (t->named) command.caller_id = plk_bytes_text(id);
    t->ticket = actor_command(a, &command);
}

static void note_results(struct chaos *c) {
    for (size_t i = 0; i < c->text_count; i++) {
        struct text *t = &c->texts[i];
        const struct actor_result *r = t->done || !t->ticket ? NULL : actor_result(c->pair[t->actor], t->ticket);
        if (!r) continue;
        bool again = t->named && (r->err == PLK_ERR_BUSY || r->err == PLK_ERR_STALLED);
        t->ticket = 0;
        t->done = !again;
        c->report.accepted += r->err == PLK_ERR_OK;
        c->report.refused += r->err != PLK_ERR_OK && !again;
        if (r->err && r->err != PLK_ERR_BUSY && r->err != PLK_ERR_STALLED) {
            world_fail(c->w, "%s refused a text: %s", c->pair[t->actor]->name, plk_err_name(r->err));
        }
    }
}

// What was refused for now, or given to a process that died before it answered: with a caller's id it is given again.
static void give_again(struct chaos *c) {
    note_results(c);
    for (size_t i = 0; i < c->text_count && !c->w->failed; i++) {
        struct text *t = &c->texts[i];
        if (t->named && !t->done && t->ticket == 0 && can_act(c->pair[t->actor])) give(c, t);
    }
}

static void write_some(struct chaos *c) {
    struct actor *a = one(c);
    if (!can_act(a)) return;
    size_t count = dice_skewed(&c->dice, 1, 30);
    for (size_t i = 0; i < count && c->text_count < TEXTS_MAX && !c->w->failed; i++) {
        struct text *t = &c->texts[c->text_count++];
        bool is_long = dice_chance(&c->dice, c->weights_of_long);
        *t = (struct text){.actor = a == c->pair[1], .number = (uint32_t)c->text_count};
        t->len = (uint32_t)dice_skewed(&c->dice, 40, is_long ? LONG_TEXT_MAX : 600);
        t->named = dice_chance(&c->dice, 400000);
        c->report.given++;
        give(c, t);
    }
}

// ---- accidents and their end ------------------------------------------------------------------------------------------------

static void died(struct chaos *c, int side) {
    note_results(c);
    for (size_t i = 0; i < c->text_count; i++) {
        struct text *t = &c->texts[i];
        if (t->actor != side || t->done) continue;
        t->ticket = 0;
        t->done = !t->named; // whether it was written, only the history knows
    }
}

static void cure(void *ctx, void *item) {
    struct chaos *c = ctx;
    const struct remedy *r = item;
    struct actor *a = c->pair[r->side];
    if (c->w->failed) return;
    switch (r->kind) {
    case REMEDY_START:
        c->down[r->side] = false;
        world_start(a);
        return;
    case REMEDY_WAKE:
        world_wake(a);
        return;
    case REMEDY_CONNECT:
        world_part(c->w, c->pair[0], c->pair[1], 0);
        return;
    case REMEDY_LINE:
        world_set_quality(a, &c->w->quality);
        return;
    case REMEDY_DISK:
        disk_stall(a->disk, false);
        return;
    case REMEDY_FILTER:
        net_filter(c->w->net, a->index, 0);
        return;
    }
}

static void later(struct chaos *c, enum remedy_kind kind, struct actor *a, uint64_t after_us) {
    struct remedy *r = malloc(sizeof *r);
    if (!r) abort();
    *r = (struct remedy){kind, a == c->pair[1]};
    agenda_at(c->w->agenda, world_now(c->w) + after_us, cure, c, r);
}

static void kill_one(struct chaos *c, struct actor *a) {
    int side = a == c->pair[1];
    if (!a->node || c->down[side]) return;
    bool again = dice_chance(&c->dice, 500000);
    died(c, side);
    if (again && dice_chance(&c->dice, 300000)) {
        world_reboot(a);
        return;
    }
    world_kill(a);
    if (again) {
        world_start(a);
        return;
    }
    c->down[side] = true;
    later(c, REMEDY_START, a, dice_skewed(&c->dice, 10 * PLK_MS, 40 * PLK_SECOND));
}

static void put_to_sleep(struct chaos *c, struct actor *a) {
    if (!a->node || a->asleep || c->sleeps == 0 || world_now(c->w) < c->wakes_us) return;
    uint64_t for_us = dice_skewed(&c->dice, PLK_SECOND, 8 * PLK_HOUR);
    c->sleeps--;
    c->wakes_us = world_now(c->w) + for_us;
    c->slept_us += for_us;
    world_sleep(a);
    later(c, REMEDY_WAKE, a, for_us);
}

static void roam(struct chaos *c, struct actor *a) {
    int place = (int)dice_below(&c->dice, ACTOR_PLACES);
    uint64_t which = dice_below(&c->dice, 4);
    if (which == 0)
        world_move_one(a, 4, place);
    else if (which == 1)
        world_move_one(a, 6, place);
    else
        world_move(a, place);
}

static void jump_wall(struct chaos *c, struct actor *a) {
    int64_t days = (int64_t)dice_below(&c->dice, 61) - 30;
    world_jump_wall(a, days * 24 * 3600 * 1000 + (int64_t)dice_below(&c->dice, 3600000));
}

static void cut(struct chaos *c, struct actor *a) {
    uint8_t what = dice_chance(&c->dice, 600000) ? NET_ALL : NET_UDP;
    if (dice_chance(&c->dice, 400000))
        world_part_one_way(a, a == c->pair[0] ? c->pair[1] : c->pair[0], what);
    else
        world_part(c->w, c->pair[0], c->pair[1], what);
    later(c, REMEDY_CONNECT, a, dice_skewed(&c->dice, PLK_SECOND, 2 * PLK_MINUTE));
}

static void accident(struct chaos *c) {
    struct actor *a = one(c);
    c->report.accidents++;
    switch (dice_below(&c->dice, 10)) {
    case 0:
    case 1:
        kill_one(c, a);
        return;
    case 2:
        put_to_sleep(c, a);
        return;
    case 3:
    case 4:
        roam(c, a);
        return;
    case 5:
        cut(c, a);
        return;
    case 6:
        world_set_quality(a, &world_line_awful);
        later(c, REMEDY_LINE, a, dice_skewed(&c->dice, PLK_SECOND, PLK_MINUTE));
        return;
    case 7:
        disk_stall(a->disk, true);
        later(c, REMEDY_DISK, a, dice_skewed(&c->dice, 100 * PLK_MS, 30 * PLK_SECOND));
        return;
    case 8:
        if (dice_chance(&c->dice, 500000))
            net_reset(c->w->net, a->index);
        else
            jump_wall(c, a);
        return;
    default:
        net_filter(c->w->net, a->index, NET_UDP);
        later(c, REMEDY_FILTER, a, dice_skewed(&c->dice, PLK_SECOND, PLK_MINUTE));
    }
}

// ---- the run ------------------------------------------------------------------------------------------------------------------

static void begin(struct chaos *c) {
    static const struct net_quality *const lines[] = {&world_line_good, &world_line_good, &world_line_mobile,
                                                      &world_line_awful};
    c->w->quality = *lines[dice_below(&c->dice, 4)];
    c->pair[0] = world_actor(c->w, "alice");
    c->pair[1] = world_actor(c->w, "bob");
    c->weights_of_long = dice_chance(&c->dice, 200000) ? 100000 : 2000;
    for (int i = 0; i < 2; i++) {
        struct actor *a = c->pair[i];
        unsigned families = (unsigned)dice_below(&c->dice, 6);
        a->has4 = families != 0;
        a->has6 = families >= 1 && families != 2;
        if (!a->has6) a->has4 = true;
    }
    if (c->pair[0]->has4 != c->pair[1]->has4 || c->pair[0]->has6 != c->pair[1]->has6) {
        for (int i = 0; i < 2; i++) c->pair[i]->has4 = c->pair[i]->has6 = true;
    }
    for (int i = 0; i < 2; i++) {
        actor_go(c->pair[i], 0, 0);
        world_start(c->pair[i]);
        if (!world_init(c->pair[i])) return;
    }
}

// Accidents may fall between the invite and its acceptance too.
static void befriend(struct chaos *c) {
    struct world *w = c->w;
    const char *link = world_invite(c->pair[0], PLK_INVITE_INLINE);
    if (!world_add(c->pair[1], link, dice_chance(&c->dice, 500000) ? "nice to meet you" : NULL)) return;
    uint64_t end_us = world_now(w) + CHAOS_FRIENDS_US;
    uint32_t kills = (uint32_t)dice_below(&c->dice, 4);
    while (!w->failed && !world_run_until(w, world_friends, c->pair, dice_skewed(&c->dice, PLK_MS, 4 * PLK_SECOND))) {
        if (kills > 0) kill_one(c, one(c));
        kills -= kills > 0;
        if (world_now(w) > end_us) world_fail(w, "alice and bob do not become contacts");
    }
}

static void bad_times(struct chaos *c) {
    struct world *w = c->w;
    uint64_t start_us = world_now(w), calm_us = dice_between(&c->dice, 2 * PLK_SECOND, 30 * PLK_SECOND);
    c->sleeps = (uint32_t)dice_below(&c->dice, 4);
    uint32_t accidents_ppm = (uint32_t)dice_between(&c->dice, 50000, 500000);
    while (!w->failed && world_now(w) - start_us < CHAOS_SPAN_US + c->slept_us) {
        if (dice_chance(&c->dice, accidents_ppm))
            accident(c);
        else
            write_some(c);
        give_again(c);
        uint64_t now_us = world_now(w), asleep_us = now_us < c->wakes_us ? c->wakes_us - now_us : 0;
        world_run_for(w, dice_skewed(&c->dice, PLK_MS, asleep_us / 4 > calm_us ? asleep_us / 4 : calm_us));
    }
}

static void heal(struct chaos *c) {
    struct world *w = c->w;
    world_heal(w);
    c->report.healed_us = world_now(w);
    for (int i = 0; i < 60 && !w->failed; i++) { // what was refused while the disk was full
        world_run_for(w, PLK_SECOND);
        give_again(c);
    }
    world_run_until(w, world_all_delivered, NULL, CHAOS_QUIET_US);
    c->report.settled_us = world_now(w);
    world_run_for(w, 5 * PLK_SECOND);
    for (size_t i = 0; i < c->text_count && !w->failed; i++) {
        const struct text *t = &c->texts[i];
        if (t->named && !t->done)
            world_fail(w, "%s never answered number %u", c->pair[t->actor]->name, (unsigned)t->number);
    }
    if (!w->failed) check_settled(w->check);
}

struct chaos_report chaos_run(struct world *w) {
    struct chaos *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->w = w;
    c->dice = dice(w->seed, "chaos", 0);
    begin(c);
    if (!w->failed) befriend(c);
    if (!w->failed) bad_times(c);
    if (!w->failed) heal(c);
    note_results(c);
    for (int i = 0; i < 2 && !w->failed; i++) world_stop(c->pair[i]);
    struct chaos_report report = c->report;
    free(c);
    return report;
}
