// SPDX-License-Identifier: MIT
// Bob reacts, thinks better of it, and reacts again; Alice reacts to the same message. Each has one reaction, on both sides, also
// when processes die in between.
#include "_marks.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "what do you think");
    story_heard(bob, "what do you think", 5 * PLK_SECOND);
    struct marked m = marks_find(alice, bob, "what do you think");
    story_expect(w, marks_do(&m, bob, PLK_CMD_REACT, "!") == PLK_ERR_OK);
    marks_until_reaction(&m, alice, PLK_MARK_THEM, "!");
    story_expect(w, marks_do(&m, alice, PLK_CMD_REACT, "?") == PLK_ERR_OK);
    story_expect(w, marks_do(&m, bob, PLK_CMD_REACT, "") == PLK_ERR_OK);
    if (w->seed % 2) world_restart(bob);
    marks_until_reaction(&m, alice, PLK_MARK_THEM, "");
    marks_until_reaction(&m, bob, PLK_MARK_THEM, "?");
    world_kill(alice);
    world_jump_wall(bob, -24 * 3600 * 1000);
    story_expect(w, marks_do(&m, bob, PLK_CMD_REACT, "+") == PLK_ERR_OK);
    story_expect(w, marks_do(&m, bob, PLK_CMD_REACT, "*") == PLK_ERR_OK);
    world_start(alice);
    marks_until_reaction(&m, alice, PLK_MARK_THEM, "*");
    marks_until_reaction(&m, alice, PLK_MARK_ME, "?");
    marks_agree(w);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
