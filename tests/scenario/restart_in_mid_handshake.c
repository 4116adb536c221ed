// SPDX-License-Identifier: MIT
// Either side is killed at some moment of the first contact, and of a later handshake. Both go on as if nothing had been.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    const char *link = world_invite(alice, PLK_INVITE_INLINE);
    story_expect(w, world_add(bob, link, "my first words") != 0);
    for (int i = 0; i < 3; i++) {
        story_run(w, dice_below(&w->dice, 60 * PLK_MS));
        world_restart(pair[dice_below(&w->dice, 2)]);
    }
    story_until(w, world_friends, pair, 2 * PLK_MINUTE, "alice and bob are contacts");
    story_heard(alice, "my first words", PLK_MINUTE);
    for (int i = 0; i < 6; i++) {
        char text[32];
        snprintf(text, sizeof text, "after restart %d", i);
        world_restart(pair[0]);
        world_restart(pair[1]);
        story_say(pair[i % 2], pair[1 - i % 2], text);
        story_run(w, dice_below(&w->dice, 40 * PLK_MS));
        world_restart(pair[dice_below(&w->dice, 2)]);
        story_heard(pair[1 - i % 2], text, 2 * PLK_MINUTE);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
