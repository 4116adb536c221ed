// SPDX-License-Identifier: MIT
#include "sim/chaos.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/agree.h"
#include "sim/chatter.h"
#include "sim/mallory.h"
#include "sim/nats.h"
#include "sim/relays.h"
#include "sim/relink.h"
#include "sim/ways.h"

struct chaos {
    struct world *w;
    struct chatter *chatter;
    struct actor *mallory; // or NULL
    struct dice dice, marks;
    bool down[CHATTER_PEOPLE_MAX]; // killed, to be started again
    struct relays *relays;         // or NULL
    struct nats *nats;             // or NULL
    bool apart;                    // nothing passes between people directly
    bool secluded;                 // each has one relay, and they reach each other through relays only
    bool rollbacks, saved[CHATTER_PEOPLE_MAX];
    uint32_t sleeps;  // still to come
    uint32_t streams; // of the stranger's
    uint64_t wakes_us, slept_us;
    struct chaos_report report;
};

enum remedy_kind { REMEDY_START, REMEDY_WAKE, REMEDY_CONNECT, REMEDY_LINE, REMEDY_DISK, REMEDY_FILTER, REMEDY_RELAY };

struct remedy {
    enum remedy_kind kind;
    int who, other; // people
};

static int anyone(struct chaos *c) { return (int)dice_below(&c->dice, (uint64_t)c->chatter->count); }

// ---- accidents and their end ------------------------------------------------------------------------------------------------

static void cure(void *ctx, void *item) {
    struct chaos *c = ctx;
    const struct remedy *r = item;
    struct actor *a = c->chatter->people[r->who];
    if (c->w->failed) return;
    switch (r->kind) {
    case REMEDY_START:
        c->down[r->who] = false;
        world_start(a);
        return;
    case REMEDY_WAKE:
        world_wake(a);
        return;
    case REMEDY_CONNECT:
        world_part(c->w, a, c->chatter->people[r->other], c->apart ? NET_ALL : 0);
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
    case REMEDY_RELAY:
        relays_start(c->relays, r->other);
        return;
    }
}

static void later(struct chaos *c, enum remedy_kind kind, int who, int other, uint64_t after_us) {
    struct remedy *r = malloc(sizeof *r);
    if (!r) abort();
    *r = (struct remedy){kind, who, other};
    agenda_at(c->w->agenda, world_now(c->w) + after_us, cure, c, r);
}

static void kill_one(struct chaos *c, int who) {
    struct actor *a = c->chatter->people[who];
    if (!a->node || c->down[who]) return;
    bool again = dice_chance(&c->dice, 500000);
    chatter_died(c->chatter, a);
    if (again && dice_chance(&c->dice, 300000)) {
        world_reboot(a);
        return;
    }
    world_kill(a);
    if (again) {
        world_start(a);
        return;
    }
    c->down[who] = true;
    later(c, REMEDY_START, who, 0, dice_skewed(&c->dice, 10 * PLK_MS, 40 * PLK_SECOND));
}

static void put_to_sleep(struct chaos *c, int who) {
    struct actor *a = c->chatter->people[who];
    if (!a->node || a->asleep || c->sleeps == 0 || world_now(c->w) < c->wakes_us) return;
    uint64_t for_us = dice_skewed(&c->dice, PLK_SECOND, 8 * PLK_HOUR);
    c->sleeps--;
    c->wakes_us = world_now(c->w) + for_us;
    c->slept_us += for_us;
    world_sleep(a);
    later(c, REMEDY_WAKE, who, 0, for_us);
}

static void roam(struct chaos *c, int who) {
    struct actor *a = c->chatter->people[who];
    int place = (int)dice_below(&c->dice, ACTOR_PLACES);
    uint64_t which = dice_below(&c->dice, 4);
    if (c->nats && which > 1)
        nats_move(c->nats, a);
    else if (which == 0)
        world_move_one(a, 4, place);
    else if (which == 1)
        world_move_one(a, 6, place);
    else
        world_move(a, place);
}

static void jump_wall(struct chaos *c, int who) {
    int64_t days = (int64_t)dice_below(&c->dice, 61) - 30;
    world_jump_wall(c->chatter->people[who], days * 24 * 3600 * 1000 + (int64_t)dice_below(&c->dice, 3600000));
}

static void cut(struct chaos *c, int who) {
    int other = (who + 1 + (int)dice_below(&c->dice, (uint64_t)c->chatter->count - 1)) % c->chatter->count;
    struct actor *a = c->chatter->people[who], *b = c->chatter->people[other];
    uint8_t what = dice_chance(&c->dice, 600000) ? NET_ALL : NET_UDP;
    if (dice_chance(&c->dice, 400000))
        world_part_one_way(a, b, what);
    else
        world_part(c->w, a, b, what);
    later(c, REMEDY_CONNECT, who, other, dice_skewed(&c->dice, PLK_SECOND, 2 * PLK_MINUTE));
}

