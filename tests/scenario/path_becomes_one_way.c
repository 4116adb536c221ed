// SPDX-License-Identifier: MIT
// In the middle of a conversation packets from one side no longer arrive, over UDP. The traffic moves; nothing is lost.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "before");
    story_heard(bob, "before", 5 * PLK_SECOND);
    if (w->seed % 2)
        world_part_one_way(alice, bob, NET_UDP);
    else
        world_part_one_way(bob, alice, NET_UDP);
    story_say_many(alice, bob, "during", 10);
    story_say_many(bob, alice, "back", 10);
    story_heard(bob, "during 10", 30 * PLK_SECOND);
    story_heard(alice, "back 10", 30 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
