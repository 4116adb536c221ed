// SPDX-License-Identifier: MIT
// Bob carries his device from home to the mobile network and back, and to a café whose router gives him the address that he had at
// home, while both write. Nothing is lost.
#include "_homes.h"

static void tell(struct world *w) {
    struct homes s;
    homes_begin_as(&s, w, w->seed % 2 ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_NONE, NAT_CLASS_PORT_RESTRICTED);
    struct nat *home = s.bobs, *mobile = world_nat(w, NAT_CLASS_CGNAT_SYM), *cafe = world_nat(w, NAT_CLASS_EIM_RANDOM);
    struct nat *ways[] = {mobile, home, cafe, home, NULL, mobile};
    memcpy(cafe->lan, home->lan, sizeof cafe->lan);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "stop %zu", i);
        homes_chat(&s, text, 2 * PLK_SECOND);
        world_behind(s.bob, ways[i]);
        homes_chat(&s, text, 2 * PLK_SECOND);
        story_delivered(w, 20 * PLK_SECOND);
    }
    homes_talk(&s, "here I am", HOMES_TALK);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
