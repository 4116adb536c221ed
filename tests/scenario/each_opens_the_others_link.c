// SPDX-License-Identifier: MIT
// Two people send each other an invite at the same time, and each opens the other's. They end as one contact each, with one
// ratchet, and the texts that both put into their first contact arrive.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    struct actor *pair[2] = {alice, bob};
    char from_alice[PLK_LINK_TEXT_MAX], from_bob[PLK_LINK_TEXT_MAX];
    snprintf(from_alice, sizeof from_alice, "%s", world_invite(alice, PLK_INVITE_INLINE));
    snprintf(from_bob, sizeof from_bob, "%s", world_invite(bob, PLK_INVITE_INLINE));
    world_part(w, alice, bob, NET_ALL);
    story_expect(w, world_add(alice, from_bob, "greetings from alice") != 0);
    story_expect(w, world_add(bob, from_alice, "greetings from bob") != 0);
    if (w->seed % 3 == 0) world_restart(bob);
    world_part(w, alice, bob, 0);
    story_until(w, world_friends, pair, 3 * PLK_MINUTE, "they are contacts");
    story_heard(bob, "greetings from alice", PLK_MINUTE);
    story_heard(alice, "greetings from bob", PLK_MINUTE);
    story_say(bob, alice, "once more");
    story_heard(alice, "once more", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
