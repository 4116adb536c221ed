// SPDX-License-Identifier: MIT
// In mid-conversation only small packets pass any more, over UDP: the way now leads through a tunnel. A long text arrives all the
// same, by TCP; and when the line is as it was, UDP is taken again.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    char text[5001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    story_meet(alice, bob);
    story_say(alice, bob, "before");
    story_heard(bob, "before", 3 * PLK_SECOND);
    struct net_quality narrow = world_line_good;
    narrow.mtu = 700;
    world_set_quality(w->seed % 2 ? alice : bob, &narrow);
    story_say(alice, bob, text);
    story_heard(bob, text, 5 * PLK_SECOND);
    story_expect(w, story_view(alice, bob).transport == PLK_TCP);
    for (int i = 0; i < 6; i++) {
        text[i] = 'y';
        story_say(alice, bob, text);
        story_heard(bob, text, 3 * PLK_SECOND);
        story_run(w, 8 * PLK_SECOND);
        story_expect(w, story_view(alice, bob).transport == PLK_TCP);
    }
    world_set_quality(w->seed % 2 ? alice : bob, &world_line_good);
    for (int i = 0; i < 4; i++) {
        story_say(alice, bob, "wide again");
        story_run(w, 10 * PLK_SECOND);
    }
    story_expect(w, story_view(alice, bob).transport == PLK_UDP);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
