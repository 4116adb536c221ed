// SPDX-License-Identifier: MIT
// Both NATs keep a port for all, which plain punching opens; but both routers have no rule against strangers: whichever packet is there first is
// taken by the other side's router for its own, and what the inside sends there later gets another port. One of the two opens another
// socket, whose first packets die on the way, and is met there.
#include "_homes.h"

static void tell(struct world *w) {
    static const enum nat_class classes[] = {NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_EIM_RANDOM, NAT_CLASS_CGNAT};
    struct homes s;
    struct nat *alices = world_nat(w, classes[w->seed % 3]), *bobs = world_nat(w, classes[w->seed / 3 % 3]);
    alices->is.traps = bobs->is.traps = true;
    homes_begin(&s, w, alices, bobs);
    homes_until_direct_by(&s, PLK_UDP, 5 * PLK_SECOND, "they are connected by UDP");
    homes_chat(&s, "so here we are", 20 * PLK_SECOND);
    story_expect(w, homes_direct(&s));
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 18); }
