// SPDX-License-Identifier: MIT
// Alice's messages for bob are kept at his relay, and she goes away for good. Bob comes back, and the first that he does is to remove
// that relay, which may not answer just then: he has her messages all the same, and then nothing of his is there any more.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *hers = mailbox_relay(w, "hers"), *his = mailbox_relay(w, "his"), *other = mailbox_relay(w, "other");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_apart(alice, hers, bob, his);
    story_say_many(alice, bob, "one of many", 40);
    story_say(alice, bob, "read this");
    mailbox_until_kept(his, MAILBOX_LIMIT, "his relay keeps it");
    story_run(w, 20 * PLK_SECOND);
    world_stop(alice);

    bool dead = w->seed % 2 == 1;
    if (dead) relayd_kill(his);
    world_start(bob);
    mailbox_leave(bob, his);
    if (w->seed % 4 < 2) mailbox_use(bob, other);
    story_run(w, w->seed % 20 * PLK_SECOND);
    if (dead) relayd_start(his);
    story_heard(bob, "read this", MAILBOX_LIMIT);
    mailbox_until_empty(his, MAILBOX_LIMIT);
    story_run(w, PLK_MINUTE);
    story_expect(w, relayd_rows(his, PLK_TABLE_rqueue) == 0);
    world_start(alice);
    if (w->seed % 4 >= 2) mailbox_use(bob, other);
    story_ends_well(w);
    relayd_free(hers);
    relayd_free(his);
    relayd_free(other);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
