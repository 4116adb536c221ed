// SPDX-License-Identifier: MIT
// Either address changes in the middle of a conversation, then both, one shortly after the other; neither side restarts.
#include "sim/story.h"

static void say_both(struct actor *a, struct actor *b, const char *word) {
    char ours[64], theirs[64];
    snprintf(ours, sizeof ours, "%s, says %s", word, a->name);
    snprintf(theirs, sizeof theirs, "%s, says %s", word, b->name);
    story_say(a, b, ours);
    story_say(b, a, theirs);
    story_heard(b, ours, 30 * PLK_SECOND);
    story_heard(a, theirs, 30 * PLK_SECOND);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    say_both(alice, bob, "at home");
    world_move(alice, 1);
    say_both(alice, bob, "alice is out");
    world_move_one(bob, 4, 1);
    say_both(alice, bob, "bob has another address");
    world_move(bob, 2);
    story_run(w, dice_between(&w->dice, 200 * PLK_MS, 2 * PLK_SECOND));
    world_move(alice, 2);
    say_both(alice, bob, "both are out");
    world_move(alice, 0);
    say_both(alice, bob, "home again");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
