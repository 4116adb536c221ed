// SPDX-License-Identifier: MIT
#include "sim/world.h"

#include <stdarg.h>
#include <stdlib.h>

const struct net_quality world_line_good = {.delay_us = 5 * 1000, .jitter_us = 500, .mtu = 1500};
const struct net_quality world_line_mobile = {.delay_us = 40 * 1000,
                                              .jitter_us = 15 * 1000,
                                              .loss_ppm = 5000,
                                              .burst_enter_ppm = 2000,
                                              .burst_leave_ppm = 150000,
                                              .burst_loss_ppm = 600000,
                                              .duplicate_ppm = 2000,
                                              .reorder_ppm = 10000,
                                              .reorder_us = 30 * 1000,
                                              .rate = 2000000,
                                              .queue_len = 200000,
                                              .mtu = 1500};
const struct net_quality world_line_awful = {.delay_us = 150 * 1000,
                                             .jitter_us = 120 * 1000,
                                             .loss_ppm = 60000,
                                             .burst_enter_ppm = 10000,
                                             .burst_leave_ppm = 80000,
                                             .burst_loss_ppm = 900000,
                                             .duplicate_ppm = 20000,
                                             .reorder_ppm = 60000,
                                             .reorder_us = 200 * 1000,
                                             .rate = 60000,
                                             .queue_len = 30000,
                                             .mtu = 1280};

static const struct disk_speed disk_good = {
    .commit_low_us = 150, .commit_high_us = 3000, .slow_ppm = 5000, .slow_us = 400 * 1000, .load_high_us = 2000};

struct world *world_new(uint64_t seed, FILE *trace) {
    struct world *w = calloc(1, sizeof *w);
    if (!w) abort();
    w->seed = seed;
    w->agenda = agenda_new();
    w->wire = wire_new(w);
    w->net = net_new(w->agenda, seed, (struct net_tap){w->wire, wire_datagram, wire_stream});
    trace_start(&w->trace, trace);
    w->dice = dice(seed, "world", 0);
    w->check = check_new(w);
    w->quality = world_line_good;
    w->speed = disk_good;
    snprintf(w->canary, sizeof w->canary, "kanari%06u", (unsigned)dice_below(&w->dice, 1000000));
    return w;
}

void world_free(struct world *w) {
    if (!w) return;
    for (int i = 0; i < w->actor_count; i++) actor_free(w->actors[i]);
    for (int i = 0; i < w->ended_count; i++) free(w->ended[i]);
    net_free(w->net);
    for (int i = 0; i < w->nat_count; i++) nat_free(w->nats[i]);
    agenda_free(w->agenda);
    wire_free(w->wire);
    check_free(w->check);
    free(w);
}

void world_bury(struct world *w, void *at) {
    if (w->ended_count == WORLD_ACTORS_MAX) abort();
    w->ended[w->ended_count++] = at;
}

bool world_failed(const struct world *w) { return w->failed; }

void world_fail(struct world *w, const char *format, ...) {
    if (w->failed) return;
    w->failed = true;
    uint64_t now_us = world_now(w);
    int at = snprintf(w->why, sizeof w->why, "at %u.%06u s: ", (unsigned)(now_us / PLK_SECOND),
                      (unsigned)(now_us % PLK_SECOND));
    va_list args;
    va_start(args, format);
    vsnprintf(w->why + at, sizeof w->why - (size_t)at, format, args);
    va_end(args);
    struct trace_entry entry = {now_us, "*", "# FAILED", plk_bytes(NULL, 0)};
    trace_add(&w->trace, &entry, "%s", w->why);
}

// ---- time ---------------------------------------------------------------------------------------------------------------

bool world_run_until(struct world *w, world_test *test, void *ctx, uint64_t limit_us) {
    uint64_t end_us = world_now(w) + limit_us;
    while (!w->failed) {
        if (test && test(w, ctx)) return true;
        if (agenda_next(w->agenda) > end_us) {
            agenda_skip(w->agenda, end_us);
            return false;
        }
        agenda_step(w->agenda);
    }
    return false;
}

bool world_run_for(struct world *w, uint64_t us) {
    world_run_until(w, NULL, NULL, us);
    return !w->failed;
}

// ---- actors -------------------------------------------------------------------------------------------------------------

