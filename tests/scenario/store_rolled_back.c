// SPDX-License-Identifier: MIT
// Bob's disk is set back to an earlier state of itself (a machine snapshot, a restored backup of the files). Nothing is said
// to be delivered that is not there; after a re-key both sides hold the whole conversation again.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say_many(alice, bob, "early", 5);
    story_say_many(bob, alice, "early too", 5);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    world_save(bob);
    story_say_many(alice, bob, "late", 5);
    if (w->seed % 2) story_say_many(bob, alice, "late too", 5);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    world_roll_back(bob);
    story_say(bob, alice, "what did I miss");
    story_heard(alice, "what did I miss", 5 * PLK_MINUTE);
    story_heard(bob, "late 5", 5 * PLK_MINUTE);
    story_say(alice, bob, "not much");
    story_heard(bob, "not much", 5 * PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
