// SPDX-License-Identifier: MIT
// Alice sets an hour. What she writes is gone an hour after it was delivered on her side, an hour after Bob saw it on his: whoever was
// off then, whatever his clock says. What he has not seen stays, and what was written before the setting stays.
#include "_marks.h"

#define HOUR_S 3600u

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "this stays");
    story_heard(bob, "this stays", 5 * PLK_SECOND);
    story_expect(w, marks_set(alice, bob, PLK_CMD_TIMER, HOUR_S, false) == PLK_ERR_OK);
    story_say(alice, bob, "for your eyes only");
    story_say(alice, bob, "unread until tomorrow");
    story_delivered(w, PLK_MINUTE);
    struct marked seen = marks_find(alice, bob, "for your eyes only");
    struct marked unseen = marks_find(alice, bob, "unread until tomorrow");
    story_run(w, 30 * PLK_MINUTE);
    story_expect(w, marks_do(&seen, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    story_run(w, 20 * PLK_MINUTE);
    story_expect(w, story_has(alice, PLK_OUT, "for your eyes only"));
    if (w->seed % 3 == 0) world_jump_wall(alice, 30 * INT64_C(24) * 3600 * 1000);  // takes nothing away early
    if (w->seed % 3 == 1) world_jump_wall(alice, -30 * INT64_C(24) * 3600 * 1000); // and keeps nothing
    story_run(w, 5 * PLK_MINUTE);
    story_expect(w, story_has(alice, PLK_OUT, "for your eyes only"));
    story_run(w, 10 * PLK_MINUTE);
    marks_until_text(&seen, alice, NULL);
    story_expect(w, !story_has(alice, PLK_OUT, "unread until tomorrow"));
    story_expect(w, story_has(bob, PLK_IN, "for your eyes only"));
    if (w->seed % 2)
        world_reboot(bob);
    else
        world_kill(bob);
    story_run(w, 30 * PLK_MINUTE);
    if (!bob->node) world_start(bob); // it was due while he was off
    story_run(w, 2 * PLK_MINUTE);
    marks_until_text(&seen, bob, NULL);
    story_expect(w, marks_leaves_nothing(alice, "eyes only") && marks_leaves_nothing(bob, "eyes only"));
    story_expect(w, story_has(bob, PLK_IN, "unread until tomorrow"));
    world_jump_wall(bob, -30 * INT64_C(24) * 3600 * 1000);
    story_expect(w, marks_do(&unseen, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    story_run(w, 61 * PLK_MINUTE);
    marks_until_text(&unseen, bob, NULL);
    story_expect(w, marks_leaves_nothing(bob, "until tomorrow"));
    story_expect(w, marks_set(bob, alice, PLK_CMD_TIMER, 0, false) == PLK_ERR_OK);
    story_run(w, PLK_MINUTE);
    story_say(alice, bob, "this stays, too");
    story_heard(bob, "this stays, too", PLK_MINUTE);
    struct marked kept = marks_find(alice, bob, "this stays, too");
    story_expect(w, marks_do(&kept, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    story_run(w, 2 * PLK_HOUR);
    story_expect(w, story_has(bob, PLK_IN, "this stays") && story_has(bob, PLK_IN, "this stays, too"));
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 12); }
