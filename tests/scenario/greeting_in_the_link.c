// SPDX-License-Identifier: MIT
// A first message can go with the answer to the link; it is the first thing that the inviter reads.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    const char *link = world_invite(alice, PLK_INVITE_INLINE);
    story_expect(w, world_add(bob, link, "it is me, bob") != 0);
    story_heard(alice, "it is me, bob", 5 * PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    story_say(alice, bob, "good to hear from you");
    story_heard(bob, "good to hear from you", 5 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