static void bad_line(struct chaos *c, int who) {
    struct net_quality q = world_line_awful;
    if (dice_chance(&c->dice, 300000)) { // nothing but small packets pass
        q = c->w->quality;
        q.mtu = dice_between(&c->dice, 600, 1280);
    }
    world_set_quality(c->chatter->people[who], &q);
    later(c, REMEDY_LINE, who, 0, dice_skewed(&c->dice, PLK_SECOND, PLK_MINUTE));
}

static void fill_disk(struct chaos *c, int who) {
    disk_stall(c->chatter->people[who]->disk, true);
    later(c, REMEDY_DISK, who, 0, dice_skewed(&c->dice, 100 * PLK_MS, 30 * PLK_SECOND));
}

static void block_udp(struct chaos *c, int who) {
    net_filter(c->w->net, c->chatter->people[who]->index, NET_UDP);
    later(c, REMEDY_FILTER, who, 0, dice_skewed(&c->dice, PLK_SECOND, PLK_MINUTE));
}

static void molest(struct chaos *c, int who) {
    if (!c->mallory) return;
    struct actor *victim = c->chatter->people[who];
    mallory_send(c->mallory, victim, (unsigned)dice_skewed(&c->dice, 1, 300));
    for (uint64_t n = dice_below(&c->dice, 6); n > 0; n--) mallory_connect(c->mallory, victim, ++c->streams);
}

// All its contacts are accepted on its disk, not only in the memory of a process that may yet die.
static bool has_met_all(const struct actor *a) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_contact];
    struct plk_contact_row row;
    for (size_t i = 0; i < of->count; i++) {
        if (plk_contact_row_decode(tables_key(of->rows[i]), tables_value(of->rows[i]), &row)) return false;
        if (row.state != PLK_CONTACT_ACTIVE) return false;
    }
    return true;
}

// The first time a snapshot, later the way back to it. Not to before a contact's acceptance was durable: the inviter answers
// an invite only until that is acknowledged (DESIGN 3.3).
static void roll_back(struct chaos *c, int who) {
    struct actor *a = c->chatter->people[who];
    if (!c->rollbacks || !a->node || a->asleep || c->down[who] || !disk_idle(a->disk)) return;
    if (!c->saved[who]) {
        if (!has_met_all(a)) return;
        world_save(a);
    } else {
        chatter_died(c->chatter, a);
        world_roll_back(a);
    }
    c->saved[who] = !c->saved[who];
}

// Relays die, and some of them burn down.
static void strike_relay(struct chaos *c) {
    int which = (int)dice_below(&c->dice, RELAYS_COUNT);
    relays_kill(c->relays, which, dice_chance(&c->dice, 100000));
    later(c, REMEDY_RELAY, 0, which, dice_skewed(&c->dice, 10 * PLK_MS, 2 * PLK_MINUTE));
}

static void part_all(struct chaos *c) {
    for (int i = 0; i < c->chatter->count; i++) {
        for (int j = 0; j < i; j++) world_part(c->w, c->chatter->people[i], c->chatter->people[j], NET_ALL);
    }
}

static void accident(struct chaos *c) {
    static void (*const all[])(struct chaos * c, int who) = {kill_one,  kill_one, put_to_sleep, roam,
                                                             roam,      cut,      bad_line,     fill_disk,
                                                             jump_wall, molest,   block_udp,    roll_back};
    int who = anyone(c);
    if (c->relays && dice_chance(&c->dice, 150000)) {
        strike_relay(c);
        c->report.accidents++;
        return;
    }
    if (c->nats && dice_chance(&c->dice, 200000)) {
        nats_strike(c->nats);
        c->report.accidents++;
        return;
    }
    uint64_t which = dice_below(&c->dice, sizeof all / sizeof all[0] + 1);
    c->report.accidents++;
    if (which < sizeof all / sizeof all[0])
        all[which](c, who);
    else
        net_reset(c->w->net, c->chatter->people[who]->index);
}

// ---- the run ------------------------------------------------------------------------------------------------------------------

static void choose_families(struct chaos *c, struct actor *const *people, int count) {
    uint64_t which = dice_below(&c->dice, 6);
    for (int i = 0; i < count; i++) { // one has both, or all have the same one
        people[i]->has4 = which != 0;
        people[i]->has6 = which != 1 && (which != 2 || i > 0);
        actor_go(people[i], 0, 0);
    }
}

