// SPDX-License-Identifier: MIT
// Fay's machine is killed and started while it keeps what alice has written: bob has it, once.
#include "_friend.h"

static void tell(struct world *w) {
    struct friend s;
    friend_begin(&s, w);
    friend_meet(&s);
    friend_until_queues(&s, 1);
    world_stop(s.bob);
    story_say(s.alice, s.bob, "are you there?");
    friend_until_stored(s.alice);
    world_kill(s.fay);
    story_run(w, dice_between(&w->dice, PLK_SECOND, 3 * PLK_MINUTE));
    world_stop(s.alice);
    world_start(s.fay);
    world_start(s.bob);
    friend_until(&s, s.bob, true);
    story_heard(s.bob, "are you there?", FRIEND_LIMIT);
    world_start(s.alice);
    friend_until(&s, s.alice, true);
    story_say(s.alice, s.bob, "and now?");
    story_heard(s.bob, "and now?", FRIEND_LIMIT);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
