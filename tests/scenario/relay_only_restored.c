// SPDX-License-Identifier: MIT
// Alice's profile is restored on another machine. Bob, whom she reaches through relays only, uses the relay that she uses, and one
// more: her relay is hers again, the choice is still made, and her first packets already go around his.
#include "_apart.h"
#include "_restore.h"

#include "node/node.h"

static bool is_connected(struct world *w, void *ctx) {
    struct plk_relay_view view;
    const struct actor *a = ctx;
    (void)w;
    return a->node && plk_node_relay(a->node, 0, &view) && view.connected;
}

static bool knows_both(struct world *w, void *ctx) {
    const struct apart *s = ctx;
    (void)w;
    return mailbox_known(s->alice, s->bob) == 2;
}

static void tell(struct world *w) {
    struct apart s;
    apart_begin(&s, w);
    mailbox_use(s.bob, s.near);
    story_until(w, knows_both, &s, MAILBOX_LIMIT, "alice knows of both of bob's queues");
    story_say(s.alice, s.bob, "before the backup"); // a backup has no history: nothing of his may be in it
    story_delivered(w, PLK_MINUTE);
    struct restorable saved = restorable(s.alice);
    world_stop(s.alice);
    struct actor *again = restored(s.alice, &saved, "alice-again");
    story_until(w, is_connected, again, MAILBOX_LIMIT, "her relay is hers");
    story_expect(w, story_view(again, s.bob).row.relay_only);
    story_say(again, s.bob, "a new machine");
    story_heard(s.bob, "a new machine", 20 * PLK_MINUTE);
    story_say(s.bob, again, "good");
    story_heard(again, "good", 20 * PLK_MINUTE);
    story_expect(w, w->net->knocks[again->index][s.bob->index] == 0);
    story_expect(w, w->net->knocks[again->index][s.far->machine->index] == 0);
    story_expect(w, w->net->knocks[s.bob->index][again->index] == 0);
    story_ends_well(w);
    relayd_free(s.near);
    relayd_free(s.far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
