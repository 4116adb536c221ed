// SPDX-License-Identifier: MIT
// A path on which one side is never heard must not win the race: UDP passes from alice to bob only, TCP passes both ways.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    struct actor *mute = w->seed % 2 ? bob : alice, *other = w->seed % 2 ? alice : bob;
    world_stop(alice);
    world_stop(bob);
    world_part_one_way(mute, other, NET_UDP);
    world_start(alice);
    world_start(bob);
    story_say(alice, bob, "can you hear me");
    story_heard(bob, "can you hear me", 10 * PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    story_say(bob, alice, "yes I can");
    story_heard(alice, "yes I can", 5 * PLK_SECOND);
    story_expect(w, story_view(alice, bob).transport == PLK_TCP);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
