// SPDX-License-Identifier: MIT
// UDP is cut off while two people talk, to their relay as well, and is there again: meanwhile they are heard, by TCP or through
// the relay, with no pause of more than 3 s, and within 5 s they talk by UDP as before.
#include "_homes.h"

static void tell(struct world *w) {
    static const enum nat_class others[] = {NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_NONE, NAT_CLASS_FW, NAT_CLASS_CGNAT};
    struct homes s;
    homes_begin_as(&s, w, NAT_CLASS_PORT_RESTRICTED, others[w->seed % 4]);
    homes_until_direct(&s, 20 * PLK_SECOND);
    homes_chat(&s, "by UDP", 20 * PLK_SECOND);
    struct actor *cut = w->seed / 4 % 2 ? s.alice : s.bob;
    net_filter(w->net, cut->index, NET_UDP);
    story_say(s.alice, s.bob, "is anybody there");
    story_say(s.bob, s.alice, "is anybody there");
    story_delivered(w, 3 * PLK_SECOND);
    homes_chat(&s, "without UDP", dice_between(&w->dice, PLK_SECOND, 10 * PLK_SECOND));
    net_filter(w->net, cut->index, 0);
    for (int i = 0; i < 10 && !homes_direct_by(&s, PLK_UDP); i++) homes_chat(&s, "with UDP", 500 * PLK_MS);
    story_expect(w, homes_direct_by(&s, PLK_UDP));
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 16); }
