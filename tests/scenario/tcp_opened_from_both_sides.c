// SPDX-License-Identifier: MIT
// One of the two lets out no UDP, the other stands behind a NAT or a firewall, or lets out none either: both open a TCP connection to
// where a relay sees the other's listener, from the port of their own, and soon it carries what they say. So it does after both have
// started anew.
#include "_homes.h"

static void tell(struct world *w) {
    static const enum nat_class others[] = {
        NAT_CLASS_UDP_BLOCKED,     NAT_CLASS_FW,   NAT_CLASS_FULL_CONE, NAT_CLASS_ADDR_RESTRICTED, NAT_CLASS_EIM_RANDOM,
        NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_CGNAT};
    struct homes s;
    enum nat_class a = NAT_CLASS_UDP_BLOCKED, b = others[w->seed / 2 % 7];
    bool swap = w->seed % 2;
    homes_begin_as(&s, w, swap ? b : a, swap ? a : b);
    story_expect(w, world_permits(s.alice, s.bob, PLK_TCP) == NAT_WAY_BASIC);
    homes_until_direct_by(&s, PLK_TCP, 3 * PLK_SECOND, "they are connected by TCP");
    homes_talk(&s, "by TCP", HOMES_TALK);
    world_restart(s.alice);
    world_restart(s.bob);
    story_run(w, 3 * PLK_SECOND);
    homes_talk(&s, "again", HOMES_TALK);
    homes_until_direct_by(&s, PLK_TCP, 3 * PLK_SECOND, "they are connected by TCP again");
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 28); }
