// SPDX-License-Identifier: MIT
// A network that lets no UDP pass: messages arrive over TCP within three seconds, at the first start and in mid-conversation.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    bool from_the_start = w->seed % 2;
    if (from_the_start) net_filter(w->net, bob->index, NET_UDP);
    story_meet(alice, bob);
    if (from_the_start) {
        story_say(alice, bob, "over TCP");
        story_heard(bob, "over TCP", 3 * PLK_SECOND);
        story_expect(w, story_view(bob, alice).transport == PLK_TCP);
        story_ends_well(w);
        return;
    }
    story_say(alice, bob, "over UDP");
    story_heard(bob, "over UDP", 3 * PLK_SECOND);
    story_delivered(w, 3 * PLK_SECOND);
    net_filter(w->net, bob->index, NET_UDP);
    story_say(alice, bob, "now over TCP");
    story_heard(bob, "now over TCP", 3 * PLK_SECOND);
    story_say(bob, alice, "it works");
    story_heard(alice, "it works", 3 * PLK_SECOND);
    net_filter(w->net, bob->index, 0);
    story_run(w, 5 * PLK_MINUTE);
    story_say(alice, bob, "and back");
    story_heard(bob, "and back", 3 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
