// SPDX-License-Identifier: MIT
// A wall clock is put back by thirty days, and forward by sixty: handshakes, acks and order do not care.
#include "sim/story.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "today");
    story_heard(bob, "today", 5 * PLK_SECOND);
    world_jump_wall(alice, -30 * DAY_MS);
    story_say(alice, bob, "last month");
    story_heard(bob, "last month", 5 * PLK_SECOND);
    world_restart(alice);
    story_say(bob, alice, "what year is it");
    story_heard(alice, "what year is it", 15 * PLK_SECOND);
    world_jump_wall(bob, 60 * DAY_MS);
    world_restart(bob);
    story_say(alice, bob, "the same as ever");
    story_heard(bob, "the same as ever", 15 * PLK_SECOND);
    world_reboot(alice);
    world_reboot(bob);
    story_say(bob, alice, "then all is well");
    story_heard(alice, "then all is well", 15 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
