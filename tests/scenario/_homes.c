// SPDX-License-Identifier: MIT
#include "_homes.h"

#include <stdio.h>

static struct actor *person(struct world *w, const char *name, struct nat *nat) {
    struct actor *a = world_actor(w, name);
    a->has6 = false;
    world_behind(a, nat);
    return story_person(w, name);
}

void homes_begin(struct homes *s, struct world *w, struct nat *alices, struct nat *bobs) {
    *s = (struct homes){.w = w, .relay = mailbox_relay(w, "relay"), .alices = alices, .bobs = bobs};
    s->alice = person(w, "alice", alices);
    s->bob = person(w, "bob", bobs);
    homes_meet(s);
}

void homes_meet(struct homes *s) {
    struct world *w = s->w;
    struct actor *pair[2] = {s->alice, s->bob};
    mailbox_use(s->alice, s->relay);
    const char *link = world_invite(s->alice, PLK_INVITE_ONE_TIME);
    story_holds(w);
    story_expect(w, world_add(s->bob, link, NULL) != 0);
    story_until(w, world_friends, pair, HOMES_MEET, "they are contacts");
    mailbox_until_told(s->alice, s->bob, 1);
    homes_talk(s, "good morning", HOMES_TALK);
}

void homes_begin_as(struct homes *s, struct world *w, enum nat_class alices, enum nat_class bobs) {
    struct nat *a = world_nat(w, alices), *b = world_nat(w, bobs);
    homes_begin(s, w, a, b);
}

void homes_end(struct homes *s) {
    story_ends_well(s->w);
    world_stop(s->alice);
    world_stop(s->bob);
    relayd_free(s->relay);
}

void homes_talk(struct homes *s, const char *text, uint64_t limit_us) {
    mailbox_talk(s->alice, s->bob, text, limit_us);
}

void homes_chat(struct homes *s, const char *text, uint64_t us) {
    uint64_t end_us = world_now(s->w) + us;
    for (unsigned i = 1; world_now(s->w) < end_us; i++) {
        char numbered[64];
        snprintf(numbered, sizeof numbered, "%s %u", text, i);
        if (i % 2)
            story_say(s->alice, s->bob, numbered);
        else
            story_say(s->bob, s->alice, numbered);
        story_run(s->w, dice_between(&s->w->dice, 20 * PLK_MS, 400 * PLK_MS));
    }
}

static bool direct(enum plk_path_word path) { return path != PLK_PATH_NONE && path != PLK_PATH_RELAY; }

bool homes_direct(struct homes *s) {
    return direct(story_view(s->alice, s->bob).path) && direct(story_view(s->bob, s->alice).path);
}

static bool is_direct(struct world *w, void *ctx) {
    (void)w;
    return homes_direct(ctx);
}

void homes_until_direct(struct homes *s, uint64_t limit_us) {
    story_until(s->w, is_direct, s, limit_us, "data goes directly");
}

struct direct_by {
    struct homes *homes;
    enum plk_transport transport;
};

bool homes_direct_by(struct homes *s, enum plk_transport transport) {
    return homes_direct(s) && story_view(s->alice, s->bob).transport == transport &&
           story_view(s->bob, s->alice).transport == transport;
}

static bool is_direct_by(struct world *w, void *ctx) {
    const struct direct_by *by = ctx;
    (void)w;
    return homes_direct_by(by->homes, by->transport);
}

void homes_until_direct_by(struct homes *s, enum plk_transport transport, uint64_t limit_us, const char *what) {
    struct direct_by by = {s, transport};
    story_until(s->w, is_direct_by, &by, limit_us, what);
}
