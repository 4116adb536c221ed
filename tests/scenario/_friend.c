// SPDX-License-Identifier: MIT
#include "_friend.h"

#include "_mailbox.h"
#include "node/node.h"

static bool view_of(const struct actor *a, struct plk_relay_view *view) {
    for (size_t i = 0; plk_node_relay(a->node, i, view); i++) {
        if (view->friend != 0) return true;
    }
    return false;
}

bool friend_keeps_for(const struct actor *a) {
    struct plk_relay_view view;
    return view_of(a, &view) && view.connected;
}

static bool keeps(struct world *w, void *ctx) {
    (void)w;
    return friend_keeps_for(ctx);
}

static bool keeps_not(struct world *w, void *ctx) {
    struct plk_relay_view view;
    (void)w;
    return !view_of(ctx, &view);
}

void friend_until(struct friend *s, struct actor *a, bool is_so) {
    story_until(s->w, is_so ? keeps : keeps_not, a, FRIEND_LIMIT, is_so ? "fay's node keeps for it" : "it does not");
}

void friend_begin(struct friend *s, struct world *w) {
    *s = (struct friend){.w = w};
    s->fay = story_person(w, "fay");
    s->alice = story_person(w, "alice");
    s->bob = story_person(w, "bob");
    s->alice->has6 = s->bob->has6 = false; // over which nothing would stand between them
    world_behind(s->alice, world_nat(w, NAT_CLASS_PORT_RESTRICTED));
    world_behind(s->bob, world_nat(w, NAT_CLASS_PORT_RESTRICTED));
    served_set(s->fay, true);
    story_expect(w, !plk_node_is_reachable(s->fay->node)); // nobody has come yet
    story_meet(s->fay, s->alice);
    story_expect(w, plk_node_is_reachable(s->fay->node)); // alice was a stranger, and has reached her
    story_meet(s->fay, s->bob);
    friend_until(s, s->alice, true);
    friend_until(s, s->bob, true);
}

struct told {
    const struct friend *s;
    unsigned count;
};

static bool both_know(struct world *w, void *ctx) {
    const struct told *told = ctx;
    const struct friend *s = told->s;
    (void)w;
    return mailbox_known(s->alice, s->bob) == told->count && mailbox_known(s->bob, s->alice) == told->count;
}

void friend_until_queues(struct friend *s, unsigned count) {
    struct told told = {s, count};
    story_until(s->w, both_know, &told, FRIEND_LIMIT, "both know each other's queues");
}

void friend_meet(struct friend *s) {
    struct actor *pair[2] = {s->alice, s->bob};
    const char *link = world_invite(s->alice, PLK_INVITE_ONE_TIME);
    story_holds(s->w);
    world_add(s->bob, link, "");
    story_until(s->w, world_friends, pair, FRIEND_LIMIT, "alice and bob are contacts");
}

static bool is_stored(struct world *w, void *ctx) {
    const struct actor *a = ctx;
    const struct actor_event *last = &a->events[a->event_count - 1];
    (void)w;
    return a->event_count > 0 && last->row.kind == PLK_EVENT_STATE && last->row.state == PLK_STATE_STORED;
}

void friend_until_stored(struct actor *a) {
    story_until(a->world, is_stored, a, FRIEND_LIMIT, "it hears that somebody keeps it");
}