static void begin(struct chaos *c, enum chaos_kind kind) {
    static const struct net_quality *const lines[] = {&world_line_good, &world_line_good, &world_line_mobile,
                                                      &world_line_awful};
    static const char *const names[CHATTER_PEOPLE_MAX] = {"alice", "bob", "carol"};
    struct actor *people[CHATTER_PEOPLE_MAX];
    int count = dice_chance(&c->dice, 200000) ? 3 : 2;
    c->w->quality = *lines[dice_below(&c->dice, 4)];
    for (int i = 0; i < count; i++) people[i] = world_actor(c->w, names[i]);
    if (dice_chance(&c->dice, 300000)) c->mallory = mallory_new(c->w);
    c->sleeps = (uint32_t)dice_below(&c->dice, 4);
    c->chatter = chatter_new(c->w, people, count);
    choose_families(c, people, count);
    if (kind == CHAOS_NATS) c->nats = nats_new(c->w, people, count);
    bool with = kind == CHAOS_RELAYS || c->nats || (kind == CHAOS_ROLLBACK && dice_chance(&c->dice, 500000));
    if (with) c->relays = relays_new(c->w);
    c->apart = c->relays && !c->nats && dice_chance(&c->dice, 500000);
    struct dice apart = dice(c->w->seed, "secluded", 0); // of its own: other worlds are as they were before it
    c->secluded = c->relays && dice_chance(&apart, 250000);
    for (int i = 0; i < count && !c->w->failed; i++) {
        world_start(people[i]);
        world_init(people[i]);
        if (c->secluded)
            relays_use_one(c->relays, people[i], i % RELAYS_COUNT);
        else if (c->relays)
            relays_use(c->relays, people[i]);
    }
    if (c->apart) part_all(c);
}

// On a bad line the relays may not answer in time: then the person asks again.
static const char *invite(struct chaos *c, struct actor *a) {
    struct plk_command command = {.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_ONE_TIME};
    for (int i = 0; i < 30 && !c->w->failed; i++) {
        const struct actor_result *result = world_command(a, &command);
        if (result && result->err == PLK_ERR_OK) return result->text;
        world_run_for(c->w, 5 * PLK_SECOND);
    }
    world_fail(c->w, "%s gets no link through relays", a->name);
    return NULL;
}

// Accidents may fall between the invite and its acceptance too.
static void befriend(struct chaos *c, int inviter, int joiner) {
    struct world *w = c->w;
    struct actor *pair[2] = {c->chatter->people[inviter], c->chatter->people[joiner]};
    bool by_relay = c->relays && (c->apart || pair[0]->nat || dice_chance(&c->dice, 500000));
    const char *link = by_relay ? invite(c, pair[0]) : world_invite(pair[0], PLK_INVITE_INLINE);
    if (!link || !world_add(pair[1], link, dice_chance(&c->dice, 500000) ? "nice to meet you" : NULL)) return;
    uint64_t end_us = world_now(w) + CHAOS_FRIENDS_US;
    uint32_t kills = (uint32_t)dice_below(&c->dice, 4);
    while (!w->failed && !world_run_until(w, world_friends, pair, dice_skewed(&c->dice, PLK_MS, 4 * PLK_SECOND))) {
        if (kills > 0) kill_one(c, dice_chance(&c->dice, 500000) ? inviter : joiner);
        kills -= kills > 0;
        if (world_now(w) > end_us) world_fail(w, "%s and %s do not become contacts", pair[0]->name, pair[1]->name);
    }
}

static void befriend_all(struct chaos *c) {
    for (int i = 0; i < c->chatter->count; i++) {
        for (int j = i + 1; j < c->chatter->count && !c->w->failed; j++) {
            struct actor *pair[2] = {c->chatter->people[i], c->chatter->people[j]};
            for (int k = 0; k < 2; k++) world_run_until(c->w, world_is_up, pair[k], CHAOS_FRIENDS_US);
            befriend(c, i, j);
        }
    }
}

// It has to know a relay of the other's, which is told in the first minutes.
static void seclude(struct chaos *c, struct actor *a, const struct actor *peer) {
    for (int i = 0; i < 60 && !c->w->failed; i++) {
        world_run_until(c->w, world_is_up, a, CHAOS_FRIENDS_US);
        struct plk_command command = {.kind = PLK_CMD_PATH, .contact = world_contact(a, peer), .flag = true};
        const struct actor_result *result = world_command(a, &command);
        if (result && result->err == PLK_ERR_OK) return;
        world_run_for(c->w, 15 * PLK_SECOND);
    }
    world_fail(c->w, "%s cannot reach %s through relays only", a->name, peer->name);
}

static void seclude_all(struct chaos *c) {
    for (int i = 0; i < c->chatter->count; i++) {
        for (int j = 0; j < c->chatter->count && !c->w->failed; j++) {
            if (i != j) seclude(c, c->chatter->people[i], c->chatter->people[j]);
        }
    }
}

