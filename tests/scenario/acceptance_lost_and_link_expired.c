// SPDX-License-Identifier: MIT
// Alice has accepted, and Bob dies before her acceptance is on his disk. He comes back when her link has long expired: it does
// not matter any more, for she has him as a contact. (A joiner that goes by its clock would stay silent for good.)
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
    story_run(w, dice_between(&w->dice, 1, 24) * PLK_HOUR);
    world_jump_wall(alice, INT64_C(40) * 24 * 3600 * 1000);
    world_jump_wall(bob, INT64_C(40) * 24 * 3600 * 1000);
    if (w->seed % 2) world_restart(alice);
    story_say(alice, bob, "where have you been?");
    world_start(bob);
    story_until(w, world_friends, pair, PLK_HOUR, "bob, too, has alice as a contact");
    story_heard(bob, "where have you been?", PLK_MINUTE);
    story_say(bob, alice, "all over the place");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
