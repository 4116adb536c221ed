// SPDX-License-Identifier: MIT
// The relay that carries alice's packets on is killed in the middle of a conversation, and bob's a little later: what was under
// way is carried again when they are back, and nobody has gone around them meanwhile.
#include "_apart.h"

static void tell(struct world *w) {
    struct apart s;
    apart_begin(&s, w);
    apart_talk(&s, "here", PLK_MINUTE);
    story_say_many(s.alice, s.bob, "one of many", 50);
    story_say_many(s.bob, s.alice, "of many one", 50);
    story_run(w, dice_between(&w->dice, 0, 2 * PLK_SECOND));
    relayd_kill(s.near);
    story_say(s.alice, s.bob, "said while it was gone");
    story_run(w, dice_between(&w->dice, PLK_SECOND, 20 * PLK_SECOND));
    relayd_start(s.near);
    story_heard(s.bob, "said while it was gone", 2 * PLK_MINUTE);
    story_delivered(w, 5 * PLK_MINUTE);
    apart_expect(&s);

    relayd_kill(s.far);
    story_say(s.bob, s.alice, "said while his was gone");
    story_say(s.alice, s.bob, "to him");
    story_run(w, dice_between(&w->dice, PLK_SECOND, 20 * PLK_SECOND));
    relayd_start(s.far);
    story_heard(s.alice, "said while his was gone", 6 * PLK_MINUTE);
    story_heard(s.bob, "to him", 6 * PLK_MINUTE);
    apart_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
