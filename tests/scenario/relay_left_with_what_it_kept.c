// SPDX-License-Identifier: MIT
// Alice's message for bob is kept at a relay that bob, who cannot reach it, gives up for another. Alice hears of that through her own
// relay, and what bob never read is put where he now reads; the two are never there at the same time.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *hers = mailbox_relay(w, "hers"), *his = mailbox_relay(w, "his"), *other = mailbox_relay(w, "other");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_apart(alice, hers, bob, his);
    story_say(alice, bob, "read this");
    mailbox_until_kept(his, MAILBOX_LIMIT, "his relay keeps it");
    story_run(w, 5 * PLK_SECOND);
    world_stop(alice);

    relayd_kill(his);
    world_start(bob);
    mailbox_leave(bob, his);
    mailbox_use(bob, other);
    mailbox_until_kept(hers, MAILBOX_LIMIT, "bob tells her");
    story_run(w, 2 * PLK_MINUTE); // so long it is not waited for
    if (w->seed % 2) relayd_start(his);
    story_run(w, 5 * PLK_SECOND);
    story_not_heard(bob, "read this");
    world_stop(bob);

    world_start(alice);
    mailbox_until_kept(other, MAILBOX_LIMIT, "it is put again");
    story_run(w, 5 * PLK_SECOND);
    world_stop(alice);
    world_start(bob);
    story_heard(bob, "read this", MAILBOX_LIMIT);
    world_start(alice);
    story_ends_well(w);
    relayd_free(hers);
    relayd_free(his);
    relayd_free(other);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
