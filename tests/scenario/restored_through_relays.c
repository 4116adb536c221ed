// SPDX-License-Identifier: MIT
// Alice's machine is lost while bob's is off, and her new one is somewhere else: they never meet on a direct way any more. What the
// backup knows of relays is enough for a re-key and for all that was still to be said.
#include "_mailbox.h"
#include "_restore.h"

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    mailbox_use(bob, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    story_say(alice, bob, "before the backup");
    story_delivered(w, 10 * PLK_SECOND);
    struct restorable saved = restorable(alice);
    world_stop(alice);
    world_stop(bob);

    struct actor *again = restored(alice, &saved, "alice-again");
    world_part(w, again, bob, NET_UDP | NET_TCP);
    story_say(again, bob, "a new machine");
    story_run(w, 5 * PLK_MINUTE);
    world_start(bob);
    story_say(bob, again, "good");
    mailbox_by_turns(again, bob, 2 * PLK_MINUTE);
    story_heard(bob, "a new machine", PLK_MINUTE);
    story_heard(again, "good", PLK_MINUTE);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