struct actor *world_actor(struct world *w, const char *name) {
    for (int i = 0; i < w->actor_count; i++) {
        if (strcmp(w->actors[i]->name, name) == 0) return w->actors[i];
    }
    plk_assert(w->actor_count < WORLD_ACTORS_MAX);
    w->actors[w->actor_count] = actor_new(w, w->actor_count, name);
    return w->actors[w->actor_count++];
}

static void note(struct actor *a, const char *what) {
    struct trace_entry entry = {world_now(a->world), a->name, "# story", plk_bytes(NULL, 0)};
    trace_add(&a->world->trace, &entry, "%s", what);
}

void world_start(struct actor *a) {
    if (!a->node && !a->world->failed) actor_start(a);
}

static bool disk_is_idle(struct world *w, void *actor) {
    (void)w;
    return disk_idle(((struct actor *)actor)->disk);
}

void world_stop(struct actor *a) {
    if (!a->node) return;
    note(a, "stops");
    if (!world_run_until(a->world, disk_is_idle, a, PLK_MINUTE))
        world_fail(a->world, "%s: its disk is never idle", a->name);
    struct plk_input in = {.kind = PLK_IN_LEAVE};
    if (a->node && !a->asleep) actor_input(a, &in);
    actor_kill(a);
}

void world_kill(struct actor *a) { actor_kill(a); }

void world_restart(struct actor *a) {
    world_kill(a);
    world_start(a);
}

void world_reboot(struct actor *a) {
    world_kill(a);
    a->mono_base_us = 3 * PLK_SECOND - world_now(a->world); // may be below zero: it is only ever added
    world_start(a);
}

void world_sleep(struct actor *a) { actor_suspend(a); }

void world_wake(struct actor *a) {
    if (!a->asleep) return;
    actor_resume(a);
    if (a->moved_asleep) actor_network(a);
    a->moved_asleep = false;
}

void world_move(struct actor *a, int place) {
    note(a, place ? "goes to another place" : "comes home");
    actor_go(a, place, place);
}

void world_move_one(struct actor *a, uint8_t family, int place) {
    note(a, family == 4 ? "gets another IPv4 address" : "gets another IPv6 address");
    actor_go(a, family == 4 ? place : a->place4, family == 6 ? place : a->place6);
}

void world_jump_wall(struct actor *a, int64_t ms) {
    note(a, ms < 0 ? "puts its clock back" : "puts its clock forward");
    a->wall_offset_ms += ms;
}

void world_save(struct actor *a) {
    note(a, "saves its store");
    tables_copy(&a->saved, &a->disk->durable);
}

void world_roll_back(struct actor *a) {
    world_kill(a);
    note(a, "restores its saved store");
    disk_replace(a->disk, &a->saved);
    check_replaced(a->world->check, a);
    world_start(a);
}

struct actor *world_clone(struct actor *a, const char *name) {
    struct actor *copy = world_actor(a->world, name);
    note(copy, "gets a copy of another's disk");
    disk_replace(copy->disk, &a->disk->durable);
    memcpy(copy->peer_id, a->peer_id, sizeof copy->peer_id);
    check_replaced(a->world->check, copy);
    return copy;
}

void world_take_over(struct actor *a, struct actor *old) {
    bool runs = a->node != NULL;
    world_stop(old);
    world_stop(a);
    note(a, "takes the place of another machine");
    net_set_faces(a->world->net, old->index, NULL, 0);
    a->site = old->site;
    a->port = old->port;
    actor_go(a, old->place4, old->place6);
    if (runs) world_start(a);
}

void world_part(struct world *w, struct actor *a, struct actor *b, uint8_t what) {
    note(a, what ? "is cut off" : "is connected");
    net_block(w->net, a->index, b->index, what);
    net_block(w->net, b->index, a->index, what);
}

void world_part_one_way(struct actor *from, struct actor *to, uint8_t what) {
    note(from, what ? "is no longer heard" : "is heard again");
    net_block(from->world->net, from->index, to->index, what);
}

void world_set_quality(struct actor *a, const struct net_quality *q) { a->world->net->hosts[a->index].quality = *q; }

void world_heal(struct world *w) {
    for (int i = 0; i < w->actor_count; i++) {
        struct actor *a = w->actors[i];
        for (int j = 0; j < w->actor_count; j++) net_block(w->net, i, j, 0);
        net_filter(w->net, i, 0);
        world_set_quality(a, &world_line_good);
        disk_stall(a->disk, false);
        world_wake(a);
        if (!a->stranger) world_start(a);
        actor_go(a, 0, 0);
    }
}
