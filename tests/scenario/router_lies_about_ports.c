// SPDX-License-Identifier: MIT
// Routers that are asked for ports answer with garbage, say that they have given one for ever, at an address that is somebody else's or
// nobody's, or are themselves behind another NAT. Two homes find each other as if they had said nothing, and nobody is told nonsense.
#include "_homes.h"

#include "sim/nat_igd.h"

static void tell(struct world *w) {
    struct homes s;
    bool carrier = w->seed % 6 == 5;
    struct nat *alices = world_nat(w, carrier ? NAT_CLASS_CGNAT : NAT_CLASS_PORT_RESTRICTED);
    struct nat *bobs = world_nat(w, NAT_CLASS_PORT_RESTRICTED);
    alices->is.gives = bobs->is.gives = NAT_GIVES_PCP | NAT_GIVES_NATPMP;
    alices->is.lies = carrier ? NAT_HONEST : (enum nat_lie)(w->seed % 6);
    bobs->is.lies = carrier ? NAT_SAYS_GARBAGE : alices->is.lies;
    homes_begin(&s, w, alices, bobs);
    homes_until_direct(&s, 5 * PLK_SECOND);
    homes_chat(&s, "nothing is held open here", PLK_MINUTE);
    story_delivered(w, 5 * PLK_SECOND);
    story_expect(w, homes_direct(&s));

    struct plk_nat_view view;
    plk_node_nat(s.alice->node, &view);
    for (unsigned i = 0; i < view.count; i++) {
        struct plk_addr addr = view.seen[i];
        story_expect(w, plk_addr_class(&addr) == PLK_ADDR_GLOBAL); // contacts are told of no other
    }
    if (carrier)
        story_expect(w, view.mapped_count == 2 && plk_addr_class(&view.mapped[0].external) == PLK_ADDR_PRIVATE);
    world_nat_reboot(w, alices);
    homes_chat(&s, "still", 20 * PLK_SECOND);
    homes_until_direct(&s, 20 * PLK_SECOND);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
