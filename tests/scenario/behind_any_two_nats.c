// SPDX-License-Identifier: MIT
// Whatever the two stand behind, they meet by a link through a relay, and a word arrives: each pair of classes once. Where one of
// the two is in the open, the other finds him directly, unless it lets out no UDP, and then by TCP.
#include "_homes.h"

#define PAIRS (NAT_CLASS_COUNT * NAT_CLASS_COUNT)

static void tell(struct world *w) {
    struct homes s;
    enum nat_class a = (enum nat_class)(w->seed % NAT_CLASS_COUNT);
    enum nat_class b = (enum nat_class)(w->seed / NAT_CLASS_COUNT % NAT_CLASS_COUNT);
    homes_begin_as(&s, w, a, b);
    story_expect(w, world_permits(s.alice, s.bob, PLK_UDP) == nat_pair_permits(a, b, PLK_UDP));
    story_expect(w, world_permits(s.alice, s.bob, PLK_TCP) == nat_pair_permits(a, b, PLK_TCP));
    if (nat_pair_permits(a, b, PLK_UDP) == NAT_WAY_BASIC) homes_until_direct(&s, 2 * PLK_SECOND);
    for (int i = 0; i < 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "word %d", i);
        homes_talk(&s, text, HOMES_TALK);
        story_run(w, 10 * PLK_SECOND);
    }
    if (nat_pair_permits(a, b, PLK_UDP) == NAT_WAY_BASIC) {
        homes_talk(&s, "let us see", HOMES_TALK);
        homes_until_direct(&s, 20 * PLK_SECOND);
    }
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, PAIRS); }
