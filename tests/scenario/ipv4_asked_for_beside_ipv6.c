// SPDX-License-Identifier: MIT
// Alice has IPv6 as well and may reach the relay by it; bob has nothing but IPv4, and both are behind NATs. She asks the relay over IPv4
// too how it sees her, and again when bob is there after minutes without a word, since nothing has kept that mapping alive meanwhile.
#include "_homes.h"

static void tell(struct world *w) {
    static const enum nat_class classes[] = {NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_EIM_RANDOM, NAT_CLASS_CGNAT};
    struct homes s = {.w = w, .relay = mailbox_relay(w, "relay")};
    s.alices = world_nat(w, classes[w->seed % 3]);
    s.bobs = world_nat(w, NAT_CLASS_PORT_RESTRICTED);
    s.alice = world_actor(w, "alice");
    s.bob = world_actor(w, "bob");
    s.bob->has6 = false;
    world_behind(s.alice, s.alices);
    world_behind(s.bob, s.bobs);
    story_person(w, "alice");
    story_person(w, "bob");
    homes_meet(&s);
    homes_until_direct_by(&s, PLK_UDP, 3 * PLK_SECOND, "they are connected by UDP");
    world_stop(s.bob);
    story_run(w, 10 * PLK_MINUTE);
    world_start(s.bob);
    homes_talk(&s, "back again", HOMES_TALK);
    homes_until_direct_by(&s, PLK_UDP, 8 * PLK_SECOND, "they are connected by UDP again");
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 24); }
