// SPDX-License-Identifier: MIT
// Both addresses change at one instant, so that neither knows where the other is: without a relay nobody can find anybody.
// When one of them is at a known address again, the conversation goes on, and nothing was lost.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "before");
    story_heard(bob, "before", 5 * PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    world_move(alice, 1);
    world_move(bob, 1);
    story_say_many(alice, bob, "where are you", 3);
    story_say_many(bob, alice, "and where are you", 3);
    story_run(w, 10 * PLK_MINUTE);
    world_move(w->seed % 2 ? alice : bob, 0);
    // By then calls are some ten minutes apart (DESIGN 3.8), and the one who came home is not the one who knows where to call.
    story_heard(bob, "where are you 3", 15 * PLK_MINUTE);
    story_heard(alice, "and where are you 3", PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
