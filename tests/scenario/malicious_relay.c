// SPDX-License-Identifier: MIT
// One of the two relays that alice and bob use is malicious: of the cells that it keeps it loses, changes, repeats and swaps some. What
// the other one keeps arrives all the same, once and in order; and what only the malicious one had comes from alice herself, when the
// two are there at the same time.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *bad = mailbox_relay(w, "bad"), *good = mailbox_relay(w, "good");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    bad->malice = RELAYD_TAMPERS;
    mailbox_use(alice, bad);
    mailbox_use(alice, good);
    mailbox_use(bob, bad);
    mailbox_use(bob, good);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 2);

    for (int i = 0; i < 6; i++) {
        world_stop(bob);
        story_say_many(alice, bob, "while bob is away", 4);
        story_run(w, 20 * PLK_SECOND);
        world_stop(alice);
        world_start(bob);
        story_say(bob, alice, "while alice is away");
        story_run(w, 20 * PLK_SECOND);
        world_start(alice);
        story_run(w, 20 * PLK_SECOND);
    }
    story_heard(bob, "while bob is away 4", PLK_MINUTE);
    story_delivered(w, 10 * PLK_MINUTE);
    story_expect(w, bad->misdeeds > 0);

    relayd_kill(good);
    world_stop(bob);
    story_say_many(alice, bob, "nobody else has it", 10);
    story_run(w, 20 * PLK_SECOND);
    world_start(bob);
    story_delivered(w, 10 * PLK_MINUTE);
    story_ends_well(w);
    relayd_free(bad);
    relayd_free(good);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
