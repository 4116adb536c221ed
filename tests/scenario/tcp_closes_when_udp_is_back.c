// SPDX-License-Identifier: MIT
// UDP was blocked for a while. Once it has carried the conversation again for half a minute, no TCP connection is left.
#include "node/inside.h"
#include "sim/story.h"

static void talk(struct world *w, struct actor *alice, struct actor *bob, int rounds) {
    for (int i = 0; i < rounds; i++) {
        story_say(alice, bob, "tick");
        story_say(bob, alice, "tock");
        story_run(w, 5 * PLK_SECOND);
    }
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    net_filter(w->net, bob->index, NET_UDP);
    talk(w, alice, bob, 4);
    story_expect(w, story_view(alice, bob).transport == PLK_TCP && story_view(bob, alice).transport == PLK_TCP);
    story_expect(w, alice->node->carriers.count > 0 && bob->node->carriers.count > 0);
    net_filter(w->net, bob->index, 0);
    talk(w, alice, bob, 4); // UDP is tried every 15 s
    story_expect(w, story_view(alice, bob).transport == PLK_UDP && story_view(bob, alice).transport == PLK_UDP);
    talk(w, alice, bob, 9);
    story_expect(w, alice->node->carriers.count == 0 && bob->node->carriers.count == 0);
    net_filter(w->net, bob->index, NET_UDP); // it is not missed
    story_say(alice, bob, "still there");
    story_heard(bob, "still there", 3 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
