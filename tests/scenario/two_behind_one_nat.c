// SPDX-License-Identifier: MIT
// Two behind one NAT that does not lead them back to each other by its outside address. On one LAN they find each other's addresses;
// as subscribers of one carrier, each at home, they talk through the relay. So do two who only seem to be neighbours: both LANs have
// the same prefix and both of them the same address.
#include "_homes.h"

static void on_one_lan(struct world *w) {
    struct homes s;
    struct nat *nat = world_nat(w, w->seed % 2 ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_CGNAT_SYM);
    homes_begin(&s, w, nat, nat);
    story_expect(w, world_permits(s.alice, s.bob, PLK_UDP) == NAT_WAY_BASIC);
    homes_until_direct(&s, 20 * PLK_SECOND);
    homes_talk(&s, "you are next door", PLK_SECOND);
    world_nat_reboot(w, nat); // which is none of their business
    homes_talk(&s, "is the net down", PLK_SECOND);
    story_expect(w, homes_direct(&s));
    homes_end(&s);
}

static void of_one_carrier(struct world *w) {
    struct homes s;
    struct nat_behaviour home = {.filtering = NAT_ADDRESS_AND_PORT};
    struct nat *alices = world_nat(w, w->seed % 2 ? NAT_CLASS_CGNAT : NAT_CLASS_CGNAT_SYM);
    struct nat *bobs = world_nat_box(w, &home, alices->front);
    homes_begin(&s, w, alices, bobs);
    story_expect(w, world_permits(s.alice, s.bob, PLK_UDP) == NAT_WAY_NONE);
    homes_chat(&s, "how is your line", 5 * PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    homes_end(&s);
}

static void who_only_seem_to_be_neighbours(struct world *w) {
    struct homes s;
    struct nat *alices = world_nat(w, NAT_CLASS_PORT_RESTRICTED), *bobs = world_nat(w, NAT_CLASS_PORT_RESTRICTED);
    memcpy(bobs->lan, alices->lan, sizeof bobs->lan);
    homes_begin(&s, w, alices, bobs);
    struct plk_addr a, b;
    story_expect(w, net_address(w->net, s.alice->index, 4, &a) && net_address(w->net, s.bob->index, 4, &b));
    story_expect(w, plk_addr_same_ip(&a, &b));
    homes_chat(&s, "are you there", 5 * PLK_SECOND);
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 5 * PLK_MINUTE);
    homes_talk(&s, "and now", HOMES_TALK);
    homes_end(&s);
}

static void tell(struct world *w) {
    static void (*const all[])(struct world * w) = {on_one_lan, of_one_carrier, who_only_seem_to_be_neighbours};
    all[w->seed / 2 % 3](w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
