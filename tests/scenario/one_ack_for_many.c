// SPDX-License-Identifier: MIT
// Bob's disk takes seconds for a commit. Hundreds of messages become durable there at once, and one ack moves them all on
// alice's side: more than one batch of her store takes.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_run(w, 5 * PLK_SECOND);
    bob->disk->speed.commit_low_us = 3 * PLK_SECOND;
    bob->disk->speed.commit_high_us = 6 * PLK_SECOND;
    story_say_many(alice, bob, "one of many", 600);
    story_heard(bob, "one of many 600", PLK_MINUTE);
    story_ends_well(w);
    story_expect(w, check_arrived(w->check, bob) == 600);
    story_expect(w, story_count(alice, PLK_EVENT_STATE) >= 600);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
