// SPDX-License-Identifier: MIT
// Bob gets a relay of his own while alice can be reached only by hers, which confirms the cell that tells her of it, and gives her nothing
// that was put then. So she cannot answer when he calls through it, and he sees that somebody reads there who does not answer: he puts
// again what is said to be kept, and when that relay is honest again, they talk.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *hers = mailbox_relay(w, "hers"), *his = mailbox_relay(w, "his");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, hers);
    story_meet(alice, bob);
    while (mailbox_known(bob, alice) == 0) story_run(w, PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    world_part(w, alice, bob, NET_ALL);
    hers->malice = RELAYD_KEEPS_ITEMS;
    mailbox_use(bob, his);
    story_say(bob, alice, "do you read this");
    story_run(w, 5 * PLK_MINUTE);
    story_expect(w, mailbox_known(alice, bob) == 0);
    hers->malice = RELAYD_HONEST;
    story_heard(alice, "do you read this", 3 * PLK_HOUR);
    mailbox_talk(alice, bob, "now I do", PLK_MINUTE);
    story_ends_well(w);
    relayd_free(hers);
    relayd_free(his);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