static void bad_times(struct chaos *c) {
    struct world *w = c->w;
    uint64_t start_us = world_now(w), calm_us = dice_between(&c->dice, 2 * PLK_SECOND, 30 * PLK_SECOND);
    // Not with stores that are rolled back: one that has forgotten an acceptance needs another link.
    // Nor where an inline link may lead nowhere.
    if (!c->rollbacks && !c->apart && !c->nats && !c->secluded) relink_begin(c->chatter, start_us + CHAOS_SPAN_US);
    uint32_t accidents_ppm = (uint32_t)dice_between(&c->dice, 50000, 500000);
    while (!w->failed && world_now(w) - start_us < CHAOS_SPAN_US + c->slept_us) {
        if (dice_chance(&c->dice, accidents_ppm))
            accident(c);
        else
            chatter_write(c->chatter);
        // Not with stores that are rolled back: what one did to a message and has forgotten, the other still shows.
        if (!c->rollbacks && dice_chance(&c->marks, 400000)) chatter_mark(c->chatter);
        chatter_repeat(c->chatter);
        uint64_t now_us = world_now(w), asleep_us = now_us < c->wakes_us ? c->wakes_us - now_us : 0;
        world_run_for(w, dice_skewed(&c->dice, PLK_MS, asleep_us / 4 > calm_us ? asleep_us / 4 : calm_us));
    }
}

// Two who have nothing to say do not find out that one of them has lost what was said; it comes back when they talk again.
static void say_a_last_word(struct chaos *c) {
    for (int i = 0; i < c->chatter->count; i++) {
        for (int j = 0; j < c->chatter->count && !c->w->failed; j++) {
            struct actor *from = c->chatter->people[i], *to = c->chatter->people[j];
            if (i == j) continue;
            enum plk_err err = world_send(from, to, "is there anything that I missed?");
            if (err) world_fail(c->w, "%s may not write to %s: %s", from->name, to->name, plk_err_name(err));
        }
    }
    world_run_until(c->w, world_all_delivered, NULL, CHAOS_ROLLBACK_QUIET_US);
}

static void heal(struct chaos *c) {
    struct world *w = c->w;
    world_heal(w);
    if (c->apart) part_all(c);
    for (int i = 0; c->relays && i < RELAYS_COUNT; i++) relays_start(c->relays, i);
    c->report.healed_us = world_now(w);
    for (int i = 0; i < 60 && !w->failed; i++) { // what was refused while the disk was full
        world_run_for(w, PLK_SECOND);
        chatter_repeat(c->chatter);
    }
    uint64_t quiet_us = c->relays ? CHAOS_RELAYS_QUIET_US : CHAOS_QUIET_US;
    world_run_until(w, world_all_delivered, NULL, c->rollbacks ? CHAOS_ROLLBACK_QUIET_US : quiet_us);
    if (c->rollbacks && !w->failed) say_a_last_word(c);
    c->report.settled_us = world_now(w);
    if (c->nats && !c->secluded && !w->failed) ways_check(w, c->chatter->people, c->chatter->count);
    world_run_for(w, 5 * PLK_SECOND);
    chatter_end(c->chatter);
    if (!w->failed) check_settled(w->check);
    if (c->rollbacks || w->failed) return;
    // All of both stores is compared: once a second will do.
    for (uint64_t end_us = world_now(w) + CHAOS_QUIET_US; world_now(w) < end_us && !agree_all(w, NULL);)
        if (!world_run_for(w, PLK_SECOND)) return;
    agree_check(w);
}

struct chaos_report chaos_run(struct world *w, enum chaos_kind kind) {
    struct chaos *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->w = w;
    c->rollbacks = kind == CHAOS_ROLLBACK;
    c->dice = dice(w->seed, "chaos", (uint64_t)kind);
    c->marks = dice(w->seed, "marks", (uint64_t)kind); // of its own, as "secluded" is
    begin(c, kind);
    struct dice malice = dice(w->seed, "malice", 0);
    if (c->relays && !c->secluded && dice_chance(&malice, 500000)) {
        static const enum relayd_malice kinds[] = {RELAYD_TAMPERS, RELAYD_TAMPERS, RELAYD_KEEPS_ITEMS,
                                                   RELAYD_KEEPS_ALL};
        int which = (int)dice_below(&malice, RELAYS_COUNT);
        relays_corrupt(c->relays, which, kinds[dice_below(&malice, 4)]);
    }
    if (!w->failed) befriend_all(c);
    if (!w->failed && c->secluded) seclude_all(c);
    if (!w->failed) bad_times(c);
    if (!w->failed) heal(c);
    for (int i = 0; i < c->chatter->count && !w->failed; i++) world_stop(c->chatter->people[i]);
    struct chaos_report report = c->report;
    report.given = c->chatter->given;
    report.accepted = c->chatter->accepted;
    report.refused = c->chatter->refused;
    chatter_free(c->chatter);
    relays_free(c->relays);
    nats_free(c->nats);
    free(c);
    return report;
}
