// SPDX-License-Identifier: MIT
// A link that nobody uses closes after ten minutes, and some minutes later the contact's rows leave the memory. Whenever in all
// this someone writes, the message goes out at once.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (unsigned i = 0; i < 30; i++) {
        char text[32];
        snprintf(text, sizeof text, "after a while %u", i);
        story_say(i % 2 ? alice : bob, i % 2 ? bob : alice, text);
        story_heard(i % 2 ? bob : alice, text, 3 * PLK_SECOND);
        story_run(w, 9 * PLK_MINUTE + i * 15 * PLK_SECOND);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
