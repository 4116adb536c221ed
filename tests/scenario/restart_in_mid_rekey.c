// SPDX-License-Identifier: MIT
// Bob's store is set back, so the two need new keys; and while they agree on them, either process dies again and again, at
// any step of it. Requests and answers are on the disk before they leave, so that they go out again as they were.
#include "sim/story.h"

#define DEATHS 8

static void die_some_times(struct world *w, struct actor *alice, struct actor *bob) {
    for (int i = 0; i < DEATHS; i++) {
        story_run(w, dice_below(&w->dice, i % 2 ? 60 * PLK_MS : 400 * PLK_MS));
        world_restart(dice_below(&w->dice, 2) ? alice : bob);
    }
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say_many(alice, bob, "early", 5);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    for (int round = 0; round < 3; round++) {
        char late[24], after[24], back[24];
        snprintf(late, sizeof late, "late %d", round);
        snprintf(after, sizeof after, "after %d", round);
        snprintf(back, sizeof back, "back %d", round);
        world_save(bob);
        story_say(alice, bob, late);
        story_say(bob, alice, back);
        story_delivered(w, 10 * PLK_SECOND);
        story_run(w, 5 * PLK_SECOND);
        world_roll_back(bob);
        die_some_times(w, alice, bob);
        story_run(w, 5 * PLK_SECOND);
        story_say(bob, alice, after);
        story_heard(alice, after, 10 * PLK_MINUTE);
        story_heard(bob, late, 10 * PLK_MINUTE);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
