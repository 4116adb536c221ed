// SPDX-License-Identifier: MIT
// Alice changes one message twice and deletes another; Bob's store is set back to before he had any of it. Messages and marks come
// again, in whatever order, under other keys: both show the same, and what was deleted is in no row of either.
#include "_marks.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say_many(bob, alice, "before", 3);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);
    world_save(bob);
    story_say(alice, bob, "see you at eight");
    story_say(alice, bob, "burn after reading");
    story_delivered(w, 10 * PLK_SECOND);
    struct marked plan = marks_find(alice, bob, "see you at eight"),
                  secret = marks_find(alice, bob, "burn after reading");
    struct marked his = marks_find(bob, alice, "before 1");
    story_expect(w, marks_do(&his, alice, PLK_CMD_REACT, "!") == PLK_ERR_OK);
    if (w->seed % 3 == 0) world_kill(bob); // it all waits for him
    story_expect(w, marks_do(&plan, alice, PLK_CMD_EDIT, "see you at nine") == PLK_ERR_OK);
    world_jump_wall(alice, -3600 * 1000); // a later edit is a later edit
    story_expect(w, marks_do(&plan, alice, PLK_CMD_EDIT, "see you at ten") == PLK_ERR_OK);
    story_expect(w, marks_do(&secret, alice, PLK_CMD_DELETE, NULL) == PLK_ERR_OK);
    if (w->seed % 3 == 0) world_start(bob);
    marks_until_text(&plan, bob, "see you at ten");
    marks_until_text(&secret, bob, NULL);
    story_expect(w, marks_leaves_nothing(alice, "burn after") && marks_leaves_nothing(bob, "burn after"));
    marks_until_reaction(&his, bob, PLK_MARK_THEM, "!");
    story_run(w, 5 * PLK_SECOND);
    world_roll_back(bob);
    story_say(bob, alice, "what did I miss");
    story_heard(alice, "what did I miss", 5 * PLK_MINUTE);
    marks_until_text(&plan, bob, "see you at ten");
    marks_until_reaction(&his, bob, PLK_MARK_THEM, "!"); // said again
    story_expect(w, marks_do(&plan, alice, PLK_CMD_EDIT, "see you at noon") == PLK_ERR_OK);
    marks_until_text(&plan, bob, "see you at noon");
    marks_agree(w);
    story_run(w, PLK_MINUTE); // once its mark was acknowledged, no outbox has it either
    story_expect(w, marks_leaves_nothing(alice, "burn after") && marks_leaves_nothing(bob, "burn after"));
    story_expect(w, marks_leaves_nothing(alice, "at eight"));
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
