// SPDX-License-Identifier: MIT
// A laptop sleeps through the night while its friend writes; in the morning everything is there, also after a new address.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "good night");
    story_heard(bob, "good night", 5 * PLK_SECOND);
    world_sleep(bob);
    story_say(alice, bob, "one more thing");
    story_run(w, 4 * PLK_HOUR);
    story_say(alice, bob, "still awake");
    story_run(w, 4 * PLK_HOUR);
    story_not_heard(bob, "one more thing");
    if (w->seed % 2) world_move(bob, 1);
    world_wake(bob);
    story_heard(bob, "still awake", PLK_MINUTE);
    story_say(bob, alice, "good morning");
    story_heard(alice, "good morning", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
