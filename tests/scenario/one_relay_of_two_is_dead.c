// SPDX-License-Identifier: MIT
// One of bob's two relays is dead and stays so, and bob is away. Alice writes to him now and then, for long: the other relay keeps all of
// it, though no answer ever comes from the dead one. He comes when she is away, and has it.
#include "_mailbox.h"

#define TEXTS 80 // each in a cell of its own

static void tell(struct world *w) {
    struct relayd *dead = mailbox_relay(w, "dead"), *alive = mailbox_relay(w, "alive");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(bob, w->seed % 2 ? dead : alive);
    mailbox_use(bob, w->seed % 2 ? alive : dead);
    mailbox_use(alice, alive);
    story_meet(alice, bob);
    story_run(w, MAILBOX_LIMIT);
    story_expect(w, mailbox_known(alice, bob) == 2);
    world_stop(bob);
    relayd_kill(dead);
    for (int i = 0; i < TEXTS; i++) {
        char text[32];
        snprintf(text, sizeof text, "a while later %d", i + 1);
        story_say(alice, bob, text);
        story_run(w, 20 * PLK_SECOND);
    }
    world_stop(alice);
    world_start(bob);
    story_heard(bob, "a while later 80", 2 * PLK_MINUTE);
    story_heard(bob, "a while later 1", PLK_SECOND);
    world_start(alice);
    story_ends_well(w);
    relayd_free(dead);
    relayd_free(alive);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 6); }
