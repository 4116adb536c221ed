// SPDX-License-Identifier: MIT
// Alice writes to bob, whose only relay has burnt down: a cell waits in her memory. While she sleeps bob takes another relay and
// says so through hers. When she wakes she learns it, and what waited goes there; the two never meet.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *hers = mailbox_relay(w, "hers"), *old = mailbox_relay(w, "old"), *new = mailbox_relay(w, "new");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, hers);
    mailbox_use(bob, old);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);

    world_stop(bob);
    relayd_kill(old);
    story_say(alice, bob, "where to?");
    story_run(w, 20 * PLK_SECOND);
    world_sleep(alice);
    world_start(bob);
    mailbox_leave(bob, old);
    mailbox_use(bob, new);
    mailbox_until_kept(hers, MAILBOX_LIMIT, "bob's new queues are told through alice's relay");
    world_stop(bob);

    world_wake(alice);
    mailbox_until_kept(new, 2 * PLK_MINUTE, "what waited goes to bob's new relay");
    world_stop(alice);
    world_start(bob);
    story_heard(bob, "where to?", MAILBOX_LIMIT);
    world_start(alice);
    story_ends_well(w);
    relayd_free(hers);
    relayd_free(old);
    relayd_free(new);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
