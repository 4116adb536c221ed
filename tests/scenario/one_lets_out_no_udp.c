// SPDX-License-Identifier: MIT
// One of the two lets out no UDP, the other is in the open: they are soon connected by TCP, whoever of the two made the link, and
// whoever writes first after both have started anew.
#include "_homes.h"

static void tell(struct world *w) {
    struct homes s;
    bool alice = w->seed % 2;
    homes_begin_as(&s, w, alice ? NAT_CLASS_UDP_BLOCKED : NAT_CLASS_NONE,
                   alice ? NAT_CLASS_NONE : NAT_CLASS_UDP_BLOCKED);
    homes_until_direct_by(&s, PLK_TCP, 2 * PLK_SECOND, "they are connected by TCP");
    world_restart(s.alice);
    world_restart(s.bob);
    story_run(w, 5 * PLK_SECOND);
    if (w->seed / 2 % 2) {
        story_say(s.alice, s.bob, "I am here");
    } else {
        story_say(s.bob, s.alice, "I am here");
    }
    homes_until_direct_by(&s, PLK_TCP, 3 * PLK_SECOND, "they are connected by TCP again");
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 16); }
