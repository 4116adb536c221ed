// SPDX-License-Identifier: MIT
// Alice and bob use one relay. On her new machine it is hers again, with the queues there, though the backup speaks of it first as
// bob's.
#include "_mailbox.h"
#include "_restore.h"

static bool is_hers(struct world *w, void *ctx) {
    struct plk_relay_view view;
    const struct actor *a = ctx;
    (void)w;
    return a->node && plk_node_relay(a->node, 0, &view) && view.connected && view.queues > 0;
}

static void tell(struct world *w) {
    struct relayd *relay = mailbox_relay(w, "relay");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, relay);
    mailbox_use(bob, relay);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    struct restorable saved = restorable(alice);
    world_stop(alice);
    world_stop(bob);
    struct actor *again = restored(alice, &saved, "alice-again");
    story_until(w, is_hers, again, MAILBOX_LIMIT, "the relay is hers, and her queue there");
    world_restart(again);
    story_until(w, is_hers, again, MAILBOX_LIMIT, "also after a restart");
    world_start(bob);
    story_say(again, bob, "a new machine");
    story_heard(bob, "a new machine", 5 * PLK_MINUTE);
    story_ends_well(w);
    relayd_free(relay);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
