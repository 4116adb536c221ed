// SPDX-License-Identifier: MIT
// Two relays keep a message for bob. One burns down, the other is away when he comes, and comes back later: he gets it once. What
// both have lost comes from alice's own device, for nothing is forgotten there before bob says that he has it.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    mailbox_use(alice, far);
    mailbox_use(bob, near);
    mailbox_use(bob, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 2);

    world_stop(bob);
    story_say(alice, bob, "kept twice");
    story_run(w, 20 * PLK_SECOND);
    story_expect(w, mailbox_items(near) == 1 && mailbox_items(far) == 1);
    relayd_lose_disk(near);
    relayd_kill(far);
    world_stop(alice);
    world_start(bob);
    story_run(w, PLK_MINUTE);
    story_not_heard(bob, "kept twice");
    relayd_start(far);
    relayd_start(near);
    mailbox_token(near);
    story_heard(bob, "kept twice", 10 * PLK_MINUTE);

    world_start(alice);
    story_delivered(w, 10 * PLK_MINUTE);
    world_stop(bob);
    story_say(alice, bob, "lost by both");
    story_run(w, 20 * PLK_SECOND);
    relayd_lose_disk(near);
    relayd_lose_disk(far);
    relayd_start(near);
    relayd_start(far);
    mailbox_token(near);
    mailbox_token(far);
    world_start(bob);
    story_heard(bob, "lost by both", 10 * PLK_MINUTE);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
