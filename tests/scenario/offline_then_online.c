// SPDX-License-Identifier: MIT
// Bob is away. What alice writes waits on her device, survives her own restart, and arrives in order when he is back.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    world_stop(bob);
    story_say_many(alice, bob, "are you there", 40);
    story_run(w, PLK_MINUTE);
    story_expect(w, check_undelivered(w->check) >= 40);
    world_restart(alice);
    story_say(alice, bob, "one more");
    story_run(w, 3 * PLK_HOUR);
    story_not_heard(bob, "are you there 1");
    world_start(bob);
    story_heard(bob, "one more", 5 * PLK_MINUTE);
    story_ends_well(w);
    story_expect(w, check_arrived(w->check, bob) == 41);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
