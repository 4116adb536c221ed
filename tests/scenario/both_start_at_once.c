// SPDX-License-Identifier: MIT
// Glare: both were off with something to say, both start at one instant, both initiate. One session serves, nothing is lost.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (int i = 1; i <= 5; i++) {
        char ours[32], theirs[32];
        snprintf(ours, sizeof ours, "from alice %d", i);
        snprintf(theirs, sizeof theirs, "from bob %d", i);
        world_part(w, alice, bob, NET_ALL);
        story_say(alice, bob, ours);
        story_say(bob, alice, theirs);
        world_stop(alice);
        world_stop(bob);
        world_part(w, alice, bob, 0);
        world_start(alice);
        world_start(bob);
        story_heard(alice, theirs, 15 * PLK_SECOND);
        story_heard(bob, ours, 15 * PLK_SECOND);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
