// SPDX-License-Identifier: MIT
// Alice's machine is lost. On a new one she restores from her words and an old backup; bob notices a re-key, no new contact,
// and what was still on its way to her arrives.
#include "_restore.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "before the backup");
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 30 * PLK_SECOND);
    struct restorable saved = restorable(alice);
    story_say_many(bob, alice, "after the backup", 5);
    story_say_many(alice, bob, "after it too", 5);
    story_delivered(w, 10 * PLK_SECOND);
    world_stop(alice);
    story_say(bob, alice, "are you well");
    story_run(w, 10 * PLK_MINUTE);
    struct actor *again = restored(alice, &saved, "alice-again");
    story_say(again, bob, "before the re-key");
    story_heard(bob, "before the re-key", 10 * PLK_MINUTE);
    story_heard(again, "are you well", 10 * PLK_MINUTE);
    story_say(again, bob, "a new machine");
    story_heard(bob, "a new machine", 10 * PLK_MINUTE);
    story_say(bob, again, "good");
    story_heard(again, "good", PLK_MINUTE);
    story_delivered(w, STORY_END);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
