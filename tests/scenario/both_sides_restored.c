// SPDX-License-Identifier: MIT
// Both machines are lost in one flood, both people restore from their words and backups, at home, and find each other again.
#include "_restore.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "before");
    story_say(bob, alice, "before too");
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 30 * PLK_SECOND);
    struct restorable of_alice = restorable(alice), of_bob = restorable(bob);
    world_stop(alice);
    world_stop(bob);
    struct actor *alice2 = restored(alice, &of_alice, "alice-again"), *bob2 = restored(bob, &of_bob, "bob-again");
    world_take_over(alice2, alice);
    world_take_over(bob2, bob);
    story_say(alice2, bob2, "we made it");
    story_heard(bob2, "we made it", 10 * PLK_MINUTE);
    story_say(bob2, alice2, "we did");
    story_heard(alice2, "we did", 10 * PLK_MINUTE);
    story_delivered(w, STORY_END);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
