// SPDX-License-Identifier: MIT
// Alice has restored her profile on a new machine, and one day the old one is switched on again. Bob tells it that the profile
// has moved: what it writes is not taken for Alice's, and the conversation with the new machine does not notice.
#include "sim/story.h"

#include "_restore.h"

static bool is_refused(struct world *w, void *pair) {
    struct actor **both = pair;
    (void)w;
    return story_view(both[0], both[1]).row.state == PLK_CONTACT_REFUSED;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    story_meet(alice, bob);
    story_say_many(alice, bob, "before", 3);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 30 * PLK_SECOND);
    struct restorable saved = restorable(alice);
    world_stop(alice);
    struct actor *again = restored(alice, &saved, "alice-again");
    story_say(again, bob, "a new machine");
    story_heard(bob, "a new machine", 10 * PLK_MINUTE);
    world_move(alice, 1);
    world_start(alice);
    story_until(w, world_is_up, alice, PLK_MINUTE, "the old machine runs");
    story_say(alice, bob, "from the old machine");
    story_until(w, is_refused, pair, 12 * PLK_HOUR, "the old machine is told");
    story_not_heard(bob, "from the old machine");
    story_say(bob, again, "still you");
    story_heard(again, "still you", 10 * PLK_MINUTE);
    story_say(again, bob, "still me");
    story_heard(bob, "still me", 10 * PLK_MINUTE);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
