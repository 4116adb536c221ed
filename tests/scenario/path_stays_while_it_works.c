// SPDX-License-Identifier: MIT
// Checks of other paths, which both sides make while they talk, do not move the conversation: nobody sees its path change.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    if (w->seed % 3 == 0) {
        world_set_quality(alice, &world_line_mobile);
        world_set_quality(bob, &world_line_mobile);
    }
    story_meet(alice, bob);
    story_run(w, 5 * PLK_SECOND); // two may have chosen differently at first
    size_t alices = story_count(alice, PLK_EVENT_PATH), bobs = story_count(bob, PLK_EVENT_PATH);
    char text[32];
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "line %d", i);
        story_say(i % 2 ? alice : bob, i % 2 ? bob : alice, text);
        story_run(w, dice_between(&w->dice, PLK_SECOND, 3 * PLK_SECOND));
    }
    story_delivered(w, 10 * PLK_SECOND);
    size_t changes = story_count(alice, PLK_EVENT_PATH) - alices + story_count(bob, PLK_EVENT_PATH) - bobs;
    story_expect(w, w->seed % 3 == 0 ? changes <= 8 : changes == 0); // in a burst of losses a path looks dead
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
