// SPDX-License-Identifier: MIT
// Fay keeps something for bob, who is away, and serves nobody from then on. Alice and bob hear of it, and have another relay: what was
// with fay is given there again, and nothing is lost. Later fay serves again, and both use her node beside it.
#include "_friend.h"
#include "_mailbox.h"

static void tell(struct world *w) {
    struct friend s;
    friend_begin(&s, w);
    friend_meet(&s);
    friend_until_queues(&s, 1);
    world_stop(s.bob);
    story_say(s.alice, s.bob, "are you there?");
    friend_until_stored(s.alice);
    served_set(s.fay, false);
    friend_until(&s, s.alice, false);
    world_start(s.bob);
    friend_until(&s, s.bob, false);

    struct relayd *far = mailbox_relay(w, "far");
    mailbox_use(s.alice, far);
    mailbox_use(s.bob, far);
    story_heard(s.bob, "are you there?", 20 * PLK_MINUTE);
    friend_until_queues(&s, 1);
    served_set(s.fay, true);
    friend_until(&s, s.alice, true);
    friend_until(&s, s.bob, true);
    friend_until_queues(&s, 2);
    story_ends_well(w);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
