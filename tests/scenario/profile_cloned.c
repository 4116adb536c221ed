// SPDX-License-Identifier: MIT
// A profile is copied to a second machine and both copies run. They diverge; no message is lost without its sender knowing,
// and no key meets two texts. Once one copy is gone, the other goes on.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say_many(alice, bob, "before", 3);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    struct actor *twin = world_clone(bob, "twin");
    world_start(twin);
    for (int i = 0; i < 4; i++) {
        char text[32];
        snprintf(text, sizeof text, "to whom %d", i);
        story_say(alice, bob, text);
        snprintf(text, sizeof text, "from one of two %d", i);
        story_say(i % 2 ? bob : twin, alice, text);
        story_run(w, 20 * PLK_SECOND);
    }
    world_stop(w->seed % 2 ? twin : bob);
    struct actor *left = w->seed % 2 ? bob : twin;
    story_say(alice, left, "to the one who is left");
    story_heard(left, "to the one who is left", 40 * PLK_MINUTE);
    story_say(left, alice, "I am here");
    story_heard(alice, "I am here", 40 * PLK_MINUTE);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
