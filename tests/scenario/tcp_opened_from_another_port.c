// SPDX-License-Identifier: MIT
// One who lets out no UDP and one behind a NAT have started anew, and so have their routers; they open a TCP connection to each other; their first segments have crossed
// in a router when one of them is killed. That router lets nothing more pass between the two ports, for as long as it is tried: one of the two, or both,
// begin from another port, and soon they are connected.
#include "_homes.h"

static bool crossed_in(const struct nat *nat) {
    for (size_t i = 0; i < nat->count; i++) {
        if (nat->sessions[i].crossed) return true;
    }
    return false;
}

static bool crossed(struct world *w, void *ctx) {
    const struct homes *s = ctx;
    (void)w;
    return crossed_in(s->alices) || crossed_in(s->bobs);
}

static void tell(struct world *w) {
    static const enum nat_class others[] = {NAT_CLASS_UDP_BLOCKED,     NAT_CLASS_FULL_CONE,  NAT_CLASS_ADDR_RESTRICTED,
                                            NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_EIM_RANDOM, NAT_CLASS_CGNAT};
    struct homes s;
    enum nat_class a = NAT_CLASS_UDP_BLOCKED, b = others[w->seed / 2 % 6];
    bool swap = w->seed % 2;
    struct nat *alices = world_nat(w, swap ? b : a), *bobs = world_nat(w, swap ? a : b);
    homes_begin(&s, w, alices, bobs);
    homes_until_direct_by(&s, PLK_TCP, 3 * PLK_SECOND, "they are connected by TCP");
    nat_reboot(alices);
    nat_reboot(bobs);
    world_restart(s.alice);
    world_restart(s.bob);
    story_until(w, crossed, &s, PLK_MINUTE, "two first segments have crossed");
    world_restart(crossed_in(alices) ? s.alice : s.bob);
    homes_talk(&s, "back again", 30 * PLK_SECOND);
    homes_until_direct_by(&s, PLK_TCP, 30 * PLK_SECOND, "they are connected by TCP again");
    story_expect(w, alices->stuck + bobs->stuck > 0);
    homes_talk(&s, "by TCP", HOMES_TALK);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 24); }
