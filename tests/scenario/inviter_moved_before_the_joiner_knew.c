// SPDX-License-Identifier: MIT
// Alice has accepted, Bob dies before her acceptance is on his disk, and she moves: the addresses in her link lead to nobody. He
// cannot find her, but she knows where he listens, and brings the acceptance herself.
#include "sim/story.h"

static bool accepted(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    (void)w;
    return world_contact(pair[0], pair[1]) != 0;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    const char *link = world_invite(alice, PLK_INVITE_INLINE);
    story_expect(w, world_add(bob, link, "my first words") != 0);
    story_until(w, accepted, pair, PLK_MINUTE, "alice has accepted");
    world_kill(bob);
    story_run(w, PLK_MINUTE);
    world_move(alice, 1);
    if (w->seed % 2) world_restart(alice);
    story_run(w, PLK_MINUTE);
    world_start(bob);
    if (w->seed % 3) story_say(alice, bob, "where have you been?");
    story_until(w, world_friends, pair, PLK_HOUR, "bob, too, has alice as a contact");
    if (w->seed % 3 == 0) story_say(alice, bob, "where have you been?");
    story_heard(bob, "where have you been?", PLK_MINUTE);
    story_say(bob, alice, "all over the place");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
