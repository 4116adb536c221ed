// SPDX-License-Identifier: MIT
// Two people whose relays are different ones reach each other through relays only: they write while both are there, and while
// one is not. No packet ever goes between the two, nor from one of them to the other's relay.
#include "_apart.h"

#include "node/node.h"

static bool is_relayed(struct world *w, void *ctx) {
    const struct apart *s = ctx;
    (void)w;
    return story_view(s->alice, s->bob).path == PLK_PATH_RELAY && story_view(s->bob, s->alice).path == PLK_PATH_RELAY;
}

static bool is_stored(struct world *w, void *ctx) {
    const struct actor *a = ctx;
    (void)w;
    for (size_t i = 0; i < a->event_count; i++) {
        if (a->events[i].row.kind == PLK_EVENT_STATE && a->events[i].row.state == PLK_STATE_STORED) return true;
    }
    return false;
}

static void tell(struct world *w) {
    struct apart s;
    apart_begin(&s, w);
    apart_talk(&s, "here", PLK_MINUTE);
    story_until(w, is_relayed, &s, PLK_MINUTE, "both have a link by relay");
    apart_talk(&s, "and here", 10 * PLK_SECOND);
    story_say_many(s.alice, s.bob, "one of many", 100);
    story_say_many(s.bob, s.alice, "of many one", 100);
    story_delivered(w, 2 * PLK_MINUTE);
    apart_expect(&s);

    world_stop(s.bob);
    story_say(s.alice, s.bob, "are you there?");
    story_until(w, is_stored, s.alice, PLK_MINUTE, "bob's relay keeps it");
    story_expect(w, mailbox_items(s.far) > 0 && mailbox_items(s.near) == 0);
    world_stop(s.alice);
    world_start(s.bob);
    story_heard(s.bob, "are you there?", PLK_MINUTE);
    world_start(s.alice);
    apart_talk(&s, "again", PLK_MINUTE);
    apart_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
