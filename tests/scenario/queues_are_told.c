// SPDX-License-Identifier: MIT
// Alice and bob are contacts, and each begins to use relays: each makes queues for the other there, and tells it where they are.
// A relay that bob does not use any more is taken back.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    story_meet(alice, bob);
    mailbox_use(alice, far);
    mailbox_use(bob, far);
    mailbox_use(bob, near);
    mailbox_until_told(alice, bob, 2);
    story_expect(w, relayd_rows(near, PLK_TABLE_rqueue) == 2 && relayd_rows(far, PLK_TABLE_rqueue) == 2);

    world_restart(alice);
    world_restart(bob);
    story_say(alice, bob, "hello");
    story_heard(bob, "hello", MAILBOX_LIMIT);
    mailbox_leave(alice, far);
    mailbox_leave(bob, far);
    mailbox_until_told(alice, bob, 1);
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, relayd_rows(far, PLK_TABLE_rqueue) == 0);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
