// SPDX-License-Identifier: MIT
// Two people exchange a link and write to each other; the first message needs no more than a few round trips.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(bob, alice, "hello alice");
    story_heard(alice, "hello alice", PLK_SECOND);
    story_say(alice, bob, "hello bob");
    story_heard(bob, "hello bob", PLK_SECOND);
    story_delivered(w, 2 * PLK_SECOND);

    struct plk_contact_view view = story_view(alice, bob);
    story_expect(w, view.online && view.path != PLK_PATH_NONE && view.undelivered == 0);
    char ours[PLK_SAFETY_LEN + 1], theirs[PLK_SAFETY_LEN + 1];
    story_expect(w, plk_node_safety(alice->node, world_contact(alice, bob), ours) == PLK_ERR_OK);
    story_expect(w, plk_node_safety(bob->node, world_contact(bob, alice), theirs) == PLK_ERR_OK);
    story_expect(w, strcmp(ours, theirs) == 0);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
